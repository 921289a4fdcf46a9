"""Constants made from shapes and numbers: ConstantOfShape, Range, OneHot, EyeLike."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from mipc.frontend.builder import Constant, Tensor
from mipc.frontend.element_types import INTEGERS, representable
from mipc.frontend.operators.folding import product, total
from mipc.frontend.operators.jumps import settled
from mipc.frontend.registry import Call, operator


@operator("ConstantOfShape", since=9)
def constant_of_shape(call: Call) -> Tensor:
    """One number, 0 by default, in a constant shape."""
    shape = call.room(*call.integers(0))
    value = call.attribute("value", Constant(np.zeros(1)))
    if value.array.size != 1:
        raise call.fail("its value has to be one number")
    return Constant(np.full(shape, value.array.reshape(-1)[0]))


@operator("Range", since=11)
def range_(call: Call) -> Tensor:
    """Numbers from start to limit, without it, in steps of delta; of constants.

    Of floating-point numbers only where nothing rounds, and so ONNX counts as many.
    """
    given = [call.constant(index) for index in range(3)]
    if any(x.array.size != 1 for x in given) or not given[2].array.any():
        raise call.fail("start, limit and delta have to be one number each, delta not 0")
    given = [Constant(x.array.reshape(1), x.relative) for x in given]
    start, limit, delta = (x.array[0] for x in given)
    exact = [Fraction(x.item()) for x in (start, limit, delta)]
    count = max(math.ceil((exact[1] - exact[0]) / exact[2]), 0)
    call.room(count)
    if start.dtype.kind == "i":
        return Constant(start + np.arange(count) * delta)
    steps = product(call, Constant(np.arange(count + 1.0)), given[2])
    numbers = total(call, steps, given[0], 1.0)
    span = total(call, given[1], given[0], -1.0)
    if not all(representable(x, [call.target]) for x in (numbers, span)):
        raise call.fail("its numbers are rounded", "use integers, or fold it before exporting")
    return Constant(numbers.array[:-1])


@operator("OneHot", since=11)
def one_hot(call: Call) -> Tensor:
    """A new axis with one value at constant indices and another elsewhere."""
    return _one_hot(call, least=-1)


@operator("OneHot", since=9)
def one_hot_from_zero(call: Call) -> Tensor:
    """A new axis with one value at constant indices, none of them negative; another elsewhere."""
    return _one_hot(call, least=0)


def _one_hot(call: Call, least: int) -> Constant:
    indices = settled(call, 0, np.trunc)
    (depth,), values = settled(call, 1, np.trunc).reshape(-1)[:1], call.constant(2)
    axis = call.axis(int(call.attribute("axis", -1)), indices.ndim + 1)
    if values.shape != (2,) or depth < 1 or (indices < least * depth).any():
        raise call.fail("two values, a positive depth, and indices from -depth on are needed")
    call.room(*indices.shape, int(depth))
    places = np.arange(int(depth)).reshape(-1, *(1 for _ in indices.shape[axis:]))
    hot = np.expand_dims(np.where(indices < 0, indices + depth, indices), axis) == places
    return Constant(np.where(hot, values.array[1], values.array[0]), values.relative)


@operator("EyeLike", since=9)
def eye_like(call: Call) -> Tensor:
    """Ones on a diagonal of a matrix of the input's shape, zeros elsewhere."""
    if len(call[0].shape) != 2:
        raise call.fail(f"an input of shape {list(call[0].shape)}; a matrix is needed")
    rows, columns = call.room(*call[0].shape)
    offset = max(-rows, min(int(call.attribute("k", 0)), columns))
    kind = np.int64 if call.target in INTEGERS else np.float64
    return Constant(np.eye(rows, columns, offset, dtype=kind))
