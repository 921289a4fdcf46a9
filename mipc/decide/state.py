"""What is known of a question while it is being decided."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc import clock
from mipc.decide.points import nearest
from mipc.errors import RangeError, TimeUp
from mipc.passes import Pass, Problem
from mipc.properties.query import Case, Query
from mipc.replay import Replay, replay
from mipc.runtime import Runtimes
from mipc.search import approach, steeper
from mipc.solvers.base import Solver
from mipc.verdict import Finding

__all__ = ["Bounded", "Progress", "State"]

Progress: TypeAlias = Callable[[str], None]

REPLAY = 1.0
"""Seconds that a replay may take, whatever the time limit."""


@dataclass(frozen=True, eq=False)
class Bounded:
    """A case whose values are bounded.

    Attributes
    ----------
    case : Case
    problem : Problem
    binaries : int
        How many choices a file would have to leave to a solver.
    words : str
        Which case it is, for people; nothing where there is one.
    """

    case: Case
    problem: Problem
    binaries: int
    words: str


WORTH = 1e-3
"""The share by which a nearer witness has to be nearer for the search to go on."""


class State:
    """What is known of a question while it is being decided."""

    def __init__(
        self,
        query: Query,
        passes: Sequence[Pass],
        solver: Solver,
        runtimes: Runtimes,
        deadline: float | None,
        say: Progress,
    ) -> None:
        self.query, self.passes, self.solver = query, passes, solver
        self.runtimes, self.deadline, self.say = runtimes, deadline, say
        self.replays: list[Replay] = []
        self.findings = {d.number: Finding(d.number, None, float("inf")) for d in query.disjuncts}
        self.stage = "bounds"

    def left(self) -> float | None:
        """Seconds until the deadline."""
        if self.deadline is None:
            return None
        return max(self.deadline - time.perf_counter(), 0.0)

    def share(self, part: float, most: float) -> float:
        """The clock's time when a share of what is left is over, or ``most`` seconds are."""
        left = self.left()
        return time.perf_counter() + (most if left is None else min(part * left, most))

    @property
    def is_settled(self) -> bool:
        """Whether nothing more need be found out."""
        return self.query.objective == "feasibility" and any(run.violates for run in self.replays)

    def replay(self, case: Case, point: Mapping[str, npt.NDArray[np.float64]]) -> bool:
        """Replay the floats nearest to a point; whether they are a witness.

        A replay has :data:`REPLAY` seconds even at the end, so that what was found is not lost.
        """
        floats = nearest(case, point)
        if floats is None:
            return False
        until = None if self.deadline is None else max(self.deadline, time.perf_counter() + REPLAY)
        with clock.limit(until), suppress(TimeUp):
            run = replay(self.query, case, self.runtimes, floats)
            self.replays.append(run)
            return run.violates
        return False

    def come_nearer(self, case: Case) -> None:
        """Look for nearer witnesses than the nearest one of a case, until that brings little."""
        targets = {disjunct.number for disjunct in case.disjuncts}
        mine = [run for run in self.replays if run.violates and run.target in targets]
        if not mine:
            return
        best = min(mine, key=lambda run: np.inf if run.distance is None else run.distance)
        with suppress(RangeError), np.errstate(over="ignore", invalid="ignore"):
            # a function that is not defined on the way: nothing is found there
            near = self._on_the_line(case, best.parameters) or best
            while (point := self._steeper(case, near)) is not None and self.left() != 0.0:
                found = self._on_the_line(case, point)
                if found is None or not _is_nearer(found, near):
                    return
                near = found

    def _on_the_line(self, case: Case, violation: Mapping[str, npt.NDArray[Any]]) -> Replay | None:
        """The first witness from where nothing is perturbed to a violation."""
        for point in approach(case, violation):
            if self.replay(case, point):
                return self.replays[-1]
        return None

    def _steeper(self, case: Case, near: Replay) -> dict[str, npt.NDArray[np.float64]] | None:
        """A point as far away with a larger margin; None where the image is no parameter."""
        name, centre = self.query.image, self.query.centre
        if centre is None or name is None or set(case.regions) != {name}:
            return None
        point = near.parameters[name].astype(np.float64)
        return {name: steeper(case, name, self.query.norm, centre, point)}

    def is_closed(self, case: Case) -> bool:
        """Whether it is known that nothing in a case violates."""
        return all(self.findings[d.number].closed is not None for d in case.disjuncts)

    def give_up(self, case: Case, reason: str, detail: str = "") -> None:
        """Leave the disjuncts of a case that are open so, for a reason."""
        for disjunct in case.disjuncts:
            known = self.findings[disjunct.number]
            if known.closed is None:
                self.findings[disjunct.number] = replace(known, reason=reason, detail=detail)


def _is_nearer(found: Replay, near: Replay) -> bool:
    """Whether a witness is nearer than another by a share that is worth the search."""
    if found.distance is None or near.distance is None:
        return False
    return found.distance < (1.0 - WORTH) * near.distance
