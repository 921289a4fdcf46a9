"""Helpers: they change nothing but the time; what dies with one is taken up again."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from compact_problems import asked_of, compact_of, random_parts
from hypothesis import given, settings
from small_networks import boxed, dense_network
from strategies import Case, cases, examples

from mipc.search import Compact, branch, branching, team
from mipc.search.descent import first_multipliers
from mipc.search.store import Opened
from mipc.solvers.wire import Arrays


def hard(tmp_path: Path, margin: Fraction) -> Compact:
    """A question that takes some hundred parts."""
    rng = np.random.default_rng(5)
    layers = [
        (rng.normal(size=(m, n)) / np.sqrt(n), rng.normal(size=m) * 0.1)
        for n, m in [(5, 30), (30, 30), (30, 3)]
    ]
    query = boxed(dense_network(tmp_path / "n.onnx", layers), [-1.0] * 5, [1.0] * 5, margin=margin)
    dense = compact_of(query)
    assert dense is not None
    return dense


@pytest.fixture
def dense(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Compact:
    """The search of this process takes small steps, so that there is something to give away."""
    monkeypatch.setattr(branching, "NUMBERS", 1)
    return hard(tmp_path, Fraction(13, 10))


def playing(script: str) -> subprocess.Popen[bytes]:
    """A program in a helper's place."""
    return subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip


def slow(done: int, waiting: int, bound: float) -> bool:
    time.sleep(0.01)
    return True


def test_helpers_prove_what_one_process_proves(dense: Compact) -> None:
    alone = branch(dense, try_point=lambda point: False)
    with team.Team(2) as helpers:
        together = branch(dense, try_point=lambda point: False, team=helpers, go_on=slow)
        assert len(helpers.helpers) == 2
        again = branch(dense, try_point=lambda point: False, team=helpers, go_on=slow)
    assert again.closed == together.closed
    assert alone.parts > 200
    assert alone.closed == together.closed == frozenset(dense.disjuncts)
    assert max(together.upper.values()) < 0


def test_a_helper_that_dies_loses_nothing(dense: Compact, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each helper dies once it has read something, or answers nothing that can be read."""
    deaths = []

    def spawn(module: str) -> subprocess.Popen[bytes]:
        deaths.append(module)
        return playing("import sys; sys.stdin.buffer.read(1000)")

    monkeypatch.setattr(team, "spawn", spawn)
    with team.Team(1) as helpers:
        found = branch(dense, try_point=lambda point: False, team=helpers, go_on=slow)
    assert len(deaths) > 1
    assert found.closed == frozenset(dense.disjuncts)


def test_parts_that_are_lent_are_not_closed(
    dense: Compact, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A helper that never answers: the search does not end as closed."""

    def spawn(module: str) -> subprocess.Popen[bytes]:
        return playing("import sys\nwhile sys.stdin.buffer.read(1 << 16): pass")

    monkeypatch.setattr(team, "spawn", spawn)
    calls = iter(range(300))
    with team.Team(1) as helpers:
        found = branch(
            dense, try_point=lambda point: False, team=helpers,
            go_on=lambda done, waiting, bound: next(calls, None) is not None,
        )  # fmt: skip
    assert found.closed < frozenset(dense.disjuncts)
    assert max(found.upper.values()) >= 0


def test_a_helper_that_does_not_read_holds_nobody_up(
    dense: Compact, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More is sent than a pipe holds; the search goes on, and is told to end."""

    def spawn(module: str) -> subprocess.Popen[bytes]:
        process = playing("import time; time.sleep(600)")
        assert process.stdin is not None
        fcntl.fcntl(process.stdin, fcntl.F_SETPIPE_SZ, 4096)
        return process

    monkeypatch.setattr(team, "spawn", spawn)
    calls = iter(range(60))
    with team.Team(1) as helpers:
        found = branch(
            dense, try_point=lambda point: False, team=helpers,
            go_on=lambda done, waiting, bound: next(calls, None) is not None,
        )  # fmt: skip
        assert len(helpers.helpers) == 1
    assert next(calls, None) is None
    assert found.closed < frozenset(dense.disjuncts)


@settings(max_examples=examples(25))
@given(cases(several_outputs=False))
def test_what_is_sent_arrives(case: Case) -> None:
    _, dense = asked_of(case, Fraction(0))
    if dense is None:
        return
    arrays: Arrays = {}
    header = team._packed_compact(dense, arrays)
    other = team._compact(header, arrays)
    assert other.parameters == dense.parameters
    assert np.array_equal(other.reach, dense.reach)
    assert np.array_equal(other.costs, dense.costs)
    for target, block in dense.disjuncts.items():
        assert np.array_equal(other.disjuncts[target].weights, block.weights)
        assert np.array_equal(other.cost(other.disjuncts[target]), dense.cost(block))
    parts = random_parts(dense, case.rng, 5)
    phases = [((1, True), (0, False))] * 5
    opened = Opened(
        case.rng.normal(size=5), parts, first_multipliers(parts, 2), phases, np.arange(5)
    )
    sent: Arrays = {}
    shapes = team._packed(team._columns(opened), sent)
    words = [[list(phase) for phase in one] for one in phases]
    back = team._opened({"shapes": shapes, "phases": words}, sent)
    assert back.phases == opened.phases
    assert np.array_equal(back.parts.lower, parts.lower)
    assert np.array_equal(back.multipliers.weights, opened.multipliers.weights)
    assert np.array_equal(back.split, opened.split)
