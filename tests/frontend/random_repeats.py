"""Random attributes and shapes: operators that repeat, mask and choose."""

from __future__ import annotations

import numpy as np
from drawn_cases import constants, drafts, shapes
from hypothesis import strategies as st
from onnx_models import whole
from operator_cases import Case
from random_shapes import either, joined, updates_of

__all__ = ["STRATEGIES"]


@st.composite
def expand(draw: st.DrawFn) -> Case:
    """To a shape with more axes, or fewer, with ones where the tensor is larger."""
    wide = draw(shapes(1, 4, most=24))
    kept = wide[draw(st.integers(0, len(wide))) :]
    shape = tuple(draw(st.sampled_from([1, size])) for size in kept)
    draft, x = draw(drafts(shape, since=8, double=True))
    whole_shape = (1,) * (len(wide) - len(shape)) + shape
    wanted = [
        1 if have == size and draw(st.booleans()) else size
        for have, size in zip(whole_shape, wide, strict=True)
    ]
    source, fixed = draw(either(draft, x, shape))
    draft.add("Expand", source, whole(*wanted))
    return joined(draw, draft, "Expand", fixed)


@st.composite
def tile(draw: st.DrawFn) -> Case:
    shape = draw(shapes(1, 3, most=9))
    draft, x = draw(drafts(shape, double=True))
    times = [draw(st.integers(1, 2)) for _ in shape]
    source, fixed = draw(either(draft, x, shape))
    draft.add("Tile", source, whole(*times))
    return joined(draw, draft, "Tile", fixed)


@st.composite
def trilu(draw: st.DrawFn) -> Case:
    shape = draw(shapes(2, 3, side=4))
    draft, x = draw(drafts(shape, since=14, double=True))
    offset = [np.array(draw(st.integers(-5, 5)))] if draw(st.booleans()) else []
    upper = draw(st.sampled_from([{}, {"upper": 0}, {"upper": 1}]))
    source, fixed = draw(either(draft, x, shape))
    draft.add("Trilu", source, *offset, **upper)
    return joined(draw, draft, "Trilu", fixed)


@st.composite
def where(draw: st.DrawFn) -> Case:
    """The condition and both branches of different shapes, broadcast."""
    shape = draw(shapes(1, 3, most=12))
    draft, x = draw(drafts(shape, since=9, double=True))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    smaller = [tuple(draw(st.sampled_from([1, size])) for size in shape[skip:])
               for skip in (draw(st.integers(0, len(shape))), 0)]  # fmt: skip
    condition = rng.integers(0, 2, smaller[0]).astype(bool)
    branches = draw(st.permutations([x, draw(updates_of(draft, smaller[1]))]))
    draft.add("Where", condition, *branches)
    return joined(draw, draft, "Where", True)


@st.composite
def eye_like(draw: st.DrawFn) -> Case:
    shape = draw(shapes(2, 2, side=4))
    draft, x = draw(drafts(shape, since=9))
    given = draw(
        st.sampled_from([{}, {"k": -1}, {"k": 2}, {"k": 9}, {"dtype": 1}, {"dtype": 1, "k": 1}])
    )
    eye = draft.add("EyeLike", x, **given)
    draft.add(draw(st.sampled_from(["Mul", "Sub"])), x, eye)
    return draft.case(draw, "EyeLike")


@st.composite
def constant_of_shape(draw: st.DrawFn) -> Case:
    shape = draw(shapes(1, 3, most=12))
    draft, x = draw(drafts(shape, since=9))
    value = draw(st.sampled_from([{}, {"value": np.array([0.3])}, {"value": np.array([-2.0])}]))
    draft.add("Add", x, draft.add("ConstantOfShape", whole(*shape), **value))
    return draft.case(draw, "ConstantOfShape")


@st.composite
def one_hot(draw: st.DrawFn) -> Case:
    """Indices of any rank, some out of range; the result multiplies numbers of its shape."""
    draft, _ = draw(drafts((1, 3), since=9))
    lead, depth = draw(shapes(1, 2, most=4)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    at = rng.integers(-depth if draft.opset >= 11 else 0, depth + 2, lead)
    axis = draw(st.integers(-1, len(lead)))
    shape = [*lead]
    shape.insert(axis if axis >= 0 else len(lead), depth)
    values = draw(constants((2,)))
    hot = draft.add("OneHot", at, np.array([depth]), values, axis=axis)
    draft.add("Mul", draft.computed(draw, tuple(shape)), hot)
    return draft.case(draw, "OneHot")


STRATEGIES = {
    "ConstantOfShape": constant_of_shape(),
    "Expand": expand(),
    "EyeLike": eye_like(),
    "OneHot": one_hot(),
    "Tile": tile(),
    "Trilu": trilu(),
    "Where": where(),
}
