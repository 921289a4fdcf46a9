"""The command line: exit codes, JSON with a schema, one message for whatever is wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
NETWORK = ROOT / "examples" / "digits.onnx"
THREE, ZERO = ROOT / "examples" / "three.npy", ROOT / "examples" / "zero.npy"
BALL = ["--perturbation", "linf:1/16"]


def mipc(*words, **options):
    command = [sys.executable, "-m", "mipc", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def schema(name):
    return json.loads((ROOT / "spec" / f"{name}.schema.json").read_text())


@pytest.mark.parametrize(
    ("image", "options", "verdict", "code"),
    [
        (ZERO, [], "robust", 0),
        (THREE, [], "violated", 1),
        (THREE, ["--timeout", "0"], "unknown", 3),
        (THREE, ["--objective", "worst"], "violated", 1),
        (THREE, ["--objective", "closest", "--norm", "l1"], "violated", 1),
        (ZERO, ["--target", "3,5", "--margin", "-1/2", "--domain", "0:1"], "robust", 0),
    ],
)
def test_verify_says_it_in_its_exit_code_and_in_json(image, options, verdict, code):
    run = mipc("verify", NETWORK, "--input", image, *BALL, "--json", *options)
    facts = json.loads(run.stdout)
    jsonschema.validate(facts, schema("answer"))
    assert (facts["verdict"], run.returncode, run.stderr) == (verdict, code, "")


def test_compile_solve_decode(tmp_path):
    made = mipc("compile", NETWORK, "--input", THREE, *BALL, "-o", tmp_path / "q.mps", "--json")
    entries = json.loads(made.stdout)["files"]
    pairs = []
    for entry in entries:
        jsonschema.validate(json.loads(Path(entry["sidecar"]).read_text()), schema("sidecar"))
        solution = Path(entry["model"]).with_suffix(".sol")
        assert mipc("solve", entry["model"], "-o", solution).returncode == 0
        pairs += [entry["sidecar"], solution]
    assert mipc("decode", *pairs, "--model", NETWORK).returncode == 1
    swapped = mipc("decode", pairs[0], pairs[3], pairs[2], pairs[1], "--model", NETWORK)
    assert swapped.returncode == 2
    assert "answers another model" in swapped.stderr
    twice = mipc("decode", pairs[0], pairs[1], pairs[2], pairs[1], "--model", NETWORK)
    assert twice.returncode == 2
    assert "given twice" in twice.stderr


def test_a_witness_is_written_and_violates(tmp_path):
    place = tmp_path / "w.npy"
    run = mipc("verify", NETWORK, "--input", THREE, *BALL, "--witness", place, "--json")
    point = np.load(place)
    assert point.dtype == np.float32
    assert json.loads(run.stdout)["witness"]["input"] == point.reshape(-1).tolist()


def test_that_a_witness_is_from_before_is_said(tmp_path):
    place = tmp_path / "w.npy"
    place.write_bytes(b"old")
    run = mipc("verify", NETWORK, "--input", ZERO, *BALL, "--witness", place, "--json")
    assert (run.returncode, "from before" in run.stderr) == (0, True)
    assert place.read_bytes() == b"old"


ASK = ["verify", NETWORK, "--input", THREE]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["verify", "none.onnx", "--input", THREE, *BALL], "none.onnx"),
        (["verify", ROOT / "README.md", "--input", THREE, *BALL], "not an ONNX file"),
        (["verify", NETWORK, *BALL], "no input"),
        (["verify", NETWORK, "--input", ROOT / "README.md", *BALL], "not an image"),
        (["verify", NETWORK, "--dataset", "mnist", *BALL], "belong together"),
        (["verify", NETWORK, "--dataset", "nothing", "--index", "0", *BALL], "not known"),
        ([*ASK, "--perturbation", "linf"], "no perturbation"),
        ([*ASK, "--perturbation", "linf:abc"], "no number"),
        ([*ASK, "--perturbation", "linf:nan"], "no number"),
        ([*ASK, "--perturbation", "linf:1e999"], "no number"),
        ([*ASK, "--perturbation", "linf:99999999999999e300"], "no number"),
        ([*ASK, "--perturbation", "linf:-1"], "negative radius"),
        ([*ASK, "--perturbation", "box:a.npy"], "two files"),
        ([*ASK, *BALL, "--label", "10"], "classes 0 to 9"),
        ([*ASK, *BALL, "--target", "12"], "classes 0 to 9"),
        ([*ASK, *BALL, "--target", "a"], "no list of classes"),
        ([*ASK, *BALL, "--target", "3"], "both the label and a target"),
        ([*ASK, *BALL, "--target", "\u0663"], "no list of classes"),
        ([*ASK, *BALL, "--exclude", "3"], "both the label and excluded"),
        ([*ASK, "--perturbation", "linf:\u0660.\u0661"], "no number"),
        ([*ASK, "--perturbation", "linf:0.1+grid:\u0662"], "no number of steps"),
        ([*ASK, *BALL, "--violation", "y\u0661 >= 0"], "is missing at"),
        ([*ASK, *BALL, "--objective", "best"], "not known"),
        ([*ASK, *BALL, *BALL], "--perturbation: it is given twice"),
        ([*ASK, *BALL, "--target=5", "--target", "9"], "--target: it is given twice"),
        (["verify", NETWORK, "--property", "q.vnnlib", "--norm", "l1"], "only --objective"),
        (["verify", NETWORK, "--property", "q.vnnlib", "--margin", "1"], "only --objective"),
        (["verify", NETWORK, "--property", "q.vnnlib", "--objective", "closest"], "no centre"),
        ([*ASK, *BALL, "--domain", "0"], "no range"),
        ([*ASK, *BALL, "--domain", "1:0"], "empty"),
        ([*ASK, *BALL, "--domain", "2:3"], "outside the domain"),
        ([*ASK, *BALL, "--passes", "magic"], "no pass"),
        ([*ASK, *BALL, "--passes", "stable-relu"], "no bounds"),
        ([*ASK, *BALL, "--witness", "w.txt"], "none of .npy, .npz, .png"),
        ([*ASK, *BALL, "--witness", "no/such/w.npy"], "no such folder"),
        (["compile", *ASK[1:], *BALL, "-o", "q.txt"], "names no format"),
        (["compile", *ASK[1:], *BALL, "-o", "no/such/q.mps"], "no such folder"),
        (["solve", "none.mps"], "no such file"),
        (["decode", "q.json"], "pairs"),
        (["decode", ROOT / "pyproject.toml", "q.sol"], "not a sidecar"),
        (["inspect", NETWORK, "--label", "3"], "needs --perturbation"),
    ],
    ids=lambda value: " ".join(str(v) for v in value[-3:]) if isinstance(value, list) else None,
)
def test_what_is_wrong_is_said_in_one_message(words, message, tmp_path):
    run = mipc(*words, cwd=tmp_path)
    assert run.returncode == 2
    assert run.stdout == ""
    assert message in run.stderr
    assert "Traceback" not in run.stderr


def test_an_error_is_json_too():
    run = mipc(*ASK, "--perturbation", "linf:abc", "--json")
    assert set(json.loads(run.stdout)["error"]) == {"what", "where", "remedy"}
    assert run.returncode == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_an_answer_that_cannot_be_written_is_no_verdict():
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "mipc", *map(str, ASK), *BALL]
        run = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert run.returncode == 2
    assert "cannot be written" in run.stderr


def test_a_time_limit_without_end_is_none():
    assert mipc(*ASK, *BALL, "--timeout", "inf").returncode == 1


@pytest.mark.parametrize("model", ["", ".", "/"])
def test_a_folder_is_no_model_to_solve(model):
    run = mipc("solve", model)
    assert run.returncode == 2
    assert "is a folder, not a file" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_solution_is_not_written_to_a_folder(tmp_path):
    model = ROOT / "tests" / "golden" / "worst.mps"
    run = mipc("solve", model, "-o", ".", cwd=tmp_path)
    assert run.returncode == 2
    assert "is a folder, not a file" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("name", ["worst.mps", "worst.json", "new.lp.gz"])
def test_a_solution_is_not_written_over_a_model_or_a_sidecar(name, tmp_path):
    golden = ROOT / "tests" / "golden"
    for suffix in (".mps", ".json"):
        (tmp_path / f"worst{suffix}").write_bytes((golden / f"worst{suffix}").read_bytes())
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    run = mipc("solve", "worst.mps", "-o", name, cwd=tmp_path)
    assert run.returncode == 2
    assert "a model or a sidecar" in run.stderr
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_names_that_are_not_utf8_are_said_as_far_as_they_can_be(tmp_path):
    odd = os.fsdecode(b"net\xe9.onnx")
    (tmp_path / odd).write_bytes(NETWORK.read_bytes())
    run = mipc("doctor", odd, "--json", cwd=tmp_path)
    assert (run.returncode, json.loads(run.stdout)["file"]) == (0, "net\ufffd.onnx")
    ask = [odd, "--input", THREE, *BALL]
    run = mipc("compile", *ask, "-o", os.fsdecode(b"q\xe9.mps"), cwd=tmp_path)
    assert (run.returncode, "not UTF-8" in run.stderr) == (2, True)
    assert mipc("compile", *ask, "--combine", "-o", "q.mps", cwd=tmp_path).returncode == 0
    assert mipc("solve", "q.mps", cwd=tmp_path).returncode == 0
    assert mipc("decode", "q.json", "q.sol", "--model", odd, cwd=tmp_path).returncode == 1


def test_characters_that_the_terminal_has_not_are_escaped(tmp_path):
    (tmp_path / "net☃.onnx").write_bytes(NETWORK.read_bytes())
    plain = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    run = mipc("doctor", "net☃.onnx", cwd=tmp_path, env=plain)
    assert run.returncode == 0
    assert r"net\u2603.onnx" in run.stdout
