"""Elementwise arithmetic, broadcast as numpy does: sums of anything, products with constants."""

from __future__ import annotations

import numpy as np

from mipc.frontend.builder import Constant, Tensor, Value
from mipc.frontend.operators.folding import product, quotient, total
from mipc.frontend.operators.products import divided, multiplied
from mipc.frontend.registry import Call, operator
from mipc.numerics.linear_maps import LinearMap, ScaleMap, SelectMap, SparseMap

__all__ = ["multiple", "scaled"]


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
    """``a * b``."""
    a, b = call[0], call[1]
    if isinstance(a, Constant):
        return scaled(call, b, a)
    return scaled(call, a, b) if isinstance(b, Constant) else multiplied(call, a, b)


@operator("Div", since=7)
def div(call: Call) -> Tensor:
    """``a / b``; where ``b`` is computed, bounds have to keep it away from 0."""
    a, b = call[0], call[1]
    if isinstance(b, Value):
        return divided(call, a, b)
    if isinstance(a, Constant):
        return quotient(call, a, b)
    return scaled(call, a, quotient(call, Constant(np.array(1.0)), b))


@operator("Neg")
def neg(call: Call) -> Tensor:
    """``-x``."""
    return scaled(call, call[0], Constant(np.array(-1)))


def scaled(call: Call, x: Tensor, factors: Constant) -> Tensor:
    """``x`` times constants, broadcast."""
    if isinstance(x, Constant):
        return product(call, x, factors)
    shape = call.broadcast(x, factors)
    wide = call.build.widened(x, shape, **call.labels("wide"))
    return call.build.scale(wide, factors, **call.labels())


def multiple(wide: SelectMap, factor: float) -> LinearMap:
    """A factor times a broadcast: a scale where nothing is repeated, else a sparse matrix."""
    if factor == 1.0:
        return wide
    if wide.is_identity:
        return ScaleMap(np.full(wide.width, factor))
    return SparseMap(factor * wide.tocsr())


def _sum(call: Call, sign: float) -> Tensor:
    """``a + sign * b``: each computed term is a map, a constant one goes into the offset."""
    a, b = call[0], call[1]
    if isinstance(a, Constant) and isinstance(b, Constant):
        return total(call, a, b, sign)
    shape = call.broadcast(a, b)
    maps: list[LinearMap] = []
    operands = []
    offset = radius = np.zeros(())
    for tensor, factor in ((a, 1.0), (b, sign)):
        if isinstance(tensor, Constant):
            offset = factor * tensor.array
            radius = tensor.relative * np.abs(tensor.array)
        else:
            maps.append(multiple(call.build.broadcast(tensor, shape), factor))
            operands.append(tensor)
    return call.build.affine(maps, operands, offset, shape, radius=2 * radius, **call.labels())
