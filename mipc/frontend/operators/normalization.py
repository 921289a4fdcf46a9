"""Normalisation with statistics fixed at export."""

from __future__ import annotations

import numpy as np

from mipc.frontend.builder import Tensor
from mipc.frontend.registry import Call, operator
from mipc.numerics.linear_maps import ScaleMap
from mipc.numerics.rounding import UNIT


@operator("BatchNormalization", since=7)
def batch_normalization(call: Call) -> Tensor:
    """Inference mode: ``scale (x - mean) / sqrt(var + epsilon) + bias`` for each channel.

    The factor ``s = scale / sqrt(var + epsilon)`` is irrational: float64 comes within four units
    of rounding, and the node says so.
    """
    call.expect("training_mode", 0)
    call.expect("spatial", 1)
    x = call.value(0)
    scale, bias, mean, variance = (call.constant(i) for i in range(1, 5))
    epsilon = float(call.attribute("epsilon", float(np.float32(1e-5))))
    spread = variance.array + epsilon
    if (spread <= 0).any():
        raise call.fail("a variance plus epsilon that is not positive")
    factor = scale.array / np.sqrt(spread)
    offset = bias.array - mean.array * factor
    inputs = sum(c.relative for c in (scale, bias, mean, variance))
    relative = 8 * UNIT + 2 * inputs
    radius = 4 * relative * (np.abs(bias.array) + np.abs(mean.array * factor))
    lift = (1, -1, *(1 for _ in x.shape[2:]))
    wide = [np.broadcast_to(a.reshape(lift), x.shape).reshape(-1) for a in (factor, offset, radius)]
    return call.build.affine(
        [ScaleMap(np.array(wide[0]))], [x], wide[1].reshape(x.shape), x.shape,
        relative=relative, radius=np.array(wide[2]), **call.labels(),
    )  # fmt: skip
