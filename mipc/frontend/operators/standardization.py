"""Normalisation by the mean and the variance of what is computed: smooth, group by group."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from mipc.frontend.builder import Constant, Tensor, Value
from mipc.frontend.operators.clipping import shifted
from mipc.frontend.operators.folding import quotient
from mipc.frontend.operators.products import multiplied
from mipc.frontend.registry import Call, operator
from mipc.numerics import functions as f
from mipc.numerics.linear_maps import LinearMap, SelectMap, SparseMap, identity

Index: TypeAlias = npt.NDArray[np.intp]


@operator("LayerNormalization", since=17)
def layer_normalization(call: Call) -> Tensor:
    """``scale (x - mean) / sqrt(var + epsilon) + bias`` over all axes from one on."""
    call.expect("stash_type", 1)
    shape = call.value(0).shape
    axis = call.axis(int(call.attribute("axis", -1)), len(shape))
    of = np.repeat(np.arange(math.prod(shape[:axis])), math.prod(shape[axis:]))
    bias = call.constant(2) if call.has(2) else Constant(np.zeros(()))
    return _standardized(call, of, call.constant(1), bias)


@operator("InstanceNormalization", since=6)
def instance_normalization(call: Call) -> Tensor:
    """``scale (x - mean) / sqrt(var + epsilon) + bias`` over the axes of each channel's image."""
    shape = call.value(0).shape
    scale, bias = call.constant(1), call.constant(2)
    if len(shape) < 3 or any(c.shape != (shape[1],) for c in (scale, bias)):
        raise call.fail(
            f"an input of shape {list(shape)} with a scale of shape {list(scale.shape)}; images "
            "and one number for each channel are needed"
        )
    of = np.repeat(np.arange(math.prod(shape[:2])), math.prod(shape[2:]))
    wide = [
        Constant(c.array.reshape(-1, *(1 for _ in shape[2:])), c.relative) for c in (scale, bias)
    ]
    return _standardized(call, of, *wide)


def _standardized(call: Call, of: Index, scale: Constant, bias: Constant) -> Value:
    """Numbers minus the mean of their group, by its spread; ``of`` tells each one's group.

    The variance is a sum of squares and ``epsilon`` is above 0: its root has a reciprocal.
    """
    x, build = call.value(0), call.build
    if call.broadcast(x, scale, bias) != x.shape:
        raise call.fail(f"scale and bias do not fit an input of shape {list(x.shape)}")
    epsilon = float(call.attribute("epsilon", np.float32(1e-5)))
    if epsilon <= 0:
        raise call.fail(f"epsilon={epsilon}; it has to be positive")
    means, rounding = _means(call, of)
    groups = means.shape[0]
    mean = build.affine([means], [x], 0.0, (groups,), relative=rounding, **call.labels("mean"))
    maps: list[LinearMap] = [identity(x.size), SparseMap(-SelectMap(of, groups).tocsr())]
    centred = build.affine(maps, [x, mean], 0.0, x.shape, **call.labels("centred"))
    squares = build.smooth(centred, f.power(2.0), **call.labels("squares"))
    variance = build.affine(
        [means], [squares], epsilon, (groups,), relative=rounding, **call.labels("variance")
    )
    inverse = build.smooth(variance, f.power(-0.5), **call.labels("inverse"))
    wide = build.affine([SelectMap(of, groups)], [inverse], 0.0, x.shape, **call.labels("factors"))
    scaled = build.scale(multiplied(call, centred, wide, "unit"), scale, **call.labels("scaled"))
    return shifted(call, scaled, 1.0, bias)


def _means(call: Call, of: Index) -> tuple[SparseMap, float]:
    """The mean of each group of consecutive numbers, and the share its weights are rounded by."""
    size, groups = len(of), int(of[-1]) + 1
    one, members = (Constant(np.array(n)) for n in (1.0, float(size // groups)))
    share = quotient(call, one, members)
    ends = np.arange(groups + 1) * (size // groups)
    values = np.full(size, float(share.array))
    matrix = sp.csr_array((values, np.arange(size), ends), shape=(groups, size))
    return SparseMap(matrix), share.relative
