"""Operator cases: fully connected layers, arithmetic, activations, normalisation."""

import numpy as np
from onnx_models import LAST, NEWEST, Node, X, w, whole
from operator_cases import row

# fully connected
row("gemm", (1, 3), Node("Gemm", X, w(3, 4), w(4)))
row("gemm scaled", (1, 3), Node("Gemm", X, w(3, 4), w(4), alpha=0.3, beta=-1.7))
row("gemm transB", (1, 3), Node("Gemm", X, w(4, 3), w(1, 4), transB=1))
row("gemm transA", (3, 2), Node("Gemm", X, w(3, 4), w(2, 1), transA=1))
row("gemm both", (3, 2), Node("Gemm", X, w(4, 3), w(2, 4), transA=1, transB=1, alpha=2.0))
row("gemm no bias", (2, 3), Node("Gemm", X, w(3, 4), alpha=0.5), opsets=(11, NEWEST))
row("gemm scalar bias", (1, 3), Node("Gemm", X, w(3, 4), w()))
row("gemm constant A", (3, 2), Node("Gemm", w(4, 3), X, w(4, 1), alpha=0.7, beta=2.0))
row(
    "gemm constant A transposed", (2, 3), Node("Gemm", w(3, 4), X, transA=1, transB=1), opsets=(11,)
)
row("gemm computed C", (2, 2), Node("Gemm", X, w(2, 2), X, alpha=0.3, beta=0.7))
row("gemm computed C plain", (2, 2), Node("Gemm", X, w(2, 2), X))
row("gemm narrow computed C", (1, 3), Node("Gemm", X, w(3, 3), X, beta=-0.5))
row(
    "gemm C from another node",
    (1, 3),
    Node("Relu", X, output="r"),
    Node("Gemm", X, w(3, 2), w(2)),
    Node("Gemm", LAST, w(2, 3), "r"),
)
row("gemm float64", (2, 3), Node("Gemm", X, w(3, 4), w(4), alpha=0.3), dtype=np.float64)
row("matmul right", (1, 3), Node("MatMul", X, w(3, 4)))
row("matmul left", (3, 1), Node("MatMul", w(4, 3), X))
row("matmul rows", (2, 3), Node("MatMul", X, w(3, 4)))
row("matmul columns", (3, 2), Node("MatMul", w(4, 3), X))
row("matmul left transposed input", (1, 3), Node("Transpose", X), Node("MatMul", w(4, 3), LAST))
row("matmul vector right", (2, 3), Node("MatMul", X, w(3)))
row("matmul vector left", (3, 2), Node("MatMul", w(3), X))
row("matmul rank 1", (3,), Node("MatMul", X, w(3, 4)))
row("matmul rank 1 left", (3,), Node("MatMul", w(4, 3), X))
row("matmul dot", (3,), Node("MatMul", X, w(3)))
row("matmul rank 3", (2, 2, 3), Node("MatMul", X, w(3, 2)))
row("matmul rank 3 left", (2, 3, 2), Node("MatMul", w(2, 3), X))
row("matmul batch", (2, 2, 3), Node("MatMul", X, w(2, 3, 2)))
row("matmul batch left", (2, 3, 2), Node("MatMul", w(2, 2, 3), X))
row("matmul broadcast weights", (1, 2, 3), Node("MatMul", X, w(2, 3, 2)))
row("matmul broadcast input", (2, 3), Node("MatMul", X, w(2, 2, 3, 2)))
row("matmul batch of vectors", (3,), Node("MatMul", X, w(2, 3, 2)))
row("matmul with zeros", (2, 3), Node("MatMul", X, np.eye(3)))

# arithmetic
for op in ("Add", "Sub", "Mul"):
    row(f"{op} constant", (2, 3), Node(op, X, w(2, 3)))
    row(f"{op} constant first", (2, 3), Node(op, w(2, 3), X))
    row(f"{op} broadcast constant", (2, 3), Node(op, X, w(3)))
    row(f"{op} scalar", (2, 3), Node(op, X, w()))
    row(f"{op} broadcast value", (3,), Node(op, X, w(2, 3)))
    row(f"{op} broadcast value first", (1, 3), Node(op, w(2, 3), X))
    row(f"{op} broadcast both", (3, 1), Node(op, X, w(1, 2)))
    row(f"{op} broadcast both, constant first", (3, 1), Node(op, w(2, 1, 2), X))
    row(f"{op} float64", (2, 3), Node(op, X, w(2, 3)), dtype=np.float64)
