"""Many questions: the answers of one by one, whatever happens to the processes that find them."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from small_networks import dense_network

import mipc
from mipc.decide import decide_many, many
from mipc.errors import InputError, OptionError
from mipc.ir.network import Network
from mipc.properties.perturbations import parse_perturbation

COUNT = 12


@pytest.fixture
def network(tmp_path: Path) -> Network:
    rng = np.random.default_rng(3)
    layers = [(rng.normal(size=(m, n)), rng.normal(size=m)) for n, m in [(4, 9), (9, 8), (8, 3)]]
    return dense_network(tmp_path / "net.onnx", layers)


def questions(count: int = COUNT, *, seed: int = 0) -> list[mipc.Question]:
    rng = np.random.default_rng(seed)
    words = ["linf:0.02", "linf:0.2", "l1:0.1", "l2:0.05", "brightness:0.1"]
    return [
        mipc.Question(
            rng.random(4), parse_perturbation(words[number % len(words)]),
            mipc.ArgMax(int(rng.integers(3))),
            objective="worst" if number == 7 else "feasibility",
        )
        for number in range(count)
    ]  # fmt: skip


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_answers_are_those_of_one_by_one(
    network: Network, jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "TOGETHER", 5)
    asked = questions()
    found = {done.index: done.answer for done in decide_many(network, iter(asked), jobs=jobs)}
    assert sorted(found) == list(range(COUNT))
    words = set()
    for index, question in enumerate(asked):
        alone = mipc.verify(mipc.ask(network, question))
        assert type(alone.verdict).__name__.lower() == found[index].verdict
        words.add(found[index].verdict)
        assert found[index].label == question.label
    assert words == {"robust", "violated"}


def test_a_question_that_does_not_fit_is_refused_in_words(network: Network) -> None:
    wrong = mipc.Question(np.zeros(5), mipc.LInf(Fraction(1, 10)), mipc.ArgMax(0))
    with pytest.raises(InputError, match="5"):
        list(decide_many(network, [wrong]))
    with pytest.raises(OptionError):
        list(decide_many(network, [], jobs=0))
    assert list(decide_many(network, [])) == []


ODD = """
import sys, time
from mipc.decide import worker
from mipc.errors import InternalError
right = worker.verify
def wrong(query, **rest):
    if query.centre[0] == 0.5:
        {what}
    return right(query, **rest)
worker.verify = wrong
worker.main()
"""


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("sys.exit(3)", "worker-died"),
        ("time.sleep(600)", "timeout"),
        ("raise InternalError('odd')", "internal-error"),
    ],
)
def test_a_process_that_fails_loses_its_own_question_only(
    network: Network, monkeypatch: pytest.MonkeyPatch, what: str, reason: str
) -> None:
    monkeypatch.setattr(many, "GRACE", 0.5)
    monkeypatch.setattr(many, "START", 10.0)

    def spawned(course: many._Course) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", ODD.format(what=what), str(course.network.path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip

    monkeypatch.setattr(many._Course, "_spawned", spawned)
    asked = questions(4)
    asked[2] = mipc.Question(
        np.array([0.5, 0.1, 0.2, 0.3]), mipc.LInf(Fraction(1, 2)), mipc.ArgMax(0)
    )
    found = {done.index: done.answer for done in decide_many(network, asked, jobs=2, timeout=2)}
    assert found[2].reason == reason
    assert [found[index].verdict for index in (0, 1, 3)] != ["unknown"] * 3
    assert all(found[index].reason is None for index in (0, 1, 3))


def test_a_network_that_changes_meanwhile_is_noticed(network: Network) -> None:
    network.path.write_bytes(network.path.read_bytes() + b"\x00")
    with pytest.raises(InputError):
        list(decide_many(network, questions(1)))
