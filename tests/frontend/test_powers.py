"""Powers of several exponents and bases, and the softmax of pairs: as in ONNX Runtime, tightly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx_models import LAST, Node, X, model, refused, saved, session

from mipc.frontend.onnx import read_network
from mipc.numerics.domains import Domain
from mipc.numerics.interval import Interval
from mipc.semantics.bounds import bound_graph
from mipc.semantics.evaluate import evaluate

E = np.array([[2.0], [3.0], [0.0], [-1.0], [0.5], [1.0]])

MODELS = {
    "several exponents": ([Node("Pow", X, E)], (6, 1)),
    "several exponents, broadcast": ([Node("Pow", X, E)], (1, 2)),
    "one exponent, broadcast": ([Node("Pow", X, np.full((3, 1), 2.0))], (1, 4)),
    "a base": ([Node("Pow", np.array(2.0), X)], (5,)),
    "several bases": ([Node("Pow", np.array([[0.5], [1.0], [3.0]]), X)], (1, 4)),
    "pairs": ([Node("Softmax", X, axis=-1)], (2,)),
    "pairs in the middle": ([Node("Softmax", X, axis=1)], (3, 2, 2)),
    "pairs, scaled": ([Node("Mul", X, np.array(3.0)), Node("Softmax", LAST, axis=0)], (2, 3)),
}


@pytest.mark.parametrize("name", MODELS)
def test_it_means_what_onnx_runtime_computes(name: str, tmp_path: Path) -> None:
    nodes, shape = MODELS[name]
    network = read_network(saved(model(nodes, shape), tmp_path))
    points = np.random.default_rng(1).uniform(0.5, 2, (4, network.input.size)).astype(np.float32)
    found = evaluate(network.graph, {network.input.node: points.astype(np.float64)})
    runtime = session(network.path)
    for point, output in zip(points, found[network.output.node], strict=True):
        (wanted,) = runtime.run(None, {network.input.name: point.reshape(shape)})
        assert wanted.shape == network.output.shape
        np.testing.assert_allclose(output, wanted.reshape(-1), rtol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_bounds_enclose_what_onnx_runtime_computes(name: str, tmp_path: Path) -> None:
    nodes, shape = MODELS[name]
    network = read_network(saved(model(nodes, shape), tmp_path))
    box = Interval(np.full((1, network.input.size), 0.5), np.full((1, network.input.size), 2.0))
    known = bound_graph(network.graph, {network.input.node: Domain(box)})[network.output.node]
    runtime = session(network.path)
    for seed in range(20):
        point = np.random.default_rng(seed).choice([0.5, 1.0, 2.0], shape).astype(np.float32)
        (run,) = runtime.run(None, {network.input.name: point})
        slack = 1e-6 * (1 + np.abs(run.reshape(-1)))
        assert (known.lower - slack <= run.reshape(-1)).all()
        assert (run.reshape(-1) <= known.upper + slack).all()


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ([Node("Pow", np.array(-2.0), X)], "a base that is not positive"),
        ([Node("Pow", np.array(0.0), X)], "a base that is not positive"),
        ([Node("Pow", X, X)], "has to be constant"),
        ([Node("Pow", np.array(2.0), E), Node("Add", X, LAST)], "several exponents of constants"),
    ],
)
def test_what_is_refused(nodes: list[Node], words: str, tmp_path: Path) -> None:
    assert words in refused(model(nodes, (6, 1)), tmp_path).what
