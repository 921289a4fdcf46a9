"""Violations nearer by: along the line from where nothing is perturbed, and in steeper directions.

Whatever is found is a guess: it counts only when a replay confirms it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.properties.query import Case, Norm
from mipc.search.attack import margins_of, projected, seeds_of
from mipc.semantics.evaluate import evaluate
from mipc.semantics.gradient import gradient

__all__ = ["approach", "beyond", "steeper"]

Array: TypeAlias = npt.NDArray[np.float64]

PLACES, ROUNDS = 17, 4
"""Places looked at on the line, and how often between the best and the one before it."""

BACK = (0.0, 2.0**-16, 2.0**-12, 2.0**-8)
"""Steps back to the violation, in shares of the line, where rounding undoes what was found."""


BEYOND = (0.0, 2.0**-20, 2.0**-18, 2.0**-16, 2.0**-13, 2.0**-10)
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
        margins = margins_of(values, [d.number for d in case.disjuncts])
        violating = np.flatnonzero(margins.max(axis=1) >= 0.0)
        if not len(violating):
            return
        first = int(violating[0])
        low, high = float(shares[max(first - 1, 0)]), float(shares[first])
    for back in BACK:
        share = min(high + back, 1.0)
        yield {name: start[name] + share * step for name, step in line.items()}


def steeper(case: Case, name: str, norm: Norm, centre: Array, point: Array) -> Array:
    """The point as far from the centre as another where the margin rises most, by its gradient.

    Parameters
    ----------
    name : str
        The only parameter, which is the image.
    centre, point : (n,)

    Raises
    ------
    RangeError
        A function is not defined at the point.
    """
    values = evaluate(case.graph, {name: point[None]})
    targets = [d.number for d in case.disjuncts]
    best = targets[int(margins_of(values, targets)[0].argmax())]
    uphill = gradient(case.graph, values, seeds_of(values, [best]))[name][0]
    region = case.regions[name]
    away = np.abs(point - centre)
    if norm == "linf":
        moved = centre + away.max() * np.sign(uphill)
    else:
        ends = np.where(uphill > 0, region.upper, region.lower)
        order = np.argsort(-np.abs(uphill))
        room = np.abs(ends - centre)[order]
        spent = np.clip(away.sum() - (np.cumsum(room) - room), 0.0, room)
        moved = centre.copy()
        moved[order] += np.sign(uphill[order]) * spent
    inside: Array = projected(region, moved[None])[0]
    return inside
