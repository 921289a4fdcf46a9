"""Where numbers stand: reshapes, permutations, pads, concatenation. Nothing is computed."""

from __future__ import annotations

import numpy as np

from mipc.errors import ModelError
from mipc.frontend.builder import Constant, Tensor, Value
from mipc.frontend.registry import Call, operator
from mipc.numerics.linear_maps import SelectMap


@operator("Constant")
def constant(call: Call) -> Tensor:
    """A tensor given in the node: value, value_float(s), value_int(s)."""
    from mipc.frontend.onnx import constant_of

    for name in ("value", "value_float", "value_floats", "value_int", "value_ints"):
        if name in call.attributes:
            given = call.attributes[name]
            dtype = np.int64 if "int" in name else np.float32
            array = given if name == "value" else np.array(given, dtype=dtype)
            return constant_of(array, call.place)
    raise call.fail(f"a constant of kind {', '.join(call.attributes) or 'none'}")


@operator("Identity")
def identity(call: Call) -> Tensor:
    """``x``."""
    return call[0]


@operator("Dropout", since=7)
def dropout(call: Call) -> Tensor:
    """``x``: in inference nothing is dropped. The mask output is not supported."""
    if call.outputs > 1:
        raise call.fail("the mask of a Dropout is used")
    if call.has(2) and bool(np.any(call.constant(2).array)):
        raise call.fail("training_mode is on", "export the network for inference")
    return call[0]


@operator("Reshape", since=5)
def reshape(call: Call) -> Tensor:
    """The same numbers in a constant shape, in which 0 and -1 have their ONNX meaning."""
    x, wanted = call[0], call.integers(1)
    if not call.attribute("allowzero", 0):
        wanted = [x.shape[i] if size == 0 else size for i, size in enumerate(wanted)]
    return call.build.reshape(x, _resolved(call, x.shape, wanted))


@operator("Flatten")
def flatten(call: Call) -> Tensor:
    """Two axes: those before ``axis``, and the rest."""
    x = call[0]
    axis = int(call.attribute("axis", 1))
    axis = axis + len(x.shape) if axis < 0 else axis
    if not 0 <= axis <= len(x.shape):
        raise call.fail(f"axis {axis} of a tensor of rank {len(x.shape)}")
    before, after = np.prod(x.shape[:axis], dtype=int), np.prod(x.shape[axis:], dtype=int)
    return call.build.reshape(x, (int(before), int(after)))


@operator("Squeeze")
def squeeze(call: Call) -> Tensor:
    """Without axes of size 1."""
    x, axes = call[0], _axes(call)
    if axes is None:
        return call.build.reshape(x, tuple(size for size in x.shape if size != 1))
    chosen = {call.axis(axis, len(x.shape)) for axis in axes}
    if any(x.shape[axis] != 1 for axis in chosen):
        raise call.fail(f"axes {axes} of shape {list(x.shape)} are not all of size 1")
    return call.build.reshape(x, tuple(n for i, n in enumerate(x.shape) if i not in chosen))


@operator("Unsqueeze")
def unsqueeze(call: Call) -> Tensor:
    """With new axes of size 1."""
    x, axes = call[0], _axes(call)
    if axes is None:
        raise call.fail("its axes are missing")
    rank = len(x.shape) + len(axes)
    chosen = {call.axis(axis, rank) for axis in axes}
    sizes = iter(x.shape)
    return call.build.reshape(x, tuple(1 if i in chosen else next(sizes) for i in range(rank)))


@operator("Transpose")
def transpose(call: Call) -> Tensor:
    """Axes in another order."""
    x = call[0]
    order = call.attribute("perm", list(range(len(x.shape)))[::-1])
    if sorted(order) != list(range(len(x.shape))):
        raise call.fail(f"perm={list(order)} of a tensor of rank {len(x.shape)}")
    return call.build.select(x, _index(x).transpose(order), **call.labels())


