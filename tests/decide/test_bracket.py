"""Two ends that come nearer to each other, and always hold what is true between them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from checks import asked, instance, truth_of
from data import DATA, needs_data
from small_networks import boxed, dense_network

import mipc
from mipc.properties.inputs import read_sample
from mipc.solvers.base import Limits
from mipc.verdict import Violated


class NoSolver:
    """Whoever asks it fails."""

    name = "none"

    def solve(self, model: object, limits: Limits) -> object:
        raise AssertionError("a solver was asked")


@pytest.mark.parametrize("objective", ["closest", "worst"])
def test_small_networks_need_no_solver(tmp_path: Path, objective: str) -> None:
    answered = 0
    for seed in range(40):
        case = instance(seed, objective, "linf", Fraction(-1, 50))
        truth = truth_of(case)
        query = asked(case, tmp_path)
        try:
            answer = mipc.verify(query, timeout=20, solver=NoSolver())  # type: ignore[arg-type]
        except AssertionError:
            continue  # balls, planes, maxima, ties
        if objective == "worst":
            assert answer.margin is not None
            low, high = answer.margin
            assert low <= float(truth.margin) * (1 + 1e-12) + 1e-12 <= high + 1e-9
            assert high - low <= 1e-4 * max(1.0, abs(high))
        elif isinstance(answer.verdict, Violated) and truth.nearest is not None:
            low, high = answer.distance
            assert low <= float(truth.nearest) <= high * (1 + 1e-12)
        answered += 1
    assert answered >= 20


@pytest.mark.parametrize("seed", range(6))
def test_the_centre_may_lie_outside_the_region(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    layers = [(rng.normal(size=(m, n)), rng.normal(size=m)) for n, m in [(2, 5), (5, 5), (5, 2)]]
    network = dense_network(tmp_path / "n.onnx", layers, "float64")
    margin = Fraction(float(rng.normal() * 0.3))
    query = boxed(
        network, [1.0, 1.0], [2.0, 2.0], objective="closest", centre=[0.0, 0.5], margin=margin
    )
    answer = mipc.verify(query, timeout=10)
    line = np.linspace(1.0, 2.0, 101)
    grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    value = grid
    for matrix, bias in layers[:-1]:
        value = np.maximum(value @ matrix.T + bias, 0.0)
    out = value @ layers[-1][0].T + layers[-1][1]
    violating = out[:, 1] - out[:, 0] >= float(margin)
    if not isinstance(answer.verdict, Violated):
        assert not violating.any()
        return
    low, high = answer.distance
    assert 1.0 - 5e-5 <= low <= high <= 2.0
    assert low <= np.abs(grid[violating] - [0.0, 0.5]).max(axis=1).min(initial=2.0)


@needs_data
@pytest.mark.parametrize("seconds", [2.0, 30.0])
def test_a_distance_is_bracketed_whenever_time_runs_out(
    seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIPC_DATA", str(DATA))
    network = mipc.read_network(DATA / "models" / "wk17a_linf0.1.onnx")
    sample = read_sample("mnist", 8)
    question = mipc.Question(
        sample.image.reshape(-1), mipc.LInf(Fraction("0.1")), mipc.ArgMax(sample.label),
        objective="closest",
    )  # fmt: skip
    told: list[str] = []
    answer = mipc.verify(mipc.ask(network, question), timeout=seconds, progress=told.append)
    assert answer.distance is not None
    low, high = answer.distance
    assert low <= 0.09400142 <= high * (1 + 1e-5)
    assert any("the nearest violation: between" in words for words in told)
    if seconds > 2:
        assert high <= low * (1 + 5e-5)
