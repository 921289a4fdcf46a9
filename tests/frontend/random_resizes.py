"""Random geometry: transposed convolutions, resizes, pools to the last window, batches."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from drawn_cases import constants, drafts
from hypothesis import assume
from hypothesis import strategies as st
from onnx_models import whole
from operator_cases import Case

__all__ = ["STRATEGIES"]

COORDINATES = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"]
ROUNDINGS = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]
SCALES = [0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 2.5]


@st.composite
def images(draw: st.DrawFn, side: int = 4) -> tuple[int, ...]:
    """A batch of one or two images of one or two axes."""
    sizes = [draw(st.integers(1, side)) for _ in range(draw(st.sampled_from([1, 2, 2])))]
    shape = (draw(st.sampled_from([1, 1, 1, 2])), draw(st.integers(1, 2)), *sizes)
    assume(math.prod(shape) <= 32)
    return shape


@st.composite
def conv_transpose(draw: st.DrawFn) -> Case:
    """Groups, strides, dilations; pads, automatic ones, or a shape of the result."""
    shape = draw(images(3))
    draft, x = draw(drafts(shape))
    axes = range(len(shape) - 2)
    kernel = [draw(st.integers(1, 3)) for _ in axes]
    strides, dilations = ([draw(st.integers(1, 2)) for _ in axes] for _ in range(2))
    groups = draw(st.sampled_from([1, shape[1]]))
    attributes: dict[str, Any] = {"strides": strides, "dilations": dilations, "group": groups}
    extent = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    whole_size = [(n - 1) * s + e for n, s, e in zip(shape[2:], strides, extent, strict=True)]
    match draw(st.sampled_from(["", "pads", "more", "auto", "shape"])):
        case "pads":
            attributes["pads"] = [draw(st.integers(0, (e - 1) // 2)) for e in extent] * 2
        case "more":
            attributes["output_padding"] = [draw(st.integers(0, s - 1)) for s in strides]
        case "auto":
            attributes["dilations"] = [1 for _ in axes]
            attributes["auto_pad"] = draw(st.sampled_from(["SAME_UPPER", "SAME_LOWER", "VALID"]))
        case "shape":
            less = [draw(st.integers(0, (e - 1) // 2)) for e in extent]
            attributes["output_shape"] = [n - c for n, c in zip(whole_size, less, strict=True)]
    size = draw(st.integers(1, 2))
    weight = draft.folded(draw, draw(constants((shape[1], size, *kernel))))
    bias = [draw(constants((size * groups,)))] if draw(st.booleans()) else []
    draft.add("ConvTranspose", x, weight, *bias, **attributes)
    return draft.case(draw, "ConvTranspose")


def stretched(draw: st.DrawFn, sizes: tuple[int, ...]) -> list[float]:
    """Scales that leave something, and change the shape or nothing."""
    scales = [draw(st.sampled_from(SCALES)) for _ in sizes]
    after = [int(n * s) for n, s in zip(sizes, scales, strict=True)]
    assume(min(after) > 0 and math.prod(after) <= 40)
    assume(tuple(after) != sizes or set(scales) == {1.0})
    return scales


@st.composite
def resize(draw: st.DrawFn) -> Case:
    """By scales or sizes, nearest or linear; ties that rounding decides are left out."""
    shape = draw(images(5))
    draft, x = draw(drafts(shape, since=10))
    mode = draw(st.sampled_from(["nearest", "linear"]))
    attributes: dict[str, Any] = {"mode": mode}
    scales = stretched(draw, shape[2:])
    if draft.opset < 11:
        assume(mode == "nearest" or len(shape) == 4)
        draft.add("Resize", x, np.array([1.0, 1.0, *scales]), **attributes)
        return draft.case(draw, "Resize")
    attributes["coordinate_transformation_mode"] = draw(st.sampled_from(COORDINATES))
    if mode == "nearest":
        attributes["nearest_mode"] = draw(st.sampled_from(ROUNDINGS))
    lead, none = [1.0, 1.0], np.zeros(0)
    if draft.opset >= 18 and draw(st.booleans()):
        attributes["axes"] = list(range(2, len(shape)))
        lead = []
    if draw(st.booleans()):
        draft.add("Resize", x, none, np.array([*lead, *scales]), **attributes)
        return draft.case(draw, "Resize")
    after = [int(n * s) for n, s in zip(shape[2:], scales, strict=True)]
    sizes = whole(*(after if not lead else (*shape[:2], *after)))
    if mode == "nearest":
        attributes["nearest_mode"] = draw(st.sampled_from(["floor", "ceil"]))
    draft.add("Resize", x, none, none, sizes, **attributes)
    # with scales listed as an input, ONNX Runtime does not know that they are empty
    return replace(draft.case(draw, "Resize"), listed=False)


@st.composite
def upsample(draw: st.DrawFn) -> Case:
    """The older name of it, by an attribute or by an input."""
    shape = (1, draw(st.integers(1, 2)), draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    draft, x = draw(drafts(shape, until=9))
    scales = [1.0, 1.0, *(draw(st.sampled_from([1.0, 2.0, 3.0])) for _ in range(2))]
    mode = draw(st.sampled_from(["nearest", "linear"]))
    if draft.opset < 9:
        draft.add("Upsample", x, mode=mode, scales=scales)
    else:
        draft.add("Upsample", x, np.array(scales), mode=mode)
    return draft.case(draw, "Upsample")


@st.composite
def pool(draw: st.DrawFn, op_type: str) -> Case:
    """Windows up to the last partial one, over batches; each meets the image."""
    shape = draw(images(5))
    average = op_type == "AveragePool"
    draft, x = draw(drafts(shape, since=19 if average else 10))
    kernel = [draw(st.integers(1, min(3, n))) for n in shape[2:]]
    attributes: dict[str, Any] = {
        "kernel_shape": kernel,
        "strides": [draw(st.integers(1, 3)) for _ in kernel],
        "pads": [draw(st.integers(0, (k - 1) // 2)) for k in kernel] * 2,
        "ceil_mode": draw(st.integers(0, 1)),
    }
    if average:
        attributes["count_include_pad"] = draw(st.integers(0, 1))
    draft.add(op_type, x, **attributes)
    return draft.case(draw, op_type)


@st.composite
def global_pool(draw: st.DrawFn, op_type: str) -> Case:
    draft, x = draw(drafts(draw(images())))
    draft.add(op_type, x)
    return draft.case(draw, op_type)


@st.composite
def conv_batch(draw: st.DrawFn) -> Case:
    """Two images at once."""
    shape = (2, 2, draw(st.integers(2, 3)), draw(st.integers(2, 3)))
    draft, x = draw(drafts(shape))
    groups = draw(st.sampled_from([1, 2]))
    weight = draw(constants((2, 2 // groups, 2, draw(st.integers(1, 2)))))
    draft.add("Conv", x, weight, draw(constants((2,))), group=groups, pads=[1, 0, 0, 1])
    return draft.case(draw, "Conv")


STRATEGIES: dict[str, st.SearchStrategy[Case]] = {
    "AveragePool": pool("AveragePool"),
    "Conv": conv_batch(),
    "ConvTranspose": conv_transpose(),
    "GlobalAveragePool": global_pool("GlobalAveragePool"),
    "GlobalMaxPool": global_pool("GlobalMaxPool"),
    "MaxPool": pool("MaxPool"),
    "Resize": resize(),
    "Upsample": upsample(),
}
