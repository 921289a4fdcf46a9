"""The table of functions: for each its formulas, where it bends which way, where it is defined.

One function below is one row. The bends are those of the second derivative; the inverses of the
derivative need not be exact, nor sound (see :mod:`mipc.numerics.pieces`). Sizes tell what an error
is relative to where that is not the computed value: sums of terms that cancel, and exponentials of
rounded arguments, which multiply a relative error by the size of the argument.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.errors import UnsupportedOperator
from mipc.numerics.curves import Curve, Odd
from mipc.numerics.elementary import (
    atan,
    bell,
    cos,
    erf,
    exp,
    expm1,
    log,
    log1p,
    logistic,
    power,
    sin,
    tanh,
)  # fmt: skip
from mipc.numerics.pieces import Curved, Formula, Straight
from mipc.numerics.rounding import TINY
from mipc.numerics.waves import gelu, gelu_tanh, mish, silu

__all__ = ["SHAPES"]

Array: TypeAlias = npt.NDArray[np.float64]
Inverse: TypeAlias = Callable[[Array, Any], Array]

INF = math.inf


def _odd(formula: Formula, inverse: Inverse, **more: Any) -> Curve:
    """Rising, convex below 0 and concave above; ``inverse`` gives the distance from 0."""
    left = Curved(-INF, 0.0, 1, formula, lambda s, c: -inverse(s, c))
    right = Curved(0.0, INF, -1, formula, inverse)
    odd = Odd(_touching(formula.value, inverse), lambda s: inverse(s, 0.0))
    return Curve((left, right), trend=1, formula=formula, odd=odd, **more)


def _touching(value: Callable[[Array], Array], inverse: Inverse) -> Callable[[Array], Array]:
    """Where the tangent through ``(u, f(u))``, ``u > 0``, touches below 0: from a table.

    Its entries are evenly spaced in ``u / (1 + u)``.
    """
    share = np.arange(1, 1024) / 1024.0
    u = share / (1.0 - share)
    x = -u
    for _ in range(60):
        x = -inverse((value(u) - value(x)) / (u - x), 0.0)
    table = np.concatenate([[0.0], x, x[-1:]])

    def touch(u: Array) -> Array:
        place = 1024.0 * (u / (1.0 + u))
        cell = np.minimum(place.astype(np.int64), 1023)
        left: Array = table[cell]
        run: Array = table[cell + 1] - left
        return left + (place - cell) * run

    return touch


def _whole(piece: Curved, **more: Any) -> Curve:
    """Bending one way on its whole domain."""
    return Curve((piece,), formula=piece.formula, **more)


def _sigmoid() -> Curve:
    def inverse(s: Array, centre: Any) -> Array:
        s = np.maximum(4.0 * s, 0.0)
        return log(np.square(1.0 + np.sqrt(np.maximum(1.0 - s, 0.0))) / np.minimum(s, 1.0))

    return _odd(Formula(logistic, bell), inverse, bottom=0.0, top=1.0)


def _tanh() -> Curve:
    def slope(x: Array) -> Array:
        return 4.0 * bell(2.0 * x)

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

    def inverse(s: Array, centre: Any) -> Array:
        return log(s) - log(1.0 - np.minimum(s, 1.0))

    return _whole(Curved(-INF, INF, 1, Formula(value, logistic), inverse), trend=1, bottom=0.0)


def _exp() -> Curve:
    piece = Curved(-INF, INF, 1, Formula(exp, exp), lambda s, c: log(s))
    return _whole(piece, trend=1, bottom=0.0, grows=True)


def _log() -> Curve:
    formula = Formula(log, lambda x: 1.0 / x)
    piece = Curved(0.0, INF, -1, formula, lambda s, c: 1.0 / np.maximum(s, 0.0))
    return _whole(piece, trend=1, domain="x > 0")


MOST_STRETCH = 1e30
"""Stretched further, what underflows in ``x / stretch`` is no longer tiny in the function."""


def _unit(scale: float, alpha: float, stretch: float) -> Curve:
    """``scale x`` above 0, ``scale alpha (exp(x / stretch) - 1)`` below."""
    size, rate = scale * alpha, scale * alpha / stretch
    formula = Formula(
        lambda x: size * expm1(x / stretch),
        lambda x: rate * exp(x / stretch),
        slope_size=lambda x, d: np.abs(d) * (1.0 + np.abs(x) / (64 * stretch)),
    )
    above = Straight(0.0, INF, scale, 0.0)
    if scale == 0 or alpha == 0:
        return Curve((Straight(-INF, 0.0, 0.0, 0.0), above))
    bend = 1 if size > 0 else -1
    below = Curved(-INF, 0.0, bend, formula, lambda s, c: stretch * log(s / rate))
    if scale > 0 and alpha > 0:
        return Curve((below, above), trend=1, bottom=math.nextafter(-size, -INF))
    return Curve((below, above))


def _elu(alpha: float) -> Curve:
    return _unit(1.0, alpha, 1.0)


def _selu(alpha: float, gamma: float) -> Curve:
    return _unit(gamma, alpha, 1.0)


def _celu(alpha: float) -> Curve:
    if not 1 / MOST_STRETCH <= alpha <= MOST_STRETCH:
        raise UnsupportedOperator(
            f"a CELU with alpha {alpha}",
            remedy=f"mipc can compile those with alpha up to {MOST_STRETCH:g}",
        )
    return _unit(1.0, alpha, alpha)


def _sqrt() -> Curve:
    formula = Formula(np.sqrt, lambda x: 0.5 / np.sqrt(np.maximum(x, 2.0**-300)))
    piece = Curved(
        0.0, INF, -1, formula, lambda s, c: 0.25 / np.square(np.maximum(s, 0.0)), steep=True
    )
    return _whole(piece, trend=1, domain="x >= 0", bottom=0.0)


def _reciprocal() -> Curve:
    return _power(-1.0)


def _power(exponent: float) -> Curve:
    e = exponent
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
    if not e.is_integer():
        trend, domain = (1, "x >= 0") if e > 0 else (-1, "x > 0")
        return _whole(above, trend=trend, domain=domain, bottom=0.0, grows=True)
    odd = e % 2 == 1
    return Curve(
        (Curved(-INF, 0.0, -1 if odd else 1, formula, left), above),
        domain="x" if e > 0 else "x != 0",
        trend=1 if odd and e > 0 else 0,
        bottom=-INF if odd else 0.0,
        grows=True,
        formula=formula,
    )


def _circular(formula: Formula, phase: float) -> Curve:
    # inflection points known to 2**-30 up to an argument of 2**20
    formula = replace(formula, value_floor=2.0**-89, slope_floor=2.0**-60)

    def turn(s: Array) -> Array:
        s = np.minimum(np.maximum(s, -1.0), 1.0)
        return atan(s / np.sqrt((1.0 - s) * (1.0 + s)))

    arch = Curved(-INF, INF, -1, formula, lambda s, c: c - turn(s))
    bowl = Curved(-INF, INF, 1, formula, lambda s, c: c + turn(s))
    return Curve((arch, bowl), bottom=-1.0, top=1.0, formula=formula, phase=phase)


def _near_zero(x: Array, computed: Array) -> Array:
    return np.minimum(np.abs(x), 1.0)


def _one(x: Array, computed: Array) -> Array:
    return np.ones_like(x)


def _sin() -> Curve:
    return _circular(Formula(sin, cos, _near_zero, _one), 0.0)


def _cos() -> Curve:
    return _circular(Formula(cos, lambda x: -sin(x), _one, _near_zero), -0.5)


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
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
    "silu": silu,
    "hardswish": _hardswish,
    "mish": mish,
    "softsign": _softsign,
    "atan": _atan,
    "sign": _sign,
    "thresholded_relu": _thresholded_relu,
}
"""What makes each curve from its parameters."""
