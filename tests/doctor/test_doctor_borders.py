"""What the doctor says of inputs and outputs: normalisation, layout, batches, final functions."""

import numpy as np
import pytest
from onnx_models import LAST, Node, X, w
from reports import examined, found


@pytest.mark.parametrize(
    ("nodes", "mean", "std"),
    [
        ([Node("Sub", X, np.array(0.25)), Node("Div", LAST, np.array(0.5))], [0.25], [0.5]),
        ([Node("Mul", X, np.array(4.0)), Node("Add", LAST, np.array(-2.0))], [0.5], [0.25]),
        ([Node("Sub", np.array(1.0), X)], [1.0], [-1.0]),
        ([Node("Sub", X, np.array([0.5, 0.25]).reshape(2, 1, 1))], [0.5, 0.25], [1.0, 1.0]),
        (
            [Node("Sub", X, np.repeat([0.5, 0.25], 9).reshape(1, 2, 3, 3)),
             Node("Div", LAST, np.array([2.0, 4.0]).reshape(1, 2, 1, 1))],
            [0.5, 0.25],
            [2.0, 4.0],
        ),
    ],
)  # fmt: skip
def test_a_normalisation_in_the_graph_is_reported(nodes, mean, std, tmp_path):
    rest = [Node("Conv", LAST, w(1, 2, 2, 2)), Node("Flatten", LAST)]
    report = examined([*nodes, *rest], (1, 2, 3, 3), tmp_path)
    (prologue,) = report.prologues
    assert (prologue.mean, prologue.std, prologue.ranges) == (mean, std, False)
    assert any("normalises its input itself" in finding.what for finding in report.findings)


@pytest.mark.parametrize(
    "nodes",
    [
        [Node("Sub", X, np.array(0.0))],
        [Node("Gemm", X, w(3, 3)), Node("Sub", LAST, np.array(0.5))],
        [Node("Relu", X), Node("Div", LAST, np.array(0.5))],
        [Node("Sub", X, np.array(0.5)), Node("Add", LAST, X)],
    ],
)
def test_what_is_no_normalisation_of_the_input_is_not_called_one(nodes, tmp_path):
    assert examined([*nodes, Node("Relu", LAST)], (1, 3), tmp_path).prologues == []


@pytest.mark.parametrize(
    ("nodes", "shape", "layout"),
    [
        ([Node("Conv", X, w(1, 3, 2, 2))], (1, 3, 5, 5), "NCHW"),
        ([Node("Transpose", X, perm=[0, 3, 1, 2])], (1, 5, 5, 3), "NHWC: a Transpose"),
        ([Node("Flatten", X)], (1, 5, 5, 3), "NHWC by its sizes"),
        ([Node("Flatten", X)], (1, 1, 5, 5), "NCHW by its sizes"),
        ([Node("Flatten", X)], (1, 1, 1, 5), "a batch of vectors"),
        ([Node("Relu", X)], (5,), "a vector without batch dimension"),
        ([Node("Relu", X)], ("N", 5), "a batch of vectors"),
    ],
)
def test_the_layout_is_guessed(nodes, shape, layout, tmp_path):
    report = examined([*nodes, Node("Relu", LAST)], shape, tmp_path)
    assert report.inputs[0].layout.startswith(layout)


def test_batches_are_told(tmp_path):
    fixed = examined([Node("Relu", X)], (4, 3), tmp_path)
    assert fixed.light == "yellow"
    assert "first dimension is 4" in found(fixed, "yellow")[0].what
    symbolic = examined([Node("Relu", X)], ("N", 3), tmp_path)
    assert symbolic.light == "green"
    assert symbolic.inputs[0].declared == ["N", 3]
    assert symbolic.inputs[0].shape == [1, 3]


def test_initializers_listed_as_inputs_are_counted_and_are_no_inputs(tmp_path):
    report = examined([Node("Gemm", X, w(3, 2), w(2))], (1, 3), tmp_path, listed=True)
    assert report.listed == 2
    assert [border.name for border in report.inputs] == ["x"]


@pytest.mark.parametrize("kind", ["Softmax", "Sigmoid", "LogSoftmax"])
def test_what_a_final_function_means_for_questions_is_told(kind, tmp_path):
    report = examined([Node("Gemm", X, w(3, 2)), Node(kind, LAST)], (1, 3), tmp_path)
    assert report.outputs[0].layout == f"of a {kind}"
    assert any(f.what.startswith(f"it ends with {kind}") for f in found(report, "note"))


def test_a_final_arg_max_is_supported_and_told(tmp_path):
    nodes = [Node("Gemm", X, w(3, 2)), Node("ArgMax", LAST, axis=1)]
    report = examined(nodes, (1, 3), tmp_path)
    assert report.light == "green"
    assert all(o.supported for o in report.operators)
    assert any("which class wins" in finding.what for finding in report.findings)
