"""Operator cases: piecewise linear activations, sums and extremes of several tensors."""

import numpy as np
from onnx_models import LAST, NEWEST, Node, X, w, whole
from operator_cases import row

GEMM = Node("Gemm", X, w(3, 4), w(4))
AFTER = Node("Gemm", LAST, w(4, 2), w(2))

# activations
row("abs", (2, 3), Node("Abs", X))
row("abs between layers", (1, 3), GEMM, Node("Abs", LAST), AFTER)
row("abs of constant", (2, 3), Node("Abs", w(3)), Node("Add", X, LAST))
for alpha in (0.01, 0.3, 0.0, -0.5, 1.0, 1.7, 1e-20):
    row(f"leaky {alpha}", (2, 3), Node("LeakyRelu", X, alpha=alpha), opsets=(7, NEWEST))
row("leaky", (1, 3), GEMM, Node("LeakyRelu", LAST), AFTER)
row("leaky of constant", (2, 3), Node("LeakyRelu", w(3), alpha=0.3), Node("Add", X, LAST))
row("prelu", (2, 3), Node("PRelu", X, w(2, 3)), opsets=(7, 9, 16, NEWEST))
row("prelu channels", (1, 3, 2, 2), Node("PRelu", X, w(3, 1, 1)))
row("prelu steep", (1, 3), GEMM, Node("PRelu", LAST, np.array([3.0, -3.0, 1.0, 0.0])), AFTER)
row("prelu of one", (2, 3), Node("PRelu", X, np.array([1.0])))
row("prelu inexact", (2, 3), Node("Div", w(3), np.array(3.0)), Node("PRelu", X, LAST))
row("prelu of constant", (2, 3), Node("PRelu", w(3), w(1)), Node("Add", X, LAST))
row("hard sigmoid", (2, 3), Node("HardSigmoid", X))
row("hard sigmoid between layers", (1, 3), GEMM, Node("HardSigmoid", LAST), AFTER)
row("hard sigmoid steep", (2, 3), Node("HardSigmoid", X, alpha=0.7, beta=-0.3))
row("hard sigmoid falling", (2, 3), Node("HardSigmoid", X, alpha=-0.7, beta=0.1))
row("hard sigmoid of constant", (2, 3), Node("HardSigmoid", w(3)), Node("Add", X, LAST))
row("hard swish", (2, 3), Node("HardSwish", X), opsets=(14, NEWEST))

# clips
for low, high in ((-0.5, 0.7), (0.0, 6.0), (0.3, 0.3)):
    row(f"clip attributes {low} {high}", (2, 3), Node("Clip", X, min=low, max=high), opsets=(10,))
for low, high in ((-0.5, 0.7), (0.0, 6.0), (0.3, 0.3), (0.7, -0.5)):
    ends = (np.array(low), np.array(high))
    row(f"clip {low} {high}", (2, 3), Node("Clip", X, *ends), opsets=(11, NEWEST))
row("clip below", (2, 3), Node("Clip", X, np.array(0.3)), opsets=(11, NEWEST))
row("clip above", (2, 3), Node("Clip", X, None, np.array(0.3)), opsets=(11, NEWEST))
row("clip at nothing", (2, 3), Node("Clip", X), Node("Relu", LAST), opsets=(7, 11, NEWEST))
row("clip below 0", (2, 3), Node("Clip", X, min=0.0), opsets=(10,))
row("clip above by attribute", (2, 3), Node("Clip", X, max=0.1), opsets=(10,))
row("clip to float32", (2, 3), Node("Clip", X, min=0.0, max=3.4028234663852886e38), opsets=(10,))
row(
    "clip between layers", (1, 3), GEMM, Node("Clip", LAST, w(), np.array(2.0)), AFTER, opsets=(13,)
)
row(
    "clip of constants",
    (2, 3),
    Node("Div", w(3), w(1)),
    Node("Clip", LAST, np.array(-0.5), np.array(0.7)),
    Node("Add", X, LAST),
    opsets=(11, NEWEST),
)
row(
    "clip by inexact ends",
    (2, 3),
    Node("Div", w(), np.array(3.0), output="low"),
    Node("Div", np.array(2.0), np.array(3.0)),
    Node("Clip", X, "low", LAST),
    opsets=(13,),
)
row(
    "relu6", (2, 3), Node("Max", X, np.array(0.0)), Node("Min", LAST, np.array(6.0)), opsets=(8, 13)
)
row("relu6 first", (2, 3), Node("Min", X, np.array(0.5)), Node("Relu", LAST), opsets=(8, 13))

# several tensors
for op in ("Max", "Min", "Sum", "Mean"):
    row(f"{op} of one", (2, 3), Node(op, X), Node("Relu", LAST), opsets=(13,))
    row(f"{op} with a constant", (2, 3), Node(op, X, w(2, 3)), opsets=(8, NEWEST))
    row(f"{op} with zero", (2, 3), Node(op, np.zeros(()), X), opsets=(13,))
    row(f"{op} with constants", (2, 1), Node(op, w(1, 3), X, w(3, seed=1)), opsets=(13,))
    row(f"{op} with itself", (2, 3), Node(op, X, X), Node("Relu", LAST), opsets=(13,))
    row(f"{op} of constants", (2, 3), Node(op, w(3), w(2, 1)), Node("Add", X, LAST), opsets=(13,))
    row(f"{op} of two", (1, 3), Node("Transpose", X), Node(op, LAST, X), opsets=(13,))
    row(
        f"{op} of two and a constant",
        (1, 3),
        Node("MatMul", X, w(3, 3), output="z"),
        Node(op, X, "z", w(2, 3)),
        Node("Relu", LAST),
        opsets=(13,),
    )
    row(
        f"{op} of three",
        (1, 3),
        Node("MatMul", X, w(3, 3), output="z"),
        Node("MatMul", X, w(3, 1), output="one"),
        Node(op, "one", "z", X, "z"),
        Node("MatMul", LAST, w(3, 2)),
        opsets=(13,),
    )
    row(
        f"{op} with inexact constants",
        (2, 3),
        Node("Div", w(3), w(1)),
        Node(op, LAST, X),
        opsets=(13,),
    )
    if op != "Mean":
        row(f"{op} float64", (2, 3), Node(op, X, w(3)), opsets=(13,), dtype=np.float64)
row(
    "whole extremes",
    (2, 6),
    Node("Max", whole(1, 4), whole(3, 2)),
    Node("Min", LAST, whole(9, 4)),
    Node("Reshape", X, LAST),
    opsets=(12, 13),
)
