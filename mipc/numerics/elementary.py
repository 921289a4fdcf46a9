"""Elementary functions that give the same bits on every machine, each with its error.

The C library and numpy's vector loops round exponentials and logarithms differently on different
processors. What is computed here ends up in files that must not depend on the machine, and in
bounds that must be sound; so these functions use only what IEEE 754 rounds to nearest: sums,
products, quotients, square roots. (The scaled complementary error function is scipy's polynomial.)

Method: reduce the argument exactly (Cody, Waite 1980), sum a Taylor series whose first left-out
term is below 2**-56 of the result. Each result is then off by a handful of roundings; every
function promises ``KERNEL`` relative to its result, plus :data:`~mipc.numerics.rounding.TINY`
where a result underflows, and the tests measure less than half of it. Arguments are taken as
exact: a caller who rounds an argument answers for it.
"""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = [
    "FAR",
    "KERNEL",
    "PI",
    "atan",
    "bell",
    "cos",
    "erf",
    "erfc",
    "exp",
    "expm1",
    "log",
    "log1p",
    "logistic",
    "power",
    "sin",
    "tanh",
]

Array: TypeAlias = npt.NDArray[np.float64]

KERNEL = 2.0**-48
"""Relative error of every function here, unless it says otherwise."""

FAR = 2.0**20
"""Beyond it the sine is not reduced reproducibly, nor bounded by more than one."""


def _leading(value: Decimal, bits: int) -> float:
    """A number cut after ``bits`` binary places."""
    return float(int(value * (1 << bits))) / float(1 << bits)


def _constants() -> tuple[list[float], list[float], list[float], list[float], list[float]]:
    """Logarithms, powers of two and pi/2 in slices, from 60 decimal digits."""
    with localcontext() as context:
        context.prec = 60
        ln2 = Decimal(2).ln()
        pi = Decimal("3.14159265358979323846264338327950288419716939937510582097494")
        step_high = _leading(ln2 / 32, 42)
        step = [float(32 / ln2), step_high, float(ln2 / 32 - Decimal(step_high))]
        ln2_high = _leading(ln2, 40)
        whole = [ln2_high, float(ln2 - Decimal(ln2_high))]
        powers = [(ln2 * j / 32).exp() for j in range(32)]
        high = [float(p) for p in powers]
        low = [float(p - Decimal(h)) for p, h in zip(powers, high, strict=True)]
        first = _leading(pi / 2, 31)
        second = _leading(pi / 2 - Decimal(first), 63)
        third = float(pi / 2 - Decimal(first) - Decimal(second))
        return step, whole, high, low, [float(2 / pi), first, second, third]


_STEP, _LN2, _high, _low, _QUARTER = _constants()
_POWER, _POWER_REST = np.array(_high), np.array(_low)
PI = math.pi


