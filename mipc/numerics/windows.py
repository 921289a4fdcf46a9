"""Rows of a linear map over a layer, kept only where they are not zero.

A neuron of a convolutional layer looks at a small window of the layer before it, and at a small
window of the one before that. :class:`Rows` holds ``T`` rows densely, or each over its own
:class:`Window` of a (channels, height, width) layer; pulling rows back through a convolution
turns a window into a larger window by one matrix that all positions share.

A window may reach over the edge of its layer: there the layer is zero-padded, and what a row
holds there multiplies zero. :meth:`Rows.clipped` takes it away where another map would see it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Rows", "Window"]

Array: TypeAlias = npt.NDArray[np.float64]
Index: TypeAlias = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Window:
    """Where ``P`` windows of one size lie in a layer, and which of them each row has.

    Attributes
    ----------
    layer : (channels, height, width)
    size : (height, width)
        The extent of a window; it spans all channels.
    corners : (P, 2) int
        Top-left corners; they may be negative or reach beyond the layer.
    position : (T,) int
        The window of each row.
    """

    layer: tuple[int, int, int]
    size: tuple[int, int]
    corners: Index
    position: Index

    @cached_property
    def cells(self) -> Index:
        """(P, channels * h * w): the neuron under each cell; beyond the layer, its size."""
        channels, height, width = self.layer
        y = self.corners[:, 0, None] + np.arange(self.size[0])
        x = self.corners[:, 1, None] + np.arange(self.size[1])
        inside = ((y >= 0) & (y < height))[:, :, None] & ((x >= 0) & (x < width))[:, None, :]
        flat = y[:, :, None] * width + x[:, None, :]
        planes = np.arange(channels)[None, :, None, None] * (height * width)
        cells = np.where(inside[:, None], planes + flat[:, None], channels * height * width)
        return cells.reshape(len(self.corners), -1)

    @cached_property
    def inside(self) -> npt.NDArray[np.bool_]:
        """(P, channels * h * w): whether a cell lies in the layer."""
        return np.asarray(self.cells < math.prod(self.layer))

    def take(self, rows: slice) -> Window:
        """The same windows for fewer rows."""
        chosen = Window(self.layer, self.size, self.corners, self.position[rows])
        chosen.__dict__["cells"] = self.cells
        chosen.__dict__["inside"] = self.inside
        return chosen

    def look(self, neurons: Array, sample: Index) -> Array:
        """What lies under each row's window of its sample: (B, n) -> (T, cells)."""
        padded = np.concatenate([neurons, np.zeros((len(neurons), 1))], axis=1)
        under = padded[:, self.cells]
        return under[0][self.position] if len(neurons) == 1 else under[sample, self.position]


@dataclass(frozen=True, eq=False)
class Rows:
    """``T`` rows over the ``n`` neurons of a layer, dense (T, n) or windowed (T, cells).

    ``sample`` (T,) tells which of ``B`` samples each row is about.
    """

    values: Array
    width: int
    sample: Index
    window: Window | None = None

    def __len__(self) -> int:
        return len(self.values)

    def look(self, neurons: Array) -> Array:
        """Entries of (B, n) that stand opposite each value; broadcasts against ``values``."""
        if self.window is not None:
            return self.window.look(neurons, self.sample)
        return neurons if len(neurons) == 1 else neurons[self.sample]

    def with_values(self, values: Array) -> Rows:
        """Other values in the same places."""
        return Rows(values, self.width, self.sample, self.window)

    def take(self, part: slice) -> Rows:
        """Some of the rows."""
        window = None if self.window is None else self.window.take(part)
        return Rows(self.values[part], self.width, self.sample[part], window)

    def clipped(self) -> Array:
        """The values, 0 beyond the edge of the layer."""
        if self.window is None or self.window.inside.all():
            return self.values
        return np.where(self.window.inside[self.window.position], self.values, 0.0)

    def dense(self) -> Array:
        """The rows as a (T, n) array."""
        if self.window is None:
            return self.values
        full = np.zeros((len(self.values), self.width + 1))
        np.put_along_axis(full, self.window.cells[self.window.position], self.values, axis=1)
        return full[:, : self.width]

    def densified(self) -> Rows:
        """The same rows without a window."""
        return self if self.window is None else Rows(self.dense(), self.width, self.sample)

    def plus(self, other: Rows) -> Rows:
        """The sum of two sets of rows over the same layer."""
        mine, theirs = self.window, other.window
        same = mine is not None and theirs is not None and mine is theirs
        if same or (mine is None and theirs is None):
            return self.with_values(self.values + other.values)
        return Rows(self.dense() + other.dense(), self.width, self.sample)
