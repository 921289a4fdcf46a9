"""Operator cases: reductions over axes."""

import numpy as np
from onnx_models import LAST, NEWEST, Node, X, w, whole
from operator_cases import row

LINEAR = ("ReduceSum", "ReduceMean")
EXTREME = ("ReduceMax", "ReduceMin")
OTHERS = ("ReduceL1", "ReduceSumSquare", "ReduceLogSumExp")

for op in (*LINEAR, *EXTREME, *OTHERS):
    old, new = ((7, 12), (13, NEWEST)) if op == "ReduceSum" else ((7, 17), (18, NEWEST))
    row(f"{op} of all", (2, 3), Node(op, X), opsets=(old[0],))
    row(f"{op} of all, rank 0", (2, 3), Node(op, X, keepdims=0), opsets=(NEWEST,))
    row(f"{op} by attribute", (2, 3, 2), Node(op, X, axes=[2, 0]), opsets=old)
    row(f"{op} by input", (2, 3, 2), Node(op, X, whole(-1, 0)), opsets=new)
    row(f"{op} dropped", (1, 3, 2, 2), Node(op, X, axes=[2, -1], keepdims=0), opsets=old[1:])
    row(f"{op} one axis", (2, 3), Node(op, X, whole(1), keepdims=0), opsets=new)
    row(f"{op} of one", (1, 3), Node(op, X, whole(0), keepdims=0), Node("Relu", LAST), opsets=new)
    row(f"{op} empty axes", (2, 3), Node(op, X, whole()), opsets=new)
    if op != "ReduceLogSumExp":  # wider than rounding: two functions, one after the other
        of_constant = Node(op, w(2, 3), axes=[0]), Node("Add", X, LAST)
        row(f"{op} of constant", (2, 3), *of_constant, opsets=old)
    row(
        f"{op} between layers",
        (2, 3),
        Node("Gemm", X, w(3, 4), w(4)),
        Node("Relu", LAST),
        Node(op, LAST, whole(1)),
        Node("Gemm", LAST, w(1, 2)),
        opsets=new,
    )
for op in (*LINEAR, *EXTREME):
    row(
        f"{op} of nothing",
        (2, 3),
        Node(op, X, noop_with_empty_axes=1),
        Node("Relu", LAST),
        opsets=(18, NEWEST),
    )
row(
    "ReduceL2",
    (2, 3),
    Node("Mul", X, np.array(0.1)),
    Node("Add", LAST, np.array(3.0)),
    Node("ReduceL2", LAST, whole(1)),
    opsets=(18, NEWEST),
)
row(
    "ReduceLogSum",
    (2, 3),
    Node("Add", X, np.array(5.0)),
    Node("ReduceLogSum", LAST, axes=[1]),
    opsets=(11, 13),
)
row(
    "ReduceProd of a shape",
    (2, 6),
    Node("ReduceProd", whole(2, 6), axes=[0]),
    Node("Reshape", X, LAST),
    opsets=(11, 13),
)
row(
    "ReduceProd of numbers",
    (2, 3),
    Node("ReduceProd", w(2, 3), axes=[0]),
    Node("Mul", X, LAST),
    opsets=(11, 13),
)
row(
    "whole reductions",
    (2, 6),
    Node("ReduceSum", whole(2, 6, 4), whole(0)),
    Node("Reshape", X, LAST),
    opsets=(13, NEWEST),
)
row(
    "reductions of inexact constants",
    (2, 3),
    Node("Div", np.abs(w(2, 3)), w(1)),
    Node("ReduceMean", LAST, axes=[0]),
    Node("Mul", X, LAST),
    opsets=(13,),
)
