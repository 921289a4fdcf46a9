"""What has to be true of every model of one operator, whatever its attributes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from checks import assert_runs_are_feasible, query_of
from onnx_models import LAST, Node, saved, session, w, whole
from operator_cases import Case
from strategies import Case as GraphCase

from mipc.frontend.onnx import read_network
from mipc.ir.graph import Graph
from mipc.ir.network import Network
from mipc.numerics.domains import Domain
from mipc.numerics.interval import Interval
from mipc.numerics.products import Products
from mipc.passes import DEFAULT, Pass
from mipc.semantics.bounds import bound_graph
from mipc.semantics.evaluate import evaluate
from mipc.semantics.exact import evaluate_exactly

__all__ = [
    "assert_bounds_hold",
    "assert_exact_values_enclose_floats",
    "assert_means_what_onnx_runtime_computes",
    "assert_models_admit_runs",
    "read",
]

TOLERANCE = {np.float32: 1e-4, np.float64: 1e-9}


def read(case: Case, folder: Path) -> Network:
    return read_network(saved(case.proto(), folder))


def runs(network: Network, points: np.ndarray) -> np.ndarray:
    values = evaluate(network.graph, {network.graph.inputs[0].name: points})
    return values[network.graph.outputs[0]]


def assert_means_what_onnx_runtime_computes(case: Case, network: Network) -> None:
    """At three points: the same shape, and the same numbers as precisely as the type allows."""
    points = np.random.default_rng(1).uniform(-2, 2, (3, network.input.size)).astype(case.dtype)
    found = runs(network, points.astype(np.float64))
    runtime = session(network.path)
    for point, output in zip(points, found, strict=True):
        feed = {network.input.name: point.reshape(network.input.shape)}
        (wanted,) = runtime.run([network.output.name], feed)
        assert wanted.shape == network.output.shape
        scale = max(1.0, np.abs(wanted).max())
        np.testing.assert_allclose(
            output, wanted.ravel(), rtol=0, atol=TOLERANCE[case.dtype] * scale
        )


def assert_exact_values_enclose_floats(
    graph: Graph, rounding: float = 1e-13, widest: float = 1e-12
) -> None:
    """What float64 computes is as far from the exact range as it rounds, and that is narrow."""
    point = np.random.default_rng(2).uniform(-2, 2, graph.inputs[0].size)
    floats = evaluate(graph, {graph.inputs[0].name: point[None]})
    for name, exact in evaluate_exactly(graph, point).items():
        size = max(1.0, np.abs(floats[name]).max())
        for index, number in enumerate(floats[name][0]):
            low, high = exact.bounds(index)
            assert float(low) - rounding * size <= number <= float(high) + rounding * size, name
            assert float(high - low) <= widest * size, name


def assert_bounds_hold(graph: Graph, products: Products) -> None:
    """Of two boxes, a narrow and a wide one: what float64 computes lies in the bounds."""
    source = graph.inputs[0]
    numbers = np.random.default_rng(3)
    centre = numbers.uniform(-1, 1, (2, source.size))
    radius = np.array([[0.1], [1.0]])
    domain = {source.name: Domain(Interval(centre - radius, centre + radius))}
    points = centre + radius * numbers.uniform(-1, 1, (40, 2, source.size))
    points[:10] = centre + radius * np.sign(points[:10] - centre)
    values = evaluate(graph, {source.name: points.reshape(80, -1)})
    for method in ("interval", "backward"):
        bounds = bound_graph(graph, domain, method=method, products=products)
        for name, bound in bounds.items():
            taken = values[name].reshape(40, 2, -1)
            slack = 1e-13 * max(1.0, np.abs(taken).max())
            assert (bound.lower - slack <= taken).all(), (method, name)
            assert (taken <= bound.upper + slack).all(), (method, name)


def assert_models_admit_runs(
    case: Case, size: int, folder: Path, passes: Sequence[Pass] = DEFAULT
) -> None:
    """Of a question about three sums of the outputs: exact runs are points of its model."""
    head = Node("Reshape", LAST, whole(1, size)), Node("Gemm", LAST, w(size, 3), w(3))
    network = read(replace(case, nodes=(*case.nodes, *head)), folder)
    numbers = np.random.default_rng(4)
    centre = numbers.uniform(-1, 1, (1, network.input.size))
    radius = numbers.choice([0.01, 0.25, 1.0])
    asked = GraphCase(network.graph, Interval(centre - radius, centre + radius), seed=5)
    assert_runs_are_feasible(query_of(asked, Fraction(0)), passes, True, asked, count=2)
