"""Branch and bound over all disjuncts of a problem: the one with the largest bound goes on.

See :mod:`mipc.search.branching`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.errors import TimeUp
from mipc.search.branching import TIGHTENING_STEPS, Branching, Leaf
from mipc.search.compact import Compact
from mipc.search.refine import tightened
from mipc.search.store import MOST_BYTES, Store

__all__ = ["Branched", "branch"]

Array: TypeAlias = npt.NDArray[np.float64]
Point: TypeAlias = Mapping[str, Array]


@dataclass(frozen=True)
class Branched:
    """How far the search came.

    Attributes
    ----------
    upper : dict of disjunct number to float
        A disjunct's margin is nowhere larger, or below 0 where that is negative.
    closed : set of int
        Disjuncts of which it is proved that they hold nowhere.
    parts : int
        How many parts were bounded.
    """

    upper: dict[int, float]
    closed: frozenset[int]
    parts: int


def branch(
    compact: Compact,
    *,
    try_point: Callable[[Point], bool],
    go_on: Callable[[int, int, float], bool] = lambda done, waiting, bound: True,
    watch: Callable[[Leaf], None] | None = None,
) -> Branched:
    """Look for a violation of any disjunct until there is one or none is possible.

    Parameters
    ----------
    try_point : callable
        Given a point that violates in floats; True ends the search.
    go_on : callable
        Told how many parts were bounded, how many wait, and the largest bound; False ends it.
    watch : callable, optional
        Given each part that is closed.
    """
    most = MOST_BYTES // max(len(compact.disjuncts), 1)
    searches = [
        Branching(compact, target, store=Store(most), watch=watch) for target in compact.disjuncts
    ]
    tried = dict.fromkeys(compact.disjuncts, 0.0)

    def found(search: Branching) -> bool:
        if search.point is None or search.margin < tried[search.target]:
            return False
        tried[search.target] = np.nextafter(search.margin, np.inf)
        return try_point(compact.split(search.point))

    try:
        whole = tightened(compact, compact.whole, TIGHTENING_STEPS)
        for search in searches:
            search.begin(whole)
            if found(search) or not go_on(len(searches), 0, search.bound):
                break
        else:
            _advance(searches, found, go_on)
    except TimeUp:
        pass
    return Branched(
        {search.target: search.bound for search in searches},
        frozenset(search.target for search in searches if search.is_closed),
        sum(search.parts for search in searches),
    )


def _advance(
    searches: list[Branching],
    found: Callable[[Branching], bool],
    go_on: Callable[[int, int, float], bool],
) -> None:
    """Split, where the bound is largest, until nothing is left or something is found."""
    while live := [search for search in searches if not search.is_over]:
        search = max(live, key=lambda search: search.bound)
        search.advance()
        done = sum(search.parts for search in searches)
        waiting = sum(len(search.store) for search in live)
        if found(search) or not go_on(done, waiting, search.bound):
            return
