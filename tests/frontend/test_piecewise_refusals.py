"""Attributes and shapes of activations, reductions, pools and resizes that are refused in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto
from onnx_models import LAST, NEWEST, Node, X, model, refused, saved, w, whole

from mipc.frontend.onnx import read_network

UP = "ConvTranspose"
IMAGE = (1, 1, 3, 3)
GEMM = Node("Gemm", X, w(3, 4))
NEARLY_ONE = [
    Node("Div", np.array([1.0]), np.array([3.0])),
    Node("Mul", LAST, np.array([3.0])),
    Node("PRelu", X, LAST),
]


def resized(*sizes: int, **attributes: object) -> list[Node]:
    return [Node("Resize", X, None, None, whole(*sizes), **attributes)]


def scaled(*scales: float, **attributes: object) -> list[Node]:
    return [Node("Resize", X, None, np.array(scales), **attributes)]


@pytest.mark.parametrize(
    ("nodes", "shape", "opset", "what"),
    [
        ([Node("PRelu", X, w(2, 3))], (3,), 13, "do not fit an input"),
        ([Node("PRelu", X, X)], (1, 3), 13, "input 1 is computed"),
        (
            NEARLY_ONE,
            (1, 3),
            13,
            "constants that cancel",
        ),
        ([Node("Clip", X, w(3))], (1, 3), 13, "one number is needed"),
        ([Node("Clip", X, min=1.0, max=0.0)], (1, 3), 10, "min=1.0 is above max=0.0"),
        ([Node("Max", X, w(2))], (1, 3), 13, "do not fit"),
        ([Node("ReduceSum", X, whole(2))], (1, 3), 13, "axis 2"),
        ([Node("ReduceSum", X, whole(0, -2))], (1, 3), 13, "not different"),
        ([Node("ReduceMax", X, axes=[0], keepdims=2)], (1, 3), 13, "keepdims=2"),
        ([Node("ReduceL1", X, noop_with_empty_axes=1)], (1, 3), 18, "without axes"),
        ([Node("ReduceProd", X)], (1, 3), 13, "input 0 is computed"),
        ([Node("ReduceSum", X, w(1))], (1, 3), 13, "integers"),
        ([Node(UP, X, w(2, 1, 2, 2))], IMAGE, 13, "do not fit"),
        ([Node(UP, X, w(1, 1, 2, 2), group=2)], IMAGE, 13, "do not fit"),
        ([Node(UP, X, w(1, 1, 2))], IMAGE, 13, "one to three spatial axes"),
        ([Node(UP, X, w(1, 1, 2, 2), strides=[0, 1])], IMAGE, 13, "positive"),
        ([Node(UP, X, w(1, 1, 2, 2), strides=[1])], IMAGE, 13, "one for each axis"),
        ([Node(UP, X, w(1, 1, 2, 2), pads=[-1, 0, 0, 0])], IMAGE, 13, "pads"),
        ([Node(UP, X, w(1, 1, 2, 2), pads=[2, 0, 2, 0])], IMAGE, 13, "leave nothing"),
        ([Node(UP, X, w(1, 1, 2, 2), auto_pad="ODD")], IMAGE, 13, "auto_pad='ODD'"),
        ([Node(UP, X, w(1, 1, 2, 2), output_shape=[9, 9])], IMAGE, 13, "larger than what there is"),
        ([Node(UP, X, w(1, 1, 2, 2), kernel_shape=[3, 3])], IMAGE, 13, "kernel_shape"),
        (resized(1, 1, 4, 4, mode="cubic"), IMAGE, 13, "mode='cubic'"),
        (resized(1, 1, 2, 2, mode="linear", antialias=1), IMAGE, 18, "antialias=1"),
        (resized(1, 1, 6, 6, keep_aspect_ratio_policy="not_larger"), IMAGE, 18, "keep_aspect"),
        (
            resized(1, 1, 6, 6, coordinate_transformation_mode="tf_crop_and_resize"),
            IMAGE,
            13,
            "tf_crop_and_resize",
        ),
        (resized(1, 1, 6), IMAGE, 13, "sizes [1, 1, 6] for 4 axes"),
        (scaled(1, 1, 2), IMAGE, 13, "scales [1.0, 1.0, 2.0] for 4 axes"),
        (scaled(1, 1, 1, -2), IMAGE, 13, "scales"),
        (scaled(1, 1, 0.1, 1), IMAGE, 13, "has no numbers"),
        (resized(1, 1, 1, 200_000), IMAGE, 13, "at most 100000 pixels"),
        (scaled(1, 1, 1, 1.1), IMAGE, 13, "leave the shape as it is"),
        (
            resized(
                1,
                1,
                3,
                8,
                coordinate_transformation_mode="asymmetric",
                nearest_mode="round_prefer_ceil",
            ),
            (1, 1, 3, 7),
            13,
            "which of two is nearest",
        ),
        (
            scaled(1, 1, 1, 2.0, coordinate_transformation_mode="half_pixel_symmetric"),
            IMAGE,
            19,
            "half_pixel_symmetric",
        ),
        ([Node("GlobalMaxPool", X)], (1, 1, 2, 2, 2), 13, "one or two spatial axes"),
        ([Node("MaxPool", X, kernel_shape=[2, 2, 2])], (1, 1, 2, 2, 2), 13, "one or two spatial"),
        ([Node("LpPool", X, kernel_shape=[2, 2])], IMAGE, 13, "operator LpPool is not supported"),
        ([Node("LRN", X, size=3)], IMAGE, 13, "operator LRN is not supported"),
        ([Node("Celu", X, alpha=3e38)], (1, 3), 13, "at most 1e+30"),
        ([Node("Celu", X, alpha=1e-38)], (1, 3), 13, "positive"),
        ([Node("Celu", X, alpha=-1.0)], (1, 3), 13, "positive"),
        ([GEMM, Node("Hardmax", LAST)], (1, 3), 13, "operator Hardmax is not supported"),
        ([Node("LayerNormalization", X, w(3), epsilon=0.0)], (1, 3), 17, "epsilon=0.0"),
        ([Node("LayerNormalization", X, w(2))], (1, 3), 17, "do not fit"),
        ([Node("InstanceNormalization", X, w(1), w(1))], (1, 2, 3), 13, "one number for each"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_refused(
    nodes: list[Node], shape: tuple[int, ...], opset: int, what: str, tmp_path: Path
) -> None:
    error = refused(model(nodes, shape, opset=opset), tmp_path)
    assert what in error.what
    assert "(node " in error.where


@pytest.mark.parametrize(
    ("axis", "shape"), [(0, (1, 4)), (-2, (1, 4)), (1, (2, 2)), (2, (1, 2, 2))], ids=str
)
def test_an_arg_max_of_a_part_of_the_scores(
    axis: int, shape: tuple[int, ...], tmp_path: Path
) -> None:
    """Along an axis of size 1 it is always 0, whatever the scores are."""
    nodes = [GEMM, Node("Reshape", LAST, whole(*shape)), Node("ArgMax", LAST, axis=axis)]
    proto = model(nodes, (1, 3))
    proto.graph.output[0].type.tensor_type.elem_type = TensorProto.INT64
    assert f"the arg-max along axis {axis}" in refused(proto, tmp_path).what


@pytest.mark.parametrize("axis", [1, -1])
def test_an_arg_max_of_all_scores(axis: int, tmp_path: Path) -> None:
    proto = model([GEMM, Node("ArgMax", LAST, axis=axis)], (1, 3), opset=NEWEST)
    proto.graph.output[0].type.tensor_type.elem_type = TensorProto.INT64
    assert read_network(saved(proto, tmp_path)).output.index


@pytest.mark.parametrize("kind", [TensorProto.BOOL, TensorProto.UINT8, TensorProto.INT8])
def test_class_numbers_in_a_type_that_does_not_hold_them(kind: int, tmp_path: Path) -> None:
    """Of 300 classes uint8 holds the number 299 as 43: the network never says 299."""
    scores = Node("Gemm", X, w(3, 300), w(300))
    proto = model([scores, Node("ArgMax", LAST, axis=1), Node("Cast", LAST, to=kind)], (1, 3))
    proto.graph.output[0].type.tensor_type.elem_type = kind
    refused(proto, tmp_path)


@pytest.mark.parametrize("kind", [TensorProto.INT32, TensorProto.FLOAT, TensorProto.DOUBLE])
def test_class_numbers_in_a_type_that_holds_them(kind: int, tmp_path: Path) -> None:
    proto = model([GEMM, Node("ArgMax", LAST, axis=1), Node("Cast", LAST, to=kind)], (1, 3))
    proto.graph.output[0].type.tensor_type.elem_type = kind
    assert read_network(saved(proto, tmp_path)).output.index
