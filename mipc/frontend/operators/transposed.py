"""Transposed convolution over any number of axes: each number is spread over a window."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from mipc.frontend.builder import Constant, Tensor
from mipc.frontend.operators.folded_sums import mapped
from mipc.frontend.operators.folding import total
from mipc.frontend.registry import Call, operator
from mipc.numerics.linear_maps import SparseMap

Array: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True)
class _Spread:
    """Along one axis: ``size`` numbers, each spread over ``kernel`` places of the result."""

    size: int
    kernel: int
    stride: int
    dilation: int
    before: int
    result: int

    @property
    def targets(self) -> npt.NDArray[np.intp]:
        """(size, kernel): where each product goes; outside of the result it is dropped."""
        begin = np.arange(self.size) * self.stride - self.before
        return begin[:, None] + np.arange(self.kernel) * self.dilation


@operator("ConvTranspose")
def conv_transpose(call: Call) -> Tensor:
    """1-D to 3-D: strides, dilations, groups, pads, auto_pad, output_padding, output_shape."""
    x, weight = call[0], call.constant(1)
    groups = int(call.attribute("group", 1))
    if len(x.shape) not in (3, 4, 5) or len(weight.shape) != len(x.shape):
        raise call.fail(
            f"weights of shape {list(weight.shape)} on an input of shape {list(x.shape)}; one to "
            "three spatial axes are supported"
        )
    if groups < 1 or weight.shape[0] != x.shape[1] or x.shape[1] % groups:
        raise call.fail(
            f"weights of shape {list(weight.shape)} in {groups} groups do not fit an input of "
            f"shape {list(x.shape)}"
        )
    spreads = _spreads(call, x.shape[2:], weight.shape[2:])
    features = weight.shape[1] * groups
    shape = call.room(x.shape[0], features, *(spread.result for spread in spreads))
    if math.prod(shape) == 0:
        raise call.fail(f"its pads leave nothing: shape {list(shape)}")
    linear = _matrix(call, weight.array, groups, spreads, shape)
    bias = call.constant(2) if call.has(2) else Constant(np.zeros(features))
    bias = Constant(bias.array.reshape(features, *(1 for _ in spreads)), bias.relative)
    if isinstance(x, Constant):
        known = mapped(call, linear, x, shape, weight.relative)
        return total(call, known, bias, 1.0) if call.has(2) else known
    relative = max(weight.relative, bias.relative)
    return call.build.affine([linear], [x], bias.array, shape, relative=relative, **call.labels())


def _matrix(
    call: Call, weight: Array, groups: int, spreads: list[_Spread], shape: tuple[int, ...]
) -> SparseMap:
    """All products, each with its place in the argument and in the result.

    Their axes: image, group, channel in it, feature in it, then places and kernel cells by turns.
    """
    images, features = shape[:2]
    channels, per_group = weight.shape[:2]
    sizes = [n for spread in spreads for n in (spread.size, spread.kernel)]
    terms = call.room(images, groups, channels // groups, per_group, *sizes)
    image, group, channel, feature, *cells = np.ogrid[tuple(map(slice, terms))]
    source = image * channels + group * (channels // groups) + channel
    target = image * features + group * per_group + feature
    inside = np.ones((1,) * len(terms), dtype=bool)
    for number, spread in enumerate(spreads):
        place = spread.targets[cells[2 * number], cells[2 * number + 1]]
        inside = inside & (place >= 0) & (place < spread.result)
        source = source * spread.size + cells[2 * number]
        target = target * spread.result + place
    entries = weight[(group * (channels // groups) + channel, feature, *cells[1::2])]
    inside = np.broadcast_to(inside, terms)
    values, rows, columns = (np.broadcast_to(a, terms)[inside] for a in (entries, target, source))
    width = images * channels * math.prod(spread.size for spread in spreads)
    matrix = sp.csr_array(
        sp.coo_array((values.astype(np.float64), (rows, columns)), shape=(math.prod(shape), width))
    )
    matrix.eliminate_zeros()
    matrix.sort_indices()
    return SparseMap(matrix)


def _spreads(call: Call, size: tuple[int, ...], kernel: tuple[int, ...]) -> list[_Spread]:
    """The geometry of each axis."""
    axes = len(size)
    call.expect("kernel_shape", list(kernel))
    strides = list(call.attribute("strides", [1] * axes))
    dilations = list(call.attribute("dilations", [1] * axes))
    more = list(call.attribute("output_padding", [0] * axes))
    if not len(strides) == len(dilations) == len(more) == axes:
        raise call.fail("strides, dilations and output_padding must be one for each axis")
    if min(*strides, *dilations, *kernel, *size) < 1 or min(more) < 0:
        raise call.fail("strides, dilations and kernels must be positive")
    natural = [
        (n - 1) * s + (k - 1) * d + 1 + p
        for n, s, k, d, p in zip(size, strides, kernel, dilations, more, strict=True)
    ]
    for length in natural:
        call.room(length)
    before, result = _borders(call, natural, size, strides)
    if any(m - n >= s for m, n, s in zip(result, natural, strides, strict=True)):
        raise call.fail(f"output_shape {result} is larger than what there is, {natural}")
    given = zip(size, kernel, strides, dilations, before, result, strict=True)
    return [_Spread(*(int(number) for number in one)) for one in given]


def _borders(
    call: Call, natural: list[int], size: tuple[int, ...], strides: list[int]
) -> tuple[list[int], list[int]]:
    """How much is cut off before each axis, and the sizes of the result.

    Given a shape, or a SAME that makes it ``stride`` times the argument's, what is too much is cut
    off on both sides; of an odd number the larger half at the end for SAME_UPPER, else before.
    """
    axes = len(size)
    call.expect("auto_pad", "NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")
    auto = call.attribute("auto_pad", "NOTSET")
    wanted = call.attribute("output_shape")
    if wanted is None and not auto.startswith("SAME"):
        pads = list(call.attribute("pads", [0] * (2 * axes)))
        if len(pads) != 2 * axes or min(pads) < 0:
            raise call.fail(f"pads {pads}")
        pads = [0] * (2 * axes) if auto == "VALID" else pads
        ends = zip(natural, pads[:axes], pads[axes:], strict=True)
        return pads[:axes], [max(n - b - a, 0) for n, b, a in ends]
    target = [n * s for n, s in zip(size, strides, strict=True)] if wanted is None else list(wanted)
    target = target[-axes:]
    if len(target) != axes or min(target) < 1:
        raise call.fail(f"output_shape {target} for {axes} axes")
    cut = [max(n - m, 0) for n, m in zip(natural, target, strict=True)]
    result = target if wanted is not None else [n - c for n, c in zip(natural, cut, strict=True)]
    return [c // 2 if auto == "SAME_UPPER" else c - c // 2 for c in cut], result
