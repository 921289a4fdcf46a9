"""One disjunct, handed to a solver as a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from mipc import clock
from mipc.compile import simplify
from mipc.decide.nearer import come_nearer
from mipc.decide.state import State
from mipc.errors import RangeError, TimeUp
from mipc.formulation import Formulation, Part, formulate
from mipc.ir.ops import Smooth
from mipc.milp.model import Model
from mipc.milp.solution import Solution, Status
from mipc.passes import Envelopes, Problem
from mipc.properties.query import Case
from mipc.replay import Replay
from mipc.solvers.base import Limits, Solver
from mipc.verdict import Finding, rounded_down, weigh

__all__ = ["Attempt"]

FINER = tuple(Envelopes(cells, tangents) for cells, tangents in ((1, 2), (3, 4), (9, 8), (27, 16)))
"""How finely a file that only encloses the question is written, one attempt after the other."""

CLOSE = 1e-4
"""A certified end and a replayed one this near to each other, in relation, are not refined."""

KEPT = 0.1
"""The share of the time left that a search for the closest point leaves to look behind it."""

MARGINS = (0.0, 1e-7, 1e-6, 1e-5, 1e-4)
"""Margins that a closest witness is asked to have, in units of the file, until replay finds one."""


class Attempt:
    """One disjunct, handed to a solver; whatever point comes back is replayed."""

    def __init__(
        self,
        state: State,
        case: Case,
        problem: Problem,
        solver: Solver,
        is_over: Callable[[], bool] = lambda: False,
    ) -> None:
        self.state, self.case, self.problem = state, case, problem
        self.solver, self.is_over = solver, is_over
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
        known = self.state.findings[part.target]
        for step in self._steps():
            try:
                clock.check()
                formulation = self._formulated(part, step)
            except TimeUp:
                return _given_up(known, "timeout")
            except RangeError as error:
                return _given_up(known, "unsupported-range", str(error))
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
            best = max((rounded_down(run.exact_margin[0]) for run in inside), default=-np.inf)
            return bool(np.isfinite(best)) and known.upper - best <= CLOSE * max(1.0, abs(best))
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
                if not self._approach(formulation, claim) and not self._is_seen(formulation):
                    self._deepest(formulation)
                come_nearer(self.state, self.case)
        return claim

    def _is_seen(self, formulation: Formulation) -> bool:
        """Whether a witness of a disjunct is known already."""
        return any(run.violates and run.target in formulation.targets for run in self.replays)

    def _deepest(self, formulation: Formulation) -> None:
        """Of a closest question, look for any witness: the point farthest behind the boundary."""
        model = formulation.model
        objective = np.zeros(len(model.objective))
        place = formulation.layout.places("margin")
        objective[place] = -np.ldexp(1.0, formulation.layout.exponents[place])
        found = self._solve(replace(model, objective=objective))
        if found.values is not None:
            self._replay(formulation, found.values)

    def _approach(self, formulation: Formulation, claim: Solution) -> bool:
        """Look for a witness just behind the closest point, which lies on the boundary itself.

        With the phases of the solver's point fixed, the nearest point with a given margin is a
        linear program, unless the input lies on a grid. Returns whether there is one.
        """
        assert claim.values is not None
        for margin in MARGINS:
            inner = self._solve(_fixed(formulation, claim.values, margin * formulation.unit))
            if inner.values is not None and self._replay(formulation, inner.values):
                return True
        return False

    def _solve(self, model: Model, target: float | None = None, kept: float = 0.0) -> Solution:
        left = clock.left()
        if left == 0.0 or self.is_over():
            return Solution(Status.STOPPED, None, None, None, 0.0, "no time is left")
        limits = Limits(seconds=None if left is None else left * (1.0 - kept), target=target)
        return self.solver.solve(model, limits)

    def _replay(self, formulation: Formulation, values: npt.NDArray[np.float64]) -> bool:
        """Replay a solver's point; whether it is a witness."""
        return self.state.replay(self.case, formulation.layout.lift(values))


def _given_up(known: Finding, reason: str, detail: str = "") -> Finding:
    """What is known of a disjunct that is left as it is, and why, if it is open."""
    return known if known.closed is not None else replace(known, reason=reason, detail=detail)


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
