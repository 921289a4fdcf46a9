"""The geometry that convolutions and pools share: windows that slide over one or two axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.frontend.registry import Call
from mipc.numerics.convolution import ConvMap

__all__ = ["Sliding"]

Index: TypeAlias = npt.NDArray[np.intp]
Pair: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class Sliding:
    """Windows over an (N, C, H, W) tensor; an (N, C, L) tensor has height 1.

    Several images are one with more channels, of which each image's are a group.

    Attributes
    ----------
    images, channels : int
    size, kernel, strides, dilations : (vertical, horizontal)
    pads : (top, left, bottom, right)
    axes : int
        How many spatial axes the tensor really has, 1 or 2.
    """

    images: int
    channels: int
    size: Pair
    kernel: Pair
    strides: Pair
    dilations: Pair
    pads: tuple[int, int, int, int]
    axes: int

    @staticmethod
    def of(call: Call, shape: tuple[int, ...], kernel: tuple[int, ...]) -> Sliding:
        """Read strides, dilations, pads and auto_pad of a node."""
        axes = len(shape) - 2
        if axes not in (1, 2):
            raise call.fail(
                f"an input of shape {list(shape)}; images with one or two spatial axes are "
                "supported"
            )
        if len(kernel) != axes:
            raise call.fail(f"a kernel of shape {list(kernel)} over {axes} axes")
        call.expect("kernel_shape", list(kernel))
        strides = call.attribute("strides", [1] * axes)
        dilations = call.attribute("dilations", [1] * axes)
        if not len(strides) == len(dilations) == axes or min(*strides, *dilations, *kernel) < 1:
            raise call.fail("strides, dilations and kernels must be positive, one for each axis")
        size = shape[2:]
        extent = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
        before, after = _pads(call, size, extent, strides)
        padded = [n + b + a for n, b, a in zip(size, before, after, strict=True)]
        call.room(*shape[:2], *padded)
        if any(n < e for n, e in zip(padded, extent, strict=True)):
            raise call.fail(f"a window of {extent} does not fit an input of shape {list(shape)}")
        return Sliding(
            images=shape[0],
            channels=shape[1],
            size=_pair(1, size),
            kernel=_pair(1, kernel),
            strides=_pair(1, strides),
            dilations=_pair(1, dilations),
            pads=(*_pair(0, before), *_pair(0, after)),
            axes=axes,
        )

    @property
    def positions(self) -> Pair:
        """How many windows there are, vertically and horizontally."""
        return self._room(0) // self.strides[0] + 1, self._room(1) // self.strides[1] + 1

    def ceiled(self) -> Sliding:
        """With pads after the end so that the last, partial windows count (ceil_mode).

        As in ONNX, a window that would begin in the padding after the end is left out.
        """
        pads = list(self.pads)
        for i in range(2):
            windows = -(-self._room(i) // self.strides[i]) + 1
            if (windows - 1) * self.strides[i] >= self.size[i] + pads[i]:
                windows -= 1
            pads[i + 2] += max((windows - 1) * self.strides[i] - self._room(i), 0)
        return replace(self, pads=(pads[0], pads[1], pads[2], pads[3]))

    def shape(self, channels: int) -> tuple[int, ...]:
        """The shape of a result with that many channels."""
        return (self.images, channels, *self.positions[2 - self.axes :])

    def convolution(self, kernel: npt.NDArray[np.float64], groups: int) -> ConvMap:
        """The map of a (features, channels / groups, height, width) kernel."""
        layer = (self.images * self.channels, *self.size)
        if self.images > 1:
            kernel = np.tile(kernel, (self.images, 1, 1, 1))
        groups *= self.images
        return ConvMap(kernel, layer, self.strides, self.dilations, self.pads, groups)

    def counts(self, call: Call) -> npt.NDArray[np.int64]:
        """How many cells of each window lie in the image: an array of ``positions``."""
        for axis in range(2):
            call.room(self.positions[axis], self.kernel[axis])
        rows, columns = ((self._cells(axis) >= 0).sum(axis=1) for axis in range(2))
        call.room(*self.positions)
        return np.asarray(rows[:, None] * columns[None, :])

    def members(self) -> Index:
        """(positions, kernel cells): flat index of each cell in a plane, -1 in the padding."""
        rows = self._cells(0)
        columns = self._cells(1)
        inside = (rows >= 0)[:, None, :, None] & (columns >= 0)[None, :, None, :]
        flat = rows[:, None, :, None] * self.size[1] + columns[None, :, None, :]
        height, width = self.positions
        return np.where(inside, flat, -1).reshape(height * width, -1)

    def _cells(self, axis: int) -> Index:
        """(positions, kernel) coordinates along an axis, -1 outside."""
        begin = np.arange(self.positions[axis]) * self.strides[axis] - self.pads[axis]
        cells = begin[:, None] + np.arange(self.kernel[axis]) * self.dilations[axis]
        return np.where((cells >= 0) & (cells < self.size[axis]), cells, -1)

    def _room(self, axis: int) -> int:
        """How far the window can slide along an axis."""
        extent = (self.kernel[axis] - 1) * self.dilations[axis] + 1
        return self.size[axis] + self.pads[axis] + self.pads[axis + 2] - extent


def _pair(lead: int, values: Sequence[int]) -> Pair:
    """Two numbers, the first of them ``lead`` where there is one axis only."""
    return (lead, int(values[0])) if len(values) == 1 else (int(values[0]), int(values[1]))


def _check_same(call: Call, missing: list[int]) -> None:
    """Refuse SAME where ONNX Runtime does not compute what ONNX says.

    It leaves dilations out of the pads of pools, and where windows are so much shorter than
    strides that pads would be negative it crops (a convolution) or fails (a pool).
    """
    pool = call.has(0) and not call.has(1)
    dilated = any(step != 1 for step in call.attribute("dilations", []))
    if min(missing) < (0 if pool else -1) or (pool and dilated):
        raise call.fail(
            f"auto_pad={call.attribute('auto_pad')!r} with windows like these means different "
            "things in ONNX and ONNX Runtime",
            "export the network with explicit pads",
        )


def _pads(
    call: Call, size: tuple[int, ...], extent: list[int], strides: list[int]
) -> tuple[list[int], list[int]]:
    """Zeros before and after each axis: given, or by auto_pad so that out = ceil(in / stride)."""
    auto = call.attribute("auto_pad", "NOTSET")
    axes = len(size)
    if auto == "NOTSET":
        pads = call.attribute("pads", [0] * (2 * axes))
        if len(pads) != 2 * axes or min(pads) < 0:
            raise call.fail(f"pads {list(pads)}")
        return list(pads[:axes]), list(pads[axes:])
    if auto == "VALID":
        return [0] * axes, [0] * axes
    if auto not in ("SAME_UPPER", "SAME_LOWER"):
        raise call.fail(f"auto_pad={auto!r}")
    missing = [(-(-n // s) - 1) * s + e - n for n, e, s in zip(size, extent, strides, strict=True)]
    _check_same(call, missing)
    total = [max(count, 0) for count in missing]
    small, large = [t // 2 for t in total], [t - t // 2 for t in total]
    return (small, large) if auto == "SAME_UPPER" else (large, small)
