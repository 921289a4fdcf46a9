"""The largest margin, between what is proved and what was reached.

Sound: that no margin reaches a value is proved on rows from which the value is taken, and what
rounding that costs is their slack.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from mipc.decide.asking import Point, branched, highest, joined, tried
from mipc.decide.state import GAP, Bounded, State
from mipc.numerics.rounding import UNIT, up
from mipc.search import Compact, compact, higher, tightened
from mipc.verdict import rounded_down

__all__ = ["Largest"]


class Largest:
    """The largest margin."""

    def __init__(self, state: State, bounded: Bounded, targets: tuple[int, ...]) -> None:
        self.state, self.bounded, self.targets = state, bounded, targets
        self.dense = compact(bounded.case, bounded.problem, targets)
        self.whole = tightened(self.dense, self.dense.whole)

    @property
    def proved(self) -> float:
        """No margin is larger."""
        return max(self.state.findings[target].upper for target in self.targets)

    @property
    def reached(self) -> float:
        """The largest margin that was replayed."""
        run = self.state.highest
        return -np.inf if run is None else rounded_down(run.exact_margin[0])

    @property
    def is_over(self) -> bool:
        """Whether the two ends are near enough to each other."""
        reached = self.reached
        return bool(np.isfinite(reached)) and self.proved - reached <= GAP * max(1.0, abs(reached))

    def begin(self) -> None:
        """Walk higher; ask whether there is a violation first of all."""
        self._walk()
        if self.reached < 0.0 <= self.proved:
            tried(lambda: self._ask(0.0))

    def ask(self, stride: float) -> bool:
        """Ask about a margin; whether there was an answer."""
        reached = self.reached
        if not np.isfinite(self.proved - reached):
            return False
        gap = max(stride * (self.proved - reached), 0.9 * GAP * max(1.0, abs(reached)))
        return self._ask(reached + gap)

    def _ask(self, value: float) -> bool:
        """Whether a margin reaches a value."""
        words = f"{self.bounded.words}: between {self.reached:.6g} and {self.proved:.6g}"
        findings, before = self.state.findings, self.reached
        pending = [target for target in self.targets if findings[target].upper >= value]
        dense = _lowered(self.dense, pending, value)
        found = branched(
            self.state, dense, f"the largest margin{words}", self._replays(value), self.whole
        )
        for target, above in found.upper.items():
            known = findings[target]
            gone = target in found.closed
            closed = "bounds" if gone and value <= 0.0 else known.closed
            most = value if gone else float(up(value + max(above, 0.0)))
            findings[target] = replace(known, closed=closed, upper=min(known.upper, most))
        if self.reached > before:
            self._walk()
        return found.closed.issuperset(pending) or self.reached > before

    def _replays(self, value: float) -> Callable[[Point], bool]:
        def reaches(point: Point) -> bool:
            self.state.replay(self.bounded.case, point)
            return self.reached >= value

        return reaches

    def _walk(self) -> None:
        """From the highest point to higher ones, through cells."""
        run = self.state.highest
        if run is None or set(run.parameters) != set(self.dense.parameters):
            return  # there is none, or it is another case's
        point = joined(self.dense, run.parameters)
        walk = higher(self.dense, self.dense.disjuncts[highest(self.dense, point)], point)
        for point in deque(walk, maxlen=1):
            self.state.replay(self.bounded.case, self.dense.split(point))


def _lowered(dense: Compact, targets: Sequence[int], value: float) -> Compact:
    """The problem of margins that reach a value: the rows less it, with slack for the rounding."""
    blocks = {}
    for target in targets:
        block = dense.disjuncts[target]
        offset = block.offset - value
        slack = up(block.slack + UNIT * np.abs(offset))
        blocks[target] = replace(block, offset=offset, slack=slack)
    return replace(dense, disjuncts=blocks)
