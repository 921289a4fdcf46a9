"""Decides a question in process: the input itself, then bounds, then a solver for what is left.

::

    input     is the input already a violation? then no model is needed
    bounds    which disjuncts surely cannot hold?
    solver    a model for each of the others, in a worker process
    replay    every point a solver returns, in the original network
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mipc.compile import bound_query, parts_of, simplify
from mipc.errors import RangeError
from mipc.formulation import Formulation, Part, formulate
from mipc.milp.model import Model
from mipc.milp.solution import Solution
from mipc.passes import DEFAULT, Pass, Problem
from mipc.properties.query import Query
from mipc.replay import Replay, Runtime, replay
from mipc.solvers.base import FOREVER, Limits, Solver
from mipc.solvers.highs import Highs
from mipc.verdict import Answer, Finding, conclude, distance, finding_of, weigh

__all__ = ["start_point", "verify"]

Progress = Callable[[str], None]

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
    say("running the input through the network")
    runtime = Runtime(query.network)
    start = start_point(query)
    replays = [replay(query, runtime, start)] if start is not None else []
    unknown = [Finding(d.target, None, float("inf")) for d in query.disjuncts]
    if replays and _settles(query, replays[0]):
        return conclude(query, unknown, replays, "input")
    say("bounding every neuron")
    problem, _ = bound_query(query, passes)
    parts = parts_of(query, problem)
    findings = {part.target: finding_of(part) for part in parts}
    pending = sorted((p for p in parts if p.is_open), key=lambda part: -part.upper)
    if not pending:
        return conclude(query, list(findings.values()), replays, "bounds")
    attempt = _Attempt(query, problem, passes, solver, runtime, deadline, replays)
    for number, part in enumerate(pending):
        say(f"solving for class {part.target}, {number + 1} of {len(pending)}")
        if not attempt.can_matter(part):
            continue
        findings[part.target] = attempt.at(part)
        if query.question.objective == "feasibility" and any(run.violates for run in replays):
            break
    return conclude(query, list(findings.values()), replays, "solver")


def _settles(query: Query, run: Replay) -> bool:
    """Whether the first point replayed already answers: a violation, and none can be nearer."""
    match query.question.objective:
        case "feasibility":
            return run.violates
        case "closest":
            return run.violates and distance(query, run) == 0.0
        case _:
            return False


def start_point(query: Query) -> npt.NDArray[Any] | None:
    """The centre, or the middle of the box, as floats of the network; None if none lies inside."""
    if not query.box.has_float:
        return None
    middle = query.question.centre
    if middle is None:
        middle = query.box.lower + (query.box.upper - query.box.lower) / 2
    return query.box.nearest(middle)


class _Attempt:
    """One disjunct, handed to a solver; whatever point comes back is replayed."""

    def __init__(
        self,
        query: Query,
        problem: Problem,
        passes: Sequence[Pass],
        solver: Solver,
        runtime: Runtime,
        deadline: float | None,
        replays: list[Replay],
    ) -> None:
        self.query, self.problem, self.passes = query, problem, passes
        self.solver, self.runtime, self.deadline = solver, runtime, deadline
        self.replays = replays

    def can_matter(self, part: Part) -> bool:
        """Whether the largest margin may be this disjunct's, for all that has been replayed."""
        if self.query.question.objective != "worst":
            return True
        reached = [run.exact_margin[0] for run in self.replays if run.inside]
        return not reached or part.upper > max(reached)

    def at(self, part: Part) -> Finding:
        """What can be established about a disjunct."""
        bounded = finding_of(part)
        if self._left() == 0.0:
            return replace(bounded, reason="timeout")
        try:
            simple, _ = simplify(self.problem, (part.target,), self.passes)
            formulation = formulate(
                self.query, simple.graph, simple.bounds, (part.target,), f"target_{part.target}"
            )
        except RangeError as error:
            return replace(bounded, reason="unsupported-range", detail=str(error))
        if self.query.question.objective == "feasibility":
            claim = self._feasibility(formulation, part)
        else:
            claim = self._optimum(formulation)
        return weigh(self.query, bounded, claim, formulation.guard)

    def _feasibility(self, formulation: Formulation, part: Part) -> Solution:
        """Stop at the first violation that is clearly one; if replay refuses it, at the largest."""
        clear = -max(part.upper * 1e-2, 1e-6)
        claim = self._solve(formulation.model, target=clear)
        if claim.values is not None and not self._replay(formulation, claim.values):
            return self._optimum(formulation)
        return claim

    def _optimum(self, formulation: Formulation) -> Solution:
        """Solve to the end, and replay the point; of the closest one, look just behind it."""
        claim = self._solve(formulation.model)
        if claim.values is not None:
            self._replay(formulation, claim.values)
            if self.query.question.objective == "closest":
                self._approach(formulation, claim)
        return claim

    def _approach(self, formulation: Formulation, claim: Solution) -> None:
        """Look for a witness just behind the closest point, which lies on the boundary itself.

        With the phases of the solver's point fixed, the nearest point with a given margin is a
        linear program.
        """
        assert claim.values is not None
        for margin in MARGINS:
            inner = self._solve(_fixed(formulation, claim.values, margin))
            if inner.values is not None and self._replay(formulation, inner.values):
                return

    def _solve(self, model: Model, target: float | None = None) -> Solution:
        left = self._left()
        return self.solver.solve(model, Limits(seconds=left, target=target))

    def _left(self) -> float | None:
        if self.deadline is None:
            return None
        return max(self.deadline - time.perf_counter(), 0.0)

    def _replay(self, formulation: Formulation, values: npt.NDArray[np.float64]) -> bool:
        """Replay a solver's point; whether it is a witness."""
        if not self.query.box.has_float:
            return False
        point = self.query.box.nearest(formulation.layout.lift(values))
        run = replay(self.query, self.runtime, point)
        self.replays.append(run)
        return run.violates


def _fixed(formulation: Formulation, values: npt.NDArray[np.float64], margin: float) -> Model:
    """The model with its integers fixed and a margin asked for."""
    model = formulation.model
    whole = np.round(values)
    lower = np.where(model.integer, whole, model.lower)
    upper = np.where(model.integer, whole, model.upper)
    place = formulation.layout.places("margin")
    asked = np.ldexp(margin, -formulation.layout.exponents[place])
    lower[place] = np.minimum(asked, upper[place])
    return replace(model, lower=lower, upper=upper, integer=np.zeros_like(model.integer))