for op in ("Add", "Sub"):
    row(f"{op} itself", (2, 3), Node(op, X, X))
    row(f"{op} computed", (2, 3), Node("Relu", X), Node(op, LAST, X))
    row(f"{op} computed, broadcast", (1, 3), Node("Transpose", X), Node(op, X, LAST))
    row(f"{op} two constants", (2, 3), Node(op, w(3), w(1, seed=1)), Node("Add", X, LAST))
row("Div", (2, 3), Node("Div", X, w(2, 3)))
row("Div broadcast", (1, 3), Node("Div", X, w(2, 1)))
row("Div power of two", (2, 3), Node("Div", X, np.array([0.5, -4.0, 8.0])))
row("Div scalar float64", (2, 3), Node("Div", X, w()), dtype=np.float64)
row("Div two constants", (2, 3), Node("Div", w(3), w(2, 1)), Node("Add", X, LAST))
row("Mul two constants", (2, 3), Node("Mul", w(3), w(2, 1)), Node("Mul", X, LAST))
row(
    "inexact constants",
    (1, 3),
    Node("Div", w(3), w(1)),
    Node("Mul", LAST, w(3), output="p"),
    Node("Sub", "p", X),
    Node("Mul", LAST, "p"),
)
row(
    "integers",
    (2, 4),
    Node("Div", whole(-7, 9), whole(2, 2)),
    Node("Mul", LAST, whole(-2, 1)),
    Node("Sub", LAST, whole(4, 0)),
    Node("Reshape", X, LAST),
)
row("Neg", (2, 3), Node("Neg", X))
row("Neg constant", (2, 3), Node("Neg", w(3)), Node("Add", X, LAST))
row("normalised", (1, 1, 2, 2), Node("Sub", X, w()), Node("Div", LAST, np.array([0.3081])))
row("scalar input", (), Node("Mul", X, w(3)))

# activations
row("relu", (2, 3), Node("Relu", X))
row("relu of constant", (2, 3), Node("Relu", w(2, 3)), Node("Add", X, LAST))
row(
    "two layers",
    (1, 3),
    Node("Gemm", X, w(3, 4), w(4)),
    Node("Relu", LAST),
    Node("Gemm", LAST, w(4, 2), w(2)),
)
row("skip", (1, 3), Node("MatMul", X, w(3, 3)), Node("Relu", LAST), Node("Add", LAST, X))

# normalisation
NORM = (w(3), w(3, seed=1), w(3, seed=2), np.abs(w(3, seed=3)) + 0.1)
row("batch norm", (1, 3, 2, 2), Node("BatchNormalization", X, *NORM), opsets=(7, 9, 14, 15, NEWEST))
row(
    "batch norm epsilon", (1, 3, 4), Node("BatchNormalization", X, *NORM, epsilon=0.1, momentum=0.5)
)
row("batch norm rank 2", (2, 3), Node("BatchNormalization", X, *NORM))
row("batch norm float64", (1, 3, 2, 2), Node("BatchNormalization", X, *NORM), dtype=np.float64)
row("batch norm spatial", (1, 3, 2), Node("BatchNormalization", X, *NORM, spatial=1), opsets=(7, 8))
row(
    "batch norm inference",
    (1, 3, 2),
    Node("BatchNormalization", X, *NORM, training_mode=0),
    opsets=(14, NEWEST),
)
row(
    "conv, batch norm",
    (1, 1, 4, 4),
    Node("Conv", X, w(3, 1, 3, 3), pads=[1, 1, 1, 1]),
    Node("BatchNormalization", LAST, *NORM),
    Node("Relu", LAST),
    Node("Conv", LAST, w(2, 3, 2, 2), pads=[1, 1, 0, 0]),
)
