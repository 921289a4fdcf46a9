"""Random attributes and shapes: convolutions and pools."""

from __future__ import annotations

from typing import Any

import numpy as np
from drawn_cases import Draft, constants, drafts, opsets
from hypothesis import assume
from hypothesis import strategies as st
from onnx_models import X
from operator_cases import Case

__all__ = ["STRATEGIES"]

Attributes = dict[str, Any]


@st.composite
def windows(
    draw: st.DrawFn, sizes: tuple[int, ...], *, dilated: bool = True, narrow: bool = False
) -> tuple[tuple[int, ...], Attributes]:
    """A kernel, and strides, dilations and pads that leave at least one window.

    With ``narrow`` pads are smaller than the kernel, so that no window lies in them alone.
    """
    kernel = tuple(draw(st.integers(1, min(3, size))) for size in sizes)
    attributes: Attributes = {}
    if draw(st.booleans()):
        attributes["strides"] = [draw(st.integers(1, 5)) for _ in sizes]
    if dilated and draw(st.booleans()):
        attributes["dilations"] = [
            draw(st.integers(1, max(1, min(3, (size - 1) // max(k - 1, 1)))))
            for size, k in zip(sizes, kernel, strict=True)
        ]
    match draw(st.sampled_from(["", "pads", "pads", "auto"])):
        case "pads":
            most = [k - 1 if narrow else 2 for k in kernel]
            attributes["pads"] = [draw(st.integers(0, m)) for _ in range(2) for m in most]
        case "auto":
            kind = draw(st.sampled_from(["SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET"]))
            attributes["auto_pad"] = kind
            if kind.startswith("SAME"):
                meant_alike(attributes, kernel, pool=narrow)
    return kernel, attributes


def meant_alike(attributes: Attributes, kernel: tuple[int, ...], *, pool: bool) -> None:
    """Leave out what SAME means differently in ONNX Runtime, which is refused."""
    if pool:
        attributes.pop("dilations", None)
    apart = attributes.get("dilations", [1] * len(kernel))
    extent = [(k - 1) * d + 1 for k, d in zip(kernel, apart, strict=True)]
    if "strides" in attributes:
        pairs = zip(attributes["strides"], extent, strict=True)
        attributes["strides"] = [min(stride, length) for stride, length in pairs]


@st.composite
def convolution(draw: st.DrawFn) -> Case:
    """One or two axes, groups, with a bias or none; sometimes on another convolution."""
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    channels = groups * draw(st.integers(1, 2 if groups < 3 else 1))
    sizes = tuple(draw(st.integers(1, 5)) for _ in range(draw(st.sampled_from([1, 2, 2]))))
    assume(channels * np.prod(sizes) <= 50)
    shape = (1, channels, *sizes)
    if draw(st.integers(0, 2)) == 0:
        draft, x = before_it(draw, shape)
    else:
        draft, x = draw(drafts(shape))
    kernel, attributes = draw(windows(sizes))
    features = groups * draw(st.integers(1, 2))
    weight = draw(constants((features, channels // groups, *kernel)))
    bias = (draft.folded(draw, draw(constants((features,)))),) if draw(st.booleans()) else ()
    if groups > 1 or draw(st.booleans()):
        attributes["group"] = groups
    if draw(st.booleans()):
        attributes["kernel_shape"] = list(kernel)
    draft.add("Conv", x, draft.folded(draw, weight), *bias, **attributes)
    return draft.case(draw, "Conv")


def before_it(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[Draft, str]:
    """A convolution that keeps the size, and a ReLU."""
    draft = Draft((1, 1, *shape[2:]), draw(opsets()))
    weight = draw(constants((shape[1], 1, *(2 for _ in shape[2:]))))
    pads = [1] * len(shape[2:]) + [0] * len(shape[2:])
    x = draft.add("Conv", X, weight, draw(constants(shape[1:2])), pads=pads)
    return draft, draft.add("Relu", x) if draw(st.booleans()) else x


@st.composite
def planes(draw: st.DrawFn, *, since: int = 7, double: bool = False) -> tuple[Draft, str, tuple]:
    """A draft, an image in it, and the sizes of its one or two axes."""
    sizes = tuple(draw(st.integers(1, 5)) for _ in range(draw(st.sampled_from([1, 2, 2]))))
    shape = (1, draw(st.integers(1, 2)), *sizes)
    if not double and draw(st.integers(0, 2)) == 0:
        return *before_it(draw, shape), sizes
    return *draw(drafts(shape, since=since, double=double)), sizes


@st.composite
def average_pool(draw: st.DrawFn) -> Case:
    draft, x, sizes = draw(planes())
    kernel, attributes = draw(windows(sizes, dilated=draft.opset >= 19, narrow=True))
    attributes["kernel_shape"] = list(kernel)
    if draw(st.booleans()):
        attributes["count_include_pad"] = draw(st.integers(0, 1))
    draft.add("AveragePool", x, **attributes)
    return draft.case(draw, "AveragePool")


@st.composite
def max_pool(draw: st.DrawFn) -> Case:
    double = draw(st.booleans())
    draft, x, sizes = draw(planes(since=8 if double else 7, double=double))
    kernel, attributes = draw(windows(sizes, dilated=draft.opset >= 10, narrow=True))
    attributes["kernel_shape"] = list(kernel)
    if draft.opset >= 10 and draw(st.booleans()):
        attributes["ceil_mode"] = draw(st.integers(0, 1))
    if draft.opset >= 8 and draw(st.integers(0, 3)) == 0:
        attributes["storage_order"] = draw(st.integers(0, 1))
    draft.add("MaxPool", x, **attributes)
    return draft.case(draw, "MaxPool")


@st.composite
def global_pool(draw: st.DrawFn, op_type: str) -> Case:
    draft, x, _ = draw(planes())
    draft.add(op_type, x)
    return draft.case(draw, op_type)


STRATEGIES: dict[str, st.SearchStrategy[Case]] = {
    "Conv": convolution(),
    "AveragePool": average_pool(),
    "MaxPool": max_pool(),
    "GlobalAveragePool": global_pool("GlobalAveragePool"),
}
