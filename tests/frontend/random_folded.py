"""Random attributes and shapes: what is computed of shapes and constants."""

from __future__ import annotations

from typing import Any

import numpy as np
from drawn_cases import Draft, constants, drafts, shapes
from hypothesis import strategies as st
from onnx import TensorProto
from onnx_models import whole
from operator_cases import Case

__all__ = ["STRATEGIES"]

FLOAT, DOUBLE, INT64 = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64
KINDS = (FLOAT, DOUBLE, INT64, TensorProto.INT32, TensorProto.BOOL, TensorProto.FLOAT16)


def used(draw: st.DrawFn, draft: Draft, x: str, op_type: str, known: str) -> Case:
    """The case, in which constants of any type are added to a tensor, or multiplied by it."""
    kind = FLOAT if draft.dtype == np.float32 else DOUBLE
    numbers = draft.add("Cast", known, to=kind)
    draft.add(draw(st.sampled_from(["Add", "Mul", "Sub"])), *draw(st.permutations([x, numbers])))
    return draft.case(draw, op_type)


def eighths(draw: st.DrawFn, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers that every floating-point type holds, with ties among them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    return np.asarray(rng.integers(-24, 25, shape) / draw(st.sampled_from([1, 2, 8])))


@st.composite
def shape_(draw: st.DrawFn) -> Case:
    """From opset 15 on also a part of the shape; the sizes are taken as numbers."""
    shape = draw(shapes(1, 4))
    draft, x = draw(drafts(shape, double=True))
    between = {}
    if draft.opset >= 15:
        start = draw(st.integers(-len(shape), len(shape) - 1))
        ends = [end for end in range(-len(shape), len(shape) + 2) if shape[start:end]]
        between = {"start": start}
        if ends and draw(st.booleans()):
            between["end"] = draw(st.sampled_from(ends))
    known = draft.add("Shape", x, **between)
    return used(draw, draft, x, "Shape", draft.add("Gather", known, whole(0)))


@st.composite
def size(draw: st.DrawFn) -> Case:
    draft, x = draw(drafts(draw(shapes(0, 4)), double=True))
    return used(draw, draft, x, "Size", draft.add("Size", x))


@st.composite
def cast(draw: st.DrawFn) -> Case:
    """A tensor to a wider type and back, or constants through several types."""
    shape = draw(shapes(0, 3))
    draft, x = draw(drafts(shape, double=True))
    kind = FLOAT if draft.dtype == np.float32 else DOUBLE
    if draw(st.booleans()):
        for to in draw(st.sampled_from([(kind,), (DOUBLE, kind)])):
            x = draft.add("Cast", x, to=to)
        return draft.case(draw, "Cast")
    known: Any = eighths(draw, shape)
    for to in draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3)):
        known = draft.add("Cast", known, to=to)
    return used(draw, draft, x, "Cast", known)


@st.composite
def cast_like(draw: st.DrawFn) -> Case:
    shape = draw(shapes(0, 3))
    draft, x = draw(drafts(shape, since=15, double=True))
    like = draw(st.sampled_from([x, np.array(1.0), whole(2)]))
    known = draft.add("CastLike", eighths(draw, shape), like)
    return used(draw, draft, x, "CastLike", known)


def rounding(op_type: str, since: int) -> st.SearchStrategy[Case]:
    """Floor, Ceil, Round: of numbers with ties, and of any that are not at a jump."""

    @st.composite
    def strategy(draw: st.DrawFn) -> Case:
        shape = draw(shapes(0, 3))
        draft, x = draw(drafts(shape, since=since, double=True))
        known: Any = eighths(draw, shape)
        if draw(st.booleans()):
            known = draft.add("Div", np.floor(known) * 4 + 1, np.array(4.0))
        return used(draw, draft, x, op_type, draft.add(op_type, known))

    return strategy()


@st.composite
def mod(draw: st.DrawFn) -> Case:
    """Of integers either way, of floating-point numbers with fmod."""
    shape = draw(shapes(0, 3))
    draft, x = draw(drafts(shape, since=10))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    divisor = rng.choice([-3, -2, 1, 4], shape[-1:])
    if draw(st.booleans()):
        known = draft.add("Mod", eighths(draw, shape), divisor * 0.5, fmod=1)
    else:
        more = draw(st.sampled_from([{}, {"fmod": 0}, {"fmod": 1}]))
        known = draft.add("Mod", rng.integers(-9, 10, shape), divisor, **more)
    return used(draw, draft, x, "Mod", known)


