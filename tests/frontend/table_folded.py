"""Operator cases: what is computed of shapes and constants when the network is read."""

import numpy as np
from onnx import TensorProto
from onnx_models import LAST, NEWEST, Node, X, w, whole
from operator_cases import row

FLOAT, DOUBLE, HALF, INT64, INT32, UINT8, BOOL, BFLOAT = (
    TensorProto.FLOAT,
    TensorProto.DOUBLE,
    TensorProto.FLOAT16,
    TensorProto.INT64,
    TensorProto.INT32,
    TensorProto.UINT8,
    TensorProto.BOOL,
    TensorProto.BFLOAT16,
)

# shapes
row("reshape by shape", (2, 3), Node("Shape", X), Node("Reshape", X, LAST))
row(
    "flatten by shape",
    ("N", 2, 3),
    Node("Shape", X),
    Node("Gather", LAST, np.array(0)),
    Node("Unsqueeze", LAST, axes=[0]),
    Node("Concat", LAST, whole(-1), axis=0),
    Node("Reshape", X, LAST),
    opsets=(7, 11, 12),
)
for start, end in ((0, 2), (1, None), (-2, -1), (-9, 9)):
    between = {"start": start} if end is None else {"start": start, "end": end}
    row(
        f"shape {start}:{end}",
        (2, 1, 3),
        Node("Shape", X, **between),
        Node("Cast", LAST, to=FLOAT),
        Node("Gather", LAST, whole(0)),
        Node("Mul", X, LAST),
        opsets=(15, NEWEST),
    )
row("size", (2, 3), Node("Size", X), Node("Cast", LAST, to=FLOAT), Node("Mul", X, LAST))
row("constant of shape", (2, 3), Node("ConstantOfShape", whole(2, 3), value=np.array([1.5])),
    Node("Add", X, LAST), opsets=(9, NEWEST))  # fmt: skip
row("constant of shape 0", (2, 3), Node("ConstantOfShape", whole(3)), Node("Concat", LAST, LAST,
    axis=0), Node("Reshape", LAST, whole(2, 3)), Node("Add", X, LAST), opsets=(9,))  # fmt: skip
row(
    "constant of shape, integers",
    (2, 3),
    Node("ConstantOfShape", whole(2), value=whole(3)),
    Node("Mul", LAST, whole(1, 2)),
    Node("Expand", np.ones(1), LAST),
    Node("Flatten", LAST),
    Node("MatMul", X, LAST),
    opsets=(9, NEWEST),
)
row("range", (3,), Node("Range", np.array(2), np.array(-3), np.array(-2)),
    Node("Gather", np.array([1.0, 2.0, 3.0, 4.0, 5.0]), LAST), Node("Mul", X, LAST),
    opsets=(11, NEWEST))  # fmt: skip
row("range of floats", (4,), Node("Range", np.array(0.5), np.array(1.5), np.array(0.25)),
    Node("Add", X, LAST), opsets=(11, NEWEST))  # fmt: skip
row("one hot", (4,), Node("OneHot", whole(1, 7), np.array(4), np.array([-1.0, 2.5])),
    Node("Mul", X, LAST), opsets=(9, 11, NEWEST))  # fmt: skip
row("one hot negative", (4, 2), Node("OneHot", whole(-1, -4), whole(4), np.array([0.0, 1.0]),
    axis=0), Node("Mul", X, LAST), opsets=(11, NEWEST))  # fmt: skip
for k in (0, 1, -1, 9):
    row(f"eye like {k}", (2, 3), Node("EyeLike", X, k=k), Node("Add", X, LAST), opsets=(9, NEWEST))

# types
row("cast of input", (2, 3), Node("Cast", X, to=FLOAT), Node("Relu", LAST))
row("cast up and back", (2, 3), Node("Cast", X, to=DOUBLE), Node("Cast", LAST, to=FLOAT))
row("cast float64", (2, 3), Node("Cast", X, to=DOUBLE), Node("Relu", LAST), dtype=np.float64)
NUMBERS = np.array([-2.7, -0.4, 0.0, 0.5, 1.5, 200.25])
for name, to in {"int64": INT64, "int32": INT32, "bool": BOOL, "half": HALF, "double": DOUBLE,
                 "bfloat16": BFLOAT}.items():  # fmt: skip
    row(f"cast constant to {name}", (6,), Node("Cast", NUMBERS, to=to),
        Node("Cast", LAST, to=FLOAT), Node("Mul", X, LAST), opsets=(13, NEWEST))  # fmt: skip
row("cast constant to uint8", (3,), Node("Cast", np.array([0.9, 3.5, 255.5]), to=UINT8),
    Node("Cast", LAST, to=FLOAT), Node("Mul", X, LAST))  # fmt: skip
