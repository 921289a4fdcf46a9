"""What activations, reductions and resizes round lies within the error that their nodes state.

The exact value is computed here in rational numbers, from what the file says.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from onnx_models import LAST, Node, X, model, saved, w, whole

from mipc.frontend.onnx import read_network
from mipc.ir.ops import Affine
from mipc.semantics.exact import evaluate_exactly

Exact: TypeAlias = Callable[[list[Fraction]], list[Fraction]]

A, B = w(6), np.abs(w(6, seed=1)) + 0.1
TINY = float(np.float32(1e-20))
PAIRS = [(0, 1), (2, 3), (4, 5)]


def exactly(numbers: np.ndarray) -> list[Fraction]:
    return [Fraction(float(number)) for number in numbers.ravel()]


def f32(number: float) -> Fraction:
    return Fraction(float(np.float32(number)))


def leaky(x: list[Fraction], below: list[Fraction]) -> list[Fraction]:
    return [v if v > 0 else v * s for v, s in zip(x, below, strict=True)]


def between(x: list[Fraction], low: Fraction, high: Fraction) -> list[Fraction]:
    return [min(max(v, low), high) for v in x]


def stretched(x: list[Fraction], after: int) -> list[Fraction]:
    """Linear interpolation at half pixels."""
    found = []
    for i in range(after):
        place = (i + Fraction(1, 2)) * len(x) / after - Fraction(1, 2)
        place = min(max(place, Fraction(0)), Fraction(len(x) - 1))
        low = math.floor(place)
        high = min(low + 1, len(x) - 1)
        found.append(x[low] * (low + 1 - place) + x[high] * (place - low))
    return found


ROWS: dict[str, tuple[list[Node], Exact]] = {
    "leaky relu": ([Node("LeakyRelu", X, alpha=TINY)], lambda x: leaky(x, [Fraction(TINY)] * 6)),
    "prelu": ([Node("PRelu", X, A)], lambda x: leaky(x, exactly(A))),
    "hard sigmoid": (
        [Node("HardSigmoid", X, alpha=0.1, beta=0.7)],
        lambda x: between([f32(0.1) * v + f32(0.7) for v in x], Fraction(0), Fraction(1)),
    ),
    "clip": (
        [Node("Clip", X, np.array(-0.1), np.array(1 / 3))],
        lambda x: between(x, Fraction(-0.1), Fraction(1 / 3)),
    ),
    "clip by quotients": (
        [
            Node("Div", np.array(-1.0), np.array(3.0), output="low"),
            Node("Div", np.array(1.0), np.array(7.0)),
            Node("Clip", X, "low", LAST),
        ],
        lambda x: between(x, Fraction(-1, 3), Fraction(1, 7)),
    ),
    "mean": (
        [Node("Mean", X, A, B)],
        lambda x: [(v + a + b) / 3 for v, a, b in zip(x, exactly(A), exactly(B), strict=True)],
    ),
    "sum": (
        [Node("Sum", A, X, B)],
        lambda x: [v + a + b for v, a, b in zip(x, exactly(A), exactly(B), strict=True)],
    ),
    "max with a quotient": (
        [Node("Div", A, B), Node("Max", X, LAST)],
        lambda x: [max(v, a / b) for v, a, b in zip(x, exactly(A), exactly(B), strict=True)],
    ),
    "min of two and a quotient": (
        [Node("Neg", X, output="n"), Node("Div", A, B), Node("Min", X, "n", LAST)],
        lambda x: [min(v, -v, a / b) for v, a, b in zip(x, exactly(A), exactly(B), strict=True)],
    ),
    "means of all": ([Node("ReduceMean", X)], lambda x: [sum(x, Fraction(0)) / 6]),
    "sums of constants": (
        [Node("Div", np.abs(A), B), Node("ReduceSum", LAST), Node("Mul", X, LAST)],
        lambda x: [
            v * sum((abs(a) / b for a, b in zip(exactly(A), exactly(B), strict=True)), Fraction(0))
            for v in x
        ],
    ),
    "means of constants": (
        [Node("ReduceMean", B), Node("Mul", X, LAST)],
        lambda x: [v * sum(exactly(B), Fraction(0)) / 6 for v in x],
    ),
    "products of constants": (
        [Node("ReduceProd", B), Node("Mul", X, LAST)],
        lambda x: [v * math.prod(exactly(B)) for v in x],
    ),
    "sums of squares of constants": (
        [Node("ReduceSumSquare", B), Node("Mul", X, LAST)],
        lambda x: [v * sum((b * b for b in exactly(B)), Fraction(0)) for v in x],
    ),
    "linear resize": (
        [
            Node("Reshape", X, whole(1, 1, 6)),
            Node("Resize", LAST, None, None, whole(1, 1, 11), mode="linear"),
        ],
        lambda x: stretched(x, 11),
    ),
    "linear resize of constants": (
        [
            Node("Reshape", B, whole(1, 1, 6)),
            Node("Resize", LAST, None, None, whole(1, 1, 7), mode="linear"),
            Node("ReduceSum", LAST, whole(), keepdims=0),
            Node("Mul", X, LAST),
        ],
        lambda x: [v * sum(stretched(exactly(B), 7), Fraction(0)) for v in x],
    ),
    "convolution of constants": (
        [
            Node("Reshape", B, whole(1, 1, 6)),
            Node("Conv", LAST, B[:2].reshape(1, 1, 2), strides=[2]),
            Node("ConvTranspose", LAST, np.array([[[1.0, 0.1]]]), strides=[2]),
            Node("Mul", X, LAST),
        ],
        lambda x: [
            x[i] * (1 if i == pair[0] else Fraction(0.1))
            * sum((a * b for a, b in zip((exactly(B)[i] for i in pair), exactly(B), strict=False)),
                  Fraction(0))
            for pair in PAIRS for i in pair
        ],
    ),
    "average of constants": (
        [
            Node("Reshape", B, whole(1, 1, 6)),
            Node("AveragePool", LAST, kernel_shape=[3], pads=[1, 1]),
            Node("Mul", X, LAST),
        ],
        lambda x: [
            v * sum(met, Fraction(0)) / len(met)
            for i, v in enumerate(x) for met in (exactly(B)[max(i - 1, 0) : i + 2],)
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_the_exact_value_lies_in_what_the_graph_states(name: str, tmp_path: Path) -> None:
    nodes, exact = ROWS[name]
    graph = read_network(saved(model(nodes, (6,), dtype=np.float64), tmp_path)).graph
    for seed in range(3):
        x = np.random.default_rng(seed).uniform(-1, 1, 6)
        found = evaluate_exactly(graph, x)[graph.outputs[0]]
        for i, wanted in enumerate(exact(exactly(x))):
            low, high = found.bounds(i)
            assert low <= wanted <= high
            assert high - low <= Fraction(1, 10**13) * max(1, abs(wanted))


@pytest.mark.parametrize(
    "nodes",
    [
        [Node("Abs", X)],
        [Node("LeakyRelu", X)],
        [Node("PRelu", X, np.array([0.25, -3.0, 1.5]))],
        [Node("Clip", X, np.array(0.0), np.array(6.0))],
        [Node("Max", X, np.array([0.1, 0.7, -0.3]))],
        [Node("Mean", X, X)],
        [Node("ReduceSum", X)],
        [Node("ReduceMax", np.array([0.1, 0.3])), Node("Mul", X, LAST)],
        [Node("ReduceSum", np.array([0.5, 0.25])), Node("Mul", X, LAST)],
        [
            Node("Reshape", X, whole(1, 1, 3)),
            Node("Resize", LAST, None, None, whole(1, 1, 6), mode="linear"),
        ],
    ],
    ids=lambda nodes: nodes[0].op_type,
)
def test_what_is_not_rounded_is_exact(nodes: list[Node], tmp_path: Path) -> None:
    graph = read_network(saved(model(nodes, (1, 3), dtype=np.float64), tmp_path)).graph
    assert all(node.op.is_exact for node in graph if isinstance(node.op, Affine))
