"""Law 6: the same question gives the same files, byte for byte, on every machine and folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from onnx import helper
from small_networks import save

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT.parent / "shared" / "data" / "models" / "wk17a_linf0.1.onnx"

SCRIPT = """
import ctypes, hashlib, json, sys
from fractions import Fraction
from pathlib import Path
import numpy as np
from mipc.compile import compile_query, write_files
from mipc.frontend.onnx import read_network
from mipc.properties.perturbations import LInf
from mipc.properties.question import Question, ask
from mipc.properties.requirements import ArgMax

def core():
    # which kernels the BLAS chose, if it tells
    for line in open("/proc/self/maps"):
        path = line.split()[-1]
        if "openblas" in path:
            library = ctypes.CDLL(path)
            for name in ("scipy_openblas_get_corename64_", "openblas_get_corename"):
                if hasattr(library, name):
                    getattr(library, name).restype = ctypes.c_char_p
                    return getattr(library, name)().decode()
    return "unknown"

model, folder, radius = sys.argv[1:4]
Path(folder).mkdir()
network = read_network(model)
rng = np.random.default_rng(7)
centre = rng.random(network.input.size).astype(np.float32).astype(np.float64)
requirement = ArgMax(0, tuple(range(1, min(network.output.size, 3))))
query = ask(network, Question(centre, LInf(Fraction(radius)), requirement))
hashes = {}
for combine in (False, True):
    compiled = compile_query(query, combine=combine, all_disjuncts=True)
    for suffix in (".mps", ".lp"):
        pairs = write_files(compiled, Path(folder) / f"q{int(combine)}{suffix}")
        for path in (path for pair in pairs for path in pair):
            hashes[path.name + suffix] = hashlib.sha256(path.read_bytes()).hexdigest()
print(json.dumps({"core": core(), "hashes": hashes}))
"""

SETTINGS = {
    "other hash seed": {"PYTHONHASHSEED": "1"},
    "two threads": {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "PYTHONHASHSEED": "2"},
    "Haswell": {"OPENBLAS_CORETYPE": "Haswell"},
    "SkylakeX": {"OPENBLAS_CORETYPE": "SkylakeX"},
    "Nehalem": {"OPENBLAS_CORETYPE": "Nehalem"},
}


def files_of(model: Path, folder: Path, radius: str, settings: dict[str, str]) -> dict[str, object]:
    """Compile in a process of its own, in a folder of its own."""
    folder.mkdir(parents=True)
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **settings,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(model), str(folder / "out"), radius],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def convolutional(path: Path) -> Path:
    """Two convolutions with a stride, a maximum, two fully connected layers; random floats."""
    rng = np.random.default_rng(11)
    nodes = [
        helper.make_node("Conv", ["x", "K1", "c1"], ["z1"], kernel_shape=[3, 3], pads=[1, 1, 1, 1],
                         strides=[2, 2]),
        helper.make_node("Relu", ["z1"], ["h1"]),
        helper.make_node("Conv", ["h1", "K2", "c2"], ["z2"], kernel_shape=[3, 3],
                         pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["z2"], ["h2"]),
        helper.make_node("MaxPool", ["h2"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Gemm", ["f", "W1", "b1"], ["z3"], transB=1),
        helper.make_node("Relu", ["z3"], ["h3"]),
        helper.make_node("Gemm", ["h3", "W2", "b2"], ["y"], transB=1),
    ]  # fmt: skip
    shapes = {"K1": (4, 1, 3, 3), "c1": (4,), "K2": (6, 4, 3, 3), "c2": (6,), "W1": (10, 24),
              "b1": (10,), "W2": (3, 10), "b2": (3,)}  # fmt: skip
    weights = {name: rng.normal(size=shape) / 2 for name, shape in shapes.items()}
    save(path, nodes, weights, [1, 1, 8, 8], 3)
    return path


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return convolutional(tmp_path_factory.mktemp("bytes") / "small.onnx")


@pytest.fixture(scope="module")
def first(small: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    return files_of(small, tmp_path_factory.mktemp("first") / "run", "1/10", {})


@pytest.mark.parametrize("name", SETTINGS)
def test_a_small_network_gives_the_same_bytes(
    small: Path, first: dict[str, object], tmp_path: Path, name: str
) -> None:
    assert_same(small, first, tmp_path, name, "1/10")


@pytest.fixture(scope="module")
def first_real(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    return files_of(REAL, tmp_path_factory.mktemp("real") / "run", "1/10", {})


@pytest.mark.skipif(not REAL.is_file(), reason="the public networks are not beside this project")
@pytest.mark.parametrize("name", ["two threads", "Nehalem"])
def test_a_real_network_gives_the_same_bytes(
    first_real: dict[str, object], tmp_path: Path, name: str
) -> None:
    assert_same(REAL, first_real, tmp_path, name, "1/10")


def assert_same(
    model: Path, first: dict[str, object], folder: Path, name: str, radius: str
) -> None:
    wanted = SETTINGS[name].get("OPENBLAS_CORETYPE")
    if wanted == "SkylakeX" and "avx512f" not in _processor():
        pytest.skip("this processor has no AVX-512")
    again = files_of(model, folder / "elsewhere" / "deeper", radius, SETTINGS[name])
    if wanted is not None and str(again["core"]).lower() != wanted.lower():
        pytest.skip(f"the BLAS here stays with {again['core']}")
    assert again["hashes"] == first["hashes"]
    assert len(first["hashes"]) >= 6  # type: ignore[arg-type]


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    return path.read_text() if path.is_file() else ""


def test_a_file_names_no_place_and_no_time(small: Path, tmp_path: Path) -> None:
    files_of(small, tmp_path / "run", "1/10", {})
    written = list((tmp_path / "run" / "out").iterdir())
    assert len(written) >= 8
    for path in written:
        text = path.read_text()
        assert str(tmp_path) not in text
        assert str(date.today().year) + "-" not in text
