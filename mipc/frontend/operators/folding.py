"""Arithmetic on constants in float64. Each result knows its share of rounding, or that it is exact.

A share is only a bound where neither overflow nor underflow takes part: results that come near
either are refused.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.frontend.builder import Constant
from mipc.frontend.registry import Call
from mipc.numerics.rounding import UNIT, product_loss, two_sum

__all__ = ["CANCELLED", "held", "product", "quotient", "total"]

Array: TypeAlias = npt.NDArray[Any]

LARGEST = 2.0**900
SMALLEST = 2.0**-900
CANCELLED = 2.0**-30
"""A sum of inexact numbers may not lose more than this share of itself."""


def product(call: Call, a: Constant, b: Constant) -> Constant:
    """``a * b``, broadcast."""
    call.broadcast(a, b)
    if _whole(a, b):
        return Constant(a.array * b.array)
    with np.errstate(over="ignore", under="ignore"):
        result = held(call, a.array * b.array, (a.array != 0) & (b.array != 0))
    return _rounded(result, a, b, exact=not _loses(a.array, b.array))


def quotient(call: Call, a: Constant, b: Constant) -> Constant:
    """``a / b``, broadcast; of integers truncated towards zero, as in ONNX."""
    call.broadcast(a, b)
    if not np.all(b.array):
        raise call.fail("it divides by zero")
    if _whole(a, b):
        below = a.array // b.array
        uneven = (a.array % b.array != 0) & ((a.array < 0) != (b.array < 0))
        return Constant(np.asarray(below + uneven))
    with np.errstate(over="ignore", under="ignore"):
        result = held(call, np.asarray(a.array / b.array), a.array != 0)
        returns = np.array_equal(result * b.array, np.broadcast_to(a.array, result.shape))
    return _rounded(result, a, b, exact=returns and not _loses(result, b.array))


def total(call: Call, a: Constant, b: Constant, sign: float) -> Constant:
    """``a + sign * b``, broadcast; refused where inexact numbers cancel."""
    call.broadcast(a, b)
    if _whole(a, b):
        return Constant(a.array + int(sign) * b.array)
    x, y = a.array.astype(np.float64), sign * b.array.astype(np.float64)
    result, lost = two_sum(x, y)
    error = np.abs(lost) + 2 * (a.relative * np.abs(x) + b.relative * np.abs(y))
    if not np.all(error <= CANCELLED * np.abs(result)):
        raise call.fail(
            "a sum of two constants that cancel, or that float64 does not hold",
            "fold it before exporting the network",
        )
    share = np.max(error / np.where(result == 0, 1.0, np.abs(result)), initial=0.0)
    return Constant(np.asarray(result), 2 * float(share))


def held(call: Call, result: Array, nonzero: Array) -> Array:
    """A result that neither overflow nor underflow has touched."""
    size = np.abs(result)
    if not np.all((size < LARGEST) & ((size > SMALLEST) | ~nonzero)):
        raise call.fail("its constants are too large or too small to be computed with")
    return result


def _whole(a: Constant, b: Constant) -> bool:
    return a.array.dtype.kind in "bi" and b.array.dtype.kind in "bi"


def _rounded(result: Array, a: Constant, b: Constant, *, exact: bool) -> Constant:
    """A product or quotient of which every number is rounded once, unless exact."""
    share = a.relative + b.relative + (0.0 if exact else UNIT)
    return Constant(np.asarray(result, dtype=np.float64), 2 * share)


def _loses(a: Array, b: Array) -> bool:
    """Whether any product ``a * b`` has more digits than float64."""
    x, y = np.frexp(a)[0], np.frexp(b)[0]
    return bool(np.any(product_loss(x, y, x * y)))
