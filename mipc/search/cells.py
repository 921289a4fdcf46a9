"""Points of a compact problem that are ever better: a linear program in a cell, then the next.

Where no ReLU changes its phase a network is affine, so that the nearest violation and the largest
margin of such a cell are linear programs'. A neuron whose phase stands in the way, by its
multiplier, is at 0 there; the point lies in the cell behind it too, and the walk goes on in that
one, as long as it gains. What is found is a guess until it is replayed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.search.compact import Block, Compact
from mipc.search.parts import Parts
from mipc.search.relaxed import Optimum, Relaxation, is_small

__all__ = ["higher", "nearer"]

Array: TypeAlias = npt.NDArray[np.float64]

WORTH = 1e-7
"""The share by which a cell has to be better than the one before for the walk to go on."""

MOST_CELLS = 100
"""Cells of one walk, at most."""

STANDS_IN_THE_WAY = 1e-9
"""The least multiplier of a neuron whose phase is changed, as a share of the largest one."""


def nearer(
    compact: Compact, block: Block, centre: Array, point: Array, margin: float
) -> Iterator[Array]:
    """Points ever nearer to a centre, in the maximum norm, at which all rows reach a margin.

    Parameters
    ----------
    centre, point : (n,)
        The walk begins in the cell of ``point``.
    """
    best = np.inf
    walk = _Walk(compact, block, point)
    while (cell := walk.cell()) is not None:
        found = cell.nearest(centre, margin)
        if found is None or found.value >= best * (1.0 - WORTH):
            return
        best = found.value
        yield walk.go_on(found)


def higher(compact: Compact, block: Block, point: Array) -> Iterator[Array]:
    """Points at which the least row is ever larger; the walk begins in the cell of ``point``."""
    best = -np.inf
    walk = _Walk(compact, block, point)
    while (cell := walk.cell()) is not None:
        found = cell.highest()
        if found is None or found.value <= best + WORTH * max(1.0, abs(best)):
            return
        best = found.value
        yield walk.go_on(found)


class _Walk:
    def __init__(self, compact: Compact, block: Block, point: Array) -> None:
        self.compact, self.block = compact, block
        bounds = compact.bounds
        self.undecided = (bounds.lower < 0) & (bounds.upper > 0)
        _, before = compact.values(point[None])
        self.active = np.where(self.undecided, before[0] > 0, bounds.lower >= 0)
        self.cells = 0

    def cell(self) -> Relaxation | None:
        """The cell that the walk is in; None at its end."""
        self.cells += 1
        if self.cells > MOST_CELLS or not is_small(self.compact):
            return None
        box, bounds = self.compact.box, self.compact.bounds
        lower = np.where(self.active, np.maximum(bounds.lower, 0.0), bounds.lower)
        upper = np.where(self.active, bounds.upper, np.minimum(bounds.upper, 0.0))
        part = Parts(lower[None], upper[None], box.lower[None], box.upper[None])
        self.last = Relaxation.of(self.compact, self.block, part)
        return self.last

    def go_on(self, best: Optimum) -> Array:
        """Into the cell behind what stands in the way of the best point, which is returned."""
        least = STANDS_IN_THE_WAY * max(float(best.weights.max(initial=0.0)), 1e-300)
        wall = np.abs(self.last.multipliers(best)) > least
        self.active[wall & self.undecided] ^= True
        return best.point
