"""Normalisation with statistics fixed at export."""

from __future__ import annotations

import numpy as np

from mipc.frontend.builder import Tensor
from mipc.frontend.operators.folding import held
from mipc.frontend.registry import Call, operator
from mipc.numerics.linear_maps import ScaleMap
from mipc.numerics.rounding import UNIT


@operator("BatchNormalization", since=7)
def batch_normalization(call: Call) -> Tensor:
    """Inference mode: ``scale (x - mean) / sqrt(var + epsilon) + bias`` for each channel.

    The factor ``s = scale / sqrt(var + epsilon)`` is irrational: float64 comes within three units
    of rounding, the product ``mean s`` within four and its difference from ``bias`` within one
    more of what is left. The node states at least twice that.
    """
    call.expect("training_mode", 0)
    call.expect("spatial", 1)
    x = call.value(0)
    given = [call.constant(i) for i in range(1, 5)]
    if len(x.shape) < 2 or any(c.shape != (x.shape[1],) for c in given):
        raise call.fail(
            f"an input of shape {list(x.shape)} with parameters of shapes "
            f"{[list(c.shape) for c in given]}; one number for each channel is needed"
        )
    scale, bias, mean, variance = (c.array.astype(np.float64) for c in given)
    spread = variance + float(call.attribute("epsilon", np.float32(1e-5)))
    if (variance < 0).any() or (spread <= 0).any():
        raise call.fail("a variance is negative, or zero without an epsilon")
    factor = held(call, scale / np.sqrt(spread), scale != 0)
    shift = held(call, mean * factor, (mean != 0) & (factor != 0))
    relative = 8 * UNIT + 2 * sum(c.relative for c in given)
    radius = 2 * relative * (np.abs(bias) + np.abs(shift))
    wide = [a.reshape(-1, *(1 for _ in x.shape[2:])) for a in (factor, bias - shift, radius)]
    linear = ScaleMap(np.broadcast_to(wide[0], x.shape).reshape(-1).copy())
    return call.build.affine(
        [linear], [x], wide[1], x.shape, relative=relative, radius=wide[2], **call.labels()
    )
