"""The examples run, and say what their README says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
ACCURACY = 0.98
SHOWN = {"zero": 0, "seven": 7, "three": 3}


def run(script: str, *arguments: str) -> str:
    """What an example prints; it has to leave with exit code 0."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / script), *arguments],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def scores(images: np.ndarray) -> np.ndarray:
    session = ort.InferenceSession(EXAMPLES / "digits.onnx", providers=["CPUExecutionProvider"])
    return session.run(None, {"image": images})[0]


def test_walk_through(tmp_path: Path) -> None:
    before = {path.name for path in EXAMPLES.iterdir()}
    printed = run("01_walk_through.py", str(tmp_path))
    assert {path.name for path in EXAMPLES.iterdir()} == before
    assert "UNEXPECTED" not in printed
    assert printed.endswith("All answers agree.\n")
    for program in ("cbc", "glpsol"):
        assert (f"skipped: {program} " in printed) == (shutil.which(program) is None)
    verdicts = [line.split()[0] for line in printed.splitlines() if "(replayed)" in line]
    assert set(verdicts) == {"violated"}
    assert printed.count("robust  (proved by bounds)") == 2  # in process; the seven by branching
    assert printed.count("robust  (on the solver's word)") == 1  # from the file
    assert (tmp_path / "nearly-three.png").is_file()


def test_python_api() -> None:
    printed = run("02_python_api.py")
    assert printed.count("closed by bounds") == 7
    assert printed.count("model for") == 2
    for course in ("feasibility: a 9, attack", "closest: a 9, branching", "worst: a 9, branching"):
        assert course in printed


def test_network_is_small_and_plain() -> None:
    path = EXAMPLES / "digits.onnx"
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert path.stat().st_size < 200_000
    assert not model.doc_string
    assert not model.graph.doc_string
    assert not any(node.doc_string for node in model.graph.node)
    shape = model.graph.input[0].type.tensor_type.shape
    assert [axis.dim_param or axis.dim_value for axis in shape.dim] == ["batch", 1, 8, 8]


def test_accuracy() -> None:
    with np.load(EXAMPLES / "digits_test.npz") as held_out:
        images, labels = held_out["images"], held_out["labels"]
    right = scores(images.astype(np.float32) / 16).argmax(axis=1) == labels
    assert right.mean() >= ACCURACY


@pytest.mark.parametrize("name", SHOWN)
def test_images_show_what_they_are_named_after(name: str) -> None:
    image = np.load(EXAMPLES / f"{name}.npy")
    assert image.shape == (1, 8, 8)
    assert (image >= 0).all()
    assert (image <= 1).all()
    assert scores(image[None].astype(np.float32)).argmax() == SHOWN[name]
