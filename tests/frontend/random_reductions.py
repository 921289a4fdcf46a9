"""Random axes, as attribute or input: reductions."""

from __future__ import annotations

from typing import Any

import numpy as np
from drawn_cases import Draft, Draw, constants, drafts, positive, shapes
from hypothesis import strategies as st
from onnx_models import whole
from operator_cases import Case

__all__ = ["STRATEGIES"]


def over(draw: Draw, draft: Draft, op_type: str, rank: int) -> tuple[list[Any], dict[str, Any]]:
    """Further inputs and attributes of a reduction, as its opset has them."""
    attributes: dict[str, Any] = {}
    if draw(st.booleans()):
        attributes["keepdims"] = draw(st.integers(0, 1))
    axes = draw(st.lists(st.integers(0, rank - 1), min_size=1, max_size=rank, unique=True))
    axes = [axis - rank if draw(st.booleans()) else axis for axis in axes]
    given = draw(st.integers(0, 3)) > 0
    if draft.opset < (13 if op_type == "ReduceSum" else 18):
        if draft.opset < 11:
            axes = [axis % rank for axis in axes]
        return [], attributes | ({"axes": axes} if given else {})
    linear = op_type in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin")
    if (given or linear) and draw(st.integers(0, 2)) == 0:
        attributes["noop_with_empty_axes"] = 1
    if not given:
        return draw(st.sampled_from([[], [whole()]])), attributes
    return [whole(*axes)], attributes


@st.composite
def reduction(
    draw: st.DrawFn,
    op_type: str,
    *,
    above: bool = False,
    smooth: bool = False,
    known: bool = True,
    double: bool = False,
) -> Case:
    """Of a computed tensor, of numbers above 0 where the operator needs that, or of a constant."""
    shape = draw(shapes(most=8 if above or smooth else 36))
    draft, x = draw(drafts(shape, double=double))
    more, attributes = over(draw, draft, op_type, len(shape))
    if known and draw(st.integers(0, 4)) == 0:
        constant = draft.folded(draw, np.abs(draw(constants(shape))) + 0.25)
        result = draft.add(op_type, constant, *more, **attributes)
        total = draft.add("ReduceMin", result, keepdims=0)
        draft.add("Add", x, total)
        return draft.case(draw, op_type)
    if above:
        x = positive(draw, draft, x)
    draft.add(op_type, x, *more, **attributes)
    return draft.case(draw, op_type)


@st.composite
def reduced_product(draw: st.DrawFn) -> Case:
    """Of a shape or of numbers: constants only."""
    shape = draw(shapes(low=2, high=3))
    draft, x = draw(drafts(shape))
    if draw(st.booleans()):
        total = draft.add("ReduceProd", whole(*shape), keepdims=1)
        draft.add("Reshape", x, total)
        return draft.case(draw, "ReduceProd")
    numbers = draft.folded(draw, draw(constants(shape)) + 0.125)
    more, attributes = over(draw, draft, "ReduceProd", len(shape))
    attributes["keepdims"] = 1
    draft.add("Mul", x, draft.add("ReduceProd", numbers, *more, **attributes))
    return draft.case(draw, "ReduceProd")


STRATEGIES: dict[str, st.SearchStrategy[Case]] = {
    "ReduceL1": reduction("ReduceL1"),
    "ReduceL2": reduction("ReduceL2", above=True, known=False),
    "ReduceLogSum": reduction("ReduceLogSum", above=True, known=False),
    "ReduceLogSumExp": reduction("ReduceLogSumExp", smooth=True, known=False),
    "ReduceMax": reduction("ReduceMax", double=True),
    "ReduceMean": reduction("ReduceMean", double=True),
    "ReduceMin": reduction("ReduceMin", double=True),
    "ReduceProd": reduced_product(),
    "ReduceSum": reduction("ReduceSum", double=True),
    "ReduceSumSquare": reduction("ReduceSumSquare", smooth=True),
}
