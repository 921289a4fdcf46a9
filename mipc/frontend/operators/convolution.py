"""Convolution in one and two dimensions."""

from __future__ import annotations

import numpy as np

from mipc.frontend.builder import Constant, Tensor
from mipc.frontend.operators.folded_sums import mapped
from mipc.frontend.operators.folding import total
from mipc.frontend.operators.sliding import Sliding
from mipc.frontend.registry import Call, operator


@operator("Conv")
def conv(call: Call) -> Tensor:
    """1-D and 2-D cross-correlation: strides, dilations, groups, uneven pads, auto_pad."""
    x, weight = call[0], call.constant(1)
    bias = call.constant(2) if call.has(2) else Constant(np.zeros(weight.shape[:1]))
    groups = int(call.attribute("group", 1))
    sliding = Sliding.of(call, x.shape, weight.shape[2:])
    features, per_group = weight.shape[:2]
    if groups < 1 or per_group * groups != x.shape[1] or features % groups:
        raise call.fail(
            f"weights of shape {list(weight.shape)} in {groups} groups do not fit an input of "
            f"shape {list(x.shape)}"
        )
    kernel = weight.array.reshape(features, per_group, *sliding.kernel)
    shape = call.room(*sliding.shape(features))
    offset = bias.array.reshape(features, *(1 for _ in shape[2:]))
    relative = max(weight.relative, bias.relative)
    call.room(*kernel.shape, sliding.images)
    linear = sliding.convolution(kernel, groups)
    if isinstance(x, Constant):
        known = mapped(call, linear, x, shape, weight.relative)
        return total(call, known, Constant(offset, bias.relative), 1.0) if call.has(2) else known
    return call.build.affine([linear], [x], offset, shape, relative=relative, **call.labels())
