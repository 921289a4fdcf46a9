"""Softmax and its logarithm, by differences: ``y_i = 1 / (1 + sum over j != i of exp(x_j - x_i))``.

Written so, every exponential is that of a difference, and the sum is at least 1. Of two numbers,
each softmax is a sigmoid of their difference. As the last operator of a network
that is asked about the order of its outputs, none of it is needed.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from mipc.frontend.builder import Constant, Order, Tensor, Value
from mipc.frontend.operators.products import total
from mipc.frontend.operators.smooth import applied
from mipc.frontend.registry import Call, operator
from mipc.numerics import functions as f
from mipc.numerics.linear_maps import SparseMap

Index = np.ndarray


@operator("Softmax", since=13)
def softmax(call: Call) -> Tensor:
    """``exp(x_i) / sum exp(x_j)`` along an axis."""
    return _normalised(call, _groups(call, -1), logarithm=False)


@operator("Softmax")
def softmax_flat(call: Call) -> Tensor:
    """``exp(x_i) / sum exp(x_j)`` over all axes from one on."""
    return _normalised(call, _flat_groups(call), logarithm=False)


@operator("LogSoftmax", since=13)
def log_softmax(call: Call) -> Tensor:
    """The logarithm of the softmax along an axis."""
    return _normalised(call, _groups(call, -1), logarithm=True)


@operator("LogSoftmax")
def log_softmax_flat(call: Call) -> Tensor:
    """The logarithm of the softmax over all axes from one on."""
    return _normalised(call, _flat_groups(call), logarithm=True)


def _groups(call: Call, default: int) -> Index:
    """(groups, members) of flat index: the numbers that are normalised together."""
    shape = call[0].shape
    axis = call.axis(int(call.attribute("axis", default)), len(shape))
    flat = np.arange(math.prod(shape)).reshape(shape)
    return np.moveaxis(flat, axis, -1).reshape(-1, shape[axis])


def _flat_groups(call: Call) -> Index:
    shape = call[0].shape
    axis = call.axis(int(call.attribute("axis", 1)), max(len(shape), 1))
    return np.arange(math.prod(shape)).reshape(math.prod(shape[:axis]), -1)


def _normalised(call: Call, groups: Index, *, logarithm: bool) -> Tensor:
    x = call[0]
    if isinstance(x, Constant):
        raise call.fail("a softmax of constants", "fold it before exporting the network")
    count = groups.shape[1]
    if count == 1:
        return Constant(np.full(x.shape, 0.0 if logarithm else 1.0))
    if count == 2 and not logarithm:
        return _ordered(call, replace(_of_pairs(call, x, groups), shape=x.shape), groups)
    others = count - 1
    call.room(x.size, others)
    sums = total(call, _exponentials(call, x, groups), others, (x.size,), 1.0)
    function = f.LOG if logarithm else f.RECIPROCAL
    labels = call.labels("logarithm" if logarithm else "")
    result = call.build.smooth(sums, function, **labels)
    if logarithm:
        minus = Constant(np.array(-1.0))
        result = call.build.scale(result, minus, **call.labels())
    return _ordered(call, replace(result, shape=x.shape), groups, scores=logarithm)


def _ordered(call: Call, result: Value, groups: Index, *, scores: bool = False) -> Value:
    """The result, noted to be in the order of the input where all numbers are one group."""
    if len(groups) == 1:
        call.build.order[result.name] = Order(call.value(0).name, scores=scores)
    return result


def _of_pairs(call: Call, x: Value, groups: Index) -> Value:
    """The sigmoid of each number's difference from its only other."""
    other = np.empty(x.size, dtype=np.intp)
    other[groups[:, 0]], other[groups[:, 1]] = groups[:, 1], groups[:, 0]
    columns = np.stack([np.arange(x.size), other], axis=1).reshape(-1)
    ends = np.arange(x.size + 1) * 2
    matrix = sp.csr_array((np.tile([1.0, -1.0], x.size), columns, ends), shape=(x.size, x.size))
    matrix.sort_indices()
    differences = call.build.affine(
        [SparseMap(matrix)], [x], 0.0, (x.size,), **call.labels("differences")
    )
    result = applied(call, f.SIGMOID, "", differences)
    assert isinstance(result, Value)
    return result


def _exponentials(call: Call, x: Value, groups: Index) -> Value:
    """``exp(x_j - x_i)`` for each number ``i`` and each other ``j`` of its group."""
    count = groups.shape[1]
    member = np.broadcast_to(np.arange(count), (count, count))
    off = ~np.eye(count, dtype=bool)
    others = member[off].reshape(count, count - 1)
    mine = np.empty((x.size, count - 1), dtype=np.intp)
    for place in range(count):
        mine[groups[:, place]] = groups[:, others[place]]
    rows = x.size * (count - 1)
    columns = np.stack([mine.reshape(-1), np.repeat(np.arange(x.size), count - 1)], axis=1)
    values = np.tile([1.0, -1.0], rows)
    ends = np.arange(rows + 1) * 2
    matrix = sp.csr_array((values, columns.reshape(-1), ends), shape=(rows, x.size))
    matrix.sort_indices()
    differences = call.build.affine(
        [SparseMap(matrix)], [x], 0.0, (rows,), **call.labels("differences")
    )
    result = applied(call, f.EXP, "exponentials", differences)
    assert isinstance(result, Value)
    return result
