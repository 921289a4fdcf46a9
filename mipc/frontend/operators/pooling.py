"""Pools: averages are linear, maxima are the Max of the core language."""

from __future__ import annotations

import numpy as np

from mipc.frontend.builder import Constant, Tensor
from mipc.frontend.operators.arithmetic import reciprocal
from mipc.frontend.operators.sliding import Sliding
from mipc.frontend.registry import Call, operator
from mipc.numerics.linear_maps import ConvMap


@operator("AveragePool", since=7)
def average_pool(call: Call) -> Tensor:
    """1-D and 2-D averages: strides, pads, auto_pad, count_include_pad, dilations."""
    call.expect("ceil_mode", 0)
    x = call.value(0)
    sliding = Sliding.of(call, x.shape, tuple(call.attribute("kernel_shape", [])))
    if call.attribute("count_include_pad", 0):
        counts = np.full(sliding.positions, float(np.prod(sliding.kernel)))
    else:
        counts = (sliding.members() >= 0).sum(axis=1).reshape(sliding.positions).astype(float)
    return _average(call, sliding, counts)


@operator("GlobalAveragePool")
def global_average_pool(call: Call) -> Tensor:
    """The mean over all spatial axes, of which there may be one or two."""
    x = call.value(0)
    sliding = Sliding.of(call, x.shape, x.shape[2:])
    return _average(call, sliding, np.full((1, 1), float(np.prod(sliding.size))))


def _average(call: Call, sliding: Sliding, counts: np.ndarray) -> Tensor:
    """Sum by a convolution with ones, each channel its own group, and divide by the counts."""
    x = call.value(0)
    channels = x.shape[1]
    if not counts.all():
        raise call.fail("a window that lies in the padding alone")
    uniform = bool((counts == counts.flat[0]).all())
    share = reciprocal(Constant(counts.ravel()[:1] if uniform else np.ones(1)))
    ones = np.full((channels, 1, *sliding.kernel), share.array[0])
    linear = ConvMap(
        ones, (channels, *sliding.size), sliding.strides, sliding.dilations, sliding.pads, channels
    )
    shape = sliding.shape(1, channels)
    total = call.build.affine([linear], [x], 0.0, shape, relative=share.relative, **call.labels())
    if uniform:
        return total
    shares = reciprocal(Constant(counts.reshape(shape[2:])))
    return call.build.scale(total, shares, **call.labels())


@operator("MaxPool")
def max_pool(call: Call) -> Tensor:
    """1-D and 2-D maxima: strides, pads, auto_pad, dilations, ceil_mode; not the indices."""
    call.expect("storage_order", 0)
    if call.outputs > 1:
        raise call.fail("the indices of the maxima are used", "only the maxima are supported")
    x = call.value(0)
    sliding = Sliding.of(call, x.shape, tuple(call.attribute("kernel_shape", [])))
    if call.attribute("ceil_mode", 0):
        sliding = sliding.ceiled()
    channels, plane = x.shape[1], sliding.size[0] * sliding.size[1]
    members = sliding.members()
    if (members < 0).all(axis=1).any():
        raise call.fail("a window that lies in the padding alone")
    planes = np.arange(channels)[:, None, None] * plane
    groups = np.where(members < 0, -1, members + planes).reshape(-1, members.shape[1])
    return call.build.maximum(x, groups, sliding.shape(1, channels), **call.labels())
