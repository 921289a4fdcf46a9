"""Operator cases: shapes, constants, pads, concatenation, kinds of input."""

import numpy as np
from onnx_models import LAST, NEWEST, Node, X, w, whole
from operator_cases import row

# shapes
for axis in (0, 1, 2, 3):
    row(f"flatten {axis}", (2, 1, 3), Node("Flatten", X, axis=axis))
for axis in (-1, -2, -3):
    row(f"flatten {axis}", (2, 1, 3), Node("Flatten", X, axis=axis), opsets=(11, NEWEST))
row("flatten", (1, 2, 3), Node("Flatten", X))
row("flatten rank 1", (3,), Node("Flatten", X, axis=0))
row("reshape", (2, 3), Node("Reshape", X, whole(3, 2)))
row("reshape 0", (2, 3), Node("Reshape", X, whole(0, 1, -1)))
row("reshape -1", (2, 3), Node("Reshape", X, whole(-1)))
row("reshape allowzero", (2, 3), Node("Reshape", X, whole(3, -1), allowzero=1), opsets=(14, NEWEST))
row("reshape of constant", (6,), Node("Reshape", w(2, 3), whole(-1)), Node("Add", X, LAST))
row("squeeze", (1, 2, 1, 3), Node("Squeeze", X))
row("squeeze attribute", (1, 2, 1, 3), Node("Squeeze", X, axes=[2]), opsets=(7, 11, 12))
row("squeeze attribute -2", (1, 2, 1, 3), Node("Squeeze", X, axes=[0, -2]), opsets=(11, 12))
row("squeeze input", (1, 2, 1, 3), Node("Squeeze", X, whole(0, -2)), opsets=(13, NEWEST))
row("unsqueeze attribute", (2, 3), Node("Unsqueeze", X, axes=[0, 3]), opsets=(7, 11, 12))
row("unsqueeze input", (2, 3), Node("Unsqueeze", X, whole(-1, 1)), opsets=(13, NEWEST))
row("transpose", (2, 3), Node("Transpose", X))
row("transpose perm", (1, 2, 3, 2), Node("Transpose", X, perm=[0, 3, 1, 2]))
row("transpose same", (2, 3), Node("Transpose", X, perm=[0, 1]))
row("transpose of constant", (3, 2), Node("Transpose", w(2, 3)), Node("Add", X, LAST))
row(
    "channels last",
    (1, 3, 3, 2),
    Node("Transpose", X, perm=[0, 3, 1, 2]),
    Node("Conv", LAST, w(2, 2, 2, 2)),
    Node("Transpose", LAST, perm=[0, 2, 3, 1]),
    Node("Reshape", LAST, whole(1, -1)),
)
row("identity", (2, 3), Node("Identity", X))
row("dropout", (2, 3), Node("Dropout", X), opsets=(7, 12, 13, NEWEST))
row("dropout ratio attribute", (2, 3), Node("Dropout", X, ratio=0.3), opsets=(7, 10))
row("dropout ratio", (2, 3), Node("Dropout", X, np.array(0.3)), opsets=(12, 13, NEWEST))
row(
    "dropout not training",
    (2, 3),
    Node("Dropout", X, np.array(0.3), np.array(False)),
    opsets=(12, 13, NEWEST),
)

# constants in nodes
row("constant value", (2,), Node("Constant", value=w(2)), Node("Add", X, LAST))
row(
    "constant float",
    (2,),
    Node("Constant", value_float=0.1),
    Node("Add", X, LAST),
    opsets=(12, NEWEST),
)
row(
    "constant floats",
    (2,),
    Node("Constant", value_floats=[0.1, 2.0]),
    Node("Add", X, LAST),
    opsets=(12, NEWEST),
)
row(
    "constant int",
    (2,),
    Node("Constant", value_int=0, output="axis"),
    Node("Unsqueeze", "axis", whole(0)),
    Node("Unsqueeze", X, LAST),
    opsets=(13, NEWEST),
)
row(
    "constant ints",
    (2, 3),
    Node("Constant", value_ints=[3, 2]),
    Node("Reshape", X, LAST),
    opsets=(12, NEWEST),
)

