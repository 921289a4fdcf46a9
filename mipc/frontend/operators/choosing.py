"""Numbers chosen from several tensors: concatenation, Where, scattering. Nothing is computed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.frontend.builder import Constant, Tensor, Value, places
from mipc.frontend.operators.gathering import along, cells
from mipc.frontend.registry import Call, operator
from mipc.numerics.linear_maps import LinearMap, SelectMap

Index: TypeAlias = npt.NDArray[np.intp]
Taken: TypeAlias = tuple[Tensor, npt.NDArray[np.bool_], Index]


@operator("Concat", since=4)
def concat(call: Call) -> Tensor:
    """Tensors, computed or constant, side by side along an axis."""
    tensors = [call[i] for i in range(len(call.inputs))]
    axis = call.axis(int(call.attribute("axis")), len(tensors[0].shape))
    sizes = list(tensors[0].shape)
    sizes[axis] = sum(tensor.shape[axis] for tensor in tensors)
    _room(call, tensors, sizes)
    source = [places(x) + begin for x, begin in _counted(tensors)]
    return _merged(call, tensors, np.concatenate(source, axis=axis))


@operator("Where", since=9)
def where(call: Call) -> Tensor:
    """Numbers of one tensor or of another, broadcast; the condition has to be constant."""
    condition, x, y = call.constant(0), call[1], call[2]
    shape = call.broadcast(condition, x, y)
    source = np.where(condition.array, places(x), places(y) + math.prod(x.shape))
    return _merged(call, [x, y], np.broadcast_to(source, shape))


@operator("ScatterND", since=11)
def scatter_nd(call: Call) -> Tensor:
    """A tensor with some of its slices replaced, at constant indices that are all different."""
    x, indices, updates = call[0], call.constant(1).array, call[2]
    chosen = cells(call, x, tuple(np.moveaxis(indices, -1, 0)))
    return _replaced(call, x, chosen, updates)


@operator("ScatterElements", since=11)
@operator("Scatter", since=9)
def scatter_elements(call: Call) -> Tensor:
    """A tensor with some of its numbers replaced, at constant indices along an axis."""
    x, indices, updates = call[0], call.constant(1).array, call[2]
    axis = call.axis(int(call.attribute("axis", 0)), len(x.shape))
    return _replaced(call, x, cells(call, x, along(indices, axis)), updates)


def _replaced(call: Call, x: Tensor, chosen: Index, updates: Tensor) -> Tensor:
    """A tensor in which the numbers at ``chosen`` are those of ``updates``."""
    call.expect("reduction", "none")
    if chosen.shape != updates.shape:
        raise call.fail(f"updates of shape {list(updates.shape)}; {list(chosen.shape)} is needed")
    if len(np.unique(chosen)) < chosen.size:
        raise call.fail("it replaces a number twice", "ONNX leaves open which of the two stays")
    source = places(x)
    source.reshape(-1)[chosen] = places(updates) + source.size
    return _merged(call, [x, updates], source)


def _merged(call: Call, tensors: Sequence[Tensor], source: Index) -> Tensor:
    """The numbers that ``source`` names, counting through all tensors one after the other."""
    _room(call, tensors, source.shape)
    taken = list(_taken(tensors, source)) or [(tensors[0], source >= 0, source)]
    constants = [x for x, _, _ in taken if isinstance(x, Constant)]
    if len(taken) == 1:
        x, _, index = taken[0]
        return call.build.select(x, index, **call.labels())
    folded = len(constants) == len(taken)
    kinds = [x.array.dtype for x in constants] if folded else [np.float64]
    numbers = np.zeros(source.shape, np.result_type(*kinds))
    radius = np.zeros(source.shape)
    maps: list[LinearMap] = []
    operands: list[Value] = []
    for x, there, index in taken:
        if isinstance(x, Constant):
            numbers[there] = x.array.reshape(-1)[index[there]]
            radius[there] = 2 * x.relative * np.abs(numbers[there])
        else:
            maps.append(SelectMap(np.where(there, index, -1).reshape(-1), x.size))
            operands.append(x)
    if folded:
        return Constant(numbers, max(x.relative for x in constants))
    return call.build.affine(maps, operands, numbers, source.shape, radius=radius, **call.labels())


def _room(call: Call, tensors: Sequence[Tensor], shape: Sequence[int]) -> None:
    """Refuse a result that is too large: each computed tensor has a map to all of it."""
    call.room(1 + sum(isinstance(x, Value) for x in tensors), *shape)


def _taken(tensors: Sequence[Tensor], source: Index) -> Iterator[Taken]:
    """Each tensor of which numbers are named, where, and which of its own."""
    for x, begin in _counted(tensors):
        there = (source >= begin) & (source < begin + math.prod(x.shape))
        if there.any():
            yield x, there, source - begin


def _counted(tensors: Sequence[Tensor]) -> Iterator[tuple[Tensor, int]]:
    """Each tensor, and how many numbers come before it."""
    sizes = [math.prod(x.shape) for x in tensors]
    return zip(tensors, itertools.accumulate(sizes, initial=0), strict=False)
