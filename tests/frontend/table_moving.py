"""Operator cases: what moves numbers, repeats them, cuts tensors and puts them together."""

import numpy as np
from onnx_models import LAST, NEWEST, Node, X, w, whole
from operator_cases import row

# slices
SLICES = (10, 11, 13, NEWEST)
row("slice attributes", (3, 4), Node("Slice", X, starts=[1, -3], ends=[3, 4]), opsets=(7, 9))
row("slice attribute axes", (3, 4), Node("Slice", X, starts=[0], ends=[-1], axes=[1]), opsets=(7,))
row("slice clamped", (3, 4), Node("Slice", X, starts=[-9, 1], ends=[1000, 99]), opsets=(9,))
row("slice", (3, 4), Node("Slice", X, whole(1), whole(3)), opsets=SLICES)
row("slice axes", (3, 4), Node("Slice", X, whole(1, 0), whole(3, 9), whole(-1, 0)), opsets=SLICES)
for start, end, step in (
    (0, 2**63 - 1, 2),
    (-1, -(2**63), -1),
    (-1, -9, -2),
    (9, 0, -3),
    (4, -5, -1),
    (-99, -100, -1),
    (1, -1, 1),
    (-2, 4, 1),
):
    row(
        f"slice {start}:{end}:{step}",
        (2, 5),
        Node("Slice", X, whole(start), whole(end), whole(1), whole(step)),
        opsets=(10, NEWEST),
    )
row("slice rank 1", (5,), Node("Slice", X, whole(1), whole(4), whole(0)), opsets=(10, NEWEST))
row(
    "slice of constant",
    (2,),
    Node("Slice", w(5), whole(3), whole(1), whole(0), whole(-1)),
    Node("Mul", X, LAST),
    opsets=(10, NEWEST),
)
row(
    "slice whole",
    (1, 3),
    Node("Slice", X, whole(0), whole(3), whole(1)),
    Node("Gemm", LAST, w(3, 2), w(2)),
    opsets=(11, NEWEST),
)

# splits
THREE = {"output": "a", "more": ("b", "c")}
JOIN = Node("Concat", "c", "a", "b", axis=1)
row("split attribute", (2, 6), Node("Split", X, axis=1, split=[1, 3, 2], **THREE), JOIN,
    opsets=(7, 11, 12))  # fmt: skip
row("split equal", (2, 6), Node("Split", X, axis=1, **THREE), JOIN, opsets=(7, 11, 13))
row("split negative axis", (2, 6), Node("Split", X, axis=-1, **THREE), JOIN, opsets=(11, 13))
row("split input", (2, 6), Node("Split", X, whole(4, 1, 1), axis=1, **THREE), JOIN,
    opsets=(13, 18, NEWEST))  # fmt: skip
row("split num_outputs", (2, 6), Node("Split", X, axis=1, num_outputs=3, **THREE), JOIN,
    opsets=(18, NEWEST))  # fmt: skip
row("split uneven", (2, 5), Node("Split", X, axis=1, num_outputs=3, **THREE), JOIN,
    opsets=(18, NEWEST))  # fmt: skip
row("split, one part used", (6,), Node("Split", X, output="a", more=("b",)), Node("Relu", "b"),
    opsets=(7, 13))  # fmt: skip
row("split one", (3,), Node("Split", X), Node("Relu", LAST), opsets=(7, 13))
row(
    "split of constant",
    (1, 2),
    Node("Split", w(2, 6), axis=1, **THREE),
    Node("Mul", X, "c"),
    Node("Add", LAST, "a"),
    opsets=(7, 13),
)
row(
    "split layer",
    (1, 3),
    Node("Gemm", X, w(3, 4), w(4)),
    Node("Split", LAST, axis=1, output="a", more=("b",)),
    Node("Relu", "b"),
    Node("Sub", "a", LAST),
    opsets=(7, 13),
)

# indices
for axis in (0, 1, 2):
    row(f"gather {axis}", (2, 3, 2), Node("Gather", X, whole(1, 0, 1), axis=axis))
