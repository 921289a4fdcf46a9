"""What is no network, or none that mipc compiles, is refused with an error that names the place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_models import LAST, Node, X, model, refused, saved, small, w
from refused_operators import REFUSED

from mipc.errors import ModelError, UnsupportedOperator
from mipc.frontend.onnx import read_network

FAILING = sorted((Path(__file__).parents[1] / "failing" / "onnx").glob("*.onnx"))


@pytest.mark.parametrize("path", FAILING, ids=lambda path: path.stem)
def test_each_failing_file_is_refused(path: Path) -> None:
    with pytest.raises(ModelError, match=r"not an ONNX file|not UTF-8"):
        read_network(path)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        read_network(tmp_path / "none.onnx")
    with pytest.raises(ModelError, match="cannot be read"):
        read_network(tmp_path)


def test_a_missing_operator(tmp_path: Path) -> None:
    error = refused(model([Node("Gemm", X, w(3, 2)), Node("Hardmax", LAST)], (1, 3)), tmp_path)
    assert isinstance(error, UnsupportedOperator)
    assert "Hardmax 'hardmax1' (node 1)" in error.where
    assert "operator Hardmax is not supported" in error.what
    assert "Conv" in error.remedy
    assert "MaxPool" in error.remedy


def test_an_operator_of_another_domain(tmp_path: Path) -> None:
    proto = small()
    proto.graph.node[1].domain = "com.example"
    assert "'com.example'" in refused(proto, tmp_path).what


def test_an_operator_that_no_output_needs_is_left_out(tmp_path: Path) -> None:
    proto = small()
    proto.graph.node.append(helper.make_node("Hardmax", ["y0"], ["unused"]))
    assert read_network(saved(proto, tmp_path)).output.size == 2


def test_nodes_in_any_order(tmp_path: Path) -> None:
    proto = small()
    nodes = list(proto.graph.node)[::-1]
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)
    assert read_network(saved(proto, tmp_path)).output.size == 2


def test_a_cycle(tmp_path: Path) -> None:
    proto = small()
    proto.graph.node[0].input[0] = "y1"
    assert "its own output" in refused(proto, tmp_path).what


def test_a_cycle_of_reshapes(tmp_path: Path) -> None:
    proto = small()
    proto.graph.node.append(helper.make_node("Identity", ["y2"], ["y2"]))
    proto.graph.output[0].name = "y2"
    assert "its own output" in refused(proto, tmp_path).what


@pytest.mark.parametrize(
    ("nodes", "shape", "what"),
    REFUSED,
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_an_operator_refuses(
    nodes: list[Node], shape: tuple[int, ...], what: str, tmp_path: Path
) -> None:
    error = refused(model(nodes, shape, dtype=np.float64), tmp_path)
    assert what in error.what
    assert "(node " in error.where or "output" in error.where


@pytest.mark.parametrize(("op_type", "more"), [("MaxPool", {"kernel_shape": [2]}), ("Dropout", {})])
def test_a_second_output_that_is_used(op_type: str, more: dict[str, Any], tmp_path: Path) -> None:
    proto = model([Node(op_type, X, **more)], (1, 1, 4))
    proto.graph.node[0].output.append("second")
    assert read_network(saved(proto, tmp_path)).output.size > 0
    proto.graph.node.append(helper.make_node("Add", ["y0", "second"], ["z"]))
    proto.graph.output[0].name = "z"
    assert "'second' is used" in refused(proto, tmp_path).what


# ---------------------------------------------------------------- the file as a whole


def same_output(proto: onnx.ModelProto) -> None:
    proto.graph.output.append(proto.graph.output[0])


def old(proto: onnx.ModelProto) -> None:
    proto.opset_import[0].version = 6


def no_opset(proto: onnx.ModelProto) -> None:
    del proto.opset_import[:]


def integer_input(proto: onnx.ModelProto) -> None:
    proto.graph.input[0].type.tensor_type.elem_type = TensorProto.INT64


def input_of_no_type(proto: onnx.ModelProto) -> None:
    proto.graph.input[0].type.tensor_type.elem_type = 999


def no_shape(proto: onnx.ModelProto) -> None:
    proto.graph.input[0].type.tensor_type.ClearField("shape")


def symbolic_pixel(proto: onnx.ModelProto) -> None:
    proto.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "width"


def negative_pixel(proto: onnx.ModelProto) -> None:
    proto.graph.input[0].type.tensor_type.shape.dim[1].dim_value = -3


def unknown_tensor(proto: onnx.ModelProto) -> None:
    proto.graph.node[0].input[1] = "nowhere"


def unknown_output(proto: onnx.ModelProto) -> None:
    proto.graph.output[0].name = "nowhere"


def made_twice(proto: onnx.ModelProto) -> None:
    proto.graph.node.append(helper.make_node("Relu", ["x"], ["y0"]))


def given_twice(proto: onnx.ModelProto) -> None:
    proto.graph.initializer.append(proto.graph.initializer[0])


def made_and_given(proto: onnx.ModelProto) -> None:
    proto.graph.initializer[0].name = "y0"


def nan_weight(proto: onnx.ModelProto) -> None:
    bad = numpy_helper.from_array(np.array([1.0, np.nan], np.float32), "c1")
    proto.graph.initializer[1].CopyFrom(bad)


def infinite_and_unused(proto: onnx.ModelProto) -> None:
    bad = numpy_helper.from_array(np.array([np.inf, -np.inf]), "unused")
    proto.graph.initializer.append(bad)


def short_weight(proto: onnx.ModelProto) -> None:
    proto.graph.initializer[0].raw_data = proto.graph.initializer[0].raw_data[:-1]


def negative_weight_shape(proto: onnx.ModelProto) -> None:
    proto.graph.initializer[0].dims[0] = -3


def texts(proto: onnx.ModelProto) -> None:
    proto.graph.initializer.append(helper.make_tensor("s", TensorProto.STRING, [1], [b"a"]))


def complex_numbers(proto: onnx.ModelProto) -> None:
    proto.graph.initializer.append(numpy_helper.from_array(np.array([1j]), "c"))


def sparse(proto: onnx.ModelProto) -> None:
    proto.graph.sparse_initializer.append(onnx.SparseTensorProto())


def many_axes(proto: onnx.ModelProto) -> None:
    shape = proto.graph.input[0].type.tensor_type.shape
    shape.dim.extend(onnx.TensorShapeProto.Dimension(dim_value=1) for _ in range(100))


WRONG: list[tuple[Callable[[onnx.ModelProto], None], str]] = [
    (same_output, "listed twice"),
    (old, "opset 6 is older than 7"),
    (no_opset, "no opset"),
    (integer_input, "inputs of type INT64"),
    (input_of_no_type, "inputs of type 999"),
    (no_shape, "shape of the input is not declared"),
    (symbolic_pixel, "dimension 1 is not fixed"),
    (negative_pixel, "dimension 1 is -3"),
    (unknown_tensor, "its input 'nowhere' is not defined"),
    (unknown_output, "not computed by any node"),
    (made_twice, "'y0' is defined before"),
    (given_twice, "given twice"),
    (made_and_given, "'y0' is defined before"),
    (nan_weight, "1 of its numbers are NaN or infinite"),
    (infinite_and_unused, "2 of its numbers are NaN or infinite"),
    (short_weight, "do not fit its shape and type"),
    (negative_weight_shape, "a negative dimension"),
    (texts, "numbers of type object"),
    (complex_numbers, "numbers of type complex128"),
    (sparse, "sparse initializers"),
    (many_axes, "102 axes"),
]


@pytest.mark.parametrize(
    ("change", "what"), WRONG, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_file_with_one_thing_wrong(
    change: Callable[[onnx.ModelProto], None], what: str, tmp_path: Path
) -> None:
    proto = small()
    change(proto)
    assert what in refused(proto, tmp_path).what
