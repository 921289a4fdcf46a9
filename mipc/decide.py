"""Decides a question in process: the input itself, then bounds, then a solver for what is left.

::

    input     is the input already a violation? then no model is needed
    bounds    which disjuncts surely cannot hold?
    solver    a model for each of the others, in a worker process
    replay    every point a solver returns, in the original network
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mipc.batch import screen
from mipc.compile import bound_case, parts_of, simplify
from mipc.errors import RangeError
from mipc.formulation import Formulation, Part, formulate
from mipc.ir.ops import Smooth
from mipc.milp.model import Model
from mipc.milp.solution import Solution
from mipc.passes import DEFAULT, Envelopes, Pass, Problem
from mipc.properties.query import Case, Query
from mipc.replay import Replay, Runtimes, replay
from mipc.solvers.base import FOREVER, Limits, Solver
from mipc.solvers.highs import Highs
from mipc.verdict import Answer, Finding, conclude, finding_of, weigh

__all__ = ["nearest", "start_point", "verify"]

Progress = Callable[[str], None]

MANY = 4
"""From so many cases on they are bounded together first."""

FINER = tuple(Envelopes(cells, tangents) for cells, tangents in ((1, 2), (3, 4), (9, 8), (27, 16)))
"""How finely a file that only encloses the question is written, one attempt after the other."""

CLOSE = 1e-4
"""A certified end and a replayed one this near to each other, in relation, are not refined."""

KEPT = 0.1
"""The share of the time left that a search for the closest point leaves to look behind it."""

MARGINS = (0.0, 1e-7, 1e-6, 1e-5, 1e-4)
"""Margins that a closest witness is asked to have, until replay finds one."""


def verify(
    query: Query,
    *,
    timeout: float | None = None,
    passes: Sequence[Pass] = DEFAULT,
    solver: Solver | None = None,
    progress: Progress | None = None,
) -> Answer:
    """Decide a question.

    Parameters
    ----------
    timeout : float, optional
        Seconds for everything; what is not decided then is ``Unknown("timeout")``.
    solver : Solver, optional
        HiGHS in a worker process by default.
    progress : callable, optional
        Told in words what is being done.

    Raises
    ------
    SolverError
        The solver is missing or may not be used.
    """
    begin = time.perf_counter()
    deadline = None if timeout is None or timeout >= FOREVER else begin + timeout
    say = progress or (lambda words: None)
    if solver is not None:
        answer = _decide(query, passes, solver, deadline, say)
    else:
        with Highs() as highs:
            answer = _decide(query, passes, highs, deadline, say)
    return replace(answer, seconds=time.perf_counter() - begin)


def _decide(
    query: Query, passes: Sequence[Pass], solver: Solver, deadline: float | None, say: Progress
) -> Answer:
    state = _State(query, passes, solver, Runtimes(query), deadline, say)
    say("running the input through the network")
    first = query.cases[0]
    start = start_point(first)
    if start is not None:
        state.replays.append(replay(query, first, state.runtimes, start))
        if _settles(query, state.replays[0]):
            return conclude(query, list(state.findings.values()), state.replays, "input")
    stage = "bounds"
    if len(query.cases) >= MANY and query.objective == "feasibility":
        _screen(state)
    for number, case in enumerate(query.cases):
        words = f" of case {number + 1} of {len(query.cases)}" if len(query.cases) > 1 else ""
        if state.is_closed(case):
            continue
        if _decide_case(state, case, words):
            stage = "solver"
        if query.objective == "feasibility" and any(run.violates for run in state.replays):
            break
    return conclude(query, list(state.findings.values()), state.replays, stage)


def _screen(state: _State) -> None:
    """Close by bounds what can be closed of many cases, several at a time."""
    count = len(state.query.cases)

    def go_on(done: int) -> bool:
        state.say(f"bounding {count} cases, {done} done")
        return state.left() != 0.0

    for number, upper in screen(state.query, go_on=go_on).items():
        state.findings[number] = Finding(number, "bounds", upper)


def _decide_case(state: _State, case: Case, words: str) -> bool:
    """Find out about the disjuncts of a case; whether a solver was needed."""
    query = state.query
    if state.left() == 0.0:
        state.give_up(case, "timeout")
        return False
    state.say(f"bounding every neuron{words}")
    try:
        problem, _ = bound_case(case, state.passes)
    except RangeError as error:
        state.give_up(case, "unsupported-range", str(error))
        return False
    parts = parts_of(query, case, problem)
    state.findings.update({part.target: finding_of(part) for part in parts})
    pending = sorted((p for p in parts if p.is_open), key=lambda part: -part.upper)
    attempt = _Attempt(state, case, problem)
    for number, part in enumerate(pending):
        name = next(d.name for d in case.disjuncts if d.number == part.target)
        state.say(f"solving for {name}, {number + 1} of {len(pending)}{words}")
        if not attempt.can_matter(part):
            continue
        state.findings[part.target] = attempt.at(part)
        if query.objective == "feasibility" and any(run.violates for run in state.replays):
            break
    return bool(pending)


def _settles(query: Query, run: Replay) -> bool:
    """Whether the first point replayed already answers: a violation, and none can be nearer."""
    match query.objective:
        case "feasibility":
            return run.violates
        case "closest":
            return run.violates and run.distance == 0.0
        case _:
            return False


def start_point(case: Case) -> dict[str, npt.NDArray[Any]] | None:
    """Where nothing is perturbed, as floats inside the region; None if none are found."""
    return nearest(case, case.start())


def nearest(
    case: Case, point: Mapping[str, npt.NDArray[np.float64]]
) -> dict[str, npt.NDArray[Any]] | None:
    """Floats inside the region that are near to a point; None if none are found."""
    found = {name: region.nearest(point[name]) for name, region in case.regions.items()}
    inside = {name: x for name, x in found.items() if x is not None}
    return inside if len(inside) == len(found) else None


class _State:
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

    def left(self) -> float | None:
        """Seconds until the deadline."""
        if self.deadline is None:
            return None
        return max(self.deadline - time.perf_counter(), 0.0)

    def is_closed(self, case: Case) -> bool:
        """Whether it is known that nothing in a case violates."""
        return all(self.findings[d.number].closed is not None for d in case.disjuncts)

    def give_up(self, case: Case, reason: str, detail: str = "") -> None:
        """Leave the disjuncts of a case open, for a reason."""
        for disjunct in case.disjuncts:
            known = self.findings[disjunct.number]
            self.findings[disjunct.number] = replace(known, reason=reason, detail=detail)


class _Attempt:
    """One disjunct, handed to a solver; whatever point comes back is replayed."""

    def __init__(self, state: _State, case: Case, problem: Problem) -> None:
        self.state, self.case, self.problem = state, case, problem
        self.query, self.replays = state.query, state.replays

    def can_matter(self, part: Part) -> bool:
        """Whether the largest margin may be this disjunct's, for all that has been replayed."""
        if self.query.objective != "worst":
            return True
        reached = [run.exact_margin[0] for run in self.replays if run.inside]
        return not reached or part.upper > max(reached)

    def at(self, part: Part) -> Finding:
        """What can be established about a disjunct.

        A file that only encloses the question, because of smooth functions or an L2 ball, is made
        finer until it answers.
        """
        known = finding_of(part)
        for step in self._steps():
            if self.state.left() == 0.0:
                return replace(known, reason="timeout") if known.closed is None else known
            try:
                formulation = self._formulated(part, step)
            except RangeError as error:
                return replace(known, reason="unsupported-range", detail=str(error))
            before = len(self.replays)
            if self.query.objective == "feasibility":
                claim = self._feasibility(formulation, part)
            else:
                claim = self._optimum(formulation)
            known = weigh(self.query, known, claim, formulation.guard)
            if self._is_settled(known, self.replays[before:]):
                break
        return known

    def _is_settled(self, known: Finding, new: Sequence[Replay]) -> bool:
        """Whether a finer file could tell no more of a disjunct."""
        inside = [run for run in self.replays if run.inside]
        if self.query.objective == "worst":
            best = max((float(run.exact_margin[0]) for run in inside), default=-np.inf)
            return known.upper - best <= CLOSE * max(1.0, abs(best))
        if known.closed is not None:
            return True
        if self.query.objective == "feasibility":
            return any(run.violates for run in new)
        reached = [run.distance for run in inside if run.violates and run.distance is not None]
        return bool(reached) and min(reached) - known.nearest <= CLOSE * min(reached)

    def _steps(self) -> Sequence[Envelopes | None]:
        """How finely to write what is only enclosed; once, where nothing is, or as asked."""
        smooth = any(isinstance(node.op, Smooth) for node in self.problem.graph)
        balls = [region.ball for region in self.problem.domain.values()]
        enclosed = smooth or any(ball is not None and ball.norm == 2 for ball in balls)
        asked = any(isinstance(step, Envelopes) for step in self.state.passes)
        return FINER if enclosed and not asked else (None,)

    def _formulated(self, part: Part, step: Envelopes | None) -> Formulation:
        targets = (part.target,)
        passes = self.state.passes if step is None else (*self.state.passes, step)
        simple, _ = simplify(self.case, self.problem, targets, passes)
        return formulate(self.query, simple, targets, f"target_{part.target}")

    def _feasibility(self, formulation: Formulation, part: Part) -> Solution:
        """Stop at the first violation that is clearly one; if replay refuses it, at the largest."""
        clear = -max(part.upper * 1e-2, 1e-6)
        claim = self._solve(formulation.model, target=clear)
        if claim.values is not None and not self._replay(formulation, claim.values):
            return self._optimum(formulation)
        return claim

    def _optimum(self, formulation: Formulation) -> Solution:
        """Solve to the end, and replay the point; of the closest one, look just behind it.

        Some of the time is kept for looking, so that a solver that is stopped has a witness too.
        """
        kept = KEPT if self.query.objective == "closest" else 0.0
        claim = self._solve(formulation.model, kept=kept)
        if claim.values is not None:
            self._replay(formulation, claim.values)
            if self.query.objective == "closest":
                self._approach(formulation, claim)
        return claim

    def _approach(self, formulation: Formulation, claim: Solution) -> None:
        """Look for a witness just behind the closest point, which lies on the boundary itself.

        With the phases of the solver's point fixed, the nearest point with a given margin is a
        linear program, unless the input lies on a grid.
        """
        assert claim.values is not None
        for margin in MARGINS:
            inner = self._solve(_fixed(formulation, claim.values, margin))
            if inner.values is not None and self._replay(formulation, inner.values):
                return

    def _solve(self, model: Model, target: float | None = None, kept: float = 0.0) -> Solution:
        left = self.state.left()
        limits = Limits(seconds=None if left is None else left * (1.0 - kept), target=target)
        return self.state.solver.solve(model, limits)

    def _replay(self, formulation: Formulation, values: npt.NDArray[np.float64]) -> bool:
        """Replay a solver's point; whether it is a witness."""
        point = nearest(self.case, formulation.layout.lift(values))
        if point is None:
            return False
        run = replay(self.query, self.case, self.state.runtimes, point)
        self.replays.append(run)
        return run.violates


def _fixed(formulation: Formulation, values: npt.NDArray[np.float64], margin: float) -> Model:
    """The model with its phases fixed and a margin asked for; inputs on a grid stay free."""
    model = formulation.model
    phases = model.integer.copy()
    phases[formulation.layout.places("input")] = False
    whole = np.round(values)
    lower = np.where(phases, whole, model.lower)
    upper = np.where(phases, whole, model.upper)
    place = formulation.layout.places("margin")
    asked = np.ldexp(margin, -formulation.layout.exponents[place])
    lower[place] = np.minimum(asked, upper[place])
    return replace(model, lower=lower, upper=upper, integer=model.integer & ~phases)
