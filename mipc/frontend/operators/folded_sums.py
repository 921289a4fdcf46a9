"""Sums and products of many constants in float64, with what rounding may have done to them.

As in `folding.py`: a result whose share of rounding would be large is refused.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.frontend.builder import Constant
from mipc.frontend.operators.folding import CANCELLED, held
from mipc.frontend.registry import Call
from mipc.numerics.linear_maps import LinearMap
from mipc.numerics.rounding import UNIT, gamma

__all__ = ["mapped", "row_products", "row_sums"]

Array: TypeAlias = npt.NDArray[Any]

LOOSE = 1 + 2.0**-16


def row_sums(call: Call, rows: Array, relative: float) -> Constant:
    """The sum of each row: of integers exact, else correctly rounded.

    The exact sum is within ``UNIT |result|`` of that of the stored numbers, which is within
    ``relative sum |x|`` of that of the exact ones; ``math.fsum`` tells whether it lost anything.
    """
    if rows.dtype.kind in "bi":
        return Constant(rows.sum(axis=1))
    result = np.array([math.fsum(row) for row in rows])
    held(call, result, np.zeros(result.shape, dtype=bool))
    exact = all(math.fsum((*row, -sum_)) == 0.0 for row, sum_ in zip(rows, result, strict=True))
    error = relative * np.abs(rows).sum(axis=1) + (0.0 if exact else UNIT) * np.abs(result)
    return _shared(call, result, error)


def row_products(call: Call, rows: Array, relative: float) -> Constant:
    """The product of each row: of integers exact, else with a rounding for each factor."""
    if rows.dtype.kind in "bi":
        return Constant(rows.prod(axis=1))
    result = np.ones(len(rows))
    with np.errstate(over="ignore", under="ignore"):
        for column in rows.T:
            result = held(call, result * column, (result != 0) & (column != 0))
    share = gamma(rows.shape[1]) + rows.shape[1] * relative
    return _shared(call, result, share * np.abs(result))


def mapped(
    call: Call, linear: LinearMap, x: Constant, shape: tuple[int, ...], relative: float = 0.0
) -> Constant:
    """A linear map, known up to a share, of constants."""
    matrix = linear.tocsr()
    flat = np.asarray(x.array, dtype=np.float64).reshape(-1)
    least = [np.abs(a[a != 0]).min(initial=1.0) for a in (matrix.data, flat)]
    held(call, np.prod(least), np.array(True))
    result = held(call, matrix @ flat, np.zeros(matrix.shape[0], dtype=bool))
    size = abs(matrix) @ np.abs(flat)
    fan = int(np.diff(matrix.indptr).max(initial=0))
    error = (2 * gamma(fan) + relative + x.relative) * size
    return _shared(call, result.reshape(shape), error.reshape(shape))


def _shared(call: Call, result: Array, error: Array) -> Constant:
    """A result with its error as one share; refused where much of a number is lost.

    Products of small shares, and the rounding of the error itself, are within ``LOOSE``.
    """
    if not np.all(error <= CANCELLED * np.abs(result)):
        raise call.fail(
            "a sum of constants that cancel, or that float64 does not hold",
            "fold it before exporting the network",
        )
    share = np.max(error / np.where(result == 0, 1.0, np.abs(result)), initial=0.0)
    return Constant(result, float(share) * LOOSE)
