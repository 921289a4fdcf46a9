"""Double inputs over float weights: what is declared float then, and what stays double."""

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import mipc
from mipc.errors import ModelError
from mipc.runtime import Runtime


def misdeclared(folder: Path, last: list, kind: int, batch: int | None = 1) -> Path:
    """A Gemm of float weights whose input is declared double, and what follows it."""
    nodes = [helper.make_node("Gemm", ["x", "W"], ["h"]), *last]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.DOUBLE, [1, 2])],
        [helper.make_tensor_value_info("y", kind, [1, 2])],
        [numpy_helper.from_array(np.eye(2, dtype=np.float32), "W")],
    )
    if batch != 1:
        dimension = graph.input[0].type.tensor_type.shape.dim[0]
        dimension.Clear()
        if batch is not None:
            dimension.dim_value = batch
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    place = folder / "net.onnx"
    place.write_bytes(made.SerializeToString())
    return place


RELU = helper.make_node("Relu", ["h"], ["y"])


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        ([RELU], TensorProto.DOUBLE),
        ([helper.make_node("Cast", ["h"], ["y"], to=TensorProto.DOUBLE)], TensorProto.DOUBLE),
        (
            [
                helper.make_node("Cast", ["h"], ["d"], to=TensorProto.DOUBLE),
                helper.make_node("Relu", ["d"], ["y"]),
            ],
            TensorProto.DOUBLE,
        ),
        ([RELU], TensorProto.FLOAT),
    ],
)
def test_what_is_repaired_runs(last: list, kind: int, tmp_path: Path) -> None:
    network = mipc.read_network(misdeclared(tmp_path, last, kind))
    assert network.repaired
    for output in Runtime(network).outputs(np.array([0.5, 1.0])):
        assert output.tolist() == [0.5, 1.0]


def test_a_batch_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="dimension 0 is 0"):
        mipc.read_network(misdeclared(tmp_path, [RELU], TensorProto.FLOAT, batch=0))


@pytest.mark.parametrize("batch", [None, -1])
def test_a_batch_that_is_left_open_is_one(batch: int | None, tmp_path: Path) -> None:
    network = mipc.read_network(misdeclared(tmp_path, [RELU], TensorProto.FLOAT, batch=batch))
    assert network.input.shape == (1, 2)
