"""Random attributes and shapes: operators that move numbers, and constants."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from drawn_cases import Draft, constants, drafts, finished, maybe_constant, shapes
from hypothesis import strategies as st
from onnx_models import whole
from operator_cases import Case

__all__ = ["STRATEGIES"]

Shape = tuple[int, ...]


@st.composite
def factored(draw: st.DrawFn, count: int) -> Shape:
    """A shape of so many numbers."""
    sizes = []
    while count > 1 and len(sizes) < 3:
        size = draw(st.sampled_from([n for n in range(1, count + 1) if count % n == 0]))
        sizes.append(size)
        count //= size
    return (*sizes, count)


@st.composite
def reshape(draw: st.DrawFn) -> Case:
    """Some sizes as they are, some as 0 (the same as before), one as -1."""
    shape = draw(shapes(0, 4))
    draft, x = draw(drafts(shape))
    wanted = list(draw(factored(math.prod(shape))))
    allowzero = draft.opset >= 14 and draw(st.integers(0, 3)) == 0
    for i, (size, before) in enumerate(zip(wanted, shape, strict=False)):
        if size == before and not allowzero and draw(st.booleans()):
            wanted[i] = 0
    if draw(st.booleans()):
        wanted[draw(st.integers(0, len(wanted) - 1))] = -1
    source, extra = maybe_constant(draw, draft, x, shape)
    result = draft.add("Reshape", source, whole(*wanted), **({"allowzero": 1} if allowzero else {}))
    return finished(draw, draft, "Reshape", result, extra)


@st.composite
def flatten(draw: st.DrawFn) -> Case:
    shape = draw(shapes(1, 4))
    draft, x = draw(drafts(shape))
    low = -len(shape) if draft.opset >= 11 else 0
    axis = draw(st.sampled_from([None, *range(low, len(shape) + 1)]))
    source, extra = maybe_constant(draw, draft, x, shape)
    result = draft.add("Flatten", source, **({} if axis is None else {"axis": axis}))
    return finished(draw, draft, "Flatten", result, extra)


def with_axes(draw: st.DrawFn, draft: Draft, op_type: str, source: Any, axes: list[int]) -> str:
    """Axes as an attribute, or from opset 13 on as an input; negative ones from opset 11 on."""
    if draft.opset >= 13:
        return draft.add(op_type, source, whole(*axes))
    return draft.add(op_type, source, axes=axes)


def signed(draw: st.DrawFn, draft: Draft, axes: list[int], rank: int) -> list[int]:
    """Axes in any order, some counted from the end."""
    mixed = draw(st.permutations(axes))
    return [a - rank if draft.opset >= 11 and draw(st.booleans()) else a for a in mixed]


@st.composite
def squeeze(draw: st.DrawFn) -> Case:
    shape = draw(shapes(1, 4, side=2))
    draft, x = draw(drafts(shape))
    ones = [axis for axis, size in enumerate(shape) if size == 1]
    source, extra = maybe_constant(draw, draft, x, shape)
    chosen = [axis for axis in ones if draw(st.booleans())]
    if chosen:
        axes = signed(draw, draft, chosen, len(shape))
        result = with_axes(draw, draft, "Squeeze", source, axes)
    else:
        result = draft.add("Squeeze", source)
    return finished(draw, draft, "Squeeze", result, extra)


@st.composite
def unsqueeze(draw: st.DrawFn) -> Case:
    shape = draw(shapes(0, 3))
    draft, x = draw(drafts(shape))
    rank = len(shape) + draw(st.integers(1, 3))
    axes = sorted(draw(st.permutations(range(rank)))[: rank - len(shape)])
    source, extra = maybe_constant(draw, draft, x, shape)
    chosen = signed(draw, draft, axes, rank) if draft.opset >= 11 else axes
    result = with_axes(draw, draft, "Unsqueeze", source, chosen)
    return finished(draw, draft, "Unsqueeze", result, extra)


@st.composite
def transpose(draw: st.DrawFn) -> Case:
    shape = draw(shapes(0, 4))
    draft, x = draw(drafts(shape, double=True))
    order = draw(st.permutations(range(len(shape))))
    given = {"perm": list(order)} if shape and draw(st.booleans()) else {}
    source, extra = maybe_constant(draw, draft, x, shape)
    result = draft.add("Transpose", source, **given)
    return finished(draw, draft, "Transpose", result, extra)


@st.composite
def concat(draw: st.DrawFn) -> Case:
    """Two to four tensors, computed or constant, that differ along one axis."""
    shape = draw(shapes(1, 3, most=12))
    draft, x = draw(drafts(shape, double=True))
    axis = draw(st.integers(0, len(shape) - 1))
    parts: list[Any] = [x]
    for _ in range(draw(st.integers(0, 3))):
        sizes = [*shape]
        sizes[axis] = draw(st.integers(1, 3))
        match draw(st.sampled_from(["same", "computed", "constant"])):
            case "same":
                parts.append(x)
            case "computed":
                parts.append(draft.computed(draw, tuple(sizes)))
            case _:
                parts.append(draft.folded(draw, draw(constants(tuple(sizes)))))
    place = axis - len(shape) if draft.opset >= 11 and draw(st.booleans()) else axis
    draft.add("Concat", *draw(st.permutations(parts)), axis=place)
    return draft.case(draw, "Concat")


@st.composite
def identity(draw: st.DrawFn) -> Case:
    shape = draw(shapes(0, 4))
    draft, x = draw(drafts(shape, double=True))
    source, extra = maybe_constant(draw, draft, x, shape)
    result = draft.add("Identity", source)
    return finished(draw, draft, "Identity", result, extra)


@st.composite
def dropout(draw: st.DrawFn) -> Case:
    """The ratio as an attribute, or from opset 12 on as an input, with the mode or without."""
    draft, x = draw(drafts(draw(shapes(0, 4))))
    ratio = draw(st.sampled_from([None, 0.0, 0.3]))
    if draft.opset < 12:
        draft.add("Dropout", x, **({} if ratio is None else {"ratio": ratio}))
    else:
        mode = [np.array(False)] if draw(st.booleans()) else []
        given = None if ratio is None else np.array(ratio)
        draft.add("Dropout", x, *([given] if given is not None or mode else []), *mode)
    return draft.case(draw, "Dropout")


@st.composite
def constant(draw: st.DrawFn) -> Case:
    """A tensor; from opset 12 on also a number or a list of them."""
    draft, x = draw(drafts(draw(shapes(0, 3)), double=True))
    kinds = ["value", "value ints"]
    if draft.opset >= 12 and draft.dtype == np.float32:
        kinds += ["value_float", "value_floats"]
    match draw(st.sampled_from(kinds)):
        case "value":
            held = draft.add("Constant", value=draw(constants(draw(shapes(0, 2)))))
            draft.add("Add", draft.computed(draw, ()), held)
        case "value_float":
            draft.add("Mul", x, draft.add("Constant", value_float=0.1))
        case "value_floats":
            held = draft.add("Constant", value_floats=[0.1, -2.0])
            draft.add("Mul", draft.computed(draw, (1,)), held)
        case _:
            shape = whole(1, -1)
            given = {"value_ints": [1, -1]} if draft.opset >= 12 else {"value": shape}
            draft.add("Reshape", x, draft.add("Constant", **given))
    return draft.case(draw, "Constant")


STRATEGIES: dict[str, st.SearchStrategy[Case]] = {
    "Reshape": reshape(),
    "Flatten": flatten(),
    "Squeeze": squeeze(),
    "Unsqueeze": unsqueeze(),
    "Transpose": transpose(),
    "Concat": concat(),
    "Identity": identity(),
    "Dropout": dropout(),
    "Constant": constant(),
}
