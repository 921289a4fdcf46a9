"""Decides questions with few inputs by halving their region until bounds close every part.

A part is a box. Many are bounded at once; a disjunct that bounds do not exclude from a part keeps
it open, and the part is halved along the input that matters most there: the widest, weighed by the
gradient of the margin at its middle. The middles are tried as witnesses.

Sound: the two halves of a box share the cut and cover it, so when no part is left open each point
of the region lies in a part from which outward-rounded bounds exclude every disjunct.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.ir.graph import Graph
from mipc.numerics.domains import Domain
from mipc.numerics.interval import Interval
from mipc.properties.query import Case
from mipc.semantics.bounds import bound_graph
from mipc.semantics.evaluate import evaluate
from mipc.semantics.gradient import gradient

__all__ = ["MOST_INPUTS", "Halving", "can_halve", "halve"]

Array: TypeAlias = npt.NDArray[np.float64]
Index: TypeAlias = npt.NDArray[np.intp]

MOST_INPUTS = 20
"""With more inputs that vary, halving them rarely ends."""

TOGETHER = 64
"""Parts that are bounded at once."""

MOST_PARTS = 1_000_000
"""Parts that may wait; then the search gives up."""

HOPELESS = 2.0**-20
"""Bounds this close to what a part's middle reaches will not close it: a tie, or almost one."""


@dataclass(frozen=True)
class Halving:
    """How far the search came.

    Attributes
    ----------
    upper : dict of int to float
        For each disjunct the largest margin that a closed part may have.
    complete : bool
        Whether every part is closed.
    parts : int
        How many were bounded.
    """

    upper: dict[int, float]
    complete: bool
    parts: int


@dataclass(frozen=True, eq=False)
class _Parts:
    """Boxes (P, N): the numbers of all parameters, one after the other."""

    lower: Array
    upper: Array

    def __len__(self) -> int:
        return len(self.lower)

    def take(self, which: Index | slice) -> _Parts:
        return _Parts(self.lower[which], self.upper[which])

    @property
    def middle(self) -> Array:
        return self.lower + (self.upper - self.lower) / 2

    def halved(self, along: Index) -> _Parts:
        """Both halves of each box, along one number each."""
        every = np.arange(len(self))
        cut = self.middle[every, along]
        upper, lower = self.upper.copy(), self.lower.copy()
        upper[every, along] = lower[every, along] = cut
        return _Parts(np.concatenate([self.lower, lower]), np.concatenate([upper, self.upper]))


def can_halve(case: Case) -> bool:
    """Whether the region is a box in which few numbers vary."""
    regions = case.regions.values()
    plain = all(r.sphere is None and r.total is None and not r.integer for r in regions)
    varying = sum(int((r.lower < r.upper).sum()) for r in regions)
    return plain and 0 < varying <= MOST_INPUTS


class _Search:
    """The graph of the open disjuncts, and how parts are cut into the parameters."""

    def __init__(self, case: Case, targets: tuple[int, ...]) -> None:
        self.names = [f"violation#{target}" for target in targets]
        self.graph = Graph(case.graph, self.names).pruned()
        self.regions = case.regions
        sizes = [len(region.lower) for region in case.regions.values()]
        self.ends = np.cumsum(sizes)[:-1]

    def whole(self) -> _Parts:
        """The region as one part."""
        lower = np.concatenate([region.lower for region in self.regions.values()])
        upper = np.concatenate([region.upper for region in self.regions.values()])
        return _Parts(lower[None, :], upper[None, :])

    def split(self, numbers: Array) -> dict[str, Array]:
        """The numbers of each parameter: (P, N) -> name -> (P, n)."""
        return dict(zip(self.regions, np.split(numbers, self.ends, axis=1), strict=True))

    def uppers(self, parts: _Parts) -> Array:
        """Upper bounds of the margin of each disjunct on each part: (P, disjuncts)."""
        lower, upper = self.split(parts.lower), self.split(parts.upper)
        domain = {name: Domain(Interval(lower[name], upper[name])) for name in self.regions}
        bounds = bound_graph(self.graph, domain)
        return np.stack([bounds[name].upper.min(axis=1) for name in self.names], axis=1)

    def point(self, parts: _Parts, number: int) -> dict[str, Array]:
        """The middle of one part."""
        return {name: x[number] for name, x in self.split(parts.middle).items()}

    def look(self, parts: _Parts) -> tuple[Array, Array]:
        """At the middles: (P, disjuncts) margins; (P, N) how much each number matters there."""
        points = self.split(parts.middle)
        values = evaluate(self.graph, points)
        margins = np.stack([values[name].min(axis=1) for name in self.names], axis=1)
        best = margins.argmax(axis=1)
        seeds = {}
        for number, name in enumerate(self.names):
            least = values[name].argmin(axis=1)
            seed = np.zeros_like(values[name])
            seed[np.arange(len(seed)), least] = best == number
            seeds[name] = seed
        slopes = gradient(self.graph, values, seeds)
        return margins, np.concatenate([slopes[name] for name in self.regions], axis=1)


