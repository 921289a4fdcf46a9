"""Small models with known answers: a solver that fails one is not asked anything else.

Each is a model on which some release of some solver was wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from mipc.milp.model import Model, Names

__all__ = ["KNOWN", "Known", "failed_answers"]


@dataclass(frozen=True)
class Known:
    """A model and its optimum; ``None`` where there is no feasible point.

    ``rows`` are (coefficients, sense, right-hand side) with sense -1, 0, 1 for <=, =, >=.
    """

    name: str
    objective: tuple[float, ...]
    rows: tuple[tuple[tuple[float, ...], int, float], ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    integer: tuple[bool, ...]
    optimum: float | None

    def model(self) -> Model:
        """The model."""
        matrix = sp.csr_array(np.array([row for row, _, _ in self.rows]))
        matrix.eliminate_zeros()
        return Model(
            name="known",
            columns=Names((("c", len(self.objective)),)),
            rows=Names((("r", len(self.rows)),)),
            objective=np.array(self.objective),
            lower=np.array(self.lower),
            upper=np.array(self.upper),
            integer=np.array(self.integer),
            matrix=matrix,
            sense=np.array([sense for _, sense, _ in self.rows], dtype=np.int8),
            rhs=np.array([rhs for _, _, rhs in self.rows]),
        )


KNOWN: tuple[Known, ...] = (
    Known(
        "integer column stuffed against a continuous one",
        (2.0, 3.0), (((1.0, 1.0), 1, 4.5),), (0.0, 0.0), (10.0, 10.0), (False, True), 9.0,
    ),  # fmt: skip
)


def failed_answers(solve: Callable[[Model], dict[str, Any]]) -> list[str]:
    """The names of the models that a solver gets wrong."""
    return [known.name for known in KNOWN if not _right(known, solve(known.model()))]


def _right(known: Known, claim: dict[str, Any]) -> bool:
    if known.optimum is None:
        return bool(claim["status"] == "infeasible")
    close = claim["objective"] is not None and abs(claim["objective"] - known.optimum) < 1e-5
    return bool(claim["status"] == "optimal" and close)
