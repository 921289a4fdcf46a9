"""Along the line from where nothing is perturbed: a violation nearer by, or just behind a point.

Whatever is found is a guess: it counts only when a replay confirms it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.properties.query import Case
from mipc.semantics.evaluate import evaluate

__all__ = ["approach", "beyond"]

Array: TypeAlias = npt.NDArray[np.float64]

PLACES, ROUNDS = 17, 4
"""Places looked at on the line, and how often between the best and the one before it."""

BACK = (0.0, 2.0**-16, 2.0**-12, 2.0**-8)
"""Steps back to the violation, in shares of the line, where rounding undoes what was found."""


BEYOND = (0.0, 2.0**-20, 2.0**-16, 2.0**-13, 2.0**-10)
"""Steps beyond a point, in shares of its way from where nothing is perturbed."""


def beyond(case: Case, point: Mapping[str, Array]) -> Iterator[dict[str, Array]]:
    """A point, and some behind it: the nearest violation lies on the boundary, rounded either way.

    Parameters
    ----------
    point : mapping of parameter to (n,)
    """
    start = case.start()
    for share in BEYOND:
        yield {name: x + share * (x - start[name]) for name, x in point.items()}


def approach(case: Case, violation: Mapping[str, npt.NDArray[Any]]) -> Iterator[dict[str, Array]]:
    """Points between the unperturbed one and a violation, the nearest violating ones first.

    Parameters
    ----------
    violation : mapping of parameter to (n,)

    Raises
    ------
    RangeError
        A function is not defined at some point of the line.
    """
    start = case.start()
    line = {name: violation[name].astype(np.float64) - x for name, x in start.items()}
    low, high = 0.0, 1.0
    for _ in range(ROUNDS):
        shares = np.linspace(low, high, PLACES)
        points = {name: start[name] + shares[:, None] * step for name, step in line.items()}
        values = evaluate(case.graph, points)
        margins = [values[f"violation#{d.number}"].min(axis=1) for d in case.disjuncts]
        violating = np.flatnonzero(np.max(margins, axis=0) >= 0.0)
        if not len(violating):
            return
        first = int(violating[0])
        low, high = float(shares[max(first - 1, 0)]), float(shares[first])
    for back in BACK:
        share = min(high + back, 1.0)
        yield {name: start[name] + share * step for name, step in line.items()}
