"""When time runs out, an answer is an interval: certified at one end, replayed at the other."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from exact_answers import exact_answer
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx_models import LAST, Node, X, model, saved
from scipy.optimize import bisect
from small_networks import dense_network
from small_questions import asked
from strategies import examples

from mipc import verify
from mipc.frontend.onnx import read_network
from mipc.milp.model import Model
from mipc.milp.solution import Solution, Status
from mipc.properties.perturbations import LInf
from mipc.properties.question import Question, ask
from mipc.properties.requirements import ArgMax, Linear
from mipc.results import answer_facts
from mipc.solvers.base import Limits
from mipc.solvers.highs import Highs
from mipc.verdict import Robust, Unknown, Violated

CLOSE = Fraction(1, 10**12)


class Stopped:
    """A solver whose time runs out: a right bound, and no point, or one that is not the best."""

    def __init__(self, inner: Highs, gap: float, *, shows: bool) -> None:
        self.inner, self.gap, self.shows = inner, gap, shows
        self.name, self.version = inner.name, inner.version

    def solve(self, model: Model, limits: Limits) -> Solution:
        claim = self.inner.solve(model, limits)
        if claim.status is not Status.OPTIMAL or claim.dual_bound is None:
            return claim
        bound = claim.dual_bound - self.gap
        values = claim.values if self.shows else None
        status = Status.FEASIBLE if self.shows else Status.STOPPED
        return Solution(status, values, claim.objective if self.shows else None, bound, "stopped")


@pytest.mark.parametrize("objective", ["feasibility", "closest", "worst"])
@pytest.mark.parametrize("kind", ["linf", "l1", "patch"])
def test_intervals_hold_the_truth_whatever_the_time(
    kind: str, objective: str, highs: Highs, tmp_path: Path
) -> None:
    @settings(max_examples=examples(5))
    @given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 1e-3, 0.02, None]), st.booleans())
    def law(seed: int, seconds: float | None, shows: bool) -> None:
        solver = highs if seconds is not None else Stopped(highs, 0.1, shows=shows)
        it = asked(
            tmp_path, seed, (kind,), shape=(1, 1, 1, 3), hidden=2, objective=objective,
            margin=Fraction(-1),
        )  # fmt: skip
        exact = exact_answer(it, Fraction(-1))
        answer = verify(it.query, solver=solver, timeout=seconds)
        if isinstance(answer.verdict, Robust):
            assert exact.margin < 0
        if isinstance(answer.verdict, Violated):
            assert exact.margin >= -CLOSE
        assert answer.margin is not None
        assert answer.margin[0] - CLOSE <= exact.margin <= answer.margin[1] + CLOSE
        if objective == "closest" and answer.distance is not None:
            low, high = answer.distance
            nearest = float("inf") if exact.nearest is None else exact.nearest
            assert low <= nearest <= high
        if isinstance(answer.verdict, Unknown) and objective == "closest":
            assert answer.distance is not None
            assert answer_facts(it.query, answer).distance == [answer.distance[0], None]

    law()


def test_no_time_at_all_still_replays_the_input(tmp_path: Path, highs: Highs) -> None:
    it = asked(tmp_path, 11, ("linf",), shape=(1, 1, 2, 3), objective="worst")
    answer = verify(it.query, solver=highs, timeout=0.0)
    assert not isinstance(answer.verdict, Robust)
    assert answer.margin is not None
    y = it.output([Fraction(c) for c in it.query.centre.tolist()])
    assert answer.margin[0] == pytest.approx(float(max(y[1], y[2]) - y[0]), abs=1e-12)
    assert np.isinf(answer.margin[1])


def test_a_tiny_distance_is_bounded_from_below_by_no_more_than_it_is(
    tmp_path: Path, highs: Highs
) -> None:
    """HiGHS drops what is better than its best point by 1e-6: much, of a distance of 2e-5."""
    rng = np.random.default_rng(0)
    steep, away = 1000.0, float(np.float32(0.0005))
    for n in (1, 2, 3, 2, 3, 3):
        first = np.repeat(np.eye(n), 2, axis=0) * np.tile([[steep], [-steep]], (n, 1))
        bias = -rng.uniform(0.02, 0.022, 2 * n)
        second = np.zeros((2, 2 * n))
        second[1] = 1.0
        network = dense_network(
            tmp_path / "steep.onnx", [(first, bias), (second, np.array([away, 0.0]))]
        )
        question = Question(
            centre=np.zeros(n),
            perturbation=LInf(Fraction(1, 10_000)),
            requirement=ArgMax(label=0),
            domain=None,
            objective="closest",
        )
        answer = verify(ask(network, question), solver=highs)
        ends = np.float32(bias).astype(float).reshape(n, 2)

        def reach(distance: float, ends: np.ndarray = ends) -> float:
            """The largest margin within a distance, each input at its better end."""
            return float(np.maximum(steep * distance + ends, 0.0).max(axis=1).sum()) - away

        nearest = bisect(reach, 0.0, 1e-4, xtol=1e-16)
        assert answer.distance is not None
        assert answer.distance[0] <= nearest * (1 + 1e-9)
        assert answer.distance[1] >= nearest * (1 - 1e-9)


def test_where_a_function_is_not_defined_no_margin_is_reached(tmp_path: Path, highs: Highs) -> None:
    """The logarithm of the middle of [-1, 1] is nothing, and the margins beside it below -998."""
    nodes = [Node("Log", X), Node("Add", LAST, np.array([-1000.0]))]
    network = read_network(saved(model(nodes, (1, 1)), tmp_path))
    question = Question(
        centre=np.zeros(1),
        perturbation=LInf(Fraction(1)),
        requirement=Linear("y0 >= 0"),
        domain=None,
        objective="worst",
    )
    answer = verify(ask(network, question), solver=highs)
    assert isinstance(answer.verdict, Unknown)
    assert answer.margin is not None
    assert answer.margin[0] <= -998
