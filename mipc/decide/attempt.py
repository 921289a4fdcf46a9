"""One disjunct, handed to a solver as a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from mipc.compile import simplify
from mipc.decide.state import State
from mipc.errors import RangeError
from mipc.formulation import Formulation, Part, formulate
from mipc.ir.ops import Smooth
from mipc.milp.model import Model
from mipc.milp.solution import Solution, Status
from mipc.passes import Envelopes, Problem
from mipc.properties.query import Case
from mipc.solvers.base import Limits
from mipc.verdict import Finding, finding_of, weigh

__all__ = ["Attempt"]

FINER = tuple(Envelopes(cells, tangents) for cells, tangents in ((1, 2), (3, 4), (9, 8), (27, 16)))
"""How finely a file that only encloses the question is written, one attempt after the other."""

MARGINS = (0.0, 1e-7, 1e-6, 1e-5, 1e-4)
"""Margins that a closest witness is asked to have, until replay finds one."""


class Attempt:
    """One disjunct, handed to a solver; whatever point comes back is replayed."""

    def __init__(self, state: State, case: Case, problem: Problem) -> None:
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
            found = any(run.violates for run in self.replays[before:])
            if known.closed is not None or (found and self.query.objective == "feasibility"):
                break
        return known

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
        """Solve to the end, and replay the point; of the closest one, look just behind it."""
        claim = self._solve(formulation.model)
        if claim.values is not None:
            self._replay(formulation, claim.values)
            if self.query.objective == "closest":
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
        left = self.state.left()
        if left == 0.0:
            return Solution(Status.STOPPED, None, None, None, 0.0, "no time is left")
        limits = Limits(seconds=left, target=target)
        return self.state.solver.solve(model, limits)

    def _replay(self, formulation: Formulation, values: npt.NDArray[np.float64]) -> bool:
        """Replay a solver's point; whether it is a witness."""
        return self.state.replay(self.case, formulation.layout.lift(values))


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
