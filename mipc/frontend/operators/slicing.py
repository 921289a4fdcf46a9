"""Parts of tensors, and tensors repeated: Slice, Split, Expand, Tile. Nothing is computed."""

from __future__ import annotations

import itertools
import math

import numpy as np

from mipc.frontend.builder import Constant, Tensor, places
from mipc.frontend.registry import Call, operator


@operator("Slice", since=10)
def slice_(call: Call) -> Tensor:
    """From starts to ends in steps, along some axes; negative ones count from the end."""
    starts, ends = call.integers(1), call.integers(2)
    axes = call.integers(3) if call.has(3) else None
    steps = call.integers(4) if call.has(4) else None
    return _sliced(call, starts, ends, axes, steps)


@operator("Slice")
def slice_by_attributes(call: Call) -> Tensor:
    """From starts to ends along some axes; negative ones count from the end."""
    axes = call.attribute("axes")
    return _sliced(call, call.attribute("starts"), call.attribute("ends"), axes, None)


def _sliced(
    call: Call, starts: list[int], ends: list[int], axes: list[int] | None, steps: list[int] | None
) -> Tensor:
    x = call[0]
    rank = len(x.shape)
    axes = list(range(len(starts))) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    chosen = [call.axis(axis, rank) for axis in axes]
    if not len(starts) == len(ends) == len(chosen) == len(steps) or 0 in steps:
        raise call.fail("starts, ends, axes and steps do not fit, or a step is 0")
    if len(set(chosen)) < len(chosen):
        raise call.fail(f"axes {axes} are not different")
    kept = [slice(None)] * rank
    for axis, start, end, step in zip(chosen, starts, ends, steps, strict=True):
        kept[axis] = _steps(x.shape[axis], start, end, step)
    return call.build.select(x, places(x)[tuple(kept)], **call.labels())


def _steps(size: int, start: int, end: int, step: int) -> slice:
    """The cells of an axis, with start and end moved into it as ONNX does.

    Unlike a slice of Python's, one that steps back from before the first cell holds that cell.
    """
    start, end = (place + size if place < 0 else place for place in (start, end))
    if step > 0:
        return slice(max(start, 0), max(end, 0), step)
    return slice(max(start, 0), end if end >= 0 else None, step)


@operator("Split", since=2)
def split(call: Call) -> tuple[Tensor, ...]:
    """A tensor cut along an axis: into given sizes, or equal parts of which the last is smaller."""
    x = call[0]
    axis = call.axis(int(call.attribute("axis", 0)), len(x.shape))
    sizes = _parts(call, x.shape[axis])
    if len(sizes) != len(call.outputs) or min(sizes) < 0 or sum(sizes) != x.shape[axis]:
        raise call.fail(
            f"parts {sizes} for {len(call.outputs)} outputs along an axis of size {x.shape[axis]}"
        )
    cuts = list(itertools.accumulate(sizes))[:-1]
    return tuple(
        call.build.select(x, source, **call.labels(number=number))
        for number, source in enumerate(np.split(places(x), cuts, axis=axis))
    )


def _parts(call: Call, size: int) -> list[int]:
    """The sizes of the parts: an input, an attribute, or as equal as ONNX makes them."""
    if call.has(1):
        return call.integers(1)
    if "split" in call.attributes:
        return [int(part) for part in call.attribute("split")]
    count = int(call.attribute("num_outputs", len(call.outputs)))
    if count != len(call.outputs) or ("num_outputs" not in call.attributes and size % count):
        raise call.fail(f"{len(call.outputs)} equal parts of an axis of size {size}")
    part = -(-size // count)
    return [part] * (count - 1) + [size - part * (count - 1)]


@operator("Expand", since=8)
def expand(call: Call) -> Tensor:
    """Repeated to a constant shape, as numpy broadcasts."""
    x = call[0]
    shape = call.room(*np.broadcast_shapes(x.shape, tuple(call.integers(1))))
    return call.build.select(x, np.broadcast_to(places(x), shape), **call.labels())


@operator("Tile", since=6)
def tile(call: Call) -> Tensor:
    """Repeated along each axis a constant number of times."""
    x, times = call[0], call.integers(1)
    if len(times) != len(x.shape) or min(times, default=0) < 0:
        raise call.fail(f"repeats {times} of a tensor of rank {len(x.shape)}")
    call.room(*(size * count for size, count in zip(x.shape, times, strict=True)))
    return call.build.select(x, np.tile(places(x), times), **call.labels())


@operator("Shape", since=15)
def shape_between(call: Call) -> Tensor:
    """The sizes of the axes from start to end, as constants; a symbolic batch counts as 1."""
    start, end = int(call.attribute("start", 0)), call.attribute("end")
    return Constant(np.array(call[0].shape[start:end], dtype=np.int64))


@operator("Shape")
def shape(call: Call) -> Tensor:
    """The sizes of the axes, as constants; a symbolic batch counts as 1."""
    return Constant(np.array(call[0].shape, dtype=np.int64))


@operator("Size")
def size(call: Call) -> Tensor:
    """How many numbers there are, as a constant; a symbolic batch counts as 1."""
    return Constant(np.array(math.prod(call[0].shape), dtype=np.int64))
