"""Constants that float64 rounds: the exact value lies within the error that the node states.

The exact value is computed here in rational numbers, from what the file says; the graph's own is
an interval from :func:`evaluate_exactly`, which has to contain it and may not be much wider.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from onnx_models import LAST, Node, X, model, refused, saved, w

from mipc.frontend.onnx import read_network
from mipc.ir.ops import Affine
from mipc.semantics.exact import evaluate_exactly

Exact: TypeAlias = Callable[..., Fraction]

TENTH = float(np.float32(0.1))
A, B, C = w(6), w(6, seed=1), w(6, seed=2)
K = np.abs(w(6, seed=3)) + 0.01


def root(value: Fraction) -> Fraction:
    """The square root, to 60 digits."""
    with localcontext() as context:
        context.prec = 60
        return Fraction((Decimal(value.numerator) / Decimal(value.denominator)).sqrt())


ROWS: dict[str, tuple[list[Node], Exact]] = {
    "divide": ([Node("Div", X, A)], lambda x, a, b, c, k: x / a),
    "divide twice": (
        [Node("Div", A, B), Node("Div", LAST, C), Node("Mul", X, LAST)],
        lambda x, a, b, c, k: x * a / b / c,
    ),
    "divide by a quotient": (
        [Node("Div", A, B), Node("Div", X, LAST)],
        lambda x, a, b, c, k: x * b / a,
    ),
    "multiply twice": (
        [Node("Mul", A, B), Node("Mul", LAST, C), Node("Mul", X, LAST)],
        lambda x, a, b, c, k: x * a * b * c,
    ),
    "add a product": ([Node("Mul", A, B), Node("Add", X, LAST)], lambda x, a, b, c, k: x + a * b),
    "subtract from a product": (
        [Node("Mul", A, B), Node("Sub", LAST, X)],
        lambda x, a, b, c, k: a * b - x,
    ),
    "add a rounded sum": (
        [Node("Add", A, B), Node("Add", X, LAST)],
        lambda x, a, b, c, k: x + a + b,
    ),
    "add a sum of products": (
        [Node("Mul", A, A), Node("Mul", B, B, output="q"), Node("Add", "y0", "q"),
         Node("Add", X, LAST)],
        lambda x, a, b, c, k: x + a * a + b * b,
    ),
    "multiply by a padded product": (
        [Node("Mul", A, B), Node("Pad", LAST, np.array([0, 0])), Node("Mul", X, LAST)],
        lambda x, a, b, c, k: x * a * b,
    ),
    "multiply by a transposed product": (
        [Node("Mul", A, B), Node("Relu", LAST), Node("Transpose", LAST), Node("Mul", X, LAST)],
        lambda x, a, b, c, k: x * max(a * b, Fraction(0)),
    ),
    "concatenate a product": (
        [Node("Mul", A, B), Node("Concat", LAST, X, axis=0)],
        lambda x, a, b, c, k: a * b,
    ),
    "batch normalisation": (
        [Node("Reshape", X, np.array([1, 6])),
         Node("BatchNormalization", LAST, A, B, C, K, epsilon=TENTH)],
        lambda x, a, b, c, k: a * (x - c) / root(k + Fraction(TENTH)) + b,
    ),
    "batch normalisation without epsilon": (
        [Node("Reshape", X, np.array([1, 6])),
         Node("BatchNormalization", LAST, A, B, C, K, epsilon=0.0)],
        lambda x, a, b, c, k: a * (x - c) / root(k) + b,
    ),
    "batch normalisation of products": (
        [Node("Mul", A, A), Node("Mul", B, B, output="b"), Node("Mul", K, K, output="k"),
         Node("Reshape", X, np.array([1, 6])),
         Node("BatchNormalization", LAST, "y0", "b", "b", "k", epsilon=0.0)],
        lambda x, a, b, c, k: a * a * (x - b * b) / k + b * b,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_elementwise(name: str, tmp_path: Path) -> None:
    nodes, exact = ROWS[name]
    graph = read_network(saved(model(nodes, (6,), dtype=np.float64, opset=14), tmp_path)).graph
    x = np.random.default_rng(7).uniform(-3, 3, 6)
    found = evaluate_exactly(graph, x)[graph.outputs[0]]
    for i in range(6):
        numbers = (Fraction(float(v[i])) for v in (x, A, B, C, K))
        encloses(found.bounds(i), exact(*numbers))


def encloses(bounds: tuple[Fraction, Fraction], wanted: Fraction) -> None:
    low, high = bounds
    margin = Fraction(1, 10**50)  # what the decimal square root leaves open
    assert low - margin <= wanted <= high + margin
    assert high - low <= Fraction(1, 10**13) * max(1, abs(wanted))


@pytest.mark.parametrize("op_type", ["AveragePool", "GlobalAveragePool"])
def test_means(op_type: str, tmp_path: Path) -> None:
    shape = {"kernel_shape": [7]} if op_type == "AveragePool" else {}
    graph = read_network(saved(model([Node(op_type, X, **shape)], (1, 1, 7)), tmp_path)).graph
    x = w(7)
    mean = sum((Fraction(float(v)) for v in x), Fraction(0)) / 7
    encloses(evaluate_exactly(graph, x)[graph.outputs[0]].bounds(0), mean)


def test_means_of_different_counts(tmp_path: Path) -> None:
    node = Node("AveragePool", X, kernel_shape=[3], pads=[1, 1])
    graph = read_network(saved(model([node], (1, 1, 4)), tmp_path)).graph
    x = w(4)
    exact = [Fraction(float(v)) for v in x]
    found = evaluate_exactly(graph, x)[graph.outputs[0]]
    for i in range(4):
        met = exact[max(i - 1, 0) : i + 2]
        encloses(found.bounds(i), sum(met, Fraction(0)) / len(met))


@pytest.mark.parametrize("transposed", [0, 1])
def test_gemm(transposed: int, tmp_path: Path) -> None:
    weight = w(2, 3) if transposed else w(3, 2)
    node = Node("Gemm", X, weight, w(2), alpha=0.1, beta=0.3, transB=transposed)
    graph = read_network(saved(model([node], (1, 3), dtype=np.float64), tmp_path)).graph
    x = w(3)
    found = evaluate_exactly(graph, x)[graph.outputs[0]]
    matrix = weight.T if transposed else weight
    alpha, beta = (Fraction(float(np.float32(v))) for v in (0.1, 0.3))
    for i in range(2):
        products = (
            Fraction(float(a)) * Fraction(float(b)) for a, b in zip(x, matrix[:, i], strict=True)
        )
        wanted = alpha * sum(products, Fraction(0)) + beta * Fraction(float(w(2)[i]))
        encloses(found.bounds(i), wanted)


@pytest.mark.parametrize(
    ("nodes", "dtype"),
    [
        ([Node("Gemm", X, w(3, 2), w(2), alpha=0.1, beta=0.7)], np.float32),
        ([Node("Gemm", X, w(3, 2), w(2))], np.float64),
        ([Node("Gemm", X, w(3, 2), w(2), alpha=-0.5, beta=4.0)], np.float64),
        ([Node("Gemm", X, w(3, 3), X, beta=0.1)], np.float64),
        ([Node("Div", X, np.array([0.25, -8.0, 1.0]))], np.float64),
        ([Node("Div", w(3), np.array([2.0])), Node("Mul", X, LAST)], np.float64),
        ([Node("Mul", w(3), w(3)), Node("Add", X, LAST)], np.float32),
        ([Node("Sub", w(3), X)], np.float64),
        ([Node("Neg", w(3)), Node("Mul", X, LAST)], np.float64),
    ],
    ids=[
        "float32 gemm scaled", "gemm", "gemm scaled by powers of two", "gemm with scaled C",
        "quotient by powers of two", "quotient of constants by two", "float32 product of constants",
        "difference", "negated constants",
    ],
)  # fmt: skip
def test_what_is_not_rounded_is_exact(nodes: list[Node], dtype: type, tmp_path: Path) -> None:
    graph = read_network(saved(model(nodes, (1, 3), dtype=dtype), tmp_path)).graph
    assert all(node.op.is_exact for node in graph if isinstance(node.op, Affine))


def test_sums_of_constants_that_cancel_are_refused(tmp_path: Path) -> None:
    third = np.array([1 / 3])
    nodes = [Node("Div", w(1), third), Node("Sub", LAST, "y0"), Node("Add", X, LAST)]
    assert "cancel" in refused(model(nodes, (3,), dtype=np.float64), tmp_path).what


@pytest.mark.parametrize(
    "node",
    [Node("Tanh", np.zeros(1)), Node("Sqrt", np.zeros(1)), Node("Sin", np.zeros(1)),
     Node("Log", np.ones(1)), Node("Pow", np.zeros(1), np.array(2.0))],
    ids=lambda node: node.op_type,
)  # fmt: skip
def test_a_function_that_vanishes_at_a_constant_is_exactly_zero(node: Node, tmp_path: Path) -> None:
    graph = read_network(saved(model([node, Node("Add", X, LAST)], (3,)), tmp_path)).graph
    (op,) = [node.op for node in graph if isinstance(node.op, Affine)]
    assert op.is_exact
    assert not op.offset.any()


def test_a_power_of_constants_that_underflows_is_no_zero(tmp_path: Path) -> None:
    nodes = [Node("Pow", np.array([1e-200]), np.array(3.0)), Node("Add", X, LAST)]
    assert "cannot be folded" in refused(model(nodes, (3,), dtype=np.float64), tmp_path).what
