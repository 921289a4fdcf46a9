"""The linear map of a convolution: never a matrix, but its kernel and where it slides.

Applied to a batch, it gathers what each cell of the kernel meets and multiplies once. Rows that
start at it are windows; pulled back through another convolution they stay windows, by one matrix
that all positions share, until they cover the layer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from mipc.numerics.products import Factor, Products
from mipc.numerics.rounding import largest_row_sum
from mipc.numerics.windows import Rows, Window

__all__ = ["ConvMap"]

Array: TypeAlias = npt.NDArray[np.float64]
Index: TypeAlias = npt.NDArray[np.intp]
Csr: TypeAlias = Any  # scipy.sparse.csr_array of float64


@dataclass(frozen=True, eq=False)
class ConvMap:
    """A 2-D cross-correlation, as ONNX ``Conv`` without its bias.

    Attributes
    ----------
    weight : (out_channels, in_channels // groups, kernel_height, kernel_width)
    layer : (in_channels, height, width)
        The layout of the argument.
    strides, dilations : (vertical, horizontal)
    pads : (top, left, bottom, right)
        Zeros added around the argument; may be uneven.
    groups : int
    """

    weight: Array
    layer: tuple[int, int, int]
    strides: tuple[int, int] = (1, 1)
    dilations: tuple[int, int] = (1, 1)
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)
    groups: int = 1
    _window_factors: dict[tuple[int, int], Factor] = field(default_factory=dict, repr=False)

    @cached_property
    def extent(self) -> tuple[int, int]:
        """Height and width that the dilated kernel spans."""
        height, width = self.weight.shape[2:]
        return (height - 1) * self.dilations[0] + 1, (width - 1) * self.dilations[1] + 1

    @cached_property
    def result(self) -> tuple[int, int, int]:
        """The layout (out_channels, height, width) of the result."""
        _, height, width = self.layer
        top, left, bottom, right = self.pads
        tall, wide = self.extent
        return (
            self.weight.shape[0],
            (height + top + bottom - tall) // self.strides[0] + 1,
            (width + left + right - wide) // self.strides[1] + 1,
        )

    @property
    def shape(self) -> tuple[int, int]:
        return int(np.prod(self.result)), int(np.prod(self.layer))

    @cached_property
    def row_sum(self) -> float:
        return largest_row_sum(np.abs(self.weight).reshape(len(self.weight), -1))

    @cached_property
    def nonzeros(self) -> int:
        return int(self._matrix.nnz)

    @property
    def _fan(self) -> int:
        """No neuron has more entries than this, forwards or backwards."""
        channels_out, channels_in, height, width = self.weight.shape
        return int(max(channels_out, channels_in) * height * width)

    @cached_property
    def _kernels(self) -> tuple[Factor, ...]:
        """One (out_channels/g, in_channels/g * kh * kw) factor a group."""
        return self._grouped(self.weight)

    @cached_property
    def _absolute_kernels(self) -> tuple[Factor, ...]:
        return self._grouped(np.abs(self.weight))

    def _grouped(self, weight: Array) -> tuple[Factor, ...]:
        flat = weight.reshape(self.groups, len(weight) // self.groups, -1)
        return tuple(Factor(np.ascontiguousarray(w), self.row_sum, self._fan) for w in flat)

    def apply(self, x: Array, products: Products) -> Array:
        return self._correlate(x, self._kernels, products)

    def apply_absolute(self, x: Array, products: Products) -> Array:
        return self._correlate(x, self._absolute_kernels, products)

    def _correlate(self, x: Array, kernels: tuple[Factor, ...], products: Products) -> Array:
        """(B, n) -> (B, m): gather what each kernel cell meets, one product a group.

        The batch is the last axis meanwhile, so that every copy is of long runs of numbers.
        """
        _, height, width = self.result
        top, left, bottom, right = self.pads
        images = x.T.reshape(*self.layer, len(x))
        images = np.pad(images, ((0, 0), (top, bottom), (left, right), (0, 0)))
        met = np.empty((self.layer[0], *self.weight.shape[2:], height, width, len(x)))
        for i, j, cells in self._kernel_cells():
            met[:, i, j] = images[cells]
        grouped = met.reshape(self.groups, -1, height * width * len(x))
        parts = [products.left(kernel, grouped[g]) for g, kernel in enumerate(kernels)]
        return np.ascontiguousarray(_stacked(parts).reshape(-1, len(x)).T)

    def _kernel_cells(self) -> Iterator[tuple[int, int, tuple[slice, ...]]]:
        """Each cell (i, j) of the kernel, and the part of a padded image that it meets."""
        _, height, width = self.result
        for i, j in np.ndindex(*self.weight.shape[2:]):
            y, x = i * self.dilations[0], j * self.dilations[1]
            rows = slice(y, y + height * self.strides[0], self.strides[0])
            columns = slice(x, x + width * self.strides[1], self.strides[1])
            yield i, j, (slice(None), rows, columns)

    def pull(self, rows: Rows, products: Products) -> Rows:
        if rows.window is not None and self._keeps(rows.window):
            values = products.matmul(rows.clipped(), self._window_factor(rows.window.size))
            return Rows(values, self.shape[1], rows.sample, self._wider(rows.window))
        return Rows(self._scatter(rows.dense(), products), self.shape[1], rows.sample)

    def _keeps(self, window: Window) -> bool:
        """Whether rows with this window stay smaller than dense ones when pulled back."""
        height, width = self._looks_at(window.size)
        return window.layer == self.result and height * width < self.layer[1] * self.layer[2]

    def _looks_at(self, size: tuple[int, int]) -> tuple[int, int]:
        """The size of the window of the argument under a window of the result."""
        return (
            (size[0] - 1) * self.strides[0] + self.extent[0],
            (size[1] - 1) * self.strides[1] + self.extent[1],
        )

    def _wider(self, window: Window) -> Window:
        """The windows of this map's argument that the given windows of its result look at."""
        corners = window.corners * np.array(self.strides) - np.array(self.pads[:2])
        return Window(self.layer, self._looks_at(window.size), corners, window.position)

    def _window_factor(self, size: tuple[int, int]) -> Factor:
        """The map between one window of the result and the window it looks at: no padding."""
        if size not in self._window_factors:
            layer = (self.layer[0], *self._looks_at(size))
            local = ConvMap(self.weight, layer, self.strides, self.dilations, groups=self.groups)
            matrix = local.tocsr().toarray()
            self._window_factors[size] = Factor(matrix, self.row_sum, self._fan)
        return self._window_factors[size]

    def _scatter(self, rows: Array, products: Products) -> Array:
        """The transposed convolution: (T, m) -> (T, n), one strided addition a kernel cell."""
        channels, height, width = self.result
        top, left, bottom, right = self.pads
        count, (inputs, tall, wide) = len(rows), self.layer
        layered = np.ascontiguousarray(rows.T)
        grouped = layered.reshape(self.groups, channels // self.groups, -1)
        parts = [
            products.left(kernel, grouped[g], transpose=True)
            for g, kernel in enumerate(self._kernels)
        ]
        spread = _stacked(parts).reshape(inputs, *self.weight.shape[2:], height, width, count)
        images = np.zeros((inputs, tall + top + bottom, wide + left + right, count))
        for i, j, cells in self._kernel_cells():
            images[cells] += spread[:, i, j]
        inner = images[:, top : top + tall, left : left + wide]
        return np.ascontiguousarray(inner.reshape(-1, count).T)

    @cached_property
    def _spread_kernel(self) -> Array:
        """(out_channels, in_channels * height * width of the extent): dilation and groups as 0."""
        kernel = np.zeros((len(self.weight), self.layer[0], *self.extent))
        per_group = self.layer[0] // self.groups
        for g, block in enumerate(np.split(np.arange(len(self.weight)), self.groups)):
            inputs = slice(g * per_group, (g + 1) * per_group)
            kernel[block, inputs, :: self.dilations[0], :: self.dilations[1]] = self.weight[block]
        return kernel.reshape(len(self.weight), -1)

    @cached_property
    def _corners(self) -> Index:
        """(positions, 2): where the window of each position of the result begins."""
        _, height, width = self.result
        corners = np.stack(np.divmod(np.arange(height * width), width), axis=1)
        return np.asarray(corners * np.array(self.strides) - np.array(self.pads[:2]))

    def unit_rows(self, neurons: Index, sample: Index) -> Rows:
        channel, position = np.divmod(neurons, len(self._corners))
        window = Window(self.layer, self.extent, self._corners, position)
        rows = Rows(self._spread_kernel[channel], self.shape[1], sample, window)
        small = self.extent[0] * self.extent[1] < self.layer[1] * self.layer[2]
        return rows if small else rows.densified()

    def error(self, products: Products, window: Window | None = None) -> float:
        scattered = max(products.error(kernel) for kernel in self._kernels)
        if window is None or not self._keeps(window):
            return scattered
        return max(scattered, products.error(self._window_factor(window.size)))

    def tocsr(self) -> Csr:
        return self._matrix

    @cached_property
    def _matrix(self) -> Csr:
        channels, height, width = self.result
        per_group = self.layer[0] // self.groups
        o, c, i, j = np.meshgrid(*map(np.arange, self.weight.shape), indexing="ij")
        channel_in = (o // (channels // self.groups)) * per_group + c
        y = np.arange(height)[:, None] * self.strides[0] - self.pads[0]
        x = np.arange(width)[None, :] * self.strides[1] - self.pads[1]
        # one entry for each (output channel, y, x) and each cell of its kernel
        rows_in = y + (i * self.dilations[0])[..., None, None]
        columns_in = x + (j * self.dilations[1])[..., None, None]
        result = (o[..., None, None] * height + np.arange(height)[:, None]) * width + np.arange(
            width
        )
        inside = (rows_in >= 0) & (rows_in < self.layer[1])
        inside = inside & (columns_in >= 0) & (columns_in < self.layer[2])
        source = (channel_in[..., None, None] * self.layer[1] + rows_in) * self.layer[2]
        source = source + columns_in
        values = np.broadcast_to(self.weight[..., None, None], inside.shape)[inside]
        entries = (values, (result[inside], source[inside]))
        matrix = sp.csr_array(sp.coo_array(entries, shape=self.shape))
        matrix.eliminate_zeros()
        matrix.sort_indices()
        return matrix


def _stacked(parts: list[Array]) -> Array:
    """Parts one below the other; nothing is copied where there is one."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