row("gather", (3, 2), Node("Gather", X, np.array([[2, 0], [1, 1]])))
row("gather negative", (3, 2), Node("Gather", X, whole(-1, -3), axis=-2), opsets=(11, NEWEST))
row("gather one", (2, 3), Node("Gather", X, np.array(2), axis=1))
row("gather int32", (2, 3), Node("Gather", X, np.array([2, 1], np.int32), axis=1))
row("gather of constant", (2, 2), Node("Gather", w(3, 2), whole(2, 0)), Node("Mul", X, LAST))
ND = (11, 12, 13, NEWEST)
row("gather elements", (3, 2), Node("GatherElements", X, np.array([[2, -1]])), opsets=ND)
row(
    "gather elements 1",
    (2, 3),
    Node("GatherElements", X, np.array([[2, -3, 0, 0], [0, 1, 1, 2]]), axis=1),
    opsets=ND,
)
row("gather nd", (2, 3), Node("GatherND", X, np.array([[1, -1], [0, 0]])), opsets=ND)
row("gather nd slices", (2, 3, 2), Node("GatherND", X, np.array([[[1], [0]]])), opsets=ND)
row(
    "gather nd batch",
    (2, 3, 2),
    Node("GatherND", X, np.array([[1], [-1]]), batch_dims=1),
    opsets=(12, NEWEST),
)
SCATTER = (11, 13, 16, NEWEST)
AT = np.array([[1, 0], [0, -1]])
row("scatter nd", (2, 3), Node("ScatterND", X, AT, w(2)), opsets=SCATTER)
row("scatter nd slices", (3, 2), Node("ScatterND", X, whole(2, 0).reshape(2, 1), w(2, 2)),
    opsets=SCATTER)  # fmt: skip
row(
    "scatter nd computed",
    (2, 3),
    Node("Gather", X, whole(0, 2), axis=1),
    Node("Gather", LAST, np.array(1)),
    Node("ScatterND", w(2, 3), AT, LAST),
    opsets=SCATTER,
)
row(
    "scatter nd both",
    (2, 2),
    Node("Gemm", X, w(2, 3), w(3)),
    Node("ScatterND", LAST, whole(1).reshape(1, 1), np.ones((1, 3))),
    Node("Relu", LAST),
    opsets=SCATTER,
)
row(
    "scatter nd constants",
    (2, 3),
    Node("ScatterND", w(2, 3), AT, w(2)),
    Node("Mul", X, LAST),
    opsets=SCATTER,
)
ROWS = np.array([[1, 0, 2], [0, 2, 1]])
row("scatter elements", (3, 3), Node("ScatterElements", X, ROWS, w(2, 3)), opsets=SCATTER)
row("scatter elements 1", (2, 3), Node("ScatterElements", X, ROWS - 3, w(2, 3), axis=-1),
    opsets=SCATTER)  # fmt: skip
row("scatter", (2, 3), Node("Scatter", X, ROWS, w(2, 3), axis=1), opsets=(9, 10))
row("upper triangle", (3, 4), Node("Trilu", X), opsets=(14, NEWEST))
row("lower triangle", (2, 3, 3), Node("Trilu", X, np.array(-1), upper=0), opsets=(14, NEWEST))

# repeats
row("expand", (3, 1), Node("Expand", X, whole(2, 1, 4)), opsets=(8, 13, NEWEST))
row("expand nothing", (2, 3), Node("Expand", X, whole(1)), opsets=(8, NEWEST))
row("expand constant", (2, 3), Node("Expand", w(3), whole(2, 1)), Node("Mul", X, LAST),
    opsets=(8, NEWEST))  # fmt: skip
row("expand scalar", (), Node("Expand", X, whole(2)), Node("Relu", LAST), opsets=(8, NEWEST))
row("tile", (2, 3), Node("Tile", X, whole(2, 1)))
row("tile both", (1, 2), Node("Tile", X, whole(3, 2)), Node("Relu", LAST))
row("tile constant", (4,), Node("Tile", w(2), whole(2)), Node("Mul", X, LAST))

# choices
MASK = np.array([[True, False, True], [False, False, True]])
row("where", (2, 3), Node("Where", MASK, X, w(2, 3)), opsets=(9, 16, NEWEST))
row("where constant first", (2, 3), Node("Where", MASK, w(3), X), opsets=(9, NEWEST))
row("where computed", (1, 3), Node("Relu", X), Node("Where", MASK, X, LAST), opsets=(9, NEWEST))
row("where all", (2, 3), Node("Where", np.array(True), X, w()), opsets=(9, NEWEST))
row("where none", (2, 3), Node("Where", np.array(False), X, w(3)), Node("Add", LAST, X),
    opsets=(9, NEWEST))  # fmt: skip
row("where constants", (2, 3), Node("Where", MASK, w(3), w(1)), Node("Mul", X, LAST),
    opsets=(9, NEWEST))  # fmt: skip
row(
    "where inexact",
    (2, 3),
    Node("Div", w(3), np.array(3.0)),
    Node("Where", MASK, X, LAST),
    Node("Relu", LAST),
    opsets=(9, NEWEST),
)
