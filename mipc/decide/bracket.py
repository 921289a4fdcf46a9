"""A value between what is proved and what was reached, closed by branching.

Of a *closest* question no violation is nearer than ``proved``, and one at ``reached`` was
replayed; of a *worst* one no margin is larger than ``proved``, and ``reached`` was replayed. Is
there anything beyond some value between the two? Bounds and branching answer that, as they answer
whether there is a violation, and either answer moves one end. The value asked about comes nearer to
``reached`` each time, which usually is nearly the best, as far as there is time.

Sound: that nothing within a radius violates is proved on a box that holds the ball of that radius,
rounded outward; that no margin reaches a value, on rows from which the value is taken, and what
rounding that costs is their slack.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from functools import cached_property, partial
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc import clock
from mipc.compile import bound_case, parts_of
from mipc.decide.nearer import come_nearer
from mipc.decide.state import GAP, Bounded, State
from mipc.errors import RangeError, TimeUp
from mipc.formulation import Part
from mipc.numerics.rationals import around
from mipc.numerics.rounding import UNIT, down, sum_up, up
from mipc.passes import Problem
from mipc.properties.query import Case
from mipc.properties.region import Sphere
from mipc.search import (
    Branched,
    Compact,
    Parts,
    beyond,
    branch,
    compact,
    higher,
    nearer,
    tightened,
)  # fmt: skip
from mipc.search.climbing import steepest
from mipc.verdict import Finding, rounded_down

__all__ = ["bracket"]

Array: TypeAlias = npt.NDArray[np.float64]
Point: TypeAlias = Mapping[str, Array]

STEPS = 20
"""Steps of descent for each neuron of the whole region."""

BISECTIONS, FINE = 12, 0.1
"""How often the distance that bounds alone prove is bisected, and the share that is near enough."""

STRIDE, MOST_STRIDE = 0.25, 0.95
"""The share of the gap that the first value asked about leaves open, and one not worth asking."""

TRIAL = 0.4
"""The share of the time left that one value may take."""

MARGINS = (0.0, 2.0**-26, 2.0**-23, 2.0**-20, 2.0**-17)
"""Margins that the nearest point is asked to have until a replay confirms it, in shares of what
the terms of a margin may come to."""


def bracket(state: State, bounded: Bounded, pending: Sequence[Part], until: float) -> bool:
    """Close what is between the two ends of a closest or a worst question, as far as time goes."""
    largest = state.query.objective == "worst"
    if not largest and not _measures(state, bounded.case):
        return False
    targets = tuple(part.target for part in pending)
    line: _Line | None = None
    with suppress(RangeError, TimeUp), clock.limit(until):
        line = (_Largest if largest else _Nearest)(state, bounded, targets)
        line.begin()
        stride = STRIDE
        while not line.is_over and stride <= MOST_STRIDE and clock.left() != 0.0:
            answered = _tried(partial(line.ask, stride))
            stride = max(stride**2, STRIDE) if answered else stride**0.5
    return line is not None and line.is_over


def _measures(state: State, case: Case) -> bool:
    """Whether the image is the only parameter, and no ball of another norm is around it."""
    query = state.query
    if query.image is None or query.centre is None or set(case.regions) != {query.image}:
        return False
    sphere = case.regions[query.image].sphere
    same = sphere is None or (sphere.norm == 1 and np.array_equal(sphere.centre, query.centre))
    return query.norm == "linf" or same


class _Line(Protocol):
    @property
    def is_over(self) -> bool:
        """Whether the two ends are near enough to each other."""

    def begin(self) -> None:
        """What comes first."""

    def ask(self, stride: float) -> bool:
        """Ask about a value; whether there was an answer."""


class _Nearest:
    """The distance of the nearest violation."""

    def __init__(self, state: State, bounded: Bounded, targets: tuple[int, ...]) -> None:
        assert state.query.centre is not None
        self.state, self.bounded, self.targets = state, bounded, targets
        self.case, self.centre = bounded.case, state.query.centre
        (self.region,) = self.case.regions.values()
        self.is_l1 = state.query.norm == "l1"
        self.failed = np.inf  # a radius about which time ran out, before there was a witness

    @property
    def open_ones(self) -> list[Finding]:
        """What is known of disjuncts that may hold somewhere."""
        known = (self.state.findings[target] for target in self.targets)
        return [finding for finding in known if finding.closed is None]

    @property
    def proved(self) -> float:
        """How far away every violation is."""
        return min((finding.nearest for finding in self.open_ones), default=np.inf)

    @property
    def reached(self) -> float:
        """How near the nearest witness is; before there is one, how far the region goes."""
        run = self.state.nearest
        if run is not None and run.distance is not None:
            return run.distance
        away = up(np.maximum(self.region.upper - self.centre, self.centre - self.region.lower))
        if not self.is_l1:
            return float(away.max(initial=0.0))
        sphere = self.region.sphere
        most = float(sum_up(away[None])[0])
        return most if sphere is None else min(most, around(sphere.radius)[1])

    @property
    def is_over(self) -> bool:
        return self.proved >= self.reached * (1.0 - GAP)

    def begin(self) -> None:
        """How far bounds alone reach; then walk nearer, or ask about the whole region."""
        self._bisect()
        if self.state.nearest is not None:
            self._walk()
        else:
            _tried(self._ask_everywhere)

    def _bisect(self) -> None:
        """Radii within which bounds close disjuncts."""
        low, high = 0.0, self.reached
        for _ in range(BISECTIONS if np.isfinite(high) else 0):
            if high - low <= FINE * high:
                break
            radius = low + (high - low) / 2
            asked = tuple(finding.target for finding in self.open_ones)
            _, pending = self._within(radius, asked)
            for target in set(asked) - set(pending):
                self._learn(target, radius)
            low, high = (radius, high) if not pending else (low, radius)

    def ask(self, stride: float) -> bool:
        top = self.reached if self.state.nearest is not None else min(self.reached, self.failed)
        if not np.isfinite(top):
            return False
        radius = top - max(stride * (top - self.proved), 0.9 * GAP * top)
        asked = tuple(finding.target for finding in self.open_ones if finding.nearest < radius)
        problem, pending = self._within(radius, asked)
        before, self.failed = self.failed, radius
        answered = self._search(problem, asked, pending, radius)
        self.failed = before if answered else radius
        return answered

    def _ask_everywhere(self) -> bool:
        return self._search(self.bounded.problem, self.targets, self.targets, np.inf)

    def _learn(self, target: int, radius: float) -> None:
        """Of a disjunct, that it holds nowhere within a radius."""
        known = self.state.findings[target]
        if radius < np.inf:
            known = replace(known, nearest=max(known.nearest, radius))
        else:
            known = replace(known, closed="bounds", upper=min(known.upper, 0.0))
        self.state.findings[target] = known

    def _search(
        self, problem: Problem, asked: tuple[int, ...], pending: tuple[int, ...], radius: float
    ) -> bool:
        """Whether some disjuncts, of which bounds leave these open, hold; whether it is known."""
        words = f"{self.bounded.words}: between {self.proved:.6g} and {self.reached:.6g}"
        closed, before = set(asked) - set(pending), self.reached
        if pending:
            dense = compact(self.case, problem, pending)
            found = _branched(self.state, dense, f"the nearest violation{words}", self._try)
            closed |= found.closed
        for target in closed:
            self._learn(target, radius)
        if self.reached < before:
            self._walk()
        return closed.issuperset(asked) or self.reached < before

    def _within(self, radius: float, asked: tuple[int, ...]) -> tuple[Problem, tuple[int, ...]]:
        """The problem within a radius, and which disjuncts its bounds leave open."""
        region = replace(
            self.region,
            lower=np.maximum(self.region.lower, down(self.centre - radius)),
            upper=np.minimum(self.region.upper, up(self.centre + radius)),
        )
        if (region.lower > region.upper).any():  # all of the region is farther away
            return self.bounded.problem, ()
        if self.is_l1:
            region = replace(region, sphere=Sphere(1, self.centre, Fraction(radius)))
        case = replace(self.case, regions=dict.fromkeys(self.case.regions, region))
        problem, _ = bound_case(case, self.state.passes)
        parts = parts_of(self.state.query, case, problem)
        return problem, tuple(p.target for p in parts if p.is_open and p.target in asked)

    def _try(self, point: Point) -> bool:
        """Replay a point; if only rounding is against it, look behind it."""
        before = self.reached
        if not self._replay(point):
            self._through_cells(point)
        return self.reached < before

    def _replay(self, point: Point) -> bool:
        return self.state.replay(self.case, point)

    def _walk(self) -> None:
        """From the nearest witness to nearer ones, by lines and through cells."""
        come_nearer(self.state, self.case)
        if (run := self.state.nearest) is not None:
            self._through_cells(run.parameters)

    @cached_property
    def dense(self) -> Compact:
        """The problem within the distance that was reached first, for walks."""
        problem, pending = self._within(self.reached, self.targets)
        return compact(self.case, problem, pending)

    def _through_cells(self, where: Point) -> None:
        """From a point through cells to a nearer witness."""
        if self.is_l1:  # cells measure in the maximum norm
            return
        dense = self.dense
        if not dense.disjuncts:  # what is nearest violates another case
            return
        point = _joined(dense, where)
        block = dense.disjuncts[_highest(dense, point)]
        size = float((np.abs(block.weights) @ dense.reach[: block.weights.shape[1]]).max())
        for margin in MARGINS:
            last = deque(nearer(dense, block, self.centre, point, margin * size), maxlen=1)
            if not last:
                return
            if any(self._replay(x) for x in beyond(self.case, dense.split(last[0]))):
                return


class _Largest:
    """The largest margin."""

    def __init__(self, state: State, bounded: Bounded, targets: tuple[int, ...]) -> None:
        self.state, self.bounded, self.targets = state, bounded, targets
        self.dense = compact(bounded.case, bounded.problem, targets)
        self.whole = tightened(self.dense, self.dense.whole, STEPS)

    @property
    def proved(self) -> float:
        return max(self.state.findings[target].upper for target in self.targets)

    @property
    def reached(self) -> float:
        run = self.state.highest
        return -np.inf if run is None else rounded_down(run.exact_margin[0])

    @property
    def is_over(self) -> bool:
        reached = self.reached
        return bool(np.isfinite(reached)) and self.proved - reached <= GAP * max(1.0, abs(reached))

    def begin(self) -> None:
        """Walk higher; ask whether there is a violation first of all."""
        self._walk()
        if self.reached < 0.0 <= self.proved:
            _tried(lambda: self._ask(0.0))

    def ask(self, stride: float) -> bool:
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
        found = _branched(
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
        point = _joined(self.dense, run.parameters)
        walk = higher(self.dense, self.dense.disjuncts[_highest(self.dense, point)], point)
        for point in deque(walk, maxlen=1):
            self.state.replay(self.bounded.case, self.dense.split(point))


def _tried(ask: Callable[[], bool]) -> bool:
    """Whether something is answered within a part of the time that is left."""
    left = clock.left()
    until = None if left is None else time.perf_counter() + TRIAL * left
    with clock.limit(until), suppress(TimeUp):
        return ask()
    return False


def _branched(
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


def _joined(dense: Compact, point: Mapping[str, npt.NDArray[Any]]) -> Array:
    """A point in the order of the compact form: (n,)."""
    return np.concatenate([point[name].astype(np.float64) for name in dense.parameters])


def _highest(dense: Compact, point: Array) -> int:
    """The disjunct with the largest margin at a point."""
    margins = {
        target: steepest(dense, block, point[None])[0][0]
        for target, block in dense.disjuncts.items()
    }
    return max(margins, key=lambda target: margins[target])


def _lowered(dense: Compact, targets: Sequence[int], value: float) -> Compact:
    """The problem of margins that reach a value: the rows less it, with slack for the rounding."""
    blocks = {}
    for target in targets:
        block = dense.disjuncts[target]
        offset = block.offset - value
        slack = up(block.slack + UNIT * np.abs(offset))
        blocks[target] = replace(block, offset=offset, slack=slack)
    return replace(dense, disjuncts=blocks)
