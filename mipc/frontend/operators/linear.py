"""Fully connected layers: Gemm and MatMul, of which one factor or both are constant."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from mipc.frontend.builder import Constant, Tensor, Value
from mipc.frontend.operators.arithmetic import multiple
from mipc.frontend.operators.contraction import contraction
from mipc.frontend.operators.folding import product, total
from mipc.frontend.operators.matrices import folded_product
from mipc.frontend.operators.products import matrix_product
from mipc.frontend.registry import Call, operator
from mipc.numerics.linear_maps import DenseMap, LinearMap, SparseMap

Array = npt.NDArray[Any]
ZERO = Constant(np.zeros(()))


@operator("MatMul")
def matmul(call: Call) -> Tensor:
    """``A @ B`` for tensors of any rank."""
    a, b = call[0], call[1]
    if isinstance(a, Value) and isinstance(b, Value):
        return matrix_product(call, a, b)
    if isinstance(a, Constant) and isinstance(b, Constant):
        return folded_product(call, a, b)
    return _layer(call, a, b, ZERO, 1.0)


@operator("Gemm", since=7)
def gemm(call: Call) -> Tensor:
    """``alpha A' B' + beta C``, of A and B one or both constant; C constant or computed."""
    a = _transposed(call, 0, "transA")
    b = _transposed(call, 1, "transB")
    alpha = Constant(np.array(float(call.attribute("alpha", 1.0))))
    if isinstance(b, Constant):
        b = product(call, b, alpha)
    elif isinstance(a, Constant):
        a = product(call, a, alpha)
    c, beta = call[2] if call.has(2) else ZERO, float(call.attribute("beta", 1.0))
    if isinstance(a, Constant) and isinstance(b, Constant):
        return _shifted(call, folded_product(call, a, b), c, beta)
    return _layer(call, a, b, c, beta)


def _shifted(call: Call, known: Constant, c: Tensor, beta: float) -> Tensor:
    """A constant matrix plus ``beta c``."""
    if isinstance(c, Constant):
        return total(call, known, product(call, c, Constant(np.array(beta))), 1.0)
    wide = multiple(call.build.broadcast(c, known.shape), beta)
    radius = 2 * known.relative * np.abs(known.array)
    return call.build.affine([wide], [c], known.array, known.shape, radius=radius, **call.labels())


def _transposed(call: Call, index: int, attribute: str) -> Tensor:
    """A factor of a Gemm, transposed if the attribute says so."""
    x = call[index]
    if len(x.shape) != 2:
        raise call.fail(f"a factor of shape {list(x.shape)}; a matrix is needed")
    if not call.flag(attribute):
        return x
    if isinstance(x, Constant):
        return Constant(x.array.T, x.relative)
    index_of = np.arange(x.size).reshape(x.shape).T
    return call.build.select(x, index_of, **call.labels("transposed"))


def _layer(call: Call, a: Tensor, b: Tensor, c: Tensor, beta: float) -> Value:
    """``a @ b + beta c``."""
    if isinstance(a, Value) and isinstance(b, Constant):
        x, weight = a, b
    elif isinstance(a, Constant) and isinstance(b, Value):
        x, weight = b, a
    else:
        raise call.fail(
            "both factors are computed by the network",
            "make one of them constant, or multiply them with MatMul",
        )
    linear, shape = _contraction(call, a, b, x)
    if isinstance(c, Value):
        wide = multiple(call.build.broadcast(c, shape), beta)
        return call.build.affine(
            [linear, wide], [x, c], 0.0, shape, relative=weight.relative, **call.labels()
        )
    bias = product(call, c, Constant(np.array(beta)))
    relative = max(weight.relative, bias.relative)
    return call.build.affine([linear], [x], bias.array, shape, relative=relative, **call.labels())


def _contraction(call: Call, a: Tensor, b: Tensor, x: Value) -> tuple[LinearMap, tuple[int, ...]]:
    """The map of ``x``, one of ``a`` and ``b``, to their product; and the shape of that.

    Each result ``(..., i, j)`` sums over ``k`` the products of ``a (..., i, 1, k)`` and
    ``b (..., 1, j, k)``: constants on one side, places in ``x`` on the other.
    """
    left, right, terms, shape = contraction(call, a, b)
    rows = _cells(a).reshape(left)[..., :, None, :]
    columns = np.swapaxes(_cells(b).reshape(right), -1, -2)[..., None, :, :]
    weight, place = (columns, rows) if x is a else (rows, columns)
    return _matrix(weight, place, terms, x.size), shape


def _cells(x: Tensor) -> Array:
    """The numbers of a constant; the places of a value."""
    if isinstance(x, Constant):
        return x.array.astype(np.float64)
    return np.arange(x.size).reshape(x.shape)


def _matrix(weight: Array, place: Array, terms: tuple[int, ...], width: int) -> LinearMap:
    """Entries and their columns, broadcast to ``terms``: the last axis runs along a row."""
    fan = terms[-1]
    entries = np.broadcast_to(weight, terms).reshape(-1, fan)
    if fan == width:
        return DenseMap(np.ascontiguousarray(entries))
    columns = np.broadcast_to(place, terms).reshape(-1)
    ends = np.arange(len(entries) + 1) * fan
    shape = (len(entries), width)
    matrix = sp.csr_array((entries.ravel(), columns, ends), shape=shape, copy=True)
    matrix.eliminate_zeros()
    return SparseMap(matrix)
