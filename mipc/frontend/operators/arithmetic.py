"""Elementwise arithmetic, broadcast as numpy does: sums of anything, products with constants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from mipc.frontend.builder import Constant, Tensor, Value
from mipc.frontend.registry import Call, operator
from mipc.numerics.linear_maps import ScaleMap, SelectMap, identity
from mipc.numerics.rounding import UNIT

Array = npt.NDArray[Any]


@operator("Add", since=7)
def add(call: Call) -> Tensor:
    """``a + b``; either may be constant."""
    return _sum(call, 1.0)


@operator("Sub", since=7)
def sub(call: Call) -> Tensor:
    """``a - b``; either may be constant."""
    return _sum(call, -1.0)


@operator("Mul", since=7)
def mul(call: Call) -> Tensor:
    """``a * b``, one of them constant."""
    a, b = call[0], call[1]
    if isinstance(a, Constant) and isinstance(b, Constant):
        return fold(a, b, np.multiply)
    if isinstance(a, Constant):
        return scaled(call, call.value(1), a)
    return scaled(call, a, call.constant(1))


@operator("Div", since=7)
def div(call: Call) -> Tensor:
    """``a / b`` with a constant ``b``."""
    a, b = call[0], call.constant(1)
    if not np.all(b.array):
        raise call.fail("it divides by zero")
    if isinstance(a, Constant):
        if a.array.dtype.kind == "i":
            return Constant(np.fix(a.array / b.array).astype(np.int64))
        return fold(a, b, np.divide)
    return scaled(call, a, reciprocal(b))


@operator("Neg")
def neg(call: Call) -> Tensor:
    """``-x``."""
    x = call[0]
    if isinstance(x, Constant):
        return Constant(-x.array, x.relative)
    return scaled(call, x, Constant(np.array(-1.0)))


def scaled(call: Call, x: Value, factors: Constant) -> Tensor:
    """``x`` times constants."""
    shape = np.broadcast_shapes(x.shape, factors.shape)
    index = np.broadcast_to(np.arange(x.size).reshape(x.shape), shape)
    wide = call.build.select(x, index, **call.labels()) if index.size != x.size else x
    same = call.build.reshape(wide, shape)
    assert isinstance(same, Value)
    return call.build.scale(same, factors, **call.labels())


def reciprocal(divisor: Constant) -> Constant:
    """``1 / b``; exact where ``b`` is a power of two, else within a unit of rounding."""
    inverse = 1.0 / divisor.array.astype(np.float64)
    mantissa, _ = np.frexp(np.abs(divisor.array.astype(np.float64)))
    exact = bool((mantissa == 0.5).all()) and divisor.relative == 0.0
    return Constant(inverse, 0.0 if exact else 2 * UNIT + 2 * divisor.relative)


def fold(a: Constant, b: Constant, operation: Callable[[Array, Array], Array]) -> Constant:
    """Arithmetic on two constants in float64, with what it may have rounded.

    Sums are exact or the error is charged on the larger operand's scale only when neither
    cancels; a cancelling sum of inexact numbers is refused by `_sum`.
    """
    result = operation(a.array, b.array)
    if result.dtype.kind != "f":
        return Constant(result)
    single = [c.array.astype(np.float32).astype(np.float64) for c in (a, b)]
    short = all(np.array_equal(s, c.array) for s, c in zip(single, (a, b), strict=True))
    exact = operation is np.multiply and short and a.relative == b.relative == 0.0
    return Constant(result, 0.0 if exact else 2 * (UNIT + a.relative + b.relative))


def _sum(call: Call, sign: float) -> Tensor:
    a, b = call[0], call[1]
    if isinstance(a, Constant) and isinstance(b, Constant):
        return _constant_sum(call, a, b, sign)
    shape = np.broadcast_shapes(a.shape, b.shape)
    maps, operands, offset, radius = [], [], np.zeros(shape), np.zeros(shape)
    for tensor, factor in ((a, 1.0), (b, sign)):
        if isinstance(tensor, Constant):
            offset = offset + factor * np.broadcast_to(tensor.array, shape)
            radius = radius + 2 * tensor.relative * np.abs(tensor.array)
        else:
            wide = call.build.broadcast(tensor, shape)
            maps.append(wide if factor == 1.0 else _negated(wide, call))
            operands.append(tensor)
    return call.build.affine(
        maps, operands, offset, shape,
        radius=radius.reshape(-1) if radius.any() else None, **call.labels(),
    )  # fmt: skip


def _negated(wide: object, call: Call) -> Any:
    """Minus a broadcast: a scale where nothing is repeated, else a sparse matrix."""
    from mipc.numerics.linear_maps import SparseMap

    assert isinstance(wide, SelectMap)
    if wide.is_identity:
        return ScaleMap(np.full(wide.width, -1.0))
    return SparseMap(-wide.tocsr())


def _constant_sum(call: Call, a: Constant, b: Constant, sign: float) -> Constant:
    """A sum of constants, only where float64 holds it exactly."""
    if a.array.dtype.kind == "i" and b.array.dtype.kind == "i":
        return Constant(a.array + int(sign) * b.array)
    x, y = a.array.astype(np.float64), sign * b.array.astype(np.float64)
    total = x + y
    recovered = total - x
    lost = (x - (total - recovered)) + (y - recovered)
    if a.relative or b.relative or lost.any():
        raise call.fail(
            "a sum of two constants that float64 cannot hold exactly",
            "fold it before exporting the network",
        )
    return Constant(total)


__all__ = ["fold", "identity", "reciprocal", "scaled"]
