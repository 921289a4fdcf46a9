"""Small models with known answers: a solver that fails one is not asked anything else.

Each is a model on which some release of some solver was wrong, with an answer established by
enumeration. Passing them is necessary, not sufficient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mipc.solvers.wire import Arrays

__all__ = ["KNOWN", "Known", "failed_answers"]

_INF = float("inf")
_SENSES = {"<=": -1, "=": 0, ">=": 1}


@dataclass(frozen=True)
class Known:
    """A model and its minimum; ``None`` where there is no feasible point.

    Attributes
    ----------
    objective : mapping of column to coefficient
    rows : tuple of (mapping of column to coefficient, sense, right-hand side)
    bounds : tuple of (lower, upper)
    integer : str
        ``1`` for each integer column, ``0`` for each other.
    """

    name: str
    objective: Mapping[int, float]
    rows: tuple[tuple[Mapping[int, float], str, float], ...]
    bounds: tuple[tuple[float, float], ...]
    integer: str
    minimum: float | None

    def arrays(self) -> Arrays:
        """The model as a worker receives it."""
        entries = [(j, value) for row, _, _ in self.rows for j, value in sorted(row.items())]
        objective = np.zeros(len(self.bounds))
        objective[list(self.objective)] = list(self.objective.values())
        return {
            "objective": objective,
            "lower": np.array([low for low, _ in self.bounds], dtype=np.float64),
            "upper": np.array([high for _, high in self.bounds], dtype=np.float64),
            "integer": np.array([flag == "1" for flag in self.integer]),
            "data": np.array([value for _, value in entries], dtype=np.float64),
            "indices": np.array([j for j, _ in entries], dtype=np.int32),
            "indptr": np.cumsum([0, *(len(row) for row, _, _ in self.rows)]),
            "sense": np.array([_SENSES[sense] for _, sense, _ in self.rows], dtype=np.int8),
            "rhs": np.array([rhs for _, _, rhs in self.rows], dtype=np.float64),
        }


KNOWN: tuple[Known, ...] = (
    Known(
        "an integer column stuffed against a continuous one",
        {0: 2, 1: 3},
        (({0: 1, 1: 1}, ">=", 4.5),),
        ((0, 10), (0, 10)),
        "01",
        9,
    ),
    Known(
        "a singleton column with a large cost switched on",
        {1: 2, 2: 99999},
        (
            ({0: 1, 1: 1}, "=", 10),
            ({0: 1, 2: -100}, "<=", 0),
        ),
        ((0, _INF), (0, _INF), (0, 1)),
        "001",
        20,
    ),
    Known(
        "two switches of which one may be on",
        {4: 10, 5: 8},
        (
            ({0: -1000, 2: 1}, "<=", 0),
            ({1: -1000, 3: 1}, "<=", 0),
            ({2: 1, 4: 1}, "=", 1000),
            ({3: 1, 5: 1}, "=", 1000),
            ({0: 1, 1: 1}, "<=", 1),
        ),
        ((0, 1), (0, 1), (0, 1000), (0, 1000), (0, 1000), (0, 1000)),
        "110000",
        8000,
    ),
    Known(
        "free-standing decimals in a mixed-integer corner",
        {0: -24, 1: 5, 2: 7.4, 3: 9},
        (
            ({0: 96.55, 2: -32.45, 3: 88.78}, "<=", 1216.06),
            ({0: -3.14, 1: -78.02}, "<=", -50.5404),
            ({1: 11.8, 2: -21.94}, "<=", 3.422),
            ({2: 91.59, 3: -10.58}, "<=", -35.25),
            ({0: 79.17, 1: 1.73, 3: -73.23}, "<=", 411.403),
            ({0: -10.61, 1: -94.66, 3: 76.88}, "<=", 195.69),
        ),
        ((-100, 100), (-100, 100), (-100, 100), (-100, 100)),
        "0011",
        -175.91,
    ),
    Known(
        "integer columns with negative bounds",
        {0: 2, 1: -3, 2: -1, 3: 9},
        (
            ({0: 4, 1: 8, 2: 8, 3: -7}, ">=", -0.9),
            ({0: -4, 3: -8}, "<=", 18),
            ({2: 4, 3: -8}, ">=", 15.5),
        ),
        ((-3, 1), (-2, 0), (1, 7), (-2, -1)),
        "0011",
        -26,
    ),
    Known(
        "a free integer column",
        {0: -1, 1: 1},
        (
            ({0: -1, 1: 1}, ">=", 0.1),
            ({0: 1, 1: 1}, ">=", 0.1),
        ),
        ((-_INF, _INF), (-_INF, _INF)),
        "01",
        0.1,
    ),
    Known(
        "an integer column between two continuous ones",
        {0: -5, 1: -2, 2: -1},
        (
            ({0: 1, 1: 2, 2: 1}, "<=", 13.3),
            ({2: 1}, "<=", 8),
        ),
        ((3, 11), (1, 2), (0, 8)),
        "101",
        -57.3,
    ),
    Known(
        "binaries with large coefficients and no solution",
        {0: -1, 2: -1, 4: 3, 5: 2, 6: 2, 7: 2, 8: 2},
        (
            ({0: 1, 1: 1, 5: 1, 6: 1}, ">=", 0),
            ({3: 1000, 6: -1, 7: 1000, 8: 1000}, "=", 2),
        ),
        ((0, 1), (0, 1), (0, 1), (0, 1), (0, 1), (0, 1), (0, 1), (0, 1), (0, 1)),
        "111111111",
        None,
    ),
    Known(
        "large right-hand sides that exclude each other",
        {},
        (
            ({0: 1, 1: -1}, "=", 193200),
            ({0: 1, 1: -1, 2: 99807000}, "<=", 100000000),
        ),
        ((0, 100000000), (0, 100000000), (1, 1), (-_INF, _INF)),
        "0001",
        None,
    ),
    Known(
        "lot sizing with set-up binaries",
        {
            2: 2,
            4: 1,
            6: 3,
            8: 1,
            9: 1,
            10: 1,
            11: 1,
            12: 1,
            13: 1,
            14: 1,
            15: 70,
            17: 40,
            18: 50,
            19: 90,
            21: 20,
        },
        (
            ({0: 1}, "=", 6),
            ({0: 1, 15: -50}, "<=", 0),
            ({1: 1, 8: -1}, "=", 36),
            ({1: 1, 16: -100000}, "<=", 0),
            ({2: 1, 8: 1, 9: -1}, "=", 33),
            ({3: 1, 9: 1, 10: -1}, "=", 15),
            ({3: 1, 17: -50}, "<=", 0),
            ({4: 1, 10: 1, 11: -1}, "=", 2),
            ({4: 1, 18: -50}, "<=", 0),
            ({5: 1, 11: 1, 12: -1}, "=", 26),
            ({5: 1, 19: -50}, "<=", 0),
            ({6: 1, 12: 1, 13: -1}, "=", 13),
            ({6: 1, 20: -50}, "<=", 0),
            ({7: 1, 13: 1, 14: -1}, "=", 18),
            ({7: 1, 21: -50}, "<=", 0),
            ({15: 1, 16: 1, 17: 1, 18: 1, 19: 1, 20: 1, 21: 1}, "<=", 4),
        ),
        (
            (0, _INF),
            (0, _INF),
            (0, _INF),
            (0, _INF),
            (0, _INF),
            (0, _INF),
            (0, _INF),
            (0, _INF),
            (0, _INF),
            (0, _INF),
            (0, _INF),
            (0, _INF),
            (0, _INF),
            (0, _INF),
            (0, _INF),
            (0, 1),
            (0, 1),
            (0, 1),
            (0, 1),
            (0, 1),
            (0, 1),
            (0, 1),
        ),
        "0110000000000001111111",
        262,
    ),
)


def failed_answers(solve: Callable[[Arrays], dict[str, Any]]) -> list[str]:
    """The names of the models that a solver gets wrong."""
    return [known.name for known in KNOWN if not _right(known, solve(known.arrays()))]


def _right(known: Known, claim: dict[str, Any]) -> bool:
    if known.minimum is None:
        return bool(claim["status"] == "infeasible")
    close = claim["objective"] is not None and abs(claim["objective"] - known.minimum) < 1e-5
    return bool(claim["status"] == "optimal" and close)