for kind in (np.int32, np.uint8, np.int16, np.float16, np.bool_):
    row(f"cast from {np.dtype(kind)}", (3,), Node("Constant", value=np.array([0, 1, 1], kind))
        if kind is not np.float16 else Node("Cast", np.array([0.0, 1.0, 1.1]), to=HALF),
        Node("Cast", LAST, to=FLOAT), Node("Mul", X, LAST))  # fmt: skip
row("cast like", (3,), Node("CastLike", whole(3, 0, -2), X), Node("Mul", X, LAST),
    opsets=(15, NEWEST))  # fmt: skip

# rounding
for op in ("Floor", "Ceil"):
    row(op, (6,), Node(op, NUMBERS), Node("Mul", X, LAST))
row("Round", (6,), Node("Round", NUMBERS), Node("Mul", X, LAST), opsets=(11, NEWEST))
row("Mod", (4,), Node("Mod", whole(-7, 7, -7, 7), whole(3, 3, -3, -3)), Node("Cast", LAST,
    to=FLOAT), Node("Mul", X, LAST), opsets=(10, 13, NEWEST))  # fmt: skip
row("Mod fmod", (4,), Node("Mod", np.array([-7.5, 7.5, 0.3, 2.0]), np.array(2.0), fmod=1),
    Node("Mul", X, LAST), opsets=(10, 13, NEWEST))  # fmt: skip
for op in ("ArgMax", "ArgMin"):
    row(op, (2,), Node(op, np.array([[1.0, 3.0, 3.0], [2.0, -1.0, -1.0]]), axis=1, keepdims=0),
        Node("Gather", np.array([1.0, 2.0, 3.0]), LAST), Node("Mul", X, LAST))  # fmt: skip
    row(f"{op} last", (1, 2), Node(op, np.array([[1.0, 3.0], [1.0, 3.0]]), select_last_index=1),
        Node("Cast", LAST, to=FLOAT), Node("Mul", X, LAST), opsets=(12, NEWEST))  # fmt: skip

# comparisons
A, B = np.array([1.0, 2.0, 3.0]), np.array([2.0])
SINCE = {"Equal": 11, "Less": 9, "Greater": 9, "LessOrEqual": 12, "GreaterOrEqual": 12}
for op, since in SINCE.items():
    row(op, (3,), Node(op, A, B), Node("Where", LAST, X, w(3)), opsets=(since, NEWEST))
    row(f"{op} integers", (3,), Node(op, whole(1, 2, 3), whole(2)), Node("Where", LAST, X, w(3)),
        opsets=(since, NEWEST))  # fmt: skip
TRUTH = np.array([True, True, False, False]), np.array([True, False, True, False])
for op in ("And", "Or", "Xor"):
    row(op, (4,), Node(op, *TRUTH), Node("Where", LAST, X, w(4)), opsets=(9, NEWEST))
row("Not", (4,), Node("Not", TRUTH[1]), Node("Where", LAST, X, w(4)), opsets=(9, NEWEST))

# matrix products of constants
row("matmul of constants", (2, 4), Node("MatMul", w(2, 3), w(3, 4)), Node("Add", X, LAST))
row("matmul of constants, vectors", (2,), Node("MatMul", w(3), w(3, 2)), Node("Add", X, LAST))
row("matmul of constants, dot", (2,), Node("MatMul", w(3), w(3, seed=1)), Node("Mul", X, LAST))
row("matmul of constants, batch", (2, 2, 2), Node("MatMul", w(2, 2, 3), w(3, 2)),
    Node("Add", X, LAST))  # fmt: skip
row("matmul of zeros", (2, 4), Node("MatMul", np.zeros((2, 3)), w(3, 4)), Node("Add", X, LAST))
row("matmul of integers", (2, 3), Node("MatMul", whole(1, 1), whole(4, -1)), Node("Cast", LAST,
    to=FLOAT), Node("Mul", X, LAST), opsets=(9, NEWEST))  # fmt: skip
row("matmul of products", (2, 4), Node("Mul", w(2, 3), w(2, 3)), Node("MatMul", LAST, w(3, 4)),
    Node("Mul", X, LAST), dtype=np.float64)  # fmt: skip
row("gemm of constants", (2, 4), Node("Gemm", w(3, 2), w(4, 3), w(4), transA=1, transB=1,
    alpha=0.3, beta=0.7), Node("Add", X, LAST))  # fmt: skip
row("gemm of constants, computed C", (1, 4), Node("Gemm", w(2, 3), w(3, 4), X, beta=0.3),
    Node("Relu", LAST))  # fmt: skip
row("dropout in training at ratio 0", (2, 3), Node("Dropout", X, np.array(0.0), np.array(True)),
    Node("Relu", LAST), opsets=(12, 13, NEWEST))  # fmt: skip
