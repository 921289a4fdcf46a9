"""Products and quotients of tensors that are both computed: smooth, not piecewise linear."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from mipc.frontend.builder import Constant, Value
from mipc.frontend.operators.contraction import contraction
from mipc.frontend.operators.smooth import applied
from mipc.frontend.registry import Call
from mipc.numerics import functions as f
from mipc.numerics.linear_maps import SelectMap, SparseMap

__all__ = ["divided", "matrix_product", "multiplied"]


def multiplied(call: Call, a: Value, b: Value, step: str = "") -> Value:
    """``a b``, elementwise and broadcast; of a value with itself, the square."""
    shape = call.broadcast(a, b)
    if a.name == b.name and a.shape == b.shape:
        return call.build.smooth(a, f.power(2.0), **call.labels(step))
    x = call.build.widened(a, shape, **call.labels("first"))
    y = call.build.widened(b, shape, **call.labels("second"))
    return call.build.product(x, y, **call.labels(step))


def divided(call: Call, a: Value | Constant, b: Value) -> Value:
    """``a / b`` as ``a`` times the reciprocal, where bounds keep ``b`` away from 0."""
    inverse = applied(call, f.RECIPROCAL, "reciprocal", b)
    assert isinstance(inverse, Value)
    if isinstance(a, Value):
        return multiplied(call, a, inverse)
    shape = call.broadcast(a, inverse)
    wide = call.build.widened(inverse, shape, **call.labels("wide"))
    return call.build.scale(wide, a, **call.labels())


def matrix_product(call: Call, a: Value, b: Value) -> Value:
    """``A @ B``: all products of two numbers, and their sums."""
    left, right, terms, shape = contraction(call, a, b)
    rows = np.arange(a.size).reshape(left)[..., :, None, :]
    columns = np.swapaxes(np.arange(b.size).reshape(right), -1, -2)[..., None, :, :]
    picked = []
    for value, places, step in ((a, rows, "first"), (b, columns, "second")):
        source = np.broadcast_to(places, terms).reshape(-1).astype(np.intp)
        linear = SelectMap(source, value.size)
        flat = (len(source),)
        picked.append(call.build.affine([linear], [value], 0.0, flat, **call.labels(step)))
    products = call.build.product(picked[0], picked[1], **call.labels("products"))
    return total(call, products, terms[-1], shape)


def total(call: Call, x: Value, count: int, shape: tuple[int, ...], start: float = 0.0) -> Value:
    """Sums of ``count`` consecutive numbers each, plus ``start``."""
    rows = x.size // count
    ends = np.arange(rows + 1) * count
    matrix = sp.csr_array((np.ones(x.size), np.arange(x.size), ends), shape=(rows, x.size))
    linear = SparseMap(matrix)
    return call.build.affine([linear], [x], start, shape, **call.labels("total" if start else ""))
