"""Solvers on the command line: what can go wrong with a program that is not ours."""

import os
import stat
import time
from pathlib import Path

import pytest

from mipc.errors import MipcError, ParseError, SolverError
from mipc.milp.files import write_model
from mipc.milp.model import ModelBuilder
from mipc.solve import solve_file
from mipc.solvers import command


@pytest.fixture
def model(tmp_path):
    builder = ModelBuilder("tiny")
    x = builder.columns("x", [0.0], [3.0], integer=True)
    builder.at_most("cap", x, 2.5)
    builder.minimise(-x)
    write_model(builder.build(), tmp_path / "q.mps")
    return tmp_path / "q.mps"


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Puts a shell script in the place of cbc."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setattr(command, "GRACE", 0.3)

    def install(script: str) -> None:
        path = folder / "cbc"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IEXEC)

    return install


def test_a_solver_that_writes_nothing_is_a_failed_claim(model, program, tmp_path):
    program("exit 0")
    claim = solve_file(model, tmp_path / "q.sol", "cbc", 5)
    assert claim.status.value == "failed"
    assert "wrote no solution" in claim.detail
    assert (tmp_path / "q.sol").exists()


def test_a_solver_that_hangs_is_killed_with_its_children(model, program, tmp_path):
    program("trap '' TERM\nsleep 60 &\nsleep 60")
    begin = time.perf_counter()
    claim = solve_file(model, tmp_path / "q.sol", "cbc", 0.5)
    assert time.perf_counter() - begin < 10
    assert "killed" in claim.detail


def test_garbage_in_a_solution_file_is_a_parse_error(model, program, tmp_path):
    program('for last; do :; done; echo "hello" > "$last"')
    with pytest.raises(ParseError):
        solve_file(model, tmp_path / "q.sol", "cbc", 5)


def test_an_old_solution_is_not_taken_for_a_new_one(model, program, tmp_path):
    program("exit 1")
    (tmp_path / "q.sol").write_text("Infeasible - objective value 0\n")
    assert solve_file(model, tmp_path / "q.sol", "cbc", 5).status.value == "failed"


def test_a_solver_that_is_not_known_or_not_there_says_so(model, tmp_path, monkeypatch):
    with pytest.raises(SolverError, match="not known"):
        solve_file(model, tmp_path / "q.sol", "gurobi", 5)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SolverError, match="not on the PATH"):
        solve_file(model, tmp_path / "q.sol", "cbc", 5)


def test_a_model_that_is_not_there_is_a_message(tmp_path):
    with pytest.raises(MipcError, match="no such file"):
        solve_file(Path(tmp_path / "none.mps"), tmp_path / "q.sol", "highs", 5)
