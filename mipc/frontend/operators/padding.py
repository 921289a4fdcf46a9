"""Pads: numbers around a tensor, or fewer of its own."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.frontend.builder import Constant, Tensor
from mipc.frontend.registry import Call, operator
from mipc.numerics.linear_maps import SelectMap

Index: TypeAlias = npt.NDArray[np.intp]
Widths: TypeAlias = list[tuple[int, int]]


@operator("Pad", since=2)
def pad(call: Call) -> Tensor:
    """Constant, reflect, edge and wrap; negative pads crop."""
    x = call[0]
    mode = call.attribute("mode", "constant")
    widths = _widths(call, x.shape)
    grow = [(max(low, 0), max(high, 0)) for low, high in widths]
    kept = _cropped(call, np.arange(np.prod(x.shape, dtype=np.intp)).reshape(x.shape), widths)
    call.room(*(n + low + high for n, (low, high) in zip(x.shape, widths, strict=True)))
    if mode == "constant":
        return _filled(call, x, np.pad(kept, grow, constant_values=-1), _fill(call))
    if mode not in ("reflect", "edge", "wrap"):
        raise call.fail(f"mode={mode!r}")
    if mode == "reflect" and any(max(g) >= n for g, n in zip(grow, kept.shape, strict=True)):
        raise call.fail("it reflects more than there is")
    return call.build.select(x, np.pad(kept, grow, mode=mode), **call.labels())


def _widths(call: Call, shape: tuple[int, ...]) -> Widths:
    """Before and after each axis, from the attribute (before opset 11) or the inputs."""
    pads = call.integers(1) if call.has(1) else [int(p) for p in call.attribute("pads", [])]
    rank = len(shape)
    axes = [call.axis(a, rank) for a in call.integers(3)] if call.has(3) else list(range(rank))
    if len(pads) != 2 * len(axes) or len(set(axes)) < len(axes):
        raise call.fail(f"pads {pads} for the axes {axes}")
    given = zip(axes, pads[: len(axes)], pads[len(axes) :], strict=True)
    around = {axis: (low, high) for axis, low, high in given}
    return [around.get(axis, (0, 0)) for axis in range(rank)]


def _cropped(call: Call, index: Index, widths: Widths) -> Index:
    """What negative pads leave."""
    begin = [max(-low, 0) for low, _ in widths]
    end = [n - max(-high, 0) for n, (_, high) in zip(index.shape, widths, strict=True)]
    if any(b >= e for b, e in zip(begin, end, strict=True)):
        raise call.fail(f"its pads leave nothing of a tensor of shape {list(index.shape)}")
    return index[tuple(slice(b, e) for b, e in zip(begin, end, strict=True))]


def _fill(call: Call) -> float:
    """The number around a tensor padded with a constant."""
    if not call.has(2):
        return float(call.attribute("value", 0.0))
    given = call.constant(2)
    if given.array.size != 1 or given.relative:
        raise call.fail("its value has to be one exact number")
    return float(given.array.reshape(-1)[0])


def _filled(call: Call, x: Tensor, source: Index, fill: float) -> Tensor:
    """Chosen numbers of ``x``, and ``fill`` where the index is -1."""
    if isinstance(x, Constant):
        padded = np.append(x.array.reshape(-1), np.array([fill], x.array.dtype))
        return Constant(padded[source], x.relative)
    if fill == 0.0:
        return call.build.select(x, source, **call.labels())
    linear = SelectMap(source.reshape(-1), x.size)
    offset = np.where(source < 0, fill, 0.0)
    return call.build.affine([linear], [x], offset, source.shape, **call.labels())
