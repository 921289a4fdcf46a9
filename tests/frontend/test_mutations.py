"""Files that were damaged, blindly or with knowledge of ONNX: only a named error may come out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper
from onnx_models import small
from operator_tables import CASES, Case

from mipc.errors import ModelError
from mipc.frontend.onnx import read_network

LEAST = small().SerializeToString()

SIZES = st.sampled_from([0, -1, -2, 1, 2, 3, 5, 1000, 2**31, 2**40, 2**62, 2**63 - 1, -(2**63)])

VALUES = st.one_of(
    SIZES,
    st.floats(),
    st.text(max_size=3),
    st.lists(SIZES, min_size=1, max_size=5),
    st.lists(st.floats(), min_size=1, max_size=3),
    st.lists(st.text(max_size=2), min_size=1, max_size=2),
)


def only_named_errors(data: bytes, folder: Path) -> None:
    """Reading gives a network or a ``ModelError`` with a place."""
    path = folder / "model.onnx"
    path.write_bytes(data)
    try:
        read_network(path)
    except ModelError as error:
        assert error.where.startswith(str(path))  # noqa: PT017


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mutations")


@given(st.binary(max_size=200))
def test_random_bytes(folder: Path, data: bytes) -> None:
    only_named_errors(data, folder)


@given(st.integers(0, len(LEAST)))
def test_truncated_files(folder: Path, length: int) -> None:
    only_named_errors(LEAST[:length], folder)


@given(st.lists(st.tuples(st.integers(0, len(LEAST) - 1), st.integers(0, 255)), max_size=4))
def test_changed_bytes(folder: Path, changes: list[tuple[int, int]]) -> None:
    data = bytearray(LEAST)
    for place, byte in changes:
        data[place] = byte
    only_named_errors(bytes(data), folder)


@settings(max_examples=600)
@given(st.sampled_from(CASES), st.data())
def test_models_with_something_changed(folder: Path, case: Case, data: st.DataObject) -> None:
    proto = case.proto()
    for _ in range(data.draw(st.integers(1, 3))):
        mutate(proto.graph, data)
    only_named_errors(proto.SerializeToString(), folder)


def mutate(graph: onnx.GraphProto, data: st.DataObject) -> None:
    """One change, of a kind that is possible everywhere."""
    node = data.draw(st.sampled_from(list(graph.node)))
    kinds = [attribute, operands, operator, results, dimension]
    data.draw(st.sampled_from(kinds))(graph, node, data)


def attribute(graph: onnx.GraphProto, node: onnx.NodeProto, data: st.DataObject) -> None:
    """Drop, rename or retype an attribute, or invent one."""
    names = [entry.name for entry in node.attribute]
    known = ["axis", "axes", "perm", "pads", "strides", "dilations", "kernel_shape", "group"]
    name = data.draw(st.sampled_from(names * 5 + [*known, "alpha", "auto_pad", "value", "mode"]))
    for entry in [entry for entry in node.attribute if entry.name == name]:
        node.attribute.remove(entry)
    if data.draw(st.booleans()):
        node.attribute.append(helper.make_attribute(name, data.draw(VALUES)))
    if node.attribute and data.draw(st.integers(0, 9)) == 0:
        node.attribute[0].type = data.draw(st.integers(0, 14))


def operands(graph: onnx.GraphProto, node: onnx.NodeProto, data: st.DataObject) -> None:
    """Other inputs, in another order, more or fewer."""
    tensors = ["", "nowhere", "x", *(t.name for t in graph.initializer)]
    tensors += [name for other in graph.node for name in other.output]
    chosen = data.draw(st.permutations(list(node.input)))
    chosen = chosen[: data.draw(st.integers(0, len(chosen)))]
    chosen += data.draw(st.lists(st.sampled_from(tensors), max_size=2))
    del node.input[:]
    node.input.extend(chosen)


def operator(graph: onnx.GraphProto, node: onnx.NodeProto, data: st.DataObject) -> None:
    """Another operator on the same tensors."""
    node.op_type = data.draw(st.sampled_from([case.nodes[0].op_type for case in CASES]))


def results(graph: onnx.GraphProto, node: onnx.NodeProto, data: st.DataObject) -> None:
    """Other names of outputs, or none."""
    del node.output[:]
    node.output.extend(
        data.draw(st.lists(st.sampled_from(["", "x", "y0", "y1", "c0"]), max_size=3))
    )


def dimension(graph: onnx.GraphProto, node: onnx.NodeProto, data: st.DataObject) -> None:
    """Another size of the input or of a constant, or another type."""
    entries: list[Any] = [graph.input[0].type.tensor_type, *graph.initializer]
    entry = data.draw(st.sampled_from(entries))
    if isinstance(entry, onnx.TensorProto):
        if data.draw(st.booleans()):
            entry.data_type = data.draw(st.integers(0, 30))
        elif entry.dims:
            entry.dims[data.draw(st.integers(0, len(entry.dims) - 1))] = data.draw(SIZES)
    elif entry.shape.dim:
        place = data.draw(st.integers(0, len(entry.shape.dim) - 1))
        entry.shape.dim[place].dim_value = data.draw(SIZES)
