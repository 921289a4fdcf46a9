"""Branch and bound over all disjuncts of a problem: the one with the largest bound goes on.

See :mod:`mipc.search.branching`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc import clock
from mipc.errors import TimeUp
from mipc.search.branching import Branching
from mipc.search.compact import Compact
from mipc.search.parts import Parts
from mipc.search.progress import Leaf
from mipc.search.refine import tightened
from mipc.search.store import MOST_BYTES, Store
from mipc.search.team import Helper, Team

__all__ = ["Branched", "branch"]

WAIT = 0.01
"""Seconds between looks at helpers that have everything."""

MOST_DEATHS = 3
"""How often a helper is replaced."""

FEWEST = 4
"""So many parts have to wait for some of them to be given away."""

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
    whole: Parts | None = None,
    team: Team | None = None,
) -> Branched:
    """Look for a violation of any disjunct until there is one or none is possible.

    Parameters
    ----------
    try_point : callable
        Given a point that violates in floats; True ends the search.
    go_on : callable
        Told how many parts were bounded, how many wait, and the largest bound; False ends it.
    watch : callable, optional
        Given each part that is closed, by this process.
    whole : Parts, optional
        The region, if its bounds have been tightened.
    team : Team, optional
        Helpers to work along with this process.
    """
    most = MOST_BYTES // max(len(compact.disjuncts), 1)
    searches = [
        Branching(compact, target, store=Store(most), watch=watch) for target in compact.disjuncts
    ]
    tried = dict.fromkeys(compact.disjuncts, 0.0)

    def found(search: Branching) -> bool:
        reached = search.reached
        if reached.point is None or reached.margin < tried[search.target]:
            return False
        tried[search.target] = np.nextafter(reached.margin, np.inf)
        return try_point(compact.split(reached.point))

    team = team or Team(0)
    try:
        if whole is None:
            whole = tightened(compact, compact.whole)
        for search in searches:
            search.begin(whole)
            if found(search) or not go_on(len(searches), 0, search.bound):
                break
        else:
            _advance(searches, team, found, go_on)
    except TimeUp:
        pass
    finally:
        team.forget()
    return Branched(
        {search.target: search.bound for search in searches},
        frozenset(search.target for search in searches if search.is_closed),
        sum(search.parts for search in searches),
    )


def _advance(
    searches: list[Branching],
    team: Team,
    found: Callable[[Branching], bool],
    go_on: Callable[[int, int, float], bool],
) -> None:
    """Split, where the bound is largest, until nothing is left or something is found."""
    while live := [search for search in searches if not search.is_over]:
        for search in live:
            search.tidy()
        if any(len(search.store) >= FEWEST for search in live):
            team.grow()
        for helper in team.helpers:
            answered = _asked(helper, live)
            if answered is not None and found(answered):
                return
        ready = [search for search in live if search.waiting]
        if ready:
            search = max(ready, key=lambda search: search.bound)
            search.advance()
            if found(search):
                return
        else:
            time.sleep(WAIT)
        done = sum(search.parts for search in searches)
        waiting = sum(search.waiting for search in live)
        if not go_on(done, waiting, max(search.bound for search in searches)):
            return
        clock.check()


def _asked(helper: Helper, live: list[Branching]) -> Branching | None:
    """Take back what a helper has done, and give it more; the search it was about."""
    back = None
    try:
        if helper.is_busy:
            returned = helper.answered()
            if returned is None:
                return None
            if helper.search is not None and helper.given is not None:
                back = helper.search
                back.take_back(helper.given, returned)
            helper.forget()
        every = [inner for search in live for inner in search.all_within]
        rich = max(every, key=lambda search: len(search.store))
        if len(rich.store) >= FEWEST and helper.deaths < MOST_DEATHS:
            helper.give(rich, rich.lend())
    except (EOFError, OSError):
        if helper.search is not None and helper.given is not None:
            helper.search.take_back(helper.given, None)
        helper.renew()
    return back
