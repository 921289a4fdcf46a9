"""A value between what is proved and what was reached, closed by branching.

Of a *closest* question no violation is nearer than ``proved``, and one at ``reached`` was
replayed; of a *worst* one no margin is larger than ``proved``, and ``reached`` was replayed. Is
there anything beyond some value between the two? Bounds and branching answer that, as they answer
whether there is a violation, and either answer moves one end. The value asked about comes nearer to
``reached`` each time, which usually is nearly the best, as far as there is time.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol

from mipc import clock
from mipc.decide.asking import tried
from mipc.decide.largest import Largest
from mipc.decide.nearest import Nearest, measures
from mipc.decide.state import Bounded, State
from mipc.errors import RangeError, TimeUp
from mipc.formulation import Part

__all__ = ["bracket"]

STRIDE, MOST_STRIDE = 0.25, 0.95
"""The share of the gap that the first value asked about leaves open, and one not worth asking."""


def bracket(state: State, bounded: Bounded, pending: Sequence[Part], until: float) -> None:
    """Close what is between the two ends of a closest or a worst question, as far as time goes."""
    largest = state.query.objective == "worst"
    if not largest and not measures(state, bounded.case):
        return
    targets = tuple(part.target for part in pending)
    with suppress(RangeError, TimeUp), clock.limit(until):
        line: _Line = (Largest if largest else Nearest)(state, bounded, targets)
        line.begin()
        stride = STRIDE
        while not line.is_over and stride <= MOST_STRIDE and clock.left() != 0.0:
            answered = tried(partial(line.ask, stride))
            stride = max(stride**2, STRIDE) if answered else stride**0.5


class _Line(Protocol):
    @property
    def is_over(self) -> bool:
        """Whether the two ends are near enough to each other."""

    def begin(self) -> None:
        """What comes first."""

    def ask(self, stride: float) -> bool:
        """Ask about a value; whether there was an answer."""
