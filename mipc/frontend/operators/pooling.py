"""Pools: averages are linear, maxima are the Max of the core language."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.frontend.builder import Constant, Tensor
from mipc.frontend.operators.folded_sums import mapped
from mipc.frontend.operators.folding import product, quotient
from mipc.frontend.operators.sliding import Sliding
from mipc.frontend.registry import Call, operator

Counts: TypeAlias = npt.NDArray[np.int64]


@operator("AveragePool", since=7)
def average_pool(call: Call) -> Tensor:
    """1-D and 2-D averages: strides, pads, auto_pad, count_include_pad, dilations, ceil_mode."""
    sliding = Sliding.of(call, call[0].shape, tuple(call.attribute("kernel_shape", [])))
    ceiled = sliding.ceiled() if call.flag("ceil_mode") else sliding
    counts = ceiled.counts(call)
    if call.flag("count_include_pad"):
        counts = _padded_counts(call, sliding, ceiled)
    return _average(call, ceiled, counts)


@operator("GlobalAveragePool")
def global_average_pool(call: Call) -> Tensor:
    """The mean over all spatial axes, of which there may be one or two."""
    shape = call[0].shape
    sliding = Sliding.of(call, shape, shape[2:])
    return _average(call, sliding, sliding.counts(call))


def _padded_counts(call: Call, sliding: Sliding, ceiled: Sliding) -> Counts:
    """How many cells of each window lie in the image or its pads; not beyond, in ceil_mode."""
    top, left, bottom, right = sliding.pads
    size = (sliding.size[0] + top + bottom, sliding.size[1] + left + right)
    beyond = (0, 0, ceiled.pads[2] - bottom, ceiled.pads[3] - right)
    return replace(ceiled, size=size, pads=beyond).counts(call)


def _average(call: Call, sliding: Sliding, counts: Counts) -> Tensor:
    """Sum by a convolution with equal weights, each channel its own group; divide by counts.

    Where all windows have the same count, its reciprocal is the weight.
    """
    x, channels = call[0], sliding.channels
    shape = call.room(*sliding.shape(channels))
    if not sliding.counts(call).all():
        raise call.fail("a window that lies in the padding alone")
    one = Constant(np.ones(1))
    share = quotient(call, one, Constant(counts.reshape(-1)[:1].astype(np.float64)))
    uniform = bool((counts == counts.flat[0]).all())
    weight = share if uniform else one
    kernel = np.full((channels, 1, *sliding.kernel), weight.array[0])
    linear = sliding.convolution(kernel, channels)
    shares = quotient(call, one, Constant(counts.reshape(shape[2:]).astype(np.float64)))
    if isinstance(x, Constant):
        sums = mapped(call, linear, x, shape, weight.relative)
        return sums if uniform else product(call, sums, shares)
    labels = call.labels("" if uniform else "sum")
    total = call.build.affine([linear], [x], 0.0, shape, relative=weight.relative, **labels)
    return total if uniform else call.build.scale(total, shares, **call.labels())


@operator("MaxPool")
def max_pool(call: Call) -> Tensor:
    """1-D and 2-D maxima: strides, pads, auto_pad, dilations, ceil_mode; not the indices."""
    sliding = Sliding.of(call, call[0].shape, tuple(call.attribute("kernel_shape", [])))
    return _largest(call, sliding.ceiled() if call.flag("ceil_mode") else sliding)


@operator("GlobalMaxPool")
def global_max_pool(call: Call) -> Tensor:
    """The largest number over all spatial axes, of which there may be one or two."""
    shape = call[0].shape
    return _largest(call, Sliding.of(call, shape, shape[2:]))


def _largest(call: Call, sliding: Sliding) -> Tensor:
    """The largest number of each window; a choice among constants keeps their share of rounding."""
    x = call[0]
    channels, plane = sliding.images * sliding.channels, math.prod(sliding.size)
    call.room(channels, *sliding.positions, *sliding.kernel)
    if not sliding.counts(call).all():
        raise call.fail("a window that lies in the padding alone")
    members = sliding.members()
    planes = np.arange(channels)[:, None, None] * plane
    groups = np.where(members < 0, -1, members + planes).reshape(-1, members.shape[1])
    shape = sliding.shape(sliding.channels)
    if isinstance(x, Constant):
        rows = np.where(groups < 0, -np.inf, x.array.reshape(-1)[groups])
        return Constant(rows.max(axis=1).reshape(shape), x.relative)
    if groups.shape[1] == 1:
        return call.build.select(x, groups.reshape(shape), **call.labels())
    return call.build.maximum(x, groups, shape, **call.labels())
