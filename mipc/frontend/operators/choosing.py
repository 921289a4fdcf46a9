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


@operator("Concat", since=4)
def concat(call: Call) -> Tensor:
    """Tensors, computed or constant, side by side along an axis."""
    tensors = [call[i] for i in range(len(call.inputs))]
    axis = call.axis(int(call.attribute("axis")), len(tensors[0].shape))
    sizes = list(tensors[0].shape)
    sizes[axis] = sum(tensor.shape[axis] for tensor in tensors)
    _room(call, tensors, sizes)
    constants = [x for x in tensors if isinstance(x, Constant)]
    if len(constants) == len(tensors):
        relative = max(x.relative for x in constants)
        return Constant(np.concatenate([x.array for x in constants], axis=axis), relative)
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
    maps: list[LinearMap] = []
    operands: list[Value] = []
    for x, begin in _counted(tensors):
        there = (source >= begin) & (source < begin + math.prod(x.shape))
        if isinstance(x, Value) and there.all():
            return call.build.select(x, source - begin, **call.labels())
        if isinstance(x, Value) and there.any():
            maps.append(SelectMap(np.where(there, source - begin, -1).reshape(-1), x.size))
            operands.append(x)
    known = _constants(tensors, source)
    if not maps:
        return known
    radius = 2 * known.relative * np.abs(known.array)
    return call.build.affine(
        maps, operands, known.array, source.shape, radius=radius, **call.labels()
    )


def _constants(tensors: Sequence[Tensor], source: Index) -> Constant:
    """Those of the numbers that are constant, 0 where they are computed."""
    constants = [x for x in tensors if isinstance(x, Constant)]
    kind = np.result_type(*(x.array for x in constants)) if constants else np.dtype(np.float64)
    flat = [
        x.array.reshape(-1) if isinstance(x, Constant) else np.zeros(x.size, kind) for x in tensors
    ]
    relative = max((x.relative for x in constants), default=0.0)
    return Constant(np.concatenate(flat)[source], relative)


def _room(call: Call, tensors: Sequence[Tensor], shape: Sequence[int]) -> None:
    """Refuse a result that is too large: each computed tensor has a map to all of it."""
    call.room(1 + sum(isinstance(x, Value) for x in tensors), *shape)


def _counted(tensors: Sequence[Tensor]) -> Iterator[tuple[Tensor, int]]:
    """Each tensor, and how many numbers come before it."""
    sizes = [math.prod(x.shape) for x in tensors]
    return zip(tensors, itertools.accumulate(sizes, initial=0), strict=False)
