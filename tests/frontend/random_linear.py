"""Random attributes and shapes: fully connected layers and arithmetic, products of two tensors."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from drawn_cases import Draft, away_from_zero, constants, drafts, opsets, positive, shapes
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes
from onnx_models import X
from operator_cases import Case

__all__ = ["STRATEGIES"]


def pairs() -> st.SearchStrategy[tuple[tuple[int, ...], ...]]:
    """Two shapes that are broadcast together."""
    pair = mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3)
    return pair.map(lambda drawn: drawn.input_shapes)


@st.composite
def arithmetic(draw: st.DrawFn, op_type: str) -> Case:
    """With a constant on either side, or none."""
    first, second = draw(pairs())
    draft, a = draw(drafts(first, double=True))
    kind = draw(st.sampled_from(["constant", "constant first", "computed", "itself"]))
    if kind == "itself":
        draft.add(op_type, a, positive(draw, draft, a) if op_type == "Div" else a)
        return draft.case(draw, op_type)
    if kind == "computed":
        b = draft.computed(draw, second)
        if op_type == "Div":
            b = positive(draw, draft, b)
        elif draw(st.booleans()):
            a, b = b, a
        draft.add(op_type, a, b)
    elif kind == "constant":
        array = draw(constants(second))
        array = away_from_zero(array) if op_type == "Div" else array
        draft.add(op_type, a, draft.folded(draw, array))
    else:
        a = positive(draw, draft, a) if op_type == "Div" else a
        draft.add(op_type, draft.folded(draw, draw(constants(second))), a)
    return draft.case(draw, op_type)


@st.composite
def negation(draw: st.DrawFn) -> Case:
    draft, x = draw(drafts(draw(shapes(0, 4)), double=True))
    draft.add("Neg", x)
    return draft.case(draw, "Neg")


@st.composite
def matmul(draw: st.DrawFn) -> Case:
    """Matrices, vectors, and stacks of matrices that are broadcast."""
    batches = draw(
        mutually_broadcastable_shapes(num_shapes=2, max_dims=2, max_side=2).map(
            lambda drawn: drawn.input_shapes
        )
    )
    m, k, n = (draw(st.integers(1, 3)) for _ in range(3))
    left, right = (*batches[0], m, k), (*batches[1], k, n)
    left = (k,) if draw(st.integers(0, 4)) == 0 else left
    right = (k,) if draw(st.integers(0, 4)) == 0 else right
    kind = draw(st.sampled_from(["right", "left", "both", "both"]))
    if kind == "right":
        draft, a = draw(drafts(left, double=True))
        draft.add("MatMul", a, draft.folded(draw, draw(constants(right))))
    elif kind == "left":
        draft, b = draw(drafts(right, double=True))
        draft.add("MatMul", draft.folded(draw, draw(constants(left))), b)
    else:
        draft, a = draw(drafts(left, double=True))
        draft.add("MatMul", a, draft.computed(draw, right))
    return draft.case(draw, "MatMul")


@st.composite
def gemm(draw: st.DrawFn) -> Case:
    """Transposed or not, scaled or not, with any third matrix, one of the others constant."""
    m, k, n = (draw(st.integers(1, 3)) for _ in range(3))
    flips = [draw(st.booleans()), draw(st.booleans())]
    left = (k, m) if flips[0] else (m, k)
    right = (n, k) if flips[1] else (k, n)
    attributes = {name: 1 for name, flip in zip(("transA", "transB"), flips, strict=True) if flip}
    for name in ("alpha", "beta"):
        factor = draw(st.sampled_from([None, None, 0.5, -2.0, 0.3, 1.7, 0.0]))
        attributes |= {} if factor is None else {name: factor}
    constant_first = draw(st.integers(0, 3)) == 0
    draft, x = draw(drafts(right if constant_first else left, double=True))
    factor = draft.folded(draw, draw(constants(left if constant_first else right)))
    factors = (factor, x) if constant_first else (x, factor)
    draft.add("Gemm", *factors, *third(draw, draft, x, m, n), **attributes)
    return draft.case(draw, "Gemm")


def third(draw: st.DrawFn, draft: Draft, x: str, m: int, n: int) -> tuple:
    """What is added: nothing (from opset 11), constants or a computed tensor, broadcast."""
    kind = draw(st.sampled_from(["none", "constant", "constant", "computed"]))
    if kind == "none" and draft.opset >= 11:
        return ()
    shape = draw(st.sampled_from([(), (1,), (n,), (1, n), (m, 1), (1, 1), (m, n)]))
    if kind == "computed":
        return (draft.computed(draw, shape),)
    return (draft.folded(draw, draw(constants(shape))),)


@st.composite
def batch_normalization(draw: st.DrawFn) -> Case:
    channels = draw(st.integers(1, 3))
    shape = (draw(st.integers(1, 2)), channels, *draw(shapes(0, 2, most=6)))
    draft, x = draw(drafts(shape, double=True))
    scale, bias, mean, variance = (draw(constants((channels,))) for _ in range(4))
    given = [scale, bias, mean, np.abs(variance) + draw(st.sampled_from([0.125, 0.3]))]
    attributes = {}
    if draw(st.booleans()):
        attributes["epsilon"] = draw(st.sampled_from([0.0, 1e-3, 0.1]))
    if draw(st.booleans()):
        attributes["momentum"] = 0.75
    if draft.opset < 9 and draw(st.booleans()):
        attributes["spatial"] = 1
    if draft.opset >= 14 and draw(st.booleans()):
        attributes["training_mode"] = 0
    draft.add(
        "BatchNormalization", x, *(draft.folded(draw, array) for array in given), **attributes
    )
    return draft.case(draw, "BatchNormalization")


@st.composite
def relu(draw: st.DrawFn) -> Case:
    draft, x = draw(drafts(draw(shapes(0, 4)), double=True))
    draft.add("Relu", x)
    return draft.case(draw, "Relu")


@st.composite
def two_layers(draw: st.DrawFn) -> Case:
    """Fully connected layers with ReLUs between them, the last a Gemm."""
    sizes = [draw(st.integers(1, 4)) for _ in range(4)]
    draft = Draft((1, sizes[0]), draw(opsets()), draw(st.sampled_from([np.float32, np.float64])))
    last = X
    for size, following in pairwise(sizes):
        last = draft.add("Relu", last) if last != X else last
        weight, bias = draw(constants((size, following))), draw(constants((following,)))
        last = draft.add("Gemm", last, weight, bias)
    return draft.case(draw, "Gemm")


STRATEGIES: dict[str, st.SearchStrategy[Case]] = {
    **{op_type: arithmetic(op_type) for op_type in ("Add", "Sub", "Mul", "Div")},
    "Neg": negation(),
    "MatMul": matmul(),
    "Gemm": st.one_of(gemm(), gemm(), gemm(), two_layers()),
    "BatchNormalization": batch_normalization(),
    "Relu": relu(),
}
