"""Convolution in one and two dimensions."""

from __future__ import annotations

import numpy as np

from mipc.frontend.builder import Tensor
from mipc.frontend.operators.sliding import Sliding
from mipc.frontend.registry import Call, operator
from mipc.numerics.linear_maps import ConvMap


@operator("Conv")
def conv(call: Call) -> Tensor:
    """1-D and 2-D cross-correlation: strides, dilations, groups, uneven pads, auto_pad."""
    x, weight = call.value(0), call.constant(1)
    groups = int(call.attribute("group", 1))
    sliding = Sliding.of(call, x.shape, weight.shape[2:])
    channels_out, per_group = weight.shape[:2]
    if per_group * groups != x.shape[1] or channels_out % groups:
        raise call.fail(
            f"weights of shape {list(weight.shape)} in {groups} groups do not fit an input of "
            f"shape {list(x.shape)}"
        )
    linear = ConvMap(
        weight.array.reshape(channels_out, per_group, *sliding.kernel),
        (x.shape[1], *sliding.size), sliding.strides, sliding.dilations, sliding.pads, groups,
    )  # fmt: skip
    shape = sliding.shape(1, channels_out)
    bias = call.constant(2) if call.has(2) else None
    flat = np.zeros(channels_out) if bias is None else bias.array.reshape(channels_out)
    offset = flat.reshape(1, channels_out, *(1 for _ in shape[2:]))
    relative = max(weight.relative, bias.relative if bias else 0.0)
    return call.build.affine([linear], [x], offset, shape, relative=relative, **call.labels())