# pads
row("pad attribute", (2, 3), Node("Pad", X, pads=[1, 0, 0, 2]), opsets=(7, 10))
row("pad attribute value", (2, 3), Node("Pad", X, pads=[1, 0, 0, 2], value=0.3), opsets=(7, 10))
row("pad input", (2, 3), Node("Pad", X, whole(1, 0, 0, 2)), opsets=(11, 13, NEWEST))
row("pad value", (2, 3), Node("Pad", X, whole(1, 0, 0, 2), w()), opsets=(11, 13, NEWEST))
row("pad axes", (2, 3), Node("Pad", X, whole(1, 2), w(), whole(-1)), opsets=(18, NEWEST))
row(
    "pad axes, no value",
    (2, 3),
    Node("Pad", X, whole(1, 2, 0, 3), None, whole(1, 0)),
    opsets=(18, NEWEST),
)
row("pad negative", (4, 3), Node("Pad", X, whole(-1, 1, -2, -1), w()), opsets=(11, NEWEST))
for mode in ("reflect", "edge"):
    row(f"pad {mode}", (3, 4), Node("Pad", X, whole(1, 2, 2, 3), mode=mode), opsets=(11, NEWEST))
    row(f"pad {mode} attribute", (3, 4), Node("Pad", X, pads=[1, 2, 2, 3], mode=mode), opsets=(7,))
row("pad wrap", (3, 4), Node("Pad", X, whole(1, 2, 2, 3), mode="wrap"), opsets=(19, NEWEST))
row(
    "pad of constant",
    (3, 3),
    Node("Pad", w(2, 2), whole(1, 0, 0, 1), np.array(0.5)),
    Node("Add", X, LAST),
    opsets=(11, NEWEST),
)
row(
    "pad, conv",
    (1, 1, 3, 3),
    Node("Pad", X, whole(0, 0, 1, 1, 0, 0, 0, 2), w()),
    Node("Conv", LAST, w(1, 1, 2, 2)),
    opsets=(11, NEWEST),
)

# concatenation
row("concat", (2, 3), Node("Relu", X), Node("Concat", LAST, X, axis=1))
row("concat axis 0", (2, 3), Node("Concat", X, X, w(1, 3), axis=0))
row(
    "concat constants between",
    (2, 3),
    Node("Concat", w(2, 1), X, w(2, 2), X, axis=-1),
    opsets=(11, NEWEST),
)
row("concat constants", (2, 3), Node("Concat", w(2, 1), w(2, 2), axis=1), Node("Add", X, LAST))
row(
    "concat channels",
    (1, 1, 3, 3),
    Node("Conv", X, w(2, 1, 2, 2), pads=[0, 0, 1, 1]),
    Node("Relu", LAST),
    Node("Concat", X, LAST, axis=1),
    Node("Conv", LAST, w(1, 3, 2, 2)),
)
row("concat inexact", (1, 2), Node("Div", w(1, 2), np.array(3.0)), Node("Concat", LAST, X, axis=1))

# inputs
row("symbolic batch", ("N", 3), Node("Gemm", X, w(3, 2), w(2)))
row(
    "symbolic batch, image",
    ("batch", 1, 3, 3),
    Node("Conv", X, w(1, 1, 2, 2)),
    Node("Flatten", LAST),
    Node("Gemm", LAST, w(4, 2)),
    opsets=(11, NEWEST),
)
row("listed initializers", (1, 3), Node("Gemm", X, w(3, 2), w(2)), listed=True)
row("rank 1", (3,), Node("Mul", X, w(3)), Node("MatMul", LAST, w(3, 2)), Node("Relu", LAST))
