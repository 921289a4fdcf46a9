"""Random attributes and shapes: activations with bends, clips, sums and extremes of several."""

from __future__ import annotations

from typing import Any

import numpy as np
from drawn_cases import constants, drafts, shapes
from hypothesis import strategies as st
from operator_cases import Case

__all__ = ["STRATEGIES"]

SLOPES = [0.01, 0.3, 0.1, 0.0, 1.0, 1.7, -0.5, -1.0, 3.0, 1e-12]


def maybe(draw: st.DrawFn, **choices: st.SearchStrategy[Any]) -> dict[str, Any]:
    """Some of the attributes."""
    return {name: draw(values) for name, values in choices.items() if draw(st.booleans())}


def narrowed(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape that broadcasts to the given one."""
    kept = shape[draw(st.integers(0, len(shape))) :]
    return tuple(n if draw(st.integers(0, 2)) else 1 for n in kept)


@st.composite
def elementwise(draw: st.DrawFn, op_type: str, double: bool = False, **numbers: Any) -> Case:
    """An operator of one tensor, computed or constant, with some of its attributes."""
    shape = draw(shapes())
    draft, x = draw(drafts(shape, double=double))
    attributes = maybe(draw, **numbers)
    if draw(st.integers(0, 4)) == 0:
        known = draft.add(op_type, draft.folded(draw, draw(constants(shape))), **attributes)
        draft.add("Add", x, known)
    else:
        draft.add(op_type, x, **attributes)
    return draft.case(draw, op_type)


@st.composite
def prelu(draw: st.DrawFn) -> Case:
    """Slopes of any size and sign, broadcast."""
    shape = draw(shapes())
    draft, x = draw(drafts(shape))
    slope = draw(constants(narrowed(draw, shape)))
    if draw(st.integers(0, 3)) == 0:
        slope = np.full(slope.shape, draw(st.sampled_from(SLOPES)))
    draft.add("PRelu", x, slope)
    return draft.case(draw, "PRelu")


@st.composite
def clip(draw: st.DrawFn) -> Case:
    """Both ends, one or none, in any order where ONNX Runtime allows it."""
    shape = draw(shapes())
    draft, x = draw(drafts(shape, double=True))
    ends = [draw(st.sampled_from([-1.5, -0.3, 0.0, 0.25, 0.7, 6.0])) for _ in range(2)]
    given = [draw(st.integers(0, 3)) > 0 for _ in range(2)]
    if draft.opset < 11:
        draft.dtype = np.float32
        named = zip(("min", "max"), sorted(ends), given, strict=True)
        draft.add("Clip", x, **{name: end for name, end, there in named if there})
    else:
        inputs = [np.array(e) if there else None for e, there in zip(ends, given, strict=True)]
        while inputs and inputs[-1] is None:
            inputs.pop()
        draft.add("Clip", x, *inputs)
    return draft.case(draw, "Clip")


@st.composite
def several(draw: st.DrawFn, op_type: str, double: bool = False) -> Case:
    """One to four tensors in any order, constants among them, broadcast."""
    shape = draw(shapes(most=24))
    draft, x = draw(drafts(shape, since=8, double=double))
    inputs: list[Any] = [x]
    for _ in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from(["constant", "constant", "computed", "same", "zero"]))
        narrow = narrowed(draw, shape)
        if kind == "constant":
            inputs.append(draft.folded(draw, draw(constants(narrow)) + 0.125))
        elif kind == "computed":
            inputs.append(draft.computed(draw, narrow or (1,)))
        else:
            inputs.append(x if kind == "same" else np.zeros(narrow))
    draft.add(op_type, *draw(st.permutations(inputs)))
    return draft.case(draw, op_type)


STRATEGIES: dict[str, st.SearchStrategy[Case]] = {
    "Abs": elementwise("Abs", double=True),
    "Clip": clip(),
    "HardSigmoid": elementwise(
        "HardSigmoid",
        alpha=st.sampled_from([0.2, 0.7, -0.5, 0.1, 1 / 6]),
        beta=st.sampled_from([0.5, 0.1, -0.3, 1.25]),
    ),
    "LeakyRelu": elementwise("LeakyRelu", alpha=st.sampled_from(SLOPES)),
    "Max": several("Max", double=True),
    "Mean": several("Mean"),
    "Min": several("Min", double=True),
    "PRelu": prelu(),
    "Relu": elementwise("Relu", double=False),
    "Sum": several("Sum", double=True),
}