def arg(op_type: str) -> st.SearchStrategy[Case]:
    """ArgMax and ArgMin, with ties."""

    @st.composite
    def strategy(draw: st.DrawFn) -> Case:
        shape = draw(shapes(1, 3))
        draft, _ = draw(drafts((1, 2)))
        axis = draw(st.integers(-len(shape) if draft.opset >= 11 else 0, len(shape) - 1))
        more = draw(st.sampled_from([{}, {"keepdims": 0}, {"keepdims": 1}]))
        if draft.opset >= 12 and draw(st.booleans()):
            more = {**more, "select_last_index": draw(st.integers(0, 1))}
        known = draft.add(op_type, np.round(eighths(draw, shape)), axis=axis, **more)
        flat = draft.add("Reshape", known, whole(-1))
        draft.add("Add", draft.computed(draw, (1,)), draft.add("Cast", flat, to=FLOAT))
        return draft.case(draw, op_type)

    return strategy()


@st.composite
def range_(draw: st.DrawFn) -> Case:
    """Integers or eighths, upwards or downwards, at least one."""
    draft, x = draw(drafts((1, 3), since=11))
    start, count = draw(st.integers(-5, 5)), draw(st.integers(1, 6))
    delta = draw(st.sampled_from([-3, -1, 1, 2]))
    limit = start + (count - 1) * delta + draw(st.integers(1, abs(delta))) * np.sign(delta)
    scale = draw(st.sampled_from([None, 1.0, 0.125]))
    given = [np.array(v if scale is None else v * scale) for v in (start, limit, delta)]
    column = draft.add("Reshape", draft.add("Range", *given), whole(-1, 1))
    return used(draw, draft, x, "Range", column)


def comparison(op_type: str, integers: int, floats: int) -> st.SearchStrategy[Case]:
    """A comparison of constants with ties, from the opsets that have it of either kind."""

    @st.composite
    def strategy(draw: st.DrawFn) -> Case:
        shape = draw(shapes(1, 3))
        draft, x = draw(drafts(shape, since=max(floats, 9)))
        a, b = eighths(draw, shape), eighths(draw, shape[draw(st.integers(0, 1)) :])
        if draft.opset >= integers and draw(st.booleans()):
            a, b = np.floor(a).astype(np.int64), np.floor(b).astype(np.int64)
        mask = draft.add(op_type, *draw(st.permutations([a, b])))
        draft.add("Where", mask, x, draw(constants(shape)))
        draft.add("Add", draft.nodes[-1].output, x)
        return draft.case(draw, op_type)

    return strategy()


def logic(op_type: str) -> st.SearchStrategy[Case]:
    """And, Or, Xor and Not of constants, that choose between a tensor and its negative."""

    @st.composite
    def strategy(draw: st.DrawFn) -> Case:
        shape = draw(shapes(1, 3))
        draft, x = draw(drafts(shape, since=9))
        rng = np.random.default_rng(draw(st.integers(0, 2**16)))
        a = rng.integers(0, 2, shape).astype(bool)
        b = rng.integers(0, 2, shape[draw(st.integers(0, 1)) :]).astype(bool)
        mask = draft.add(op_type, *([a] if op_type == "Not" else draw(st.permutations([a, b]))))
        draft.add("Where", mask, x, draft.add("Neg", x))
        return draft.case(draw, op_type)

    return strategy()


STRATEGIES = {
    "ArgMax": arg("ArgMax"),
    "ArgMin": arg("ArgMin"),
    "Cast": cast(),
    "CastLike": cast_like(),
    "Mod": mod(),
    "Range": range_(),
    "Shape": shape_(),
    "Size": size(),
    "Ceil": rounding("Ceil", 7),
    "Floor": rounding("Floor", 7),
    "Round": rounding("Round", 11),
    "Equal": comparison("Equal", 7, 11),
    "Less": comparison("Less", 9, 7),
    "Greater": comparison("Greater", 9, 7),
    "LessOrEqual": comparison("LessOrEqual", 12, 12),
    "GreaterOrEqual": comparison("GreaterOrEqual", 12, 12),
    **{name: logic(name) for name in ("And", "Or", "Xor", "Not")},
}
