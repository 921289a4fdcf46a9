"""Small ONNX files, and questions about them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from mipc.frontend.onnx import read_network
from mipc.ir.network import Network
from mipc.properties.perturbations import BoxOfArrays, LInf
from mipc.properties.query import Query
from mipc.properties.question import Question, ask
from mipc.properties.requirements import ArgMax

Layers = Sequence[tuple[np.ndarray, np.ndarray]]


def save(
    path: Path,
    nodes: list[onnx.NodeProto],
    weights: dict[str, np.ndarray],
    shape: Sequence[int],
    classes: int,
    dtype: str = "float32",
) -> Network:
    """Write a graph from ``x`` to ``y`` and read it back."""
    kind = TensorProto.FLOAT if dtype == "float32" else TensorProto.DOUBLE
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", kind, list(shape))],
        [helper.make_tensor_value_info("y", kind, [1, classes])],
        [
            numpy_helper.from_array(v.astype(dtype if v.dtype.kind == "f" else "int64"), name)
            for name, v in weights.items()
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return read_network(path)


def dense_network(path: Path, layers: Layers, dtype: str = "float32") -> Network:
    """Fully connected layers with a ReLU between two."""
    nodes, weights, value = [], {}, "x"
    for i, (matrix, bias) in enumerate(layers):
        last = i == len(layers) - 1
        result = "y" if last else f"z{i}"
        weights |= {f"W{i}": np.asarray(matrix, float), f"b{i}": np.asarray(bias, float)}
        nodes.append(helper.make_node("Gemm", [value, f"W{i}", f"b{i}"], [result], transB=1))
        if not last:
            nodes.append(helper.make_node("Relu", [result], [f"h{i}"]))
            value = f"h{i}"
    inputs = np.shape(layers[0][0])[1]
    return save(path, nodes, weights, [1, inputs], len(layers[-1][1]), dtype)


def boxed(
    network: Network,
    lower: Sequence[float],
    upper: Sequence[float],
    *,
    label: int = 0,
    targets: tuple[int, ...] | None = None,
    margin: Fraction | int = 0,
    objective: str = "feasibility",
    centre: Sequence[float] | None = None,
    norm: str = "linf",
) -> Query:
    """An arg-max question over a box given by its corners."""
    question = Question(
        centre=None if centre is None else np.asarray(centre, float),
        perturbation=BoxOfArrays(np.asarray(lower, float), np.asarray(upper, float)),
        requirement=ArgMax(label, targets, Fraction(margin)),
        domain=None,
        objective=objective,  # type: ignore[arg-type]
        norm=norm,  # type: ignore[arg-type]
    )
    return ask(network, question)


def around(network: Network, centre: Sequence[float], radius: Fraction, **choices: object) -> Query:
    """An arg-max question over a ball whose radius is a rational."""
    question = Question(
        centre=np.asarray(centre, float),
        perturbation=LInf(radius),
        requirement=ArgMax(
            int(choices.pop("label", 0)),  # type: ignore[call-overload]
            choices.pop("targets", None),  # type: ignore[arg-type]
            Fraction(choices.pop("margin", 0)),  # type: ignore[arg-type]
        ),
        domain=None,
        **choices,  # type: ignore[arg-type]
    )
    return ask(network, question)
