"""Small ONNX models for tests, and ONNX Runtime's answers to them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from mipc.errors import ModelError
from mipc.frontend.onnx import read_network

ort.set_default_logger_severity(4)

X = "x"
"""The network's input."""

LAST = object()
"""The output of the node before."""

KINDS = {
    np.dtype(np.float32): TensorProto.FLOAT,
    np.dtype(np.float64): TensorProto.DOUBLE,
    np.dtype(np.int64): TensorProto.INT64,
    np.dtype(bool): TensorProto.BOOL,
}


def w(*shape: int, seed: int = 0) -> np.ndarray:
    """Weights: float64 numbers in [-2, 2], the same for the same shape."""
    return np.random.default_rng([seed, *shape]).uniform(-2, 2, shape)


def whole(*numbers: int) -> np.ndarray:
    """Integers: axes, shapes, pads."""
    return np.array(numbers, dtype=np.int64)


def typed(numbers: Any, dtype: Any) -> np.ndarray:
    """Floating-point numbers in the type of the model, others as they are."""
    array = np.asarray(numbers)
    return array.astype(dtype) if array.dtype.kind == "f" else array


class Node:
    """An operator on tensors: ``X``, ``LAST``, the name of a node's output, an array, or None.

    ``more`` names its outputs after the first.
    """

    def __init__(
        self,
        op_type: str,
        *inputs: Any,
        output: str = "",
        more: tuple[str, ...] = (),
        **attributes: Any,
    ) -> None:
        self.op_type, self.inputs, self.output, self.more = op_type, inputs, output, more
        self.attributes = attributes

    def __repr__(self) -> str:
        inputs = ["LAST" if given is LAST else repr(given) for given in self.inputs]
        named = [f"{key}={value!r}" for key, value in self.attributes.items()]
        output = [f"output={self.output!r}"] * bool(self.output)
        return f"Node({', '.join([repr(self.op_type), *inputs, *output, *named])})"


def model(
    nodes: Sequence[Node],
    shape: Sequence[int | str],
    *,
    opset: int = 13,
    dtype: Any = np.float32,
    listed: bool = False,
) -> onnx.ModelProto:
    """A model of nodes one after the other; ``listed`` names initializers as inputs too."""
    constants: dict[str, np.ndarray] = {}
    last, protos = X, []
    for number, node in enumerate(nodes):
        names = []
        for given in node.inputs:
            if given is LAST:
                names.append(last)
            elif given is None or isinstance(given, str):
                names.append(given or "")
            else:
                name = f"c{len(constants)}"
                constants[name] = typed(given, dtype)
                names.append(name)
        last = node.output or f"y{number}"
        title = f"{node.op_type.lower()}{number}"
        attributes = {
            key: numpy_helper.from_array(typed(value, dtype))
            if isinstance(value, np.ndarray)
            else value
            for key, value in node.attributes.items()
        }
        outputs = [last, *node.more]
        protos.append(helper.make_node(node.op_type, names, outputs, name=title, **attributes))
    kind = KINDS[np.dtype(dtype)]
    inputs = [helper.make_tensor_value_info(X, kind, shape)]
    if listed:
        inputs += [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape
            )
            for name, array in constants.items()
        ]
    graph = helper.make_graph(
        protos,
        "g",
        inputs,
        [helper.make_tensor_value_info(last, kind, None)],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def saved(proto: onnx.ModelProto, folder: Path) -> Path:
    """The model as a file."""
    path = folder / "model.onnx"
    path.write_bytes(proto.SerializeToString())
    return path


def refused(proto: onnx.ModelProto, folder: Path) -> ModelError:
    """The error of a model; it names the file."""
    path = saved(proto, folder)
    with pytest.raises(ModelError) as caught:
        read_network(path)
    assert caught.value.where.startswith(str(path))
    return caught.value


def small() -> onnx.ModelProto:
    return model([Node("Gemm", X, w(3, 2), w(2)), Node("Relu", LAST)], (1, 3))


def session(source: Path | bytes) -> ort.InferenceSession:
    """ONNX Runtime on one thread, without graph optimisations."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    given = str(source) if isinstance(source, Path) else source
    return ort.InferenceSession(given, options, providers=["CPUExecutionProvider"])


def newest_opset() -> int:
    """The newest opset that the installed ONNX Runtime runs."""
    for opset in range(onnx.defs.onnx_opset_version(), 0, -1):
        try:
            session(model([Node("Identity", X)], [1], opset=opset).SerializeToString())
        except Exception:
            continue
        return opset
    raise AssertionError("ONNX Runtime runs nothing")


NEWEST = newest_opset()
