"""The smooth ReLUs that dip below 0: concave, convex between two inflection points, concave.

The inverses of their derivatives have no formula; they come from tables.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.numerics.curves import Curve
from mipc.numerics.elementary import bell, erfc, exp, logistic
from mipc.numerics.pieces import Curved, Formula
from mipc.numerics.rounding import TINY

__all__ = ["gelu", "gelu_tanh", "mish", "silu"]

Array: TypeAlias = npt.NDArray[np.float64]
Inverse: TypeAlias = Callable[[Array, Any], Array]

INF = math.inf
ROOT_HALF = math.sqrt(0.5)
GELU_C, GELU_A = math.sqrt(2 / math.pi), 0.044715


def _wave(formula: Formula, low: float, high: float, ends: tuple[float, float]) -> Curve:
    """Concave, convex between two inflection points, and concave; ``ends`` of the tables."""
    # inflection points known to 2**-50, where the third derivative is below 8
    formula = replace(formula, value_floor=2.0**-140, slope_floor=2.0**-96)
    cuts = (
        (-INF, low, -1, ends[0], low),
        (low, high, 1, low, high),
        (high, INF, -1, high, ends[1]),
    )
    pieces = tuple(
        Curved(a, b, bend, formula, _tabulated(formula.slope, start, end, (a, b)))
        for a, b, bend, start, end in cuts
    )
    return Curve(pieces, formula=formula)


def _tabulated(
    slope: Callable[[Array], Array], low: float, high: float, beyond: tuple[float, float]
) -> Inverse:
    """The inverse of a monotone derivative: a table, dense at its ends, and a step along a secant.

    Slopes that are not in the table are ``beyond`` its lower or its upper end.
    """
    share = np.arange(1025) / 1024.0
    x = low + (high - low) * (share * share * (3.0 - 2.0 * share))
    y = slope(x)
    if y[-1] < y[0]:
        x, y, beyond = x[::-1].copy(), y[::-1].copy(), beyond[::-1]
    y = np.maximum.accumulate(y)
    rate = np.diff(x) / np.maximum(np.diff(y), TINY)

    def inverse(target: Array, centre: Any) -> Array:
        cell = np.minimum(np.maximum(np.searchsorted(y, target) - 1, 0), len(rate) - 1)
        start, run = x[cell], rate[cell]
        first, last = np.minimum(start, x[cell + 1]), np.maximum(start, x[cell + 1])
        near = np.minimum(np.maximum(start + (target - y[cell]) * run, first), last)
        near += (target - slope(near)) * run
        near = np.minimum(np.maximum(near, first), last)
        return np.where(target < y[0], beyond[0], np.where(target > y[-1], beyond[1], near))

    return inverse


def gelu() -> Curve:
    """``x Phi(x)`` with the distribution function of the normal distribution."""

    def slope_parts(x: Array) -> tuple[Array, Array]:
        return 0.5 * erfc(-ROOT_HALF * x), x * exp(-0.5 * x * x) * (0.5 * GELU_C)

    def tail(x: Array) -> Array:
        return 1.0 + np.square(np.minimum(x, 0.0)) / 8

    def slope(x: Array) -> Array:
        first, second = slope_parts(x)
        return first + second

    def slope_size(x: Array, computed: Array) -> Array:
        first, second = slope_parts(x)
        return first * tail(x) + np.abs(second) * (1.0 + x * x / 64)

    formula = Formula(
        lambda x: 0.5 * x * erfc(-ROOT_HALF * x),
        slope,
        lambda x, v: np.abs(v) * tail(x),
        slope_size,
    )
    return _wave(formula, -math.sqrt(2), math.sqrt(2), (-12.0, 12.0))


def gelu_tanh() -> Curve:
    """``x (1 + tanh(z)) / 2`` with ``z = sqrt(2 / pi) (x + 0.044715 x^3)``."""

    def inner(x: Array) -> Array:
        return 2.0 * GELU_C * (x + GELU_A * x * x * x)

    def slope_parts(x: Array) -> tuple[Array, Array, Array]:
        z = inner(x)
        rise = 2.0 * GELU_C * (1.0 + 3.0 * GELU_A * x * x)
        return z, logistic(z), x * (bell(z) * rise)

    def slope(x: Array) -> Array:
        _, first, second = slope_parts(x)
        return first + second

    def slope_size(x: Array, computed: Array) -> Array:
        z, first, second = slope_parts(x)
        far = 1.0 + np.abs(z) / 32
        return np.where(x < 0, far, 1.0) * first + np.abs(second) * far

    formula = Formula(
        lambda x: x * logistic(inner(x)),
        slope,
        lambda x, v: np.abs(v) * (1.0 + np.abs(inner(np.minimum(x, 0.0))) / 32),
        slope_size,
    )
    bend = 1.4185040087908284
    return _wave(formula, -bend, bend, (-8.0, 8.0))


def silu() -> Curve:
    """``x / (1 + exp(-x))``."""

    def slope_size(x: Array, computed: Array) -> Array:
        return logistic(x) + np.abs(x) * bell(x)

    formula = Formula(
        lambda x: x * logistic(x),
        lambda x: logistic(x) + x * bell(x),
        slope_size=slope_size,
    )
    return _wave(formula, -2.3993572805154675, 2.3993572805154675, (-40.0, 40.0))


def mish() -> Curve:
    """``x t`` with ``t = tanh(softplus(x)) = (w^2 + 2w) / (w^2 + 2w + 2)`` and ``w = exp(x)``."""

    def parts(x: Array) -> tuple[Array, Array, Array]:
        w = exp(-np.abs(x))
        negative = x < 0
        top = np.where(negative, w * (w + 2.0), 1.0 + 2.0 * w)
        whole = top + np.where(negative, 2.0, 2.0 * w * w)
        return w, top / whole, 4.0 * np.where(negative, w, w * w) * (1.0 + w) / (whole * whole)

    def slope_size(x: Array, computed: Array) -> Array:
        _, t, rise = parts(x)
        return t + np.abs(x) * rise

    def slope(x: Array) -> Array:
        _, t, rise = parts(x)
        return t + x * rise

    formula = Formula(lambda x: x * parts(x)[1], slope, slope_size=slope_size)
    return _wave(formula, -2.2563763963607931, 1.4905711794854284, (-40.0, 20.0))
