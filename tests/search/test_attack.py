"""Climbing along gradients: the gradient is one, points stay inside, easy violations are found."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from checks import query_of
from hypothesis import given, settings
from strategies import Case, cases, examples

import mipc
from mipc.errors import RangeError
from mipc.numerics.rationals import Enclosed
from mipc.properties.region import Region, Sphere
from mipc.search.attack import climb, projected
from mipc.semantics.evaluate import evaluate
from mipc.semantics.gradient import gradient

STEP = 2.0**-20


@settings(max_examples=examples(100))
@given(cases(styles=("float64",), smooth=True, several_outputs=False, inexact=False))
def test_a_gradient_is_the_slope_of_the_values(case: Case) -> None:
    """Wherever the slopes to both sides agree."""
    rng, graph = case.rng, case.graph
    x = rng.normal(size=(3, case.box.lower.shape[1]))
    (output,) = graph.outputs
    weight = rng.normal(size=(1, graph[output].size))
    seeds = np.repeat(weight, 3, axis=0)

    def total(points: np.ndarray) -> np.ndarray:
        return np.asarray((evaluate(graph, {"x": points})[output] * weight).sum(axis=1))

    try:
        found = gradient(graph, evaluate(graph, {"x": x}), {output: seeds})["x"]
        for i in range(x.shape[1]):
            step = np.zeros(x.shape[1])
            step[i] = STEP
            after, here, before = total(x + step), total(x), total(x - step)
            left, right = (here - before) / STEP, (after - here) / STEP
            scale = 1.0 + np.abs(left) + np.abs(here)
            smooth = np.abs(left - right) <= 1e-4 * scale
            assert (np.abs(found[:, i] - (left + right) / 2)[smooth] <= 1e-3 * scale[smooth]).all()
    except RangeError:
        return


@settings(max_examples=examples(60))
@given(cases(smooth=True, several_outputs=False, inexact=False))
def test_points_climb_and_stay_in_the_region(case: Case) -> None:
    query = query_of(case, Fraction(0), "feasibility")
    (whole,) = query.cases
    targets = [disjunct.number for disjunct in whole.disjuncts]
    last = -np.inf
    try:
        for found in climb(whole, targets):
            assert found.margin > last
            last = found.margin
            for name, region in whole.regions.items():
                assert (region.lower <= found.point[name]).all()
                assert (found.point[name] <= region.upper).all()
    except RangeError:
        return


@pytest.mark.parametrize("norm", [1, 2])
def test_points_are_moved_into_a_ball(norm: int) -> None:
    rng = np.random.default_rng(0)
    centre = rng.normal(size=6)
    wide = np.ones(6)
    box = Region.between(Enclosed(-9 * wide, -9 * wide), Enclosed(9 * wide, 9 * wide), "float64")
    sphere = Sphere(norm, centre, Fraction(1, 2))  # type: ignore[arg-type]
    region = Region(box.lower, box.upper, box.least, box.most, sphere)
    moved = projected(region, centre + rng.normal(size=(50, 6)))
    assert (np.linalg.norm(moved - centre, norm, axis=1) <= 0.5 * (1 + 1e-12)).all()


def test_numbers_are_moved_to_a_prescribed_sum() -> None:
    zeros, ones = np.zeros(5), np.ones(5)
    box = Region.between(Enclosed(zeros, zeros), Enclosed(ones, ones), "float64")
    region = Region(box.lower, box.upper, box.least, box.most, total=1.0)
    moved = projected(region, np.random.default_rng(0).normal(size=(50, 5)))
    np.testing.assert_allclose(moved.sum(axis=1), 1.0, atol=1e-12)
    assert ((moved >= 0) & (moved <= 1)).all()


def test_a_time_limit_ends_a_decision(tmp_path) -> None:  # type: ignore[no-untyped-def]
    from onnx_models import saved, small

    network = mipc.read_network(saved(small(), tmp_path))
    question = mipc.Question(
        np.zeros(3), mipc.LInf(Fraction(1)), mipc.ArgMax(0, margin=Fraction(99)), domain=None
    )
    answer = mipc.verify(mipc.ask(network, question), timeout=0.0)
    assert isinstance(answer.verdict, mipc.Unknown)
    assert answer.verdict.reason == "timeout"
