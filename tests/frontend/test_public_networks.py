"""Networks from many exporters: each means what ONNX Runtime computes, or is refused with a place.

They lie beside the project, in `../shared/data`; without them these tests are skipped.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto
from onnx_models import session

from mipc.errors import ModelError
from mipc.frontend.onnx import read_network
from mipc.semantics.evaluate import evaluate

DATA = Path(__file__).parents[3] / "shared" / "data"
FILES = sorted(
    path for folder in ("onnx_corpus", "models", "vnncomp", "soundness")
    for path in (DATA / folder).rglob("*.onnx")
)  # fmt: skip


@pytest.mark.skipif(not FILES, reason="the public networks of ../shared/data are not there")
@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DATA)))
def test_it_is_read_or_refused(path: Path) -> None:
    try:
        network = read_network(path)
    except ModelError as error:
        assert error.where.startswith(str(path))  # noqa: PT017
        return
    shape = (2, *network.input.shape)
    points = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
    inputs = {network.graph.inputs[0].name: points.reshape(2, -1).astype(np.float64)}
    found = evaluate(network.graph, inputs)[network.graph.outputs[0]]
    runtime, dtype = runnable(path, network.input.dtype)
    for point, output in zip(points.astype(dtype), found, strict=True):
        (wanted,) = runtime.run([network.output.name], {network.input.name: point})
        assert wanted.shape == network.output.shape
        scale = max(1.0, np.abs(wanted).max())
        np.testing.assert_allclose(output, wanted.ravel(), rtol=0, atol=1e-4 * scale)


def runnable(path: Path, dtype: str) -> tuple[Any, str]:
    """ONNX Runtime with the file; some declare float64 inputs over float32 weights."""
    proto = onnx.load(path)
    if dtype == "float64" and proto.graph.initializer[0].data_type == TensorProto.FLOAT:
        for entry in [*proto.graph.input, *proto.graph.output]:
            entry.type.tensor_type.elem_type = TensorProto.FLOAT
        del proto.graph.value_info[:]
        return session(proto.SerializeToString()), "float32"
    return session(path), dtype


def test_without_the_data_nothing_fails() -> None:
    assert FILES or not DATA.is_dir()
