"""What is known of a question while it is being decided."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc import clock
from mipc.decide.points import nearest
from mipc.errors import TimeUp
from mipc.passes import Pass, Problem
from mipc.properties.query import Case, Query
from mipc.replay import Replay, replay
from mipc.runtime import Runtimes
from mipc.search import Team
from mipc.solvers.base import Solver
from mipc.verdict import Finding, rounded_down

__all__ = ["GAP", "Bounded", "Progress", "State"]

Progress: TypeAlias = Callable[[str], None]

GAP = 4e-5
"""Two ends of a value this near to each other, in relation, are near enough."""

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
        jobs: int = 1,
    ) -> None:
        self.query, self.passes, self.solver = query, passes, solver
        self.runtimes, self.deadline, self.say = runtimes, deadline, say
        self.jobs, self.team = jobs, Team(jobs - 1)
        self.replays: list[Replay] = []
        self.findings = {d.number: Finding(d.number, None, float("inf")) for d in query.disjuncts}
        self.stage = "bounds"

    def left(self) -> float | None:
        """Seconds until the deadline."""
        if self.deadline is None:
            return None
        return max(self.deadline - time.perf_counter(), 0.0)

    @property
    def nearest(self) -> Replay | None:
        """The nearest witness."""
        witnesses = [run for run in self.replays if run.violates and run.distance is not None]
        return min(witnesses, key=lambda run: run.distance or 0.0, default=None)

    @property
    def highest(self) -> Replay | None:
        """The replayed point with the largest margin."""
        inside = [run for run in self.replays if run.inside]
        return max(inside, key=lambda run: run.exact_margin[0], default=None)

    @property
    def is_settled(self) -> bool:
        """Whether nothing more need be found out."""
        open_ones = [finding for finding in self.findings.values() if finding.closed is None]
        match self.query.objective:
            case "feasibility":
                return any(run.violates for run in self.replays)
            case "closest":
                run, least = self.nearest, min((f.nearest for f in open_ones), default=0.0)
                return run is not None and least >= (run.distance or 0.0) * (1.0 - GAP)
            case _:
                run = self.highest
                if run is None:
                    return False
                most = max(finding.upper for finding in self.findings.values())
                reached = rounded_down(run.exact_margin[0])
                return most - reached <= GAP * max(1.0, abs(reached))

    @contextmanager
    def credited(self, stage: str) -> Iterator[None]:
        """What is found out meanwhile is a stage's; the last one to find out more settles it."""
        before, count = dict(self.findings), len(self.replays)
        try:
            yield
        finally:
            new = any(run.violates for run in self.replays[count:])
            if new or any(self.findings[t].says_more_than(known) for t, known in before.items()):
                self.stage = stage

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

    def is_closed(self, case: Case) -> bool:
        """Whether it is known that nothing in a case violates."""
        return all(self.findings[d.number].closed is not None for d in case.disjuncts)

    def give_up(self, case: Case, reason: str, detail: str = "") -> None:
        """Leave the disjuncts of a case that are open so, for a reason."""
        for disjunct in case.disjuncts:
            known = self.findings[disjunct.number]
            if known.closed is None:
                self.findings[disjunct.number] = replace(known, reason=reason, detail=detail)
