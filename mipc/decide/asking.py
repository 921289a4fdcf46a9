"""Asking by branching whether anything lies beyond a value."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc import clock
from mipc.decide.state import State
from mipc.errors import TimeUp
from mipc.search import Branched, Compact, Parts, branch
from mipc.search.climbing import steepest

__all__ = ["Point", "branched", "highest", "joined", "tried"]

Array: TypeAlias = npt.NDArray[np.float64]
Point: TypeAlias = Mapping[str, Array]

TRIAL = 0.4
"""The share of the time left that one value may take."""


def tried(ask: Callable[[], bool]) -> bool:
    """Whether something is answered within a part of the time that is left."""
    left = clock.left()
    until = None if left is None else time.perf_counter() + TRIAL * left
    with clock.limit(until), suppress(TimeUp):
        return ask()
    return False


def branched(
    state: State,
    dense: Compact,
    words: str,
    try_point: Callable[[Point], bool],
    whole: Parts | None = None,
) -> Branched:
    """Branch until the clock of the context says that it is time."""

    def go_on(done: int, waiting: int, bound: float) -> bool:
        state.say(f"{words}, {done} parts done, {waiting} open, margin below {bound:.3g}")
        return clock.left() != 0.0

    return branch(dense, try_point=try_point, go_on=go_on, whole=whole, team=state.team)


def joined(dense: Compact, point: Mapping[str, npt.NDArray[Any]]) -> Array:
    """A point in the order of the compact form: (n,)."""
    return np.concatenate([point[name].astype(np.float64) for name in dense.parameters])


def highest(dense: Compact, point: Array) -> int:
    """The disjunct with the largest margin at a point."""
    margins = {
        target: steepest(dense, block, point[None])[0][0]
        for target, block in dense.disjuncts.items()
    }
    return max(margins, key=lambda target: margins[target])
