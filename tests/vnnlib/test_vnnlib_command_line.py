"""mipc-vnnlib: what it prints, what it claims, how it errs, and that its clock is obeyed."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mipc.cli.vnnlib.supervised import supervised
from mipc.cli.vnnlib.supports import ON_CONSTANTS, claimed_operators
from mipc.frontend.registry import supported

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "examples" / "vnncomp"
COMMAND = [sys.executable, "-m", "mipc.cli.vnnlib"]

ONE = """(vnnlib-version <2.0>)
(declare-network N (declare-input X float32 [1,2]) (declare-output Y float32 [1,2]))
(assert (and (>= X[0,0] 0.1) (<= X[0,0] 0.3) (>= X[0,1] -1.0) (<= X[0,1] 0.7)))
"""
SAT, UNSAT = ONE + "(assert (>= Y[0,0] 0.55))", ONE + "(assert (>= Y[0,0] 0.61))"
NEVER = ONE + "(assert (<= X[0,0] 0.0))"
HIDDEN = """(vnnlib-version <2.0>)
(declare-network N
    (declare-input X float32 [1,2])
    (declare-hidden H float32 [1,2] "h")
    (declare-output Y float32 [1,2])
)
(assert (and (>= X[0,0] 0.1) (<= X[0,0] 0.3) (>= X[0,1] -1.0) (<= X[0,1] -0.5)))
(assert (<= H[0,1] -1.5))
"""
TWO = """(vnnlib-version <2.0>)
(declare-network N (declare-input X float32 [1,2]) (declare-output Y float32 [1,2]))
(declare-network M RELATION (declare-input U float32 [1,2]) (declare-output V float32 [1,2]))
(assert (and (>= X[0,0] 0.0) (<= X[0,0] 1.0) (>= X[0,1] 0.0) (<= X[0,1] 0.0)))
(assert (and (>= U[0,0] 2.0) (<= U[0,0] 3.0) (>= U[0,1] 0.0) (<= U[0,1] 0.0)))
(assert (<= V[0,0] (+ Y[0,0] 2.0)))
"""


def network(path: Path, factor: float = 2.0) -> Path:
    """``y = relu(h)`` for ``h = factor * x``, two numbers."""
    nodes = [
        helper.make_node("Mul", ["x", "factor"], ["h"]),
        helper.make_node("Relu", ["h"], ["y"]),
    ]
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 2]) for n in "xy")
    weight = numpy_helper.from_array(np.array(factor, dtype=np.float32), "factor")
    graph = helper.make_graph(nodes, "g", [x], [y], [weight])
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.write_bytes(proto.SerializeToString())
    return path


def run(*words: object, command: list[str] = COMMAND) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT), "MIPC_VNNLIB": " ".join(COMMAND)},
    )


def verify(folder: Path, text: str, *words: object) -> subprocess.CompletedProcess[str]:
    query = folder / "q.vnnlib"
    query.write_text(text)
    return run("verify", query, *words)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return network(tmp_path_factory.mktemp("networks") / "net.onnx")


def test_sat_comes_with_an_assignment_in_the_order_of_declarations(
    model: Path, tmp_path: Path
) -> None:
    told = verify(tmp_path, HIDDEN, "--network", f"N={model}", "--timeout", 60)
    word, *lines = told.stdout.splitlines()
    assert (word, told.returncode, told.stderr) == ("sat", 0, "")
    assert [line for line in lines if " " in line] == [
        "X float32 [1,2]",
        "H float32 [1,2]",
        "Y float32 [1,2]",
    ]
    x0, x1, h0, h1, y0, y1 = (np.float32(line) for line in lines if " " not in line)
    assert all(float(line) == np.float32(line) for line in lines if " " not in line)
    assert (h0, h1, y0, y1) == (2 * x0, 2 * x1, 2 * x0, 0)
    assert h1 <= -1.5


def test_sat_can_be_serialised(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out" / "here"
    told = verify(tmp_path, HIDDEN, "--network", f"N={model}", "--serialise-assignments", folder)
    assert (told.stdout, told.returncode) == ("sat\n", 0)
    tensors = {}
    for name in "XHY":
        proto = onnx.TensorProto.FromString((folder / f"{name}.pb").read_bytes())
        tensors[name] = numpy_helper.to_array(proto)
        assert (tensors[name].shape, tensors[name].dtype) == ((1, 2), np.float32)
    np.testing.assert_array_equal(tensors["H"], 2 * tensors["X"])


@pytest.mark.parametrize("text", [UNSAT, NEVER])
def test_unsat_is_all_that_is_printed(model: Path, tmp_path: Path, text: str) -> None:
    told = verify(tmp_path, text, "--network", f"N={model}")
    assert (told.stdout, told.returncode) == ("unsat\n", 0)


def test_of_a_property_that_nothing_can_satisfy_the_network_is_robust(
    model: Path, tmp_path: Path
) -> None:
    (tmp_path / "q.vnnlib").write_text(NEVER)
    words = [model, "--property", tmp_path / "q.vnnlib"]
    mipc = [sys.executable, "-m", "mipc"]
    told = run("verify", *words, "--json", command=mipc)
    facts = json.loads(told.stdout)
    assert (facts["verdict"], facts["trust"], told.returncode) == ("robust", "bounds", 0)
    for command in (["doctor"], ["compile", "-o", tmp_path / "q.mps"], ["inspect"]):
        told = run(*command, *words, command=mipc)
        assert told.returncode == 2
        assert "exclude each other" in told.stderr


OPEN = ONE.split("(assert")[0]


@pytest.mark.parametrize(
    ("assertions", "word"),
    [
        ("(assert (and (>= X[0,0] 5.0) (<= X[0,0] 6.0)))(assert (>= Y[0,0] 11.0))", "sat"),
        ("(assert (<= X[0,0] -7.0))(assert (<= Y[0,0] 0.0))", "sat"),
        ("(assert (>= X[0,0] 7.0))(assert (<= Y[0,0] 13.0))", "unknown"),
        ("(assert (>= Y[0,0] 1000.0))", "unknown"),
        ("(assert (or (<= X[0,0] 0.0) (>= X[0,0] 7.0)))(assert (>= Y[0,0] 1000.0))", "unknown"),
        ("(assert (>= X[0,0] 7.0))(assert (<= X[0,0] 6.0))", "unsat"),
    ],
)
def test_without_bounds_there_may_be_a_point_but_no_proof(
    model: Path, tmp_path: Path, assertions: str, word: str
) -> None:
    told = verify(tmp_path, OPEN + assertions, "--network", f"N={model}")
    assert told.stdout.splitlines()[0] == word, told.stderr


@pytest.mark.parametrize(
    ("relation", "second", "word"),
    [
        ("(equal-to N)", None, "sat"),
        ("(isomorphic-to N)", 2.0, "sat"),
        ("(isomorphic-to N)", 3.0, "unsat"),
        ("", 3.0, "unsat"),
    ],
)
def test_several_networks(
    model: Path, tmp_path: Path, relation: str, second: float | None, word: str
) -> None:
    words = ["--network", f"N={model}"]
    if second is not None:
        words += ["--network", f"M={network(tmp_path / 'second.onnx', second)}"]
    told = verify(tmp_path, TWO.replace("RELATION", relation), *words)
    assert told.stdout.splitlines()[0] == word, told.stderr


def test_packed_files_are_read(model: Path, tmp_path: Path) -> None:
    packed, query = tmp_path / "net.onnx.gz", tmp_path / "q.vnnlib.gz"
    packed.write_bytes(gzip.compress(model.read_bytes()))
    query.write_bytes(gzip.compress(SAT.encode()))
    assert run("verify", query, "--network", f"N={packed}").stdout.startswith("sat\nX float32")


@pytest.mark.parametrize(
    ("text", "networks", "words"),
    [
        (SAT, [], "no file is given for the network 'N'"),
        (SAT, ["M=NET"], "no file is given for the network 'N'"),
        (SAT, ["N=NET", "M=NET"], "needs no file for a network 'M'"),
        (TWO.replace("RELATION", "(equal-to N)"), ["N=NET", "M=NET"], "needs no file"),
        (TWO.replace("RELATION", "(isomorphic-to N)"), ["N=NET"], "the network 'M'"),
        (SAT, ["N=NET", "N=NET"], "'N' is given twice"),
        (SAT, ["NET"], "write NAME=FILE.onnx"),
        (SAT, ["N=nowhere.onnx"], "nowhere.onnx: cannot be read"),
        (SAT.replace("float32", "float64"), ["N=NET"], "declared float64"),
        (NEVER.replace("float32", "float64"), ["N=NET"], "declared float64"),
        (SAT.replace("Y[0,0]", "Y[0,7]"), ["N=NET"], "4:13: no element of Y"),
    ],
)
def test_an_error_is_said_on_standard_error_only(
    model: Path, tmp_path: Path, text: str, networks: list[str], words: str
) -> None:
    options = [f"--network={entry.replace('NET', str(model))}" for entry in networks]
    told = verify(tmp_path, text, *options)
    assert (told.stdout, told.returncode) == ("", 2)
    assert words in told.stderr
    assert "Traceback" not in told.stderr


CLAIMS = {
    "--onnx-opset-versions": r"\d+\n\d+",
    "--onnx-element-types": "real",
    "--vnnlib-versions": r"1\.0\n2\.0",
    "--hidden-node-theories": "NH\nH",
    "--multiple-input-output-theories": "SIO\nMIO",
    "--multiple-network-theories": "SNET\nMENET\nMINET\nMNET",
    "--multiple-node-comparison-theories": "SNC\nMNC",
    "--arithmetic-complexity-theories": "BND\nOUTC\nLIN",
    "--optimised-disjunctive-reasoning": "true|false",
    "--serialise-assignments": "true",
    "--unsat-proofs": "false",
}


@pytest.mark.parametrize("capability", CLAIMS)
def test_what_it_claims(capability: str) -> None:
    told = run("supports", capability)
    assert re.fullmatch(CLAIMS[capability] + "\n", told.stdout)
    assert (told.returncode, told.stderr) == (0, "")


def test_it_claims_the_operators_that_it_reads() -> None:
    told = run("supports", "--onnx-operators").stdout.split()
    assert told == claimed_operators()
    assert set(told) == set(supported()) - ON_CONSTANTS
    refused = run("supports", "--miracles")
    assert (refused.stdout, refused.returncode) == ("", 2)
    assert "no capability is called '--miracles'" in refused.stderr


def test_it_says_its_name_and_version() -> None:
    assert run("--name").stdout == "mipc\n"
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", run("--version").stdout)


def test_a_clock_that_has_run_out(model: Path, tmp_path: Path) -> None:
    told = verify(tmp_path, SAT, "--network", f"N={model}", "--timeout", 0)
    assert (told.stdout, told.returncode) == ("timed-out\n", 0)


def test_work_that_looks_at_no_clock_is_ended() -> None:
    begin = time.monotonic()
    assert supervised(lambda: time.sleep(60) or "late", 0.3) is None  # type: ignore[func-returns-value]
    assert time.monotonic() - begin < 10


def test_work_that_ends_in_time_answers_or_fails() -> None:
    assert supervised(lambda: "x" * 1_000_000, 60.0) == "x" * 1_000_000
    assert supervised(lambda: "", None) == ""
    with pytest.raises(SystemExit) as left:
        supervised(lambda: sys.exit(2), 60.0)
    assert left.value.code == 2


RESULTS = [
    (SAT, 60, "sat", 0),
    (SAT, 1e15, "sat", 0),
    (SAT, "inf", "sat", 0),
    (UNSAT, 60, "unsat", 0),
    (SAT, 0, "timeout", 0),
    (SAT.replace("Y[0,0]", "Z[0]"), 60, "error", 2),
]


@pytest.mark.parametrize(("text", "seconds", "word", "code"), RESULTS)
def test_the_scripts_of_the_competition(
    model: Path, tmp_path: Path, text: str, seconds: object, word: str, code: int
) -> None:
    (tmp_path / "q.vnnlib.gz").write_bytes(gzip.compress(text.encode()))
    instance = ["v1", "benchmark", model, tmp_path / "q.vnnlib"]
    ready = run(*instance, command=["bash", str(SCRIPTS / "prepare_instance.sh")])
    assert (ready.stdout, ready.stderr, ready.returncode) == ("", "", 0)
    results = tmp_path / "results.txt"
    told = run(*instance, results, seconds, command=["bash", str(SCRIPTS / "run_instance.sh")])
    assert (told.stdout, told.returncode) == ("", code)
    first, *rest = results.read_text().splitlines()
    assert first == word
    assert bool(rest) == (word == "sat")


@pytest.mark.parametrize("script", ["install_tool", "prepare_instance", "run_instance"])
def test_a_script_of_another_version_of_the_rules_refuses(script: str) -> None:
    told = run("v2", command=["bash", str(SCRIPTS / f"{script}.sh")])
    assert told.returncode == 1
    assert "has to be v1" in told.stderr
