"""Forward values that the tests of MIPVerify.jl state, replayed through ONNX models.

They lie beside the project, in `../shared/data/oracles`; without them these tests are skipped.
Arrays there are filled in column-major order, images are NHWC, filters HWIO.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx_models import LAST, Node, X, model, saved, whole

from mipc.frontend.onnx import read_network
from mipc.semantics.evaluate import evaluate

ORACLES = Path(__file__).parents[3] / "shared" / "data" / "oracles" / "mipverify.json"

pytestmark = pytest.mark.skipif(
    not ORACLES.is_file(), reason="the oracles of ../shared/data are not there"
)


def oracles(name: str) -> Any:
    return json.loads(ORACLES.read_text())[name] if ORACLES.is_file() else []


def column_major(shape: list[int], numbers: np.ndarray) -> np.ndarray:
    return numbers[: int(np.prod(shape))].reshape(shape, order="F").astype(np.float64)


def run(nodes: list[Node], x: np.ndarray, folder: Path) -> np.ndarray:
    """The output of a float64 model at one input, in its shape."""
    network = read_network(saved(model(nodes, x.shape, dtype=np.float64), folder))
    values = evaluate(network.graph, {network.graph.inputs[0].name: x.reshape(1, -1)})
    return values[network.graph.outputs[0]].reshape(network.output.shape)


def channels_first(image: np.ndarray) -> np.ndarray:
    return image.transpose(0, 3, 1, 2)


def filled(shape: list[int], fill: str) -> np.ndarray:
    """``ones``, ``1..prod`` in column-major order, or that minus a number."""
    if fill == "ones":
        return np.ones(shape)
    numbers = np.arange(1, np.prod(shape) + 1)
    return column_major(shape, numbers - int(fill.partition(") - ")[2] or 0))


def padding(case: dict[str, Any]) -> dict[str, Any]:
    given = case["padding_top_bottom_left_right"]
    if isinstance(given, str):
        return {"auto_pad": {"valid": "VALID", "same": "SAME_UPPER"}[given]}
    top, bottom, left, right = given
    return {"pads": [top, left, bottom, right]}


@pytest.mark.parametrize("case", oracles("conv2d_forward"), ids=lambda case: case["name"])
def test_convolutions(case: dict[str, Any], tmp_path: Path) -> None:
    x = filled(case["input_shape_nhwc"], case["input_fill"])
    weight = filled(case["filter_shape_hwio"], case["filter_fill"]).transpose(3, 2, 0, 1)
    bias = np.full(len(weight), float(case["bias"]))
    conv = Node("Conv", X, weight, bias, strides=[case["stride"]] * 2, **padding(case))
    found = run([conv], channels_first(x), tmp_path)
    np.testing.assert_array_equal(found[0, 0], case["expected_output_hw"])


def test_linear(tmp_path: Path) -> None:
    case = oracles("misc")["linear"]
    bias = np.array(case["bias"], dtype=float)
    layer = Node("Gemm", X, np.array(case["matrix"], dtype=float), bias)
    found = run([layer], np.array([case["x"]], dtype=float), tmp_path)
    np.testing.assert_array_equal(found[0], case["y"])


def test_max_pool(tmp_path: Path) -> None:
    case = oracles("misc")["maxpool"]
    x = column_major([1, 1, 6, 6], np.arange(1, 37))
    pool = Node("MaxPool", X, kernel_shape=[2, 2], strides=[2, 2])
    np.testing.assert_array_equal(run([pool], x, tmp_path)[0, 0], case["output"])


@pytest.mark.parametrize("name", ["perm_3124", "perm_1342"])
def test_flatten(name: str, tmp_path: Path) -> None:
    """Julia flattens in column-major order: ONNX does so after the axes are turned around."""
    wanted = oracles("misc")["flatten"][name]
    order = [int(axis) - 1 for axis in name.removeprefix("perm_")]
    x = column_major([2, 2, 2, 2], np.arange(1, 17))
    nodes = [Node("Transpose", X, perm=order[::-1]), Node("Reshape", LAST, whole(-1))]
    np.testing.assert_array_equal(run(nodes, x, tmp_path), wanted)


def generated(*shape: int, low: float = -1.0, high: float = 1.0) -> np.ndarray:
    """MIPVerify's pseudo-random arrays, each from the start of one list of numbers."""
    return column_major(list(shape), np.array(oracles("rands"))) * (high - low) + low


def test_a_convolutional_network(tmp_path: Path) -> None:
    case = oracles("conv_maxpool_fc_net")
    nodes = [
        Node(
            "Conv", X, generated(2, 2, 1, 2).transpose(3, 2, 0, 1), generated(2), pads=[0, 0, 1, 1]
        ),
        Node("MaxPool", LAST, kernel_shape=[2, 2], strides=[2, 2]),
        Node("Relu", LAST),
        Node("Transpose", LAST, perm=[0, 2, 3, 1]),
        Node("Flatten", LAST),
        Node("Gemm", LAST, generated(18, 4), generated(4)),
        Node("Relu", LAST),
        Node("Gemm", LAST, generated(4, 3), generated(3)),
    ]
    x = channels_first(generated(1, 6, 6, 1, low=0.0))
    np.testing.assert_allclose(run(nodes, x, tmp_path)[0], case["logits_at_input"], rtol=1e-7)


def test_a_network_with_a_skip(tmp_path: Path) -> None:
    case = oracles("skip_net")
    nodes = [
        Node("Gemm", X, np.ones((8, 6)), np.array([0.0, 0, 0, -16, -16, -16])),
        Node("Relu", LAST, output="r"),
        Node("MatMul", LAST, np.ones((6, 5))),
        Node("MatMul", LAST, np.ones((5, 4)), output="far"),
        Node("MatMul", "r", np.ones((6, 4))),
        Node("Add", LAST, "far"),
    ]
    np.testing.assert_array_equal(run(nodes, np.ones((1, 8)), tmp_path)[0], case["output"])


def test_a_network_with_masked_units(tmp_path: Path) -> None:
    """A unit of mask 1 is the identity, of mask -1 is zero, of mask 0 a ReLU."""
    case = oracles("sequential_forward")
    mask = np.array([-1.0] * 10 + [1.0] * 7 + [0.0] * 3)
    nodes = [
        Node("Conv", X, np.ones((16, 7, 4, 4)), np.ones(16), strides=[2, 2], auto_pad="SAME_UPPER"),
        Node("Relu", LAST),
        Node("Flatten", LAST),
        Node("Gemm", LAST, -np.ones((400, 20)), np.ones(20), output="z"),
        Node("Relu", LAST),
        Node("Mul", LAST, (mask == 0).astype(float), output="rectified"),
        Node("Mul", "z", (mask == 1).astype(float)),
        Node("Add", LAST, "rectified"),
        Node("Gemm", LAST, np.ones((20, 10)), np.ones(10)),
    ]
    found = run(nodes, np.ones((1, 7, 10, 10)), tmp_path)
    np.testing.assert_array_equal(found[0], case["output"])
