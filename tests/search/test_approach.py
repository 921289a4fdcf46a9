"""Violations brought nearer: the points lie on the line, and the witness is about the nearest."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from onnx_models import LAST, Node, X, model, saved, w

import mipc
from mipc.properties.query import Norm, Query
from mipc.search import approach, steeper
from mipc.semantics.evaluate import evaluate
from mipc.solvers.highs import Highs


def asked(folder: Path, bias: float, norm: Norm = "linf", seed: int = 0) -> Query:
    """Two inputs, a layer of sigmoids; class 0 leads where nothing is perturbed."""
    nodes = [
        Node("Gemm", X, w(2, 4, seed=seed), w(4, seed=seed)),
        Node("Sigmoid", LAST),
        Node("Gemm", LAST, w(4, 2, seed=seed), np.array([bias, 0.0])),
    ]
    network = mipc.read_network(saved(model(nodes, (1, 2)), folder))
    question = mipc.Question(
        np.array([0.5, 0.5]),
        mipc.LInf(Fraction(1)),
        mipc.ArgMax(0),
        domain=None,
        objective="closest",
        norm=norm,
    )
    return mipc.ask(network, question)


def lead(query: Query, points: np.ndarray) -> np.ndarray:
    """The margin of class 1 at points (B, 2)."""
    name = next(iter(query.case.regions))
    return evaluate(query.graph, {name: points})["violation#1"].min(axis=1)


def far_bias(folder: Path, seed: int = 0) -> float:
    """A bias that lets class 1 win only in a part of the square."""
    grid = np.stack(np.meshgrid(*[np.linspace(-0.5, 1.5, 41)] * 2), axis=-1).reshape(-1, 2)
    return float(np.quantile(lead(asked(folder, 0.0, seed=seed), grid), 0.9))


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


@pytest.mark.parametrize("norm", ["linf", "l1"])
@pytest.mark.parametrize("seed", range(4))
def test_behind_sigmoids_the_nearest_witness_is_near_the_nearest_violation(
    seed: int, norm: Norm, tmp_path: Path, highs: Highs
) -> None:
    query = asked(tmp_path, far_bias(tmp_path, seed), norm, seed)
    answer = mipc.verify(query, solver=highs)
    steps = np.linspace(-1, 1, 801)
    grid = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    sizes = np.abs(grid[lead(query, 0.5 + grid) >= 0])
    nearest = float((sizes.max(axis=1) if norm == "linf" else sizes.sum(axis=1)).min())
    assert isinstance(answer.verdict, mipc.Violated)
    assert answer.distance is not None
    low, high = answer.distance
    assert low <= nearest <= high + 0.005
    assert high <= nearest * 1.05


@pytest.mark.parametrize("norm", ["linf", "l1"])
def test_a_steeper_point_is_as_far_away_and_inside(norm: Norm, tmp_path: Path) -> None:
    query = asked(tmp_path, far_bias(tmp_path), norm)
    (name,) = query.case.regions
    order = np.inf if norm == "linf" else 1
    rng = np.random.default_rng(0)
    for point in rng.uniform(-0.5, 1.5, (20, 2)):
        moved = steeper(query.case, name, norm, np.array([0.5, 0.5]), point)
        assert np.abs(moved - 0.5).max() <= 1.0
        far = np.linalg.norm(point - 0.5, order)
        assert np.linalg.norm(moved - 0.5, order) <= far * (1 + 1e-12)
