"""What is no network, or none that mipc compiles, is refused with an error that names the place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_models import LAST, Node, X, model, refused, saved, small, w, whole

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


COMPUTED = "computed by the network"
TWICE = whole(1, 1).reshape(2, 1)
THIRD = Node("Div", np.array([6.0]), np.array(0.3))
MOVED = [
    ([Node("Slice", X, whole(0), whole(1), whole(0), whole(0))], (3,), "a step is 0"),
    ([Node("Slice", X, whole(0), whole(1, 2))], (3, 3), "do not fit"),
    ([Node("Slice", X, whole(0, 0), whole(1, 1), whole(0, -2))], (3, 3), "not different"),
    ([Node("Slice", X, whole(0), whole(1), whole(2))], (3, 3), "axis 2"),
    ([Node("Slice", X, whole(2), whole(1))], (3,), "no numbers"),
    ([Node("Slice", X, X, whole(1))], (3,), COMPUTED),
    ([Node("Split", X, whole(1, 1), more=("b",))], (3,), "parts [1, 1]"),
    ([Node("Split", X, whole(4, -1), more=("b",))], (3,), "parts [4, -1]"),
    ([Node("Split", X, whole(3), more=("b",))], (3,), "for 2 outputs"),
    ([Node("Split", X, more=("b",))], (3,), "2 equal parts"),
    ([Node("Gather", X, whole(3))], (3,), "indices from 3 to 3"),
    ([Node("Gather", X, whole(-4))], (3,), "indices from -4"),
    ([Node("Gather", X, w(1))], (3,), "no integers"),
    ([Node("GatherElements", X, whole(0, 3))], (3,), "indices from 0 to 3"),
    ([Node("GatherND", X, whole(0, 0))], (3,), "2 coordinates"),
    ([Node("GatherND", X, whole(0), batch_dims=1)], (3,), "batch_dims=1"),
    ([Node("ScatterND", X, TWICE, w(2))], (3,), "twice"),
    ([Node("ScatterND", X, whole(1).reshape(1, 1), w(2))], (3,), "updates of shape [2]"),
    ([Node("ScatterElements", X, whole(1, -2), w(2))], (3,), "twice"),
    ([Node("Expand", X, whole(2))], (3,), "do not fit"),
    ([Node("Tile", X, whole(2, 2))], (3,), "rank 1"),
    ([Node("Tile", X, whole(0))], (3,), "no numbers"),
    ([Node("Where", X, X, X)], (3,), COMPUTED),
]
FOLDED = [
    ([Node("Cast", X, to=TensorProto.FLOAT)], (3,), "from double to float, which rounds"),
    ([Node("Cast", X, to=TensorProto.INT64), Node("Cast", LAST, to=11)], (3,), "to int64"),
    ([Node("Cast", X, to=TensorProto.BOOL), Node("Where", LAST, X, X)], (3,), "to bool"),
    ([Node("Cast", X, to=TensorProto.STRING)], (3,), "to string"),
    ([Node("Cast", np.array([300.0]), to=TensorProto.UINT8)], (3,), "beyond the type uint8"),
    ([Node("Cast", whole(-1), to=TensorProto.UINT8)], (3,), "beyond the type uint8"),
    ([Node("Cast", np.array([1e300]), to=TensorProto.INT64)], (3,), "beyond the type int64"),
    ([Node("Cast", np.array([1e300]), to=TensorProto.FLOAT)], (3,), "beyond the type float"),
    ([Node("Cast", whole(2**53 + 1), to=TensorProto.DOUBLE)], (3,), "does not hold exactly"),
    ([Node("Cast", whole(2**63 - 1), to=TensorProto.DOUBLE)], (3,), "does not hold exactly"),
    ([Node("Cast", whole(2**24 + 1), to=TensorProto.FLOAT)], (3,), "does not hold exactly"),
    ([Node("Cast", np.array([1 + 2**-11 + 2**-40]), to=TensorProto.FLOAT16)], (3,), "order"),
    ([Node("Cast", whole(200), to=TensorProto.UINT8), Node("Add", LAST, LAST)], (3,),
     "beyond the type uint8"),
    ([THIRD, Node("Floor", LAST)], (3,), "how constants are rounded"),
    ([THIRD, Node("Cast", LAST, to=TensorProto.INT64)], (3,), "how constants are rounded"),
    ([THIRD, Node("Equal", LAST, np.array(20.0))], (3,), "by no more than rounding"),
    ([THIRD, Node("Concat", LAST, np.array([20.0]), axis=0), Node("ArgMax", LAST),
      Node("Gather", X, LAST)], (3,), "how constants are rounded"),
    ([Node("Floor", X)], (3,), COMPUTED),
    ([Node("Equal", X, X)], (3,), COMPUTED),
    ([Node("ArgMax", X), Node("Gather", X, LAST), Node("Relu", LAST)], (3,), "places inside"),
    ([Node("Mod", whole(1), whole(0))], (3,), "divides by zero"),
    ([Node("Mod", w(1), w(1))], (3,), "fmod=1"),
    ([Node("Range", whole(0)[0], whole(3)[0], whole(0)[0])], (3,), "delta not 0"),
    ([Node("Range", np.array(0.0), np.array(1.0), np.array(0.1))], (3,), "rounded"),
    ([Node("ConstantOfShape", whole(-1))], (3,), "negative dimension"),
    ([Node("OneHot", whole(-4), whole(3), np.array([0.0, 1.0]))], (3,), "positive depth"),
    ([Node("EyeLike", X)], (3,), "a matrix is needed"),
    ([Node("MatMul", np.array([0.1, 0.1]), np.array([0.3, -0.3]))], (3,), "cancel"),
    ([Node("Div", np.ones(2), np.array(3.0)), Node("MatMul", LAST, np.array([1.0, -1.0]))], (3,),
     "cancel"),
    ([Node("MatMul", w(2, 3), w(2, 3))], (3,), "do not fit"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("nodes", "shape", "what"),
    [
        ([Node("Gemm", X, X)], (3, 3), "both factors are computed"),
        ([Node("Conv", X, X)], (1, 1, 3), "input 1 is computed"),
        ([Node("Div", X, np.array([1.0, 0.0]))], (1, 2), "divides by zero"),
        ([Node("Div", X, np.array([1e-300]))], (1, 2), "too large or too small"),
        ([Node("Gemm", X)], (1, 3), "input size 1 not in range"),
        ([Node("Gemm", X, w(2, 2))], (1, 3), "do not fit"),
        ([Node("Gemm", X, w(3, 2), w(3))], (1, 3), "do not fit"),
        ([Node("Add", X, w(2))], (1, 3), "do not fit"),
        ([Node("Conv", X, w(1, 1, 2, 2))], (1, 2, 3, 3), "do not fit"),
        ([Node("Conv", X, w(1, 1, 2, 2), group=0)], (1, 1, 3, 3), "do not fit"),
        ([Node("Conv", X, w(1, 1, 2, 2))], (2, 1, 3, 3), "one image"),
        ([Node("Conv", X, w(1, 1, 4, 4))], (1, 1, 3, 3), "a window of"),
        ([Node("Conv", X, w(1, 1, 2, 2), strides=[0, 1])], (1, 1, 3, 3), "positive"),
        ([Node("Conv", X, w(1, 1, 2, 2), strides=[1])], (1, 1, 3, 3), "one for each axis"),
        ([Node("Conv", X, w(1, 1, 2, 2), pads=[-1, 0, 0, 0])], (1, 1, 3, 3), "pads"),
        ([Node("Conv", X, w(1, 1, 2, 2), auto_pad="ODD")], (1, 1, 3, 3), "auto_pad='ODD'"),
        ([Node("Conv", X, w(1, 1, 2, 2), kernel_shape=[3, 3])], (1, 1, 3, 3), "kernel_shape"),
        ([Node("MaxPool", X, kernel_shape=[1], pads=[2, 0])], (1, 1, 3), "padding alone"),
        ([Node("AveragePool", X, kernel_shape=[1], pads=[2, 0])], (1, 1, 3), "padding alone"),
        ([Node("AveragePool", X, kernel_shape=[2], ceil_mode=1)], (1, 1, 3), "ceil_mode=1"),
        ([Node("BatchNormalization", X, w(3), w(3), w(3), -(w(3) ** 2))], (1, 3), "variance"),
        ([Node("BatchNormalization", X, w(1), w(3), w(3), w(3) ** 2)], (1, 3), "each channel"),
        ([Node("Dropout", X, np.array(0.5), np.array(True))], (1, 3), "training_mode"),
        ([Node("Dropout", X, None, np.array(True))], (1, 3), "training_mode"),
        ([Node("Reshape", X, whole(2, -1))], (1, 3), "cannot become"),
        ([Node("Reshape", X, whole(-1, -1))], (1, 3), "cannot become"),
        ([Node("Reshape", X, w(1))], (1, 3), "integers"),
        ([Node("Squeeze", X, whole(1))], (1, 3), "not all of size 1"),
        ([Node("Unsqueeze", X, whole(0, 0))], (1, 3), "not different"),
        ([Node("Gemm", X, None)], (1, 3), "input 1 is marked single but has an empty"),
        ([Node("Flatten", X, axis=3)], (1, 3), "axis 3"),
        ([Node("Transpose", X, perm=[0, 0])], (1, 3), "perm"),
        ([Node("Concat", X, w(2, 2), axis=1)], (1, 3), "do not fit"),
        ([Node("Concat", X, X)], (1, 3), "'axis' is missing"),
        ([Node("Relu", X, slope=1.0)], (1, 3), "Unrecognized attribute: slope"),
        ([Node("MaxPool", X, kernel_shape=[1], ceil_mode=2)], (1, 1, 3), "ceil_mode=2"),
        ([Node("Pad", X, whole(0, -2, 0, -3))], (1, 4), "leave nothing"),
        ([Node("Pad", X, whole(0, 1, 0))], (1, 4), "pads"),
        ([Node("Pad", X, whole(0, 4, 0, 0), mode="reflect")], (1, 4), "more than there is"),
        ([Node("Pad", X, whole(0, 1, 0, 0), mode="odd")], (1, 4), "mode='odd'"),
        ([Node("Constant", value_string="a"), Node("Add", X, LAST)], (1, 3), "value_string"),
        ([Node("Constant", value_float=float("nan")), Node("Add", X, LAST)], (1,), "NaN"),
        ([Node("Constant", value=np.array(np.inf)), Node("Add", X, LAST)], (1,), "NaN"),
        ([Node("Gemm", X, w(3, 2), alpha=float("nan"))], (1, 3), "'alpha' is NaN"),
        *MOVED,
        *FOLDED,
    ],
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
    (negative_pixel, "dimension 1 is not fixed but -3"),
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
