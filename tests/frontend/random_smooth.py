"""Random attributes and shapes: functions that are not piecewise linear, powers, softmax."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from drawn_cases import away_from_zero, constants, drafts, positive, shapes
from hypothesis import strategies as st
from onnx_models import X, whole
from operator_cases import Case

__all__ = ["STRATEGIES"]

OFTEN = [None, None]
"""An attribute left out."""


class Row(NamedTuple):
    """Where a function is defined, since when, and with which attributes."""

    op_type: str
    since: int = 7
    double: bool = False
    positive: bool = False
    attributes: tuple[tuple[str, tuple[Any, ...]], ...] = ()


FUNCTIONS = (
    Row("Sigmoid", double=True),
    Row("Tanh", double=True),
    Row("Softplus"),
    Row("Softsign"),
    Row("Exp", double=True),
    Row("Log", double=True, positive=True),
    Row("Sqrt", double=True, positive=True),
    Row("Reciprocal", double=True, positive=True),
    Row("Sin", double=True),
    Row("Cos", double=True),
    Row("Atan"),
    Row("Erf", since=9),
    Row("Gelu", since=20, attributes=(("approximate", ("none", "tanh")),)),
    Row("Elu", attributes=(("alpha", (1.0, 0.3, 2.5, 0.0, -0.5)),)),
    Row(
        "Selu",
        attributes=(("alpha", (1.0, 0.3, 2.5, 1.67)), ("gamma", (1.0, 0.25, 1.05))),
    ),
    Row("Celu", since=12, attributes=(("alpha", (1.0, 0.3, 2.5)),)),
    Row("HardSwish", since=14),
    Row("Mish", since=18),
    Row("Sign", since=9, double=True),
    Row("ThresholdedRelu", since=10, attributes=(("alpha", (1.0, 0.3, 0.0, -0.5)),)),
)


@st.composite
def function(draw: st.DrawFn, row: Row) -> Case:
    """Of a computed tensor; sometimes of constants, added to one."""
    shape = draw(shapes(0, 3, most=12))
    draft, x = draw(drafts(shape, since=row.since, double=row.double))
    attributes = {}
    for name, values in row.attributes:
        value = draw(st.sampled_from([*OFTEN, *values]))
        attributes |= {} if value is None else {name: value}
    if draw(st.integers(0, 5)) == 0:
        array = away_from_zero(draw(constants(shape[-1:])))
        folded = draft.add(row.op_type, np.abs(array) if row.positive else array, **attributes)
        draft.add("Add", x, folded)
    else:
        x = positive(draw, draft, x) if row.positive else x
        draft.add(row.op_type, x, **attributes)
    return draft.case(draw, row.op_type)


EXPONENTS = (1.0, 2.0, 2.0, 3.0, 4.0, 5.0, -1.0, -2.0, 0.5, 1.5, -0.5, 2.7)


@st.composite
def power(draw: st.DrawFn) -> Case:
    """To one exponent, a number or a tensor of equal numbers, from opset 12 on integers too."""
    shape = draw(shapes(0, 3, most=12))
    draft, x = draw(drafts(shape, double=True))
    exponent = draw(
        st.sampled_from([1.0, 2.0, 2.0, 3.0, 4.0, 5.0, -1.0, -2.0, 0.5, 1.5, -0.5, 2.7])
    )
    if exponent < 0 or not exponent.is_integer():
        x = positive(draw, draft, x)
    given = np.full(draw(st.sampled_from([(), (1,), shape, (2, *shape)])), exponent)
    if draft.opset >= 12 and exponent.is_integer() and draw(st.booleans()):
        given = given.astype(np.int64)
    draft.add("Pow", x, given)
    return draft.case(draw, "Pow")


@st.composite
def softmax(draw: st.DrawFn, op_type: str) -> Case:
    """Along an axis, or before opset 13 over all axes from one on."""
    sides = st.lists(st.integers(2, 3), min_size=1, max_size=3).map(tuple)
    shape = draw(sides.filter(lambda sides: np.prod(sides) <= 12))
    draft, x = draw(drafts(shape, double=True))
    if x != X:
        x = draft.add("Mul", x, np.array(0.125))
    low = -len(shape) if draft.opset >= 11 else 0
    axis = draw(st.sampled_from([None, *range(low, len(shape))]))
    if axis is None and len(shape) == 1 and draft.opset < 13:
        axis = 0
    draft.add(op_type, x, **({} if axis is None else {"axis": axis}))
    return draft.case(draw, op_type)


@st.composite
def attention(draw: st.DrawFn) -> Case:
    """A softmax of products of two computed tensors, times a third."""
    draft, x = draw(drafts((1, 2, 2), since=13))
    keys = draft.add("Transpose", draft.computed(draw, (1, 2, 2)), perm=[0, 2, 1])
    scores = draft.add("Mul", draft.add("MatMul", draft.add("Tanh", x), keys), np.array(0.0625))
    weights = draft.add("Softmax", scores, axis=-1)
    draft.add("MatMul", weights, draft.add("Reshape", x, whole(1, 2, 2)))
    return draft.case(draw, "Softmax")


STRATEGIES: dict[str, st.SearchStrategy[Case]] = {
    **{row.op_type: function(row) for row in FUNCTIONS},
    "Pow": power(),
    "Softmax": st.one_of(softmax("Softmax"), softmax("Softmax"), attention()),
    "LogSoftmax": softmax("LogSoftmax"),
}
