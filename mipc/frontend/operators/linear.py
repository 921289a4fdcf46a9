"""Fully connected layers: Gemm and MatMul with one constant factor."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from mipc.frontend.builder import Constant, Tensor, Value
from mipc.frontend.operators.arithmetic import fold
from mipc.frontend.registry import Call, operator
from mipc.numerics.linear_maps import DenseMap, LinearMap, SparseMap


@operator("MatMul")
def matmul(call: Call) -> Tensor:
    """``A @ B``, one of them constant and of rank 1 or 2, or both of them."""
    a, b = call[0], call[1]
    if isinstance(a, Constant) and isinstance(b, Constant):
        raise call.fail("a product of two constant matrices", "fold it before exporting")
    return _product(call, a, b)


@operator("Gemm", since=7)
def gemm(call: Call) -> Tensor:
    """``alpha A' B' + beta C``, of A and B one constant; C constant or computed."""
    a = _transposed(call, call[0], bool(call.attribute("transA", 0)))
    b = _transposed(call, call[1], bool(call.attribute("transB", 0)))
    alpha = Constant(np.array(float(call.attribute("alpha", 1.0))))
    if isinstance(b, Constant):
        b = fold(b, alpha, np.multiply)
    elif isinstance(a, Constant):
        a = fold(a, alpha, np.multiply)
    if not call.has(2):
        return _product(call, a, b)
    beta = Constant(np.array(float(call.attribute("beta", 1.0))))
    bias = call[2]
    if isinstance(bias, Constant):
        return _product(call, a, b, fold(bias, beta, np.multiply))
    product = _product(call, a, b)
    assert isinstance(product, Value)
    scaled = call.build.scale(bias, beta, **call.labels())
    wide = call.build.broadcast(scaled, product.shape)
    same = call.build.broadcast(product, product.shape)
    return call.build.affine(
        [same, wide], [product, scaled], 0.0, product.shape, **call.labels()
    )


def _transposed(call: Call, x: Tensor, transpose: bool) -> Tensor:
    if not transpose:
        return x
    if isinstance(x, Constant):
        return Constant(x.array.T, x.relative)
    index = np.arange(x.size).reshape(x.shape).T
    return call.build.select(x, index, **call.labels())


def _product(call: Call, a: Tensor, b: Tensor, bias: Constant | None = None) -> Tensor:
    """``a @ b + bias`` with one constant factor."""
    if isinstance(b, Constant):
        x, weight = call.value(0) if isinstance(a, Constant) else a, b
        linear, shape = _from_the_right(call, x, weight)
    elif isinstance(a, Constant):
        x, weight = b, a
        linear, shape = _from_the_left(call, weight, x)
    else:
        raise call.fail(
            "both factors are computed by the network",
            "products of computed tensors are not piecewise linear",
        )
    offset = np.zeros(()) if bias is None else bias.array
    share = 0.0 if bias is None else bias.relative
    relative = max(weight.relative, share)
    return call.build.affine([linear], [x], offset, shape, relative=relative, **call.labels())


def _from_the_right(
    call: Call, x: Value, weight: Constant
) -> tuple[LinearMap, tuple[int, ...]]:
    """``x @ W``: the last axis of ``x`` meets the first of ``W``."""
    matrix = _matrix(call, weight, column=True)
    if not x.shape or x.shape[-1] != len(matrix):
        raise call.fail(f"shapes {list(x.shape)} and {list(weight.shape)} do not fit")
    shape = x.shape[:-1] + ((matrix.shape[1],) if len(weight.shape) == 2 else ())
    rows = x.size // len(matrix)
    if rows == 1:
        return DenseMap(np.ascontiguousarray(matrix.T)), shape
    return SparseMap(_kron(sp.eye_array(rows), matrix.T)), shape


def _from_the_left(
    call: Call, weight: Constant, x: Value
) -> tuple[LinearMap, tuple[int, ...]]:
    """``W @ x``: the last axis of ``W`` meets the last but one of ``x``."""
    matrix = _matrix(call, weight, column=False)
    inner = x.shape[0] if len(x.shape) == 1 else x.shape[-2]
    if inner != matrix.shape[1]:
        raise call.fail(f"shapes {list(weight.shape)} and {list(x.shape)} do not fit")
    rows = (len(matrix),) if len(weight.shape) == 2 else ()
    columns = () if len(x.shape) == 1 else x.shape[-1:]
    shape = x.shape[:-2] + rows + columns
    width = x.shape[-1] if len(x.shape) > 1 else 1
    batch = x.size // (inner * width)
    if batch == width == 1:
        return DenseMap(matrix), shape
    return SparseMap(_kron(sp.eye_array(batch), _kron(matrix, sp.eye_array(width)))), shape


def _kron(a: object, b: object) -> sp.csr_array:
    product = sp.csr_array(sp.kron(a, b))
    product.eliminate_zeros()
    product.sort_indices()
    return product


def _matrix(call: Call, weight: Constant, *, column: bool) -> np.ndarray:
    """The constant factor as a matrix; a vector is a column, or a row."""
    array = weight.array.astype(np.float64)
    while array.ndim > 2 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 1:
        return array[:, None] if column else array[None, :]
    if array.ndim != 2:
        raise call.fail(f"a constant factor of shape {list(weight.shape)}; rank 1 or 2 is supported")
    return array
