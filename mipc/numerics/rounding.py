"""What floating point may hide, bounded from above, and results moved outward by it.

Every claim of the form "at least" or "at most" in mipc passes through these few functions.
Unit roundoff and ``gamma`` follow Higham, *Accuracy and Stability of Numerical Algorithms*,
chapter 3: a sum of ``n`` rounded products, in any order, with or without fused multiply-add,
is off by at most ``gamma(n) * sum |a_i b_i|``.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.errors import InternalError

__all__ = [
    "TINY",
    "UNIT",
    "check_float_environment",
    "down",
    "enclose",
    "gamma",
    "largest_row_sum",
    "product_loss",
    "sum_towards",
    "sum_up",
    "surely_above",
    "two_sum",
    "up",
]

Array: TypeAlias = npt.NDArray[np.float64]

UNIT = 2.0**-53
"""Unit roundoff of float64."""

TINY = 2.0**-960
"""More than all the underflow that a computation here can lose, each product <= 2**-1074.

What is multiplied by a large number, or divided by a small one, after it underflowed loses more.
"""


def gamma(terms: int) -> float:
    """Relative error of a float64 sum of ``terms`` products, rounded up."""
    share = (terms + 4) * UNIT
    if share > 0.01:
        raise InternalError(f"a sum of {terms} terms is too long to bound")
    return share / (1.0 - share) * (1.0 + 2**-40)


def up(values: npt.ArrayLike) -> Array:
    """The next float64 above each value."""
    return np.asarray(np.nextafter(values, np.inf), dtype=np.float64)


def surely_above(values: npt.ArrayLike) -> Array:
    """The next float64 above each value; infinity for what has overflowed or is no number."""
    return np.where(np.isfinite(values), up(values), np.inf)


def down(values: npt.ArrayLike) -> Array:
    """The next float64 below each value."""
    return np.asarray(np.nextafter(values, -np.inf), dtype=np.float64)


def enclose(lower: Array, upper: Array, error: npt.ArrayLike) -> tuple[Array, Array]:
    """Move computed bounds outward by ``error`` (itself inflated for its own rounding)."""
    slack = np.asarray(error) * (1.0 + 2**-40) + TINY
    return down(lower - slack), up(upper + slack)


def sum_up(terms: Array, axis: int = -1) -> Array:
    """An upper bound of a sum of nonnegative terms."""
    count = terms.shape[axis] if terms.ndim else 1
    return up(terms.sum(axis=axis) * (1.0 + gamma(count)) + TINY)


def largest_row_sum(absolute: Array) -> float:
    """The largest row sum of a matrix of nonnegative numbers, rounded up."""
    largest = float(absolute.sum(axis=1).max(initial=0.0))
    return largest * (1.0 + gamma(absolute.shape[1])) + TINY


def check_float_environment() -> None:
    """Refuse to run where subnormal numbers are flushed or rounding is not to nearest.

    Some shared libraries change these for the whole process; the error bounds above would
    then be false.
    """
    smallest = np.array([5e-324])
    one, small = np.array([1.0]), np.array([UNIT])
    flushed = not (smallest * one)[0] > 0.0
    directed = (one + small)[0] != 1.0 or (-one - small)[0] != -1.0
    if flushed or directed:
        raise InternalError(
            "this process flushes subnormal numbers or does not round to nearest",
            remedy="a library loaded before mipc changed the floating-point mode; run it apart",
        )


def two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """The rounded sum and what it lost, exactly (Knuth)."""
    result = a + b
    back = result - a
    return result, (a - (result - back)) + (b - back)


def sum_towards(a: Array, b: Array, towards: float) -> Array:
    """``a + b``, moved towards an infinity where float64 does not hold it."""
    total, lost = two_sum(a, b)
    wrong = lost < 0 if towards < 0 else lost > 0
    return np.where(wrong, np.nextafter(total, towards), total)


def product_loss(a: Array, b: Array, product: Array) -> Array:
    """What rounding took from products of numbers of moderate size, exactly (Veltkamp, Dekker)."""
    high = [c - (c - v) for v in (a, b) for c in (134217729.0 * v,)]
    low = [v - h for v, h in zip((a, b), high, strict=True)]
    crossed = (high[0] * high[1] - product) + high[0] * low[1] + low[0] * high[1]
    return np.asarray(crossed + low[0] * low[1])
