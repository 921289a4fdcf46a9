"""Networks from many exporters: each means what ONNX Runtime computes, or is refused in words.

They lie beside the project, in `../shared/data`; without them these tests are skipped.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from onnx_models import session

from mipc.errors import ModelError
from mipc.frontend.onnx import read_network
from mipc.frontend.repair import runnable
from mipc.ir.network import Network
from mipc.semantics.evaluate import evaluate

DATA = Path(__file__).parents[3] / "shared" / "data"
FOLDERS = ("onnx_corpus", "models", "vnncomp", "soundness")
FILES = sorted(path for folder in FOLDERS for path in (DATA / folder).rglob("*.onnx"))
ACCEPTED = {"onnx_corpus": (115, 122), "vnncomp": (133, 133)}
"""How many networks of a folder have to be read, of how many."""

RANGES = ((0.0, 1.0), (-1.0, 1.0))
"""Where inputs are drawn: pictures lie in the first, normalised numbers in the second."""

TOLERANCE = 1e-5
"""Of the largest output, or of 1: what float32 arithmetic may lose."""

DTYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64}

needs_data = pytest.mark.skipif(not FILES, reason="the networks of ../shared/data are not there")


@needs_data
@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DATA)))
def test_it_is_read_or_refused(path: Path) -> None:
    try:
        network = read_network(path)
    except ModelError as error:
        assert error.where.startswith(f"{path}: ")  # noqa: PT017
        assert error.what  # noqa: PT017
        assert error.remedy  # noqa: PT017
        return
    runtime = session(runnable(path.read_bytes()))
    for seed, (low, high) in enumerate(RANGES):
        assert_agrees(network, runtime, drawn(network, runtime, seed, low, high))


def drawn(
    network: Network, runtime: ort.InferenceSession, seed: int, low: float, high: float
) -> dict[str, np.ndarray]:
    """A number of the declared type for each number of each input."""
    rng = np.random.default_rng(seed)
    kinds = {entry.name: DTYPES[entry.type] for entry in runtime.get_inputs()}
    return {
        port.name: rng.uniform(low, high, port.shape).astype(kinds[port.name])
        for port in network.inputs
    }


def assert_agrees(
    network: Network, runtime: ort.InferenceSession, feed: dict[str, np.ndarray]
) -> None:
    """All outputs are those of ONNX Runtime; of an arg-max, the class is."""
    points = {p.node: feed[p.name].reshape(1, -1).astype(np.float64) for p in network.inputs}
    values = evaluate(network.graph, points)
    names = [port.name for port in network.outputs]
    for port, wanted in zip(network.outputs, runtime.run(names, feed), strict=True):
        found = values[port.node][0]
        if port.index:
            assert np.argmax(found) == wanted.item()
            continue
        assert wanted.shape == port.shape
        scale = max(1.0, np.abs(wanted).max())
        np.testing.assert_allclose(found, wanted.ravel(), rtol=0, atol=TOLERANCE * scale)


def is_read(path: Path) -> bool:
    try:
        read_network(path)
    except ModelError:
        return False
    return True


@needs_data
@pytest.mark.parametrize("folder", ACCEPTED)
def test_so_many_networks_are_read(folder: str) -> None:
    least, total = ACCEPTED[folder]
    files = [path for path in FILES if path.is_relative_to(DATA / folder)]
    assert len(files) == total
    assert sum(is_read(path) for path in files) >= least


def test_without_the_data_nothing_fails() -> None:
    assert FILES or not DATA.is_dir()
