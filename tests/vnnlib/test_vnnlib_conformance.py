"""The conformance suite VNN-LIB SATisfactory: what mipc-vnnlib claims to support, it decides.

Here the cases are decided in process, a folder of them at a time. As its authors run it, one
process a case: ``vnnlib-satisfactory run --solver mipc-vnnlib``.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from mipc.cli.vnnlib.decided import decide, files_of
from mipc.cli.vnnlib.supports import KNOWN, claimed_operators
from mipc.errors import QuestionError

ROOT = Path(__file__).resolve().parents[2]
SUITE = importlib.util.find_spec("vnntest")
needs_suite = pytest.mark.skipif(SUITE is None, reason="needs the package vnnlib-satisfactory")

TYPES_DIFFER = "network_isomorphic/network_isomorphic01"
"""Declares float16 for a float32 file and expects "unsat"; section 5.3.2 demands an error."""


def folders() -> list[str]:
    """The categories of cases, without importing any."""
    if SUITE is None or not SUITE.submodule_search_locations:
        return []
    place = Path(SUITE.submodule_search_locations[0]) / "core" / "tests"
    return sorted(path.name for path in place.iterdir() if any(path.glob("*.py")))


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, because the suite writes to the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def runnable(category: str) -> list[Any]:
    """The cases of a category that are within what is claimed, written to files."""
    from vnntest.core.evaluator import partition_by_support
    from vnntest.core.generator import generate_all_tests
    from vnntest.models.test_case import TestCase

    with redirect_stdout(StringIO()):
        entries = generate_all_tests("full", category)
    folder = Path(".vnnlib-satisfactory") / "tests" / category
    cases = [TestCase.from_manifest_entry(entry, folder) for entry in entries]
    chosen, _ = partition_by_support(
        cases,
        set(claimed_operators()),
        set(KNOWN["--multiple-network-theories"]),
        set(KNOWN["--hidden-node-theories"]),
        set(KNOWN["--multiple-input-output-theories"]),
        set(KNOWN["--arithmetic-complexity-theories"]),
    )
    return list(chosen)


@needs_suite
@pytest.mark.parametrize("category", folders())
def test_what_is_claimed_is_decided(category: str, inside: Path) -> None:
    for case in runnable(category):
        if case.id == TYPES_DIFFER:
            with pytest.raises(QuestionError, match="declared float16"):
                decide(case.vnnlib_path, files_of(case.onnx_paths), None)
            continue
        told = decide(case.vnnlib_path, files_of(case.onnx_paths), None)
        assert told.word == case.expected.value, case.id


@needs_suite
def test_the_suite_finds_its_way(inside: Path) -> None:
    """As the suite itself runs a solver: its questions about capabilities, and one category."""
    solver = inside / "mipc-vnnlib"
    solver.write_text(f'#!/bin/sh\nexec {sys.executable} -m mipc.cli.vnnlib "$@"\n')
    solver.chmod(0o755)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    words = [["compliance", kind] for kind in ("opset", "vnnlib", "serialise-assignments")]
    words.append(["run", "--timeout", "60", "--test", "arithmetic_outc"])
    for command in words:
        told = subprocess.run(
            [sys.executable, "-m", "vnntest", *command, "--solver", str(solver)],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
        assert told.returncode == 0, told.stdout + told.stderr
    assert "2/2 passed" in told.stdout
