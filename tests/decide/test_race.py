"""Several solvers at a time find what one finds; what settles a question ends them all."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from checks import asked, assert_right, instance, skip, truth_of
from small_networks import boxed, dense_network

import mipc
from mipc.errors import SolverError
from mipc.solvers.base import Limits
from mipc.solvers.highs import Highs
from mipc.verdict import Robust, Violated


@pytest.mark.parametrize("objective", ["feasibility", "closest", "worst"])
def test_answers_agree_with_brute_force(
    tmp_path: Path, objective: str, highs: Highs, monkeypatch: pytest.MonkeyPatch
) -> None:
    skip(monkeypatch, "attack", "branching", "halving")
    for seed in range(12):
        case = instance(seed, objective, "linf", Fraction(-1, 50))
        query = asked(case, tmp_path)
        assert_right(mipc.verify(query, solver=highs, jobs=3, timeout=60), truth_of(case), query)


def many(tmp_path: Path, margin: Fraction) -> mipc.Query:
    """Five classes that bounds leave open."""
    rng = np.random.default_rng(3)
    layers = [
        (rng.normal(size=(m, n)) / np.sqrt(n), rng.normal(size=m) * 0.1)
        for n, m in [(4, 12), (12, 12), (12, 6)]
    ]
    network = dense_network(tmp_path / "n.onnx", layers)
    return boxed(network, [-1.0] * 4, [1.0] * 4, margin=margin)


@pytest.mark.parametrize(("margin", "kind"), [(Fraction(1), Violated), (Fraction(5), Robust)])
def test_several_disjuncts(
    tmp_path: Path, margin: Fraction, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    skip(monkeypatch, "attack", "branching")
    told: list[str] = []
    query = many(tmp_path, margin)
    answer = mipc.verify(query, jobs=2, timeout=60, progress=told.append)
    alone = mipc.verify(query, jobs=1, timeout=60)
    assert isinstance(answer.verdict, kind), answer
    assert isinstance(alone.verdict, kind)
    assert sum("solving for" in words for words in told) > 1


def test_a_solver_that_fails_to_start_ends_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    skip(monkeypatch, "attack", "branching")

    def solve(self: Highs, model: object, limits: Limits) -> object:
        raise SolverError("it does not start")

    monkeypatch.setattr(Highs, "solve", solve)
    with pytest.raises(SolverError, match="does not start"):
        mipc.verify(many(tmp_path, Fraction(1)), jobs=3, timeout=60)


def test_a_solver_is_not_halted_for_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    skip(monkeypatch, "attack", "branching")
    query = many(tmp_path, Fraction(1))
    with Highs() as highs:
        for _ in range(2):
            answer = mipc.verify(query, solver=highs, jobs=3, timeout=60)
            assert isinstance(answer.verdict, Violated)
            assert not highs.halted
