"""Where numbers stand: reshapes and permutations. Nothing is computed."""

from __future__ import annotations

import math

import numpy as np

from mipc.frontend.builder import Constant, Tensor, places
from mipc.frontend.registry import Call, operator
from mipc.frontend.tensors import constant_of


@operator("Constant")
def constant(call: Call) -> Tensor:
    """A tensor given in the node: value, value_float(s), value_int(s)."""
    if isinstance(given := call.attribute("value"), Constant):
        return given
    for name in ("value_float", "value_floats", "value_int", "value_ints"):
        if name in call.attributes:
            dtype = np.int64 if "int" in name else np.float32
            return constant_of(np.array(call.attributes[name], dtype), call.place)
    raise call.fail(f"a constant of kind {', '.join(call.attributes) or 'none'}")


@operator("Identity")
def identity(call: Call) -> Tensor:
    """``x``."""
    return call[0]


@operator("Dropout", since=7)
def dropout(call: Call) -> Tensor:
    """``x``: in inference, or at ratio 0, nothing is dropped. The mask is not supported."""
    training = call.has(2) and bool(np.any(call.constant(2).array))
    if training and not (call.has(1) and not np.any(call.constant(1).array)):
        raise call.fail(
            "training_mode is on: its outputs are drawn at random",
            "export the network for inference",
        )
    return call[0]


@operator("Reshape", since=5)
def reshape(call: Call) -> Tensor:
    """The same numbers in a constant shape, in which 0 and -1 have their ONNX meaning."""
    x, wanted = call[0], call.integers(1)
    if not call.flag("allowzero"):
        wanted = [x.shape[i] if size == 0 else size for i, size in enumerate(wanted)]
    return call.build.reshape(x, _resolved(call, x.shape, wanted))


@operator("Flatten")
def flatten(call: Call) -> Tensor:
    """Two axes: those before ``axis``, and the rest."""
    x = call[0]
    axis, rank = int(call.attribute("axis", 1)), len(x.shape)
    axis = rank if axis == rank else call.axis(axis, max(rank, 1))
    return call.build.reshape(x, (math.prod(x.shape[:axis]), math.prod(x.shape[axis:])))


@operator("Squeeze")
def squeeze(call: Call) -> Tensor:
    """Without axes of size 1."""
    x, axes = call[0], _axes(call)
    if axes is None:
        return call.build.reshape(x, tuple(size for size in x.shape if size != 1))
    if not axes:
        raise call.fail(
            "an empty list of axes means none in ONNX and all in ONNX Runtime",
            "name the axes, or leave them out",
        )
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
    if len(chosen) < len(axes):
        raise call.fail(f"axes {axes} are not different")
    sizes = iter(x.shape)
    return call.build.reshape(x, tuple(1 if i in chosen else next(sizes) for i in range(rank)))


@operator("Transpose")
def transpose(call: Call) -> Tensor:
    """Axes in another order."""
    x = call[0]
    order = call.attribute("perm", list(range(len(x.shape)))[::-1])
    if sorted(order) != list(range(len(x.shape))):
        raise call.fail(f"perm={list(order)} of a tensor of rank {len(x.shape)}")
    return call.build.select(x, places(x).transpose(order), **call.labels())


def _axes(call: Call) -> list[int] | None:
    """Axes as an attribute (before opset 13) or as an input."""
    if call.has(1):
        return call.integers(1)
    axes = call.attribute("axes")
    return None if axes is None else list(axes)


def _resolved(call: Call, shape: tuple[int, ...], wanted: list[int]) -> tuple[int, ...]:
    """A shape with its -1 worked out."""
    total = math.prod(shape)
    known = math.prod(size for size in wanted if size != -1)
    if wanted.count(-1) == 1 and known and total % known == 0:
        wanted = [total // known if size == -1 else size for size in wanted]
    if any(size < 0 for size in wanted) or math.prod(wanted) != total:
        raise call.fail(f"shape {list(shape)} cannot become {wanted}")
    return call.room(*wanted)
