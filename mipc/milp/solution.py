"""What a solver claims about a model: a status, a point, a bound. Never more than a claim.

A claim becomes knowledge when the point is replayed or the bound is certified elsewhere; until
then :class:`Solution` only says what the solver said, in one vocabulary for all solvers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from mipc.errors import InternalError

__all__ = ["Solution", "Status", "write_solution"]


class Status(Enum):
    """The words all solvers are translated to.

    ``FEASIBLE`` is stopped with a point and ``STOPPED`` is stopped without one; ``FAILED`` is
    the solver's own word for an error, and ``UNKNOWN`` is any word not understood exactly.
    """

    OPTIMAL = "optimal"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    FEASIBLE = "feasible"
    STOPPED = "stopped"
    FAILED = "failed"
    UNKNOWN = "unknown"

    @property
    def has_point(self) -> bool:
        """Whether a feasible point comes with this claim."""
        return self in (Status.OPTIMAL, Status.FEASIBLE)

    def seen_with(self, point: bool) -> Status:
        """Weigh the claim, once it is known whether a feasible point came with it.

        A stop with a point is ``FEASIBLE``; a claim that contradicts its point is ``UNKNOWN``.
        """
        if point and self is Status.STOPPED:
            return Status.FEASIBLE
        if point and self is Status.INFEASIBLE:
            return Status.UNKNOWN
        if not point and self is Status.FEASIBLE:
            return Status.STOPPED
        if not point and self is Status.OPTIMAL:
            return Status.UNKNOWN
        return self


@dataclass(frozen=True, eq=False)
class Solution:
    """What a solver claims.

    Attributes
    ----------
    status : Status
    objective : float or None
        The objective at ``values``, as the solver computed it.
    dual_bound : float or None
        A number the solver says no feasible point is below.
    values : (n,) float64 or None
        All columns in the order of the model; integers are not rounded. None unless the status
        has a point.
    seconds : float
        Wall time, 0 when it is not known.
    detail : str
        The solver's own words.
    """

    status: Status
    objective: float | None
    dual_bound: float | None
    values: npt.NDArray[np.float64] | None
    seconds: float
    detail: str


_highs_word = {
    Status.OPTIMAL: "Optimal",
    Status.INFEASIBLE: "Infeasible",
    Status.UNBOUNDED: "Unbounded",
    Status.FEASIBLE: "Solution limit reached",
    Status.STOPPED: "Time limit reached",
    Status.FAILED: "Solve error",
    Status.UNKNOWN: "Unknown",
}


def write_solution(solution: Solution, names: Sequence[str], model: str | None = None) -> bytes:
    """Write the solution in the raw style of HiGHS, every double exact.

    HiGHS reads it as a start, :func:`mipc.milp.solution_files.read` reads it back. The dual
    bound is a comment in the last line, where HiGHS does not mind one.

    Parameters
    ----------
    solution : Solution
        Its ``seconds`` and ``detail`` are not written.
    names : sequence of str
        All column names in the order of the model.
    model : str, optional
        The SHA-256 of the model's text, so that the answer is not taken for another model's.
    """
    lines = ["Model status", _highs_word[solution.status], "", "# Primal solution values"]
    lines += ["None"] if solution.values is None else _point(solution, solution.values, names)
    if solution.dual_bound is not None and math.isfinite(solution.dual_bound):
        lines += ["", f"# Dual bound {float(solution.dual_bound)!r}"]
    if model is not None:
        lines += ["", f"# Model {model}"]
    return "\n".join([*lines, ""]).encode("ascii")


def _point(solution: Solution, values: npt.NDArray[np.float64], names: Sequence[str]) -> list[str]:
    if solution.objective is None or len(values) != len(names):
        raise InternalError(
            f"a point of {len(values)} values with objective {solution.objective} "
            f"for {len(names)} columns"
        )
    named = zip(names, values.tolist(), strict=True)
    return [
        "Feasible",
        f"Objective {float(solution.objective)!r}",
        f"# Columns {len(names)}",
        *(f"{name} {value!r}" for name, value in named),
    ]
