"""HiGHS in its worker: right on known answers, and never the end of a run when it fails."""

import subprocess
import sys
import time

import numpy as np
import pytest
import scipy.sparse as sp

from mipc.errors import SolverError
from mipc.milp.model import Model, ModelBuilder, Names
from mipc.milp.solution import Status
from mipc.solvers import highs as module
from mipc.solvers.base import Limits
from mipc.solvers.highs import Highs
from mipc.solvers.known_answers import KNOWN, failed_answers

HANDSHAKE = """
import sys, os, time, signal
from mipc.solvers.wire import send, receive
out = sys.stdout.buffer
send(out, {"version": "0", "failed": FAILED}, {})
receive(sys.stdin.buffer)
"""


@pytest.fixture(scope="module")
def highs():
    with Highs() as solver:
        yield solver


@pytest.fixture
def fake(monkeypatch):
    """Makes the worker a program that does something bad after its handshake."""

    def install(then: str, failed: list[str] | None = None) -> Highs:
        script = HANDSHAKE.replace("FAILED", repr(failed or [])) + then

        def spawn(memory: int) -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                [sys.executable, "-c", script],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

        monkeypatch.setattr(module, "_spawn", spawn)
        monkeypatch.setattr(module, "GRACE", 0.3)
        return Highs()

    return install


def tiny(integer=True, infeasible=False):
    builder = ModelBuilder("tiny")
    x = builder.columns("x", [0, 0], [3, 3], integer=integer)
    builder.at_most("cap", x.total(), 2.5)
    if infeasible:
        builder.at_most("low", -x.total(), -2.75)
    builder.minimise(-x.total())
    return builder.build()


def model_of(arrays):
    rows, columns = len(arrays["rhs"]), len(arrays["objective"])
    parts = (arrays["data"], arrays["indices"], arrays["indptr"])
    return Model(
        name="known",
        columns=Names((("c", columns),)),
        rows=Names((("r", rows),)),
        matrix=sp.csr_array(parts, shape=(rows, columns)),
        **{k: arrays[k] for k in ("objective", "lower", "upper", "integer", "sense", "rhs")},
    )


def knapsack(size):
    rng = np.random.default_rng(7)
    weights = rng.integers(10**6, 10**7, size).astype(float)
    builder = ModelBuilder("knapsack")
    x = builder.binaries("x", size)
    load = x.through(sp.csr_array(weights[None, :]))
    builder.equal("load", load, float(weights.sum() // 2))
    builder.minimise(-load)
    return builder.build()


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_the_installed_version_is_right_on_every_known_answer(highs, known):
    claim = highs.solve(model_of(known.arrays()), Limits(seconds=30))
    if known.minimum is None:
        assert claim.status is Status.INFEASIBLE
    else:
        assert claim.status is Status.OPTIMAL
        assert claim.objective == pytest.approx(known.minimum, abs=1e-5)


def test_a_solver_that_is_wrong_once_is_named():
    wrong = failed_answers(lambda arrays: {"status": "optimal", "objective": 15.0})
    assert KNOWN[0].name in wrong


def test_claims_about_small_models(highs):
    assert highs.solve(tiny(), Limits()).objective == pytest.approx(-2.0)
    assert highs.solve(tiny(integer=False), Limits()).objective == pytest.approx(-2.5)
    assert highs.solve(tiny(infeasible=True), Limits()).status is Status.INFEASIBLE


def test_a_time_limit_is_kept(highs):
    begin = time.perf_counter()
    claim = highs.solve(knapsack(60), Limits(seconds=1.0))
    assert time.perf_counter() - begin < 1.0 + module.GRACE
    assert claim.status in (Status.STOPPED, Status.FEASIBLE, Status.OPTIMAL, Status.INFEASIBLE)


def test_a_killed_worker_is_a_failed_claim_and_the_next_solve_works(highs):
    highs.solve(tiny(), Limits())
    highs._worker.kill()
    highs._worker.wait()
    highs._worker = None
    assert highs.solve(tiny(), Limits()).status is Status.OPTIMAL


@pytest.mark.parametrize(
    ("then", "word"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("os.abort()", "SIGABRT"),
        ("sys.exit(7)", "exit code 7"),
        ("out.write(b'\\x05'); out.flush()", "died"),
    ],
)
def test_a_crash_is_a_failed_claim_that_names_it(fake, then, word):
    with fake(then) as solver:
        claim = solver.solve(tiny(), Limits(seconds=10))
    assert claim.status is Status.FAILED
    assert word in claim.detail
    assert claim.values is None


def test_a_hang_is_killed_after_its_time(fake):
    with fake("signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)") as solver:
        begin = time.perf_counter()
        claim = solver.solve(tiny(), Limits(seconds=0.5))
    assert time.perf_counter() - begin < 10
    assert claim.status is Status.STOPPED
    assert "killed" in claim.detail


def test_too_little_memory_is_a_failed_claim_not_a_crash_of_the_run():
    with Highs() as solver, pytest.raises(SolverError):
        solver.solve(tiny(), Limits(seconds=10, memory=50_000_000))


def test_a_version_that_fails_a_known_answer_is_refused(fake):
    with fake("", failed=["lot sizing"]) as solver, pytest.raises(SolverError, match="lot sizing"):
        solver.solve(tiny(), Limits(seconds=10))


def test_an_unknown_word_of_the_worker_proves_nothing(fake):
    answer = (
        "send(out, {'status': 'unknown', 'detail': 'x', 'objective': None, 'dual_bound': None}, {})"
    )
    with fake(answer) as solver:
        assert solver.solve(tiny(), Limits(seconds=10)).status is Status.UNKNOWN
