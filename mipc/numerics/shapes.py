"""The table of functions: for each its formulas, where it bends which way, where it is defined.

One function below is one row. The bends are those of the second derivative; the inverses of the
derivative need not be exact, nor sound (see :mod:`mipc.numerics.pieces`). Sizes tell what an error is
relative to where that is not the computed value: sums of terms that cancel, and exponentials of
rounded arguments, which multiply a relative error by the size of the argument.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.errors import UnsupportedOperator
from mipc.numerics.curves import Curve, Odd
from mipc.numerics.elementary import (
    atan,
    cos,
    erf,
    erfc,
    exp,
    expm1,
    log,
    log1p,
    power,
    sin,
    tanh,
)  # fmt: skip
from mipc.numerics.pieces import Curved, Formula, Straight
from mipc.numerics.rounding import TINY

__all__ = ["SHAPES"]

Array: TypeAlias = npt.NDArray[np.float64]
Inverse: TypeAlias = Callable[[Array, Any], Array]

INF = math.inf
GAP = {"value_floor": 2.0**-140, "slope_floor": 2.0**-96}
"""For inflection points known to 2**-50 where the third derivative is below 8."""
_ROOT_HALF = math.sqrt(0.5)
_GELU_C, _GELU_A = math.sqrt(2 / math.pi), 0.044715


def _odd(formula: Formula, inverse: Inverse, **more: Any) -> Curve:
    """Rising, convex below 0 and concave above; ``inverse`` gives the distance from 0."""
    left = Curved(-INF, 0.0, 1, formula, lambda s, c: -inverse(s, c))
    right = Curved(0.0, INF, -1, formula, inverse)
    odd = Odd(_touching(formula.value, inverse), lambda s: inverse(s, 0.0))
    return Curve((left, right), trend=1, formula=formula, odd=odd, **more)


def _touching(value: Callable[[Array], Array], inverse: Inverse) -> Callable[[Array], Array]:
    """Where the tangent through ``(u, f(u))``, ``u > 0``, touches below 0: a table over ``u / (1 + u)``."""
    share = np.arange(1, 1024) / 1024.0
    u = share / (1.0 - share)
    x = -u
    for _ in range(60):
        x = -inverse((value(u) - value(x)) / (u - x), 0.0)
    table = np.concatenate([[0.0], x, x[-1:]])

    def touch(u: Array) -> Array:
        place = 1024.0 * (u / (1.0 + u))
        cell = np.minimum(place.astype(np.int64), 1023)
        left = table[cell]
        return left + (place - cell) * (table[cell + 1] - left)

    return touch


def _whole(formula: Formula, low: float, bend: int, inverse: Inverse, **more: Any) -> Curve:
    """Bending one way on its whole domain."""
    steep = more.pop("steep", False)
    return Curve((Curved(low, INF, bend, formula, inverse, steep),), formula=formula, **more)


def _wave(formula: Formula, low: float, high: float, ends: tuple[float, float]) -> Curve:
    """Concave, convex between two inflection points, and concave; ``ends`` of the tables."""
    cuts = (
        (-INF, low, -1, ends[0], low),
        (low, high, 1, low, high),
        (high, INF, -1, high, ends[1]),
    )
    pieces = tuple(
        Curved(a, b, bend, formula, _tabulated(formula.slope, start, end))
        for a, b, bend, start, end in cuts
    )
    return Curve(pieces, formula=formula)


def _tabulated(slope: Callable[[Array], Array], low: float, high: float) -> Inverse:
    """The inverse of a monotone derivative, from a table and a step along a secant."""
    x = low + (high - low) * (np.arange(1025) / 1024.0)
    y = slope(x)
    if y[-1] < y[0]:
        x, y = x[::-1].copy(), y[::-1].copy()
    y = np.maximum.accumulate(y)
    rate = np.diff(x) / np.maximum(np.diff(y), TINY)

    def inverse(target: Array, centre: Any) -> Array:
        cell = np.minimum(np.maximum(np.searchsorted(y, target) - 1, 0), len(rate) - 1)
        start, run = x[cell], rate[cell]
        first, last = np.minimum(start, x[cell + 1]), np.maximum(start, x[cell + 1])
        near = np.minimum(np.maximum(start + (target - y[cell]) * run, first), last)
        near += (target - slope(near)) * run
        return np.minimum(np.maximum(near, first), last)

    return inverse


def _logistic(x: Array) -> Array:
    return 1.0 / (1.0 + exp(-x))


def _bell(x: Array) -> Array:
    """The derivative of the logistic function."""
    fall = exp(-np.abs(x))
    return fall / np.square(1.0 + fall)


def _sigmoid() -> Curve:
    def inverse(s: Array, centre: Any) -> Array:
        s = np.maximum(4.0 * s, 0.0)
        return log(np.square(1.0 + np.sqrt(np.maximum(1.0 - s, 0.0))) / np.minimum(s, 1.0))

    return _odd(Formula(_logistic, _bell), inverse, bottom=0.0, top=1.0)


def _tanh() -> Curve:
    def slope(x: Array) -> Array:
        return 4.0 * _bell(2.0 * x)

    def inverse(s: Array, centre: Any) -> Array:
        s = np.maximum(s, 0.0)
        root = 1.0 + np.sqrt(np.maximum(1.0 - s, 0.0))
        return 0.5 * log(np.square(root) / np.minimum(s, 1.0))

    return _odd(Formula(tanh, slope), inverse, bottom=-1.0, top=1.0)


def _atan() -> Curve:
    formula = Formula(atan, lambda x: 1.0 / (1.0 + x * x))
    half = math.nextafter(math.pi / 2, 2.0)
    return _odd(
        formula,
        lambda s, c: np.sqrt(np.maximum(1.0 / np.maximum(s, 0.0) - 1.0, 0.0)),
        bottom=-half,
        top=half,
    )


def _softsign() -> Curve:
    formula = Formula(lambda x: x / (1.0 + np.abs(x)), lambda x: 1.0 / np.square(1.0 + np.abs(x)))
    return _odd(
        formula,
        lambda s, c: np.maximum(1.0 / np.sqrt(np.maximum(s, 0.0)) - 1.0, 0.0),
        bottom=-1.0,
        top=1.0,
    )


def _erf() -> Curve:
    peak = 2.0 / math.sqrt(math.pi)
    formula = Formula(
        erf,
        lambda x: peak * exp(-x * x),
        slope_size=lambda x, d: d * (1.0 + x * x / 64),
    )
    return _odd(formula, lambda s, c: np.sqrt(np.maximum(log(peak / s), 0.0)), bottom=-1.0, top=1.0)


def _softplus() -> Curve:
    def value(x: Array) -> Array:
        return np.maximum(x, 0.0) + log1p(exp(-np.abs(x)))

    formula = Formula(value, _logistic)
    return _whole(
        formula, -INF, 1, lambda s, c: log(s) - log(1.0 - np.minimum(s, 1.0)), trend=1, bottom=0.0
    )


def _exp() -> Curve:
    return _whole(Formula(exp, exp), -INF, 1, lambda s, c: log(s), trend=1, bottom=0.0, grows=True)


def _log() -> Curve:
    formula = Formula(log, lambda x: 1.0 / x)
    return _whole(formula, 0.0, -1, lambda s, c: 1.0 / np.maximum(s, 0.0), trend=1, domain="x > 0")


def _unit(scale: float, alpha: float, stretch: float) -> Curve:
    """``scale x`` above 0, ``scale alpha (exp(x / stretch) - 1)`` below."""
    size, rate = scale * alpha, scale * alpha / stretch
    formula = Formula(
        lambda x: size * expm1(x / stretch),
        lambda x: rate * exp(x / stretch),
        slope_size=lambda x, d: np.abs(d) * (1.0 + np.abs(x) / (64 * stretch)),
    )
    rising = scale > 0 and alpha >= 0
    above = Straight(0.0, INF, scale, 0.0)
    if alpha == 0 or scale == 0:
        return Curve((Straight(-INF, 0.0, 0.0, 0.0), above), trend=1 if rising else 0)
    below = Curved(-INF, 0.0, 1 if size > 0 else -1, formula, lambda s, c: stretch * log(s / rate))
    return Curve((below, above), trend=1 if rising else 0)


def _elu(alpha: float) -> Curve:
    return _unit(1.0, alpha, 1.0)


def _selu(alpha: float, gamma: float) -> Curve:
    return _unit(gamma, alpha, 1.0)


def _celu(alpha: float) -> Curve:
    if not alpha > 0:
        raise UnsupportedOperator(
            f"a CELU with alpha {alpha}", remedy="mipc can compile those with positive alpha"
        )
    return _unit(1.0, alpha, alpha)


def _sqrt() -> Curve:
    formula = Formula(np.sqrt, lambda x: 0.5 / np.sqrt(np.maximum(x, 2.0**-300)))
    return _whole(
        formula,
        0.0,
        -1,
        lambda s, c: 0.25 / np.square(np.maximum(s, 0.0)),
        trend=1,
        domain="x >= 0",
        bottom=0.0,
        steep=True,
    )


def _reciprocal() -> Curve:
    return _power(-1.0)


def _power(exponent: float) -> Curve:
    e, whole = exponent, exponent.is_integer()
    if e == 0 or e == 1:
        return Curve((Straight(-INF, INF, e, 1.0 - e),), trend=1)
    steep = 0 < e < 1

    def slope(x: Array) -> Array:
        return e * power(np.maximum(x, 2.0**-300) if steep else x, e - 1.0)

    def size(p: float) -> Callable[[Array, Array], Array] | None:
        if p.is_integer() and abs(p) <= 16:
            return None
        return lambda x, y: np.abs(y) * (1.0 + np.abs(p * log(np.maximum(np.abs(x), TINY))) / 16)

    def right(s: Array, centre: Any) -> Array:
        return power(np.maximum(s / e, 0.0), 1.0 / (e - 1.0))

    def left(s: Array, centre: Any) -> Array:
        return -power(np.maximum(s / e if e % 2 == 1 else -s / e, 0.0), 1.0 / (e - 1.0))

    formula = Formula(lambda x: power(x, e), slope, size(e), size(e - 1.0))
    above = Curved(0.0, INF, -1 if steep else 1, formula, right, steep)
    if not whole:
        return Curve(
            (above,), "x >= 0" if e > 0 else "x > 0", 1 if e > 0 else -1, 0.0, grows=True,
            formula=formula,
        )  # fmt: skip
    odd = e % 2 == 1
    below = Curved(-INF, 0.0, -1 if odd else 1, formula, left)
    return Curve(
        (below, above),
        "x" if e > 0 else "x != 0",
        1 if odd and e > 0 else 0,
        -INF if odd else 0.0,
        grows=True,
        formula=formula,
    )


def _circular(formula: Formula, phase: float) -> Curve:
    def angle(s: Array) -> Array:
        s = np.minimum(np.maximum(s, -1.0), 1.0)
        return atan(s / np.sqrt((1.0 - s) * (1.0 + s)))

    pieces = tuple(
        Curved(-INF, INF, bend, formula, lambda s, c, bend=bend: c + bend * angle(s))
        for bend in (-1, 1)
    )
    return Curve(pieces, bottom=-1.0, top=1.0, formula=formula, phase=phase)


_PERIODIC = {"value_floor": 2.0**-89, "slope_floor": 2.0**-60}
"""For inflection points known to 2**-30, up to an argument of 2**20."""


def _near_zero(x: Array, computed: Array) -> Array:
    return np.minimum(np.abs(x), 1.0)


def _one(x: Array, computed: Array) -> Array:
    return np.ones_like(x)


def _sin() -> Curve:
    return _circular(Formula(sin, cos, _near_zero, _one, **_PERIODIC), 0.0)


def _cos() -> Curve:
    return _circular(Formula(cos, lambda x: -sin(x), _one, _near_zero, **_PERIODIC), -0.5)


def _gelu() -> Curve:
    def slope_parts(x: Array) -> tuple[Array, Array]:
        return 0.5 * erfc(-_ROOT_HALF * x), x * exp(-0.5 * x * x) * (0.5 * _GELU_C)

    def tail(x: Array) -> Array:
        return 1.0 + np.square(np.minimum(x, 0.0)) / 8

    def slope(x: Array) -> Array:
        first, second = slope_parts(x)
        return first + second

    def slope_size(x: Array, computed: Array) -> Array:
        first, second = slope_parts(x)
        return first * tail(x) + np.abs(second) * (1.0 + x * x / 64)

    formula = Formula(
        lambda x: 0.5 * x * erfc(-_ROOT_HALF * x),
        slope,
        lambda x, v: np.abs(v) * tail(x),
        slope_size,
        **GAP,
    )
    return _wave(formula, -math.sqrt(2), math.sqrt(2), (-12.0, 12.0))


def _gelu_tanh() -> Curve:
    def inner(x: Array) -> Array:
        return 2.0 * _GELU_C * (x + _GELU_A * x * x * x)

    def slope_parts(x: Array) -> tuple[Array, Array, Array]:
        z = inner(x)
        rise = 2.0 * _GELU_C * (1.0 + 3.0 * _GELU_A * x * x)
        return z, _logistic(z), x * (_bell(z) * rise)

    def slope(x: Array) -> Array:
        _, first, second = slope_parts(x)
        return first + second

    def slope_size(x: Array, computed: Array) -> Array:
        z, first, second = slope_parts(x)
        far = 1.0 + np.abs(z) / 32
        return np.where(x < 0, far, 1.0) * first + np.abs(second) * far

    formula = Formula(
        lambda x: x * _logistic(inner(x)),
        slope,
        lambda x, v: np.abs(v) * (1.0 + np.abs(inner(np.minimum(x, 0.0))) / 32),
        slope_size,
        **GAP,
    )
    bend = 1.4185040087908284
    return _wave(formula, -bend, bend, (-8.0, 8.0))


def _silu() -> Curve:
    def slope_size(x: Array, computed: Array) -> Array:
        return _logistic(x) + np.abs(x) * _bell(x)

    formula = Formula(
        lambda x: x * _logistic(x),
        lambda x: _logistic(x) + x * _bell(x),
        slope_size=slope_size,
        **GAP,
    )
    return _wave(formula, -2.3993572805154675, 2.3993572805154675, (-40.0, 40.0))


def _mish() -> Curve:
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

    formula = Formula(lambda x: x * parts(x)[1], slope, slope_size=slope_size, **GAP)
    return _wave(formula, -2.2563763963607931, 1.4905711794854284, (-40.0, 20.0))


def _hardswish() -> Curve:
    """``x (x + 3) / 6`` between -3 and 3."""
    formula = Formula(lambda x: x * (x + 3.0) / 6.0, lambda x: (2.0 * x + 3.0) / 6.0)
    middle = Curved(-3.0, 3.0, 1, formula, lambda s, c: 3.0 * s - 1.5)
    return Curve((Straight(-INF, -3.0, 0.0, 0.0), middle, Straight(3.0, INF, 1.0, 0.0)))


def _sign() -> Curve:
    return Curve(
        (
            Straight(-INF, 0.0, 0.0, -1.0, jumps=True),
            Straight(0.0, 0.0, 0.0, 0.0, jumps=True, owned=(True, True)),
            Straight(0.0, INF, 0.0, 1.0, jumps=True),
        ),
        trend=1,
    )


def _thresholded_relu(alpha: float) -> Curve:
    """``x`` above ``alpha``, 0 up to it."""
    jumps = alpha != 0
    return Curve(
        (
            Straight(-INF, alpha, 0.0, 0.0, jumps=jumps, owned=(False, jumps)),
            Straight(alpha, INF, 1.0, 0.0, jumps=jumps),
        ),
        trend=1 if alpha >= 0 else 0,
    )


SHAPES: dict[str, Callable[..., Curve]] = {
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "softplus": _softplus,
    "elu": _elu,
    "selu": _selu,
    "celu": _celu,
    "exp": _exp,
    "log": _log,
    "sqrt": _sqrt,
    "pow": _power,
    "reciprocal": _reciprocal,
    "sin": _sin,
    "cos": _cos,
    "erf": _erf,
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "silu": _silu,
    "hardswish": _hardswish,
    "mish": _mish,
    "softsign": _softsign,
    "atan": _atan,
    "sign": _sign,
    "thresholded_relu": _thresholded_relu,
}
"""What makes each curve from its parameters."""