def halve(
    case: Case,
    targets: tuple[int, ...],
    *,
    try_point: Callable[[Mapping[str, Array]], bool],
    go_on: Callable[[int, int], bool],
) -> Halving:
    """Close the disjuncts of a case, or stop.

    Parameters
    ----------
    targets : tuple of int
        The numbers of the disjuncts that are open.
    try_point : callable
        Given a point whose margin is not negative as computed; whether it ends the search.
    go_on : callable
        Told how many parts are done and how many wait; False ends the search.

    Raises
    ------
    RangeError
        Numbers that cannot be bounded, or a function that is not defined on a part.
    """
    search = _Search(case, targets)
    upper = np.full(len(targets), -np.inf)
    waiting = [search.whole()]
    done = 0
    while waiting:
        count = sum(map(len, waiting))
        if not go_on(done, count) or count > MOST_PARTS:
            break
        parts = _taken(waiting)
        done += len(parts)
        found = search.uppers(parts)
        shut = (found < 0).all(axis=1)
        upper = np.maximum(upper, found[shut].max(axis=0, initial=-np.inf))
        rest = parts.take(np.flatnonzero(~shut))
        if len(rest):
            margins, slopes = search.look(rest)
            top = int(margins.max(axis=1).argmax())
            ends = margins[top].max() >= 0 and try_point(search.point(rest, top))
            # what is open waits even where the search ends, so that it is not taken for closed
            waiting.append(rest.halved(_along(rest, slopes)))
            if ends or _hopeless(found[~shut], margins):
                break
    return Halving(dict(zip(targets, upper.tolist(), strict=True)), not waiting, done)


def _hopeless(upper: Array, margins: Array) -> bool:
    """Whether some part is open although its bounds are as tight as they will get."""
    gap = (upper - margins).min(axis=1, where=upper >= 0, initial=np.inf)
    return bool((gap <= HOPELESS * np.maximum(1.0, np.abs(margins).max(axis=1))).any())


def _taken(waiting: list[_Parts]) -> _Parts:
    """Some parts off the end of those that wait."""
    taken, count = [], 0
    while waiting and count < TOGETHER:
        last = waiting.pop()
        room = TOGETHER - count
        if len(last) > room:
            waiting.append(last.take(slice(0, len(last) - room)))
            last = last.take(slice(len(last) - room, None))
        taken.append(last)
        count += len(last)
    return _Parts(
        np.concatenate([part.lower for part in taken]),
        np.concatenate([part.upper for part in taken]),
    )


def _along(parts: _Parts, slopes: Array) -> Index:
    """Which number each part is halved along: width times slope, or width where all is flat."""
    width = parts.upper - parts.lower
    worth = np.abs(slopes) * width
    flat = worth.max(axis=1, keepdims=True) == 0
    along: Index = np.where(flat, width, worth).argmax(axis=1)
    return along
