"""The distance of the nearest violation, between what is proved and what was reached.

Sound: that nothing within a radius violates is proved on a box that holds the ball of that radius,
rounded outward, in the maximum norm; in the L1 norm on such a box, cut by the ball.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.compile import bound_case, parts_of
from mipc.decide.asking import Point, branched, highest, joined, tried
from mipc.decide.nearer import come_nearer
from mipc.decide.state import GAP, Bounded, State
from mipc.numerics.rationals import around
from mipc.numerics.rounding import down, sum_up, up
from mipc.passes import Problem
from mipc.properties.query import Case
from mipc.properties.region import Sphere
from mipc.search import Compact, beyond, compact, nearer
from mipc.verdict import Finding

__all__ = ["Nearest", "measures"]

Array: TypeAlias = npt.NDArray[np.float64]

BISECTIONS, FINE = 12, 0.1
"""How often the distance that bounds alone prove is bisected, and the share that is near enough."""

FAILED = 0.02
"""Without a witness it is enough to come so near to a radius about which there is no answer."""

MARGINS = (0.0, 2.0**-26, 2.0**-23, 2.0**-20, 2.0**-17)
"""Margins that the nearest point is asked to have until a replay confirms it, in shares of what
the terms of a margin may come to."""


def measures(state: State, case: Case) -> bool:
    """Whether the image is the only parameter, and no ball of another norm is around it."""
    query = state.query
    if query.image is None or query.centre is None or set(case.regions) != {query.image}:
        return False
    sphere = case.regions[query.image].sphere
    same = sphere is None or (sphere.norm == 1 and np.array_equal(sphere.centre, query.centre))
    return query.norm == "linf" or same


class Nearest:
    """The distance of the nearest violation."""

    def __init__(self, state: State, bounded: Bounded, targets: tuple[int, ...]) -> None:
        assert state.query.centre is not None
        self.state, self.bounded, self.targets = state, bounded, targets
        self.case, self.centre = bounded.case, state.query.centre
        (self.region,) = self.case.regions.values()
        self.is_l1 = state.query.norm == "l1"
        self.failed = np.inf  # a radius about which there was no answer, while there is no witness

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
        """Whether the two ends are near enough to each other."""
        if self.state.nearest is None and self.proved >= self.failed * (1.0 - FAILED):
            return True  # as near as it gets to where there was no answer
        return self.proved >= self.reached * (1.0 - GAP)

    @property
    def _words(self) -> str:
        between = f"between {self.proved:.6g} and {self.reached:.6g}"
        return f"the nearest violation{self.bounded.words}: {between}"

    def begin(self) -> None:
        """How far bounds alone reach; then walk nearer, or ask about the whole region."""
        self._bisect()
        if self.state.nearest is not None:
            self._walk()
        else:
            tried(self._ask_everywhere)

    def _bisect(self) -> None:
        """Radii within which bounds close disjuncts."""
        low, high = min(self.proved, self.reached), self.reached
        for _ in range(BISECTIONS if np.isfinite(high) else 0):
            if high - low <= FINE * high:
                break
            radius = low + (high - low) / 2
            self.state.say(self._words)
            asked = tuple(finding.target for finding in self.open_ones)
            _, pending = self._within(radius, asked)
            for target in set(asked) - set(pending):
                self._learn(target, radius)
            low, high = (radius, high) if not pending else (low, radius)

    def ask(self, stride: float) -> bool:
        """Ask about a radius; whether there was an answer."""
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
        closed, before = set(asked) - set(pending), self.reached
        if pending:
            dense = compact(self.case, problem, pending)
            found = branched(self.state, dense, self._words, self._try)
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
        point = joined(dense, where)
        block = dense.disjuncts[highest(dense, point)]
        size = float((np.abs(block.weights) @ dense.reach[: block.weights.shape[1]]).max())
        for margin in MARGINS:
            last = deque(nearer(dense, block, self.centre, point, margin * size), maxlen=1)
            if not last:
                return
            if any(self._replay(x) for x in beyond(self.case, dense.split(last[0]))):
                return
