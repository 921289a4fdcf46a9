"""The time limit: long computations look at it, and what was found until then is told."""

import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from onnx_models import Node, X, model, saved, w

import mipc
from mipc import clock
from mipc.decide import state
from mipc.errors import TimeUp
from mipc.ir.network import Network
from mipc.milp.solution import Status
from mipc.semantics.exact import evaluate_exactly
from mipc.solvers.base import Limits
from mipc.solvers.highs import Highs


def network(folder: Path) -> Network:
    return mipc.read_network(saved(model([Node("Gemm", X, w(3, 2))], (1, 3)), folder))


def test_exact_evaluation_looks_at_the_clock(tmp_path: Path) -> None:
    with clock.limit(time.perf_counter() - 1.0), pytest.raises(TimeUp):
        evaluate_exactly(network(tmp_path).graph, np.zeros(3))


def test_a_replay_that_takes_too_long_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "REPLAY", -1.0)
    question = mipc.Question(np.full(3, 0.5), mipc.LInf(Fraction(1, 2)), mipc.Linear("y0 >= -99"))
    answer = mipc.verify(mipc.ask(network(tmp_path), question), timeout=0.0)
    assert isinstance(answer.verdict, mipc.Unknown)
    assert answer.verdict.reason == "timeout"


def test_a_solver_that_is_still_starting_when_time_is_up_has_not_answered() -> None:
    from test_highs import KNOWN, model_of

    with Highs() as highs:
        claim = highs.solve(model_of(KNOWN[0].arrays()), Limits(seconds=1e-4))
        assert claim.status is Status.STOPPED
        again = highs.solve(model_of(KNOWN[0].arrays()), Limits(seconds=60.0))
        assert again.status is not Status.STOPPED
