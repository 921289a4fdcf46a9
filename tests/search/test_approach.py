"""Violations brought nearer: the points lie on the line, and the witness is about the nearest."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from onnx_models import LAST, Node, X, model, saved, w

import mipc
from mipc.properties.query import Query
from mipc.search import approach
from mipc.semantics.evaluate import evaluate
from mipc.solvers.highs import Highs


def asked(folder: Path, bias: float) -> Query:
    """Two inputs, a layer of sigmoids; class 0 leads where nothing is perturbed."""
    nodes = [
        Node("Gemm", X, w(2, 4), w(4)),
        Node("Sigmoid", LAST),
        Node("Gemm", LAST, w(4, 2), np.array([bias, 0.0])),
    ]
    network = mipc.read_network(saved(model(nodes, (1, 2)), folder))
    question = mipc.Question(
        np.array([0.5, 0.5]),
        mipc.LInf(Fraction(1)),
        mipc.ArgMax(0),
        domain=None,
        objective="closest",
    )
    return mipc.ask(network, question)


def lead(query: Query, points: np.ndarray) -> np.ndarray:
    """The margin of class 1 at points (B, 2)."""
    name = next(iter(query.case.regions))
    return evaluate(query.graph, {name: points})["violation#1"].min(axis=1)


def far_bias(folder: Path) -> float:
    """A bias that lets class 1 win only in a part of the square."""
    grid = np.stack(np.meshgrid(*[np.linspace(-0.5, 1.5, 41)] * 2), axis=-1).reshape(-1, 2)
    return float(np.quantile(lead(asked(folder, 0.0), grid), 0.9))


def test_points_lie_on_the_line_and_violate(tmp_path: Path) -> None:
    query = asked(tmp_path, far_bias(tmp_path))
    (name,) = query.case.regions
    corners = np.array([[a, b] for a in (-0.5, 1.5) for b in (-0.5, 1.5)])
    corner = corners[lead(query, corners).argmax()]
    assert lead(query, corner[None])[0] >= 0
    found = [point[name] for point in approach(query.case, {name: corner})]
    shares = [(point - 0.5) / (corner - 0.5) for point in found]
    assert all(share == pytest.approx(share[0]) for share in shares)
    assert [share[0] for share in shares] == sorted(share[0] for share in shares)
    assert lead(query, found[0][None])[0] >= 0
    before = 0.5 + (1 - 1e-3) * (found[0] - 0.5)
    assert lead(query, before[None])[0] < 0


def test_from_what_does_not_violate_there_is_nothing_to_approach(tmp_path: Path) -> None:
    query = asked(tmp_path, far_bias(tmp_path))
    (name,) = query.case.regions
    assert list(approach(query.case, {name: query.case.start()[name]})) == []


def test_behind_sigmoids_the_nearest_witness_is_near_the_nearest_violation(
    tmp_path: Path, highs: Highs
) -> None:
    query = asked(tmp_path, far_bias(tmp_path))
    answer = mipc.verify(query, solver=highs)
    steps = np.linspace(-1, 1, 401)
    grid = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    violating = lead(query, 0.5 + grid) >= 0
    nearest = float(np.abs(grid[violating]).max(axis=1).min())
    assert isinstance(answer.verdict, mipc.Violated)
    assert answer.distance is not None
    low, high = answer.distance
    assert low <= nearest <= high * 1.05
    assert high <= nearest * 1.05
