"""What ONNX Runtime has no kernel for means what the reference evaluator of ONNX computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx.reference import ReferenceEvaluator
from onnx_models import Node, X, model, saved, w, whole

from mipc.frontend.onnx import read_network
from mipc.semantics.evaluate import evaluate

ROUNDINGS = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
COORDINATES = ("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric")


def agrees(
    node: Node, shape: tuple[int, ...], folder: Path, *, opset: int = 18, dtype: Any = np.float64
) -> None:
    network = read_network(saved(model([node], shape, opset=opset, dtype=dtype), folder))
    points = np.random.default_rng(8).uniform(-2, 2, (3, network.input.size)).astype(dtype)
    found = evaluate(network.graph, {network.input.name: points.astype(np.float64)})
    reference = ReferenceEvaluator(str(network.path))
    for point, numbers in zip(points, found[network.graph.outputs[0]], strict=True):
        (wanted,) = reference.run(None, {network.input.name: point.reshape(shape)})
        assert wanted.shape == network.output.shape
        np.testing.assert_allclose(numbers, wanted.ravel(), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "node",
    [
        Node("Abs", X),
        Node("LeakyRelu", X, alpha=0.3),
        Node("PRelu", X, w(3)),
        Node("HardSigmoid", X, alpha=0.4, beta=0.1),
        Node("Mean", X, w(3), w(2, 1)),
        Node("Clip", X, np.array(0.7), np.array(-0.5)),
        Node("ReduceMean", X, whole(1)),
        Node("ReduceL1", X, whole(0), keepdims=0),
        Node("ReduceSumSquare", X, whole(1)),
        Node("ReduceLogSumExp", X, whole(1)),
        Node("LayerNormalization", X, w(3), w(3)),
    ],
    ids=lambda node: node.op_type,
)
def test_in_float64(node: Node, tmp_path: Path) -> None:
    agrees(node, (2, 3), tmp_path)


def test_transposed_convolution_in_float64(tmp_path: Path) -> None:
    node = Node("ConvTranspose", X, w(2, 1, 2, 2), w(1), strides=[2, 1], pads=[1, 0, 0, 1])
    agrees(node, (1, 2, 3, 3), tmp_path)


@pytest.mark.parametrize("mode", COORDINATES)
@pytest.mark.parametrize("sizes", [(3, 4, 2), (2, 6, 5), (4, 2, 1)], ids=str)
def test_linear_in_every_axis(mode: str, sizes: tuple[int, ...], tmp_path: Path) -> None:
    node = Node(
        "Resize", X, None, None, whole(*sizes), mode="linear", coordinate_transformation_mode=mode
    )
    agrees(node, (2, 3, 4), tmp_path, dtype=np.float32)


@pytest.mark.parametrize("mode", COORDINATES)
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_nearest_by_simple_scales(mode: str, rounding: str, tmp_path: Path) -> None:
    for scales in ([2.0, 3.0], [0.5, 1.5], [4.0, 0.25]):
        node = Node(
            "Resize",
            X,
            None,
            np.array(scales),
            coordinate_transformation_mode=mode,
            nearest_mode=rounding,
        )
        agrees(node, (4, 8), tmp_path, dtype=np.float32)
