"""Random shapes and epsilons: normalisation by the mean and variance of what is computed."""

from __future__ import annotations

import math

from drawn_cases import constants, drafts, shapes
from hypothesis import assume
from hypothesis import strategies as st
from operator_cases import Case

__all__ = ["STRATEGIES"]

EPSILONS = [0.01, 0.1, 1.0]


@st.composite
def layer_normalization(draw: st.DrawFn) -> Case:
    """Over the last axes, from any axis on."""
    shape = draw(shapes(low=2, high=3, most=8))
    draft, x = draw(drafts(shape, since=17))
    axis = draw(st.integers(0, len(shape) - 1))
    of = shape[axis:]
    bias = [draw(constants(of))] if draw(st.booleans()) else []
    given = axis - len(shape) if draw(st.booleans()) else axis
    epsilon = draw(st.sampled_from(EPSILONS))
    scale = draft.folded(draw, draw(constants(of)))
    draft.add("LayerNormalization", x, scale, *bias, axis=given, epsilon=epsilon)
    return draft.case(draw, "LayerNormalization")


@st.composite
def instance_normalization(draw: st.DrawFn) -> Case:
    """Over each channel of one or two images."""
    shape = draw(shapes(low=3, high=4, most=8))
    assume(math.prod(shape[2:]) > 1)
    draft, x = draw(drafts(shape))
    scale, bias = draw(constants(shape[1:2])), draw(constants(shape[1:2]))
    epsilon = draw(st.sampled_from(EPSILONS))
    draft.add("InstanceNormalization", x, scale, bias, epsilon=epsilon)
    return draft.case(draw, "InstanceNormalization")


STRATEGIES: dict[str, st.SearchStrategy[Case]] = {
    "InstanceNormalization": instance_normalization(),
    "LayerNormalization": layer_normalization(),
}
