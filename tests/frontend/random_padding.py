"""Random attributes and shapes: pads."""

from __future__ import annotations

from typing import Any

import numpy as np
from drawn_cases import drafts, finished, maybe_constant, shapes
from hypothesis import strategies as st
from onnx_models import whole
from operator_cases import Case

__all__ = ["STRATEGIES"]


@st.composite
def pad(draw: st.DrawFn) -> Case:
    """All modes, on some axes or all, with a value or without; negative pads crop."""
    shape = draw(shapes(1, 4, most=18))
    draft, x = draw(drafts(shape, double=True))
    modes = ["constant", "constant", "reflect", "edge", *(["wrap"] if draft.opset >= 19 else [])]
    mode = draw(st.sampled_from(modes))
    axes = list(range(len(shape)))
    if draft.opset >= 18 and draw(st.booleans()):
        axes = draw(st.permutations(axes))[: draw(st.integers(1, len(axes)))]
    widths = [draw(around(shape[axis], mode)) for axis in axes]
    pads = [low for low, _ in widths] + [high for _, high in widths]
    value = draw(st.sampled_from([None, 0.0, 0.5, -0.3])) if mode == "constant" else None
    source, extra = maybe_constant(draw, draft, x, shape)
    given: dict[str, Any] = {} if mode == "constant" and draw(st.booleans()) else {"mode": mode}
    if draft.opset < 11:
        given |= {} if value is None else {"value": value}
        result = draft.add("Pad", source, pads=pads, **given)
    else:
        inputs = [whole(*pads), None if value is None else np.array(value)]
        if draft.opset >= 18 and (len(axes) < len(shape) or axes != sorted(axes)):
            inputs.append(whole(*axes))
        while inputs[-1] is None:
            inputs.pop()
        result = draft.add("Pad", source, *inputs, **given)
    return finished(draw, draft, "Pad", result, extra)


@st.composite
def around(draw: st.DrawFn, size: int, mode: str) -> tuple[int, int]:
    """Numbers before and after an axis, or fewer of its own, of which one at least is left."""
    if mode == "constant":
        low = draw(st.integers(1 - size, 2))
        return low, draw(st.integers(1 - size - min(low, 0), 2))
    most = {"reflect": size - 1, "edge": 2, "wrap": size}[mode]
    return draw(st.integers(0, most)), draw(st.integers(0, most))


STRATEGIES: dict[str, st.SearchStrategy[Case]] = {"Pad": pad()}