def _polynomial(x: Array, coefficients: list[float]) -> Array:
    """Horner's rule; the constant coefficient comes first."""
    total = np.full_like(x, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        total *= x
        total += coefficient
    return total


_EXP = [1.0 / math.factorial(k + 1) for k in range(7)]
_LOG = [2.0 / (2 * k + 1) for k in range(12)]
_ATAN = [(-1.0) ** k / (2 * k + 1) for k in range(13)]
_SIN = [(-1.0) ** k / math.factorial(2 * k + 1) for k in range(10)]
_COS = [(-1.0) ** k / math.factorial(2 * k) for k in range(11)]
_ERF = [
    (-1.0) ** k * 2.0 / (math.factorial(k) * (2 * k + 1)) / math.sqrt(math.pi) for k in range(14)
]


def _exp_parts(x: Array) -> tuple[Array, Array, Array]:
    """``exp(x) = scale (power + rest)(1 + tail)``: scale times power, scale times rest, tail.

    ``x = (32 n + j) ln(2)/32 + r`` with ``|r| <= ln(2)/64``. The scale is 0 below about -708 and
    infinite above about 709.4.
    """
    x = np.minimum(np.maximum(x, -709.0), 709.9)
    k = np.rint(x * _STEP[0])
    r = x - k * _STEP[1]
    r -= k * _STEP[2]
    number = k.astype(np.int64)
    part = number & 31
    number >>= 5
    number += 1023
    number <<= 52
    scale = number.view(np.float64)
    return scale * _POWER[part], scale * _POWER_REST[part], r * _polynomial(r, _EXP)


def exp(x: Array) -> Array:
    """The exponential; 0 below about -708, infinite above about 709.4."""
    high, _, tail = _exp_parts(x)
    tail *= high
    tail += high
    return tail


def expm1(x: Array) -> Array:
    """``exp(x) - 1``, accurate near 0 too."""
    high, rest, tail = _exp_parts(x)
    tail *= high
    tail += rest
    tail += high - 1.0
    return tail


def logistic(x: Array) -> Array:
    """``1 / (1 + exp(-x))``."""
    return 1.0 / (1.0 + exp(-x))


def bell(x: Array) -> Array:
    """The derivative of the logistic function, without cancellation."""
    fall = exp(-np.abs(x))
    return fall / np.square(1.0 + fall)


def log(x: Array) -> Array:
    """The natural logarithm; -inf wherever ``x <= 0``."""
    mantissa, exponent = np.frexp(x)
    low = mantissa < math.sqrt(0.5)
    mantissa = np.where(low, 2.0 * mantissa, mantissa)
    count = exponent.astype(np.float64) - low
    s = (mantissa - 1.0) / (mantissa + 1.0)
    total = s * _polynomial(s * s, _LOG)
    total += count * _LN2[1]
    total += count * _LN2[0]
    return np.where(x > 0, total, -np.inf)


def log1p(x: Array) -> Array:
    """``log(1 + x)`` for ``x >= 0``, accurate near 0 too."""
    total = 1.0 + x
    return log(total) + (x - (total - 1.0)) / total


def tanh(x: Array) -> Array:
    """The hyperbolic tangent."""
    fall = expm1(-2.0 * np.abs(x))
    return np.copysign(-fall / (2.0 + fall), x)


def atan(x: Array) -> Array:
    """The arctangent: of ``1/x`` beyond 1, and at a quarter of the angle."""
    size = np.abs(x)
    beyond = size > 1.0
    t = np.where(beyond, 1.0 / np.maximum(size, 1.0), size)
    for _ in range(2):
        t = t / (1.0 + np.sqrt(1.0 + t * t))
    angle = 4.0 * t * _polynomial(t * t, _ATAN)
    return np.copysign(np.where(beyond, PI / 2 - angle, angle), x)


def sin(x: Array) -> Array:
    """The sine; off by ``KERNEL * min(|x|, 1)`` up to ``FAR``."""
    return _circular(x, 0, np.sin)


def cos(x: Array) -> Array:
    """The cosine; off by ``KERNEL`` up to ``FAR``."""
    return _circular(x, 1, np.cos)


def _circular(x: Array, ahead: int, far: np.ufunc) -> Array:
    """The sine of ``x`` plus so many right angles."""
    near = np.clip(x, -FAR, FAR)
    k = np.rint(near * _QUARTER[0])
    r = near - k * _QUARTER[1]
    r -= k * _QUARTER[2]
    r -= k * _QUARTER[3]
    square = r * r
    quadrant = (k.astype(np.int64) + ahead) & 3
    sine = np.where(
        (quadrant & 1).astype(bool), _polynomial(square, _COS), r * _polynomial(square, _SIN)
    )
    result = np.where(quadrant >= 2, -sine, sine)
    return result if near is x or (near == x).all() else np.where(near == x, result, far(x))


def erf(x: Array) -> Array:
    """The error function."""
    size = np.abs(x)
    small = np.minimum(size, 0.5)
    series = small * _polynomial(small * small, _ERF)
    return np.copysign(np.where(size < 0.5, series, 1.0 - erfc(size)), x)


def erfc(x: Array) -> Array:
    """``1 - erf(x)``; for positive ``x`` the relative error is ``KERNEL * (1 + x^2)``."""
    from scipy.special import erfcx  # slow to import, and few networks need it

    size = np.abs(x)
    tail = exp(-size * size) * erfcx(size)
    return np.where(x < 0, 2.0 - tail, tail)


def power(x: Array, exponent: float) -> Array:
    """``x ** exponent``; for a base below 0 the exponent has to be an integer.

    The relative error is ``KERNEL`` for integers up to 16, else ``KERNEL * (1 + |log result|)``.
    """
    if exponent == 0.5:
        return np.sqrt(x)
    if exponent.is_integer() and abs(exponent) <= 16:
        return _integer_power(x, int(exponent))
    size = exp(exponent * log(np.abs(x)))
    return np.copysign(size, x) if exponent % 2 == 1 else size


def _integer_power(x: Array, exponent: int) -> Array:
    """By repeated squaring: at most 16 roundings for exponents up to 16."""
    if exponent < 0:
        return 1.0 / _integer_power(x, -exponent)
    result, square = np.ones_like(x), x
    while exponent:
        if exponent & 1:
            result = result * square
        exponent >>= 1
        if exponent:
            square = square * square
    return result
