"""What a network's outputs may be: several, the input itself, a weight, parts of a split."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper
from onnx_models import LAST, Node, X, model, saved, session, w

from mipc.frontend.onnx import read_network
from mipc.semantics.evaluate import evaluate

NODES = [
    Node("Gemm", X, w(3, 4), w(4)),
    Node("Split", LAST, axis=1, output="left", more=("right",)),
    Node("Relu", LAST, output="end"),
]


@pytest.mark.parametrize(
    "names",
    [("x",), ("c1",), ("x", "end"), ("right", "left"), ("end", "c0", "y0"), ("right",)],
    ids=", ".join,
)
def test_each_output_is_that_of_onnx_runtime(names: tuple[str, ...], tmp_path: Path) -> None:
    proto = model(NODES, (1, 3))
    del proto.graph.output[:]
    for name in names:
        entry = helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
        proto.graph.output.append(entry)
    network = read_network(saved(proto, tmp_path))
    assert tuple(port.name for port in network.outputs) == names
    point = w(1, 3).astype(np.float32)
    values = evaluate(network.graph, {"x": point.astype(np.float64)})
    wanted = session(network.path).run(list(names), {"x": point})
    for port, array in zip(network.outputs, wanted, strict=True):
        assert port.shape == array.shape
        np.testing.assert_allclose(values[port.node][0], array.ravel(), rtol=0, atol=1e-5)
