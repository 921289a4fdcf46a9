"""Pools: averages are linear, maxima are the Max of the core language."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from mipc.frontend.builder import Constant, Tensor
from mipc.frontend.operators.folding import quotient
from mipc.frontend.operators.sliding import Sliding
from mipc.frontend.registry import Call, operator


@operator("AveragePool", since=7)
def average_pool(call: Call) -> Tensor:
    """1-D and 2-D averages: strides, pads, auto_pad, count_include_pad, dilations."""
    call.expect("ceil_mode", 0)
    sliding = Sliding.of(call, call.value(0).shape, tuple(call.attribute("kernel_shape", [])))
    counts = sliding.counts(call)
    if call.flag("count_include_pad"):
        counts = np.full(counts.shape, math.prod(sliding.kernel))
    return _average(call, sliding, counts)


@operator("GlobalAveragePool")
def global_average_pool(call: Call) -> Tensor:
    """The mean over all spatial axes, of which there may be one or two."""
    shape = call.value(0).shape
    sliding = Sliding.of(call, shape, shape[2:])
    return _average(call, sliding, sliding.counts(call))


def _average(call: Call, sliding: Sliding, counts: npt.NDArray[np.int64]) -> Tensor:
    """Sum by a convolution with equal weights, each channel its own group; divide by counts.

    Where all windows have the same count, its reciprocal is the weight.
    """
    x = call.value(0)
    channels = x.shape[1]
    shape = call.room(*sliding.shape(channels))
    if not counts.all():
        raise call.fail("a window that lies in the padding alone")
    one = Constant(np.ones(1))
    share = quotient(call, one, Constant(counts.reshape(-1)[:1].astype(np.float64)))
    uniform = bool((counts == counts.flat[0]).all())
    weight = share if uniform else one
    kernel = np.full((channels, 1, *sliding.kernel), weight.array[0])
    linear = sliding.convolution(kernel, channels)
    labels = call.labels("" if uniform else "sum")
    total = call.build.affine([linear], [x], 0.0, shape, relative=weight.relative, **labels)
    if uniform:
        return total
    shares = quotient(call, one, Constant(counts.reshape(shape[2:]).astype(np.float64)))
    return call.build.scale(total, shares, **call.labels())


@operator("MaxPool")
def max_pool(call: Call) -> Tensor:
    """1-D and 2-D maxima: strides, pads, auto_pad, dilations, ceil_mode; not the indices."""
    x = call.value(0)
    sliding = Sliding.of(call, x.shape, tuple(call.attribute("kernel_shape", [])))
    if call.flag("ceil_mode"):
        sliding = sliding.ceiled()
    channels, plane = x.shape[1], math.prod(sliding.size)
    call.room(channels, *sliding.positions, *sliding.kernel)
    if not sliding.counts(call).all():
        raise call.fail("a window that lies in the padding alone")
    members = sliding.members()
    planes = np.arange(channels)[:, None, None] * plane
    groups = np.where(members < 0, -1, members + planes).reshape(-1, members.shape[1])
    return call.build.maximum(x, groups, sliding.shape(channels), **call.labels())
