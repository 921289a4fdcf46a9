"""What the doctor says of numbers: weights, bounds over a domain, neurons by kind."""

from fractions import Fraction

import numpy as np
import pytest
from data import DATA, needs_data
from onnx_models import LAST, Node, X, model, saved, w
from reports import checked, examined, found

from mipc.doctor.examine import examine


@pytest.mark.parametrize(
    ("weight", "level"), [(1.0, None), (1e7, "yellow"), (1e17, "red"), (-1e17, "red")]
)
def test_large_weights_are_flagged_with_their_layer(weight, level, tmp_path):
    matrix = w(3, 2)
    matrix[0, 0] = weight
    report = examined([Node("Gemm", X, matrix), Node("Relu", LAST)], (1, 3), tmp_path)
    named = [f for f in report.findings if f.where.startswith("Gemm") and f.topic == "numbers"]
    assert [finding.level for finding in named] == ([level] if level else [])
    assert report.layers[0].largest == np.abs(matrix.astype(np.float32)).max()


def test_a_large_bias_is_flagged_like_a_weight(tmp_path):
    report = examined([Node("Gemm", X, w(3, 2), np.array([0.0, -1e12]))], (1, 3), tmp_path)
    assert report.light == "red"


def test_large_constants_are_flagged_behind_a_refused_node_too(tmp_path):
    nodes = [Node("Det", X, output="d"), Node("Add", "d", np.array([1e17]))]
    report = examined(nodes, (3, 3), tmp_path)
    assert any("1e+17" in finding.what for finding in found(report, "red"))


def test_denormals_and_doubles_that_are_no_floats_are_counted(tmp_path):
    single = examined([Node("Mul", X, np.array([1.0, 1e-40, 0.0]))], (1, 3), tmp_path)
    assert (single.stored.denormal, single.stored.numbers) == (1, 3)
    nodes = [Node("Mul", X, np.array([0.5, 0.1, 1e300]))]
    double = examined(nodes, (1, 3), tmp_path, dtype=np.float64)
    assert (double.stored.denormal, double.stored.beyond_float32) == (0, 2)


def test_layers_whose_numbers_are_rounded_while_reading_are_told(tmp_path):
    nodes = [Node("Div", X, np.array(3.0)), Node("Gemm", LAST, w(3, 2))]
    report = examined(nodes, (1, 3), tmp_path)
    assert [layer.exact for layer in report.layers] == [False, True]
    assert any("rounded" in finding.what for finding in report.findings)


def test_neurons_are_counted_by_kind(tmp_path):
    nodes = [
        Node("Relu", X, output="r"),
        Node("MaxPool", "r", kernel_shape=[2, 2], output="m"),
        Node("Sigmoid", "m", output="s"),
        Node("Mul", "m", "s"),
    ]
    neurons = examined(nodes, (1, 1, 3, 3), tmp_path).neurons
    assert (neurons.relu, neurons.maxima, neurons.members, neurons.products) == (9, 4, 16, 4)
    assert sum(neurons.smooth.values()) == 4


def test_the_domain_bounds_pre_activations(tmp_path):
    path = saved(model([Node("Gemm", X, np.ones((3, 1))), Node("Relu", LAST)], (1, 3)), tmp_path)
    unit = examine(path)
    assert unit.whole.largest == pytest.approx(3.0)
    wide = checked(examine(path, domain=(Fraction(-(10**7)), Fraction(10**7))))
    assert wide.whole.largest == pytest.approx(3e7)
    assert wide.light == "yellow"
    assert examine(path, domain=None).whole is None


def test_a_domain_on_which_a_function_is_not_defined_is_a_risk(tmp_path):
    report = examined([Node("Log", X)], (1, 3), tmp_path)
    assert report.light == "yellow"
    assert report.whole.largest is None


@needs_data
@pytest.mark.parametrize(
    ("name", "light"),
    [("wk17a_backdoor_1e17", "red"), ("wk17a_backdoor_1e4", "yellow")],
)
def test_arithmetic_backdoors_are_flagged(name, light):
    report = checked(examine(DATA / "soundness" / "zombori" / f"{name}.onnx"))
    assert report.light == light
    worst = report.findings[0]
    assert worst.where == "Gemm (node 5)"
