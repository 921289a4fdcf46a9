"""A compact problem on one part, without the neurons that are decided there.

Deep in a search few neurons of a network are undecided. Those that are active are substituted,
those that are inactive left out; what is left is a smaller compact problem about the same inputs,
of which the same rows can be bounded at a fraction of the cost.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.numerics.interval import Interval
from mipc.numerics.rounding import up
from mipc.search.compact import Block, Compact, Level
from mipc.search.parts import Parts

__all__ = ["reduced"]

Array: TypeAlias = npt.NDArray[np.float64]
Index: TypeAlias = npt.NDArray[np.intp]


def reduced(compact: Compact, part: Parts) -> tuple[Compact, Index]:
    """The problem on a part (one), and which neurons it keeps.

    Sound: each value is written as an affine function of inputs and kept ReLUs, up to a slack that
    grows by what the rows were off and by the rounding of each product, over the whole part.
    """
    return _Reduction(compact, part).done()


class _Reduction:
    def __init__(self, compact: Compact, part: Parts) -> None:
        self.compact, self.part = compact, part
        n, m = compact.inputs, compact.neurons
        self.lower, self.upper = part.lower[0], part.upper[0]
        self.kept = np.flatnonzero((self.lower < 0) & (self.upper > 0))
        box = Interval(part.low[0], part.high[0])
        reach = np.concatenate([box.magnitude, self.upper[self.kept]])
        self.reach, self.box = reach, box
        # each input and ReLU as rows over inputs and kept ReLUs
        self.rows = np.zeros((n + m, n + len(self.kept)))
        self.rows[:n, :n] = np.eye(n)
        self.offset, self.slack = np.zeros(n + m), np.zeros(n + m)
        self.size = np.concatenate([box.magnitude, np.zeros(m)])

    def done(self) -> tuple[Compact, Index]:
        n = self.compact.inputs
        levels: list[Level] = []
        count = 0
        for level in self.compact.levels:
            place = level.place
            block = self._written(level)
            lower, upper = self.lower[place], self.upper[place]
            open_ = (lower < 0) & (upper > 0)
            active = np.flatnonzero(lower >= 0)
            at = n + place.start + active
            self.rows[at] = block.weights[active]
            self.offset[at], self.slack[at] = block.offset[active], block.slack[active]
            self.size[at] = np.abs(self.rows[at]) @ self.reach + np.abs(self.offset[at])
            kept = np.flatnonzero(open_)
            if not len(kept):
                continue
            new = slice(count, count + len(kept))
            rows = block.weights[kept, : n + count]
            levels.append(Level(rows, block.offset[kept], block.slack[kept], level.node, new))
            at = n + place.start + kept
            self.rows[at, n + count + np.arange(len(kept))] = 1.0
            self.size[at] = upper[kept]
            count += len(kept)
        bounds = Interval(self.lower[self.kept], self.upper[self.kept])
        disjuncts = {
            target: self._written(block) for target, block in self.compact.disjuncts.items()
        }
        small = Compact(
            self.compact.parameters, self.box, tuple(levels), bounds, disjuncts, self.compact.cuts
        )
        return small, self.kept

    def _written(self, block: Block) -> Block:
        """Rows over inputs and ReLUs, as rows over inputs and kept ReLUs."""
        width = block.weights.shape[1]
        absolute = np.abs(block.weights)
        rows = block.weights @ self.rows[:width]
        offset = block.weights @ self.offset[:width] + block.offset
        size = absolute @ self.size[:width] + np.abs(block.offset)
        slack = block.slack + absolute @ self.slack[:width] + self.compact.rounding * size
        return Block(rows, offset, np.asarray(up(slack * (1.0 + 2.0**-30))))