@operator("Pad", since=2)
def pad(call: Call) -> Tensor:
    """Constant, reflect, edge and wrap; negative pads crop."""
    x = call[0]
    mode = call.attribute("mode", "constant")
    pads = call.integers(1) if call.has(1) else [int(p) for p in call.attribute("pads", [])]
    axes = range(len(x.shape))
    if call.has(3):
        chosen = [call.axis(axis, len(x.shape)) for axis in call.integers(3)]
        around = dict(zip(chosen, zip(pads[: len(chosen)], pads[len(chosen) :], strict=True), strict=True))
    else:
        half = len(pads) // 2
        around = dict(zip(axes, zip(pads[:half], pads[half:], strict=True), strict=True))
    widths = [around.get(axis, (0, 0)) for axis in axes]
    index = _index(x)
    crop = tuple(
        slice(max(-low, 0), size - max(-high, 0))
        for (low, high), size in zip(widths, x.shape, strict=True)
    )
    grow = [(max(low, 0), max(high, 0)) for low, high in widths]
    if mode != "constant":
        if mode not in ("reflect", "edge", "wrap"):
            raise call.fail(f"mode={mode!r}")
        return call.build.select(x, np.pad(index[crop], grow, mode=mode), **call.labels())
    filled = np.pad(index[crop], grow, constant_values=-1)
    value = call.constant(2).array if call.has(2) else np.array(call.attribute("value", 0.0))
    return _filled(call, x, filled, float(np.ravel(value)[0]) if value.size else 0.0)


@operator("Concat", since=4)
def concat(call: Call) -> Tensor:
    """Tensors, computed or constant, side by side along an axis."""
    tensors = [call[i] for i in range(len(call.inputs))]
    axis = call.axis(int(call.attribute("axis")), len(tensors[0].shape))
    if constants := [t for t in tensors if isinstance(t, Constant)]:
        if len(constants) == len(tensors):
            arrays = [t.array for t in constants]
            relative = max(t.relative for t in constants)
            return Constant(np.concatenate(arrays, axis=axis), relative)
    whole = np.concatenate([np.full(t.shape, i) for i, t in enumerate(tensors)], axis=axis)
    maps, operands, offset, radius = [], [], np.zeros(whole.shape), np.zeros(whole.shape)
    for i, tensor in enumerate(tensors):
        there = whole == i
        if isinstance(tensor, Constant):
            # in row-major order the cells of one piece come in the order of its own numbers
            offset[there] = tensor.array.reshape(-1)
            radius[there] = 2 * tensor.relative * np.abs(tensor.array.reshape(-1))
            continue
        source = np.full(whole.shape, -1)
        source[there] = np.arange(tensor.size)
        maps.append(SelectMap(source.reshape(-1), tensor.size))
        operands.append(tensor)
    return call.build.affine(
        maps, operands, offset, whole.shape,
        radius=radius.reshape(-1) if radius.any() else None, **call.labels(),
    )  # fmt: skip


def _filled(call: Call, x: Tensor, source: np.ndarray, fill: float) -> Tensor:
    """Chosen numbers of ``x``, and ``fill`` where the index is -1."""
    if isinstance(x, Constant) or fill == 0.0:
        chosen = call.build.select(x, source, **call.labels())
        if isinstance(chosen, Constant):
            return Constant(np.where(source < 0, chosen.array.dtype.type(fill), chosen.array))
        return chosen
    linear = SelectMap(source.reshape(-1), x.size)
    offset = np.where(source < 0, fill, 0.0)
    return call.build.affine([linear], [x], offset, source.shape, **call.labels())


def _index(x: Tensor) -> np.ndarray:
    return np.arange(np.prod(x.shape, dtype=np.intp)).reshape(x.shape)


def _axes(call: Call) -> list[int] | None:
    """Axes as an attribute (before opset 13) or as an input."""
    if call.has(1):
        return call.integers(1)
    axes = call.attribute("axes")
    return None if axes is None else list(axes)


def _resolved(call: Call, shape: tuple[int, ...], wanted: list[int]) -> tuple[int, ...]:
    """A shape with its -1 worked out."""
    total = int(np.prod(shape, dtype=object))
    known = int(np.prod([size for size in wanted if size != -1], dtype=object))
    if wanted.count(-1) == 1 and known and total % known == 0:
        wanted = [total // known if size == -1 else size for size in wanted]
    if any(size < 0 for size in wanted) or int(np.prod(wanted, dtype=object)) != total:
        raise call.fail(f"shape {list(shape)} cannot become {wanted}")
    return tuple(wanted)


__all__ = ["ModelError", "Value"]
