"""Where ONNX Runtime computes something else than the text of a file seems to say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto
from onnx_models import LAST, Node, X, model, refused, saved, session, whole

import mipc
from mipc.frontend.onnx import read_network
from mipc.properties.property_question import PropertyQuestion, ask_property
from mipc.semantics.evaluate import evaluate

JUMPS = [
    [Node("Floor", LAST)],
    [Node("Ceil", LAST)],
    [Node("Round", LAST)],
    [Node("Cast", LAST, to=int(TensorProto.INT64)), Node("Cast", LAST, to=int(TensorProto.FLOAT))],
]


@pytest.mark.parametrize("jump", JUMPS, ids=lambda nodes: nodes[0].op_type)
def test_a_jump_after_rounding_is_refused_however_far_it_is(
    jump: list[Node], tmp_path: Path
) -> None:
    """In float32, ``(1e8 + 1) - 1e8`` is 0."""
    big = np.array([1e8])
    before = [Node("Add", big, np.array([1.0])), Node("Sub", LAST, big)]
    proto = model([*before, *jump, Node("Add", X, LAST)], (1,), opset=13)
    (given,) = session(proto.SerializeToString()).run(None, {"x": np.zeros(1, np.float32)})
    assert given[0] == 0.0
    assert "how constants are rounded" in refused(proto, tmp_path).what


def test_a_comparison_after_rounding_is_refused(tmp_path: Path) -> None:
    big = np.array([1e8])
    nodes = [
        Node("Add", big, np.array([1.0])), Node("Sub", LAST, big),
        Node("Greater", LAST, np.array([0.5])), Node("Where", LAST, X, np.array([9.0])),
    ]  # fmt: skip
    assert "how constants are rounded" in refused(model(nodes, (1,)), tmp_path).what


def test_shape_arithmetic_in_floats_that_nothing_rounds_is_read(tmp_path: Path) -> None:
    nodes = [
        Node("Shape", X), Node("Cast", LAST, to=int(TensorProto.FLOAT)),
        Node("Mul", LAST, np.array([1.5, 0.75])), Node("Floor", LAST),
        Node("Cast", LAST, to=int(TensorProto.INT64)), Node("Reshape", X, LAST),
    ]  # fmt: skip
    assert read_network(saved(model(nodes, (2, 6)), tmp_path)).output.shape == (3, 4)


@pytest.mark.parametrize("end", [3.5e38, float(np.finfo(np.float32).max)])
def test_an_end_beyond_float32_cuts_off_doubles(end: float, tmp_path: Path) -> None:
    nodes = [Node("Clip", X, None, np.array(end)), Node("Mul", LAST, np.array([1e-38]))]
    network = read_network(saved(model(nodes, (1,), dtype=np.float64), tmp_path))
    point = np.array([9e38])
    (wanted,) = session(network.path).run(None, {"x": point})
    found = evaluate(network.graph, {"x": point[None]})[network.output.node][0]
    assert found == pytest.approx(wanted)


def test_float_parameters_do_not_make_a_double_network_a_float_one(tmp_path: Path) -> None:
    proto = model([Node("Pow", X, np.array([1.0])), Node("Relu", LAST)], (1,), dtype=np.float64)
    proto.graph.initializer[0].CopyFrom(
        model([Node("Add", X, np.array([1.0]))], (1,)).graph.initializer[0]
    )
    network = read_network(saved(proto, tmp_path))
    assert network.input.dtype == "float64"
    assert not network.repaired


SAME = [
    ("MaxPool", (1, 1, 6), {"kernel_shape": [3], "dilations": [2]}),
    ("AveragePool", (1, 1, 8), {"kernel_shape": [1], "strides": [4]}),
]


@pytest.mark.parametrize("auto_pad", ["SAME_UPPER", "SAME_LOWER"])
@pytest.mark.parametrize(("op_type", "shape", "more"), SAME, ids=lambda value: str(value)[:12])
def test_same_pads_that_mean_two_things_are_refused(
    op_type: str, shape: tuple[int, ...], more: dict[str, list[int]], auto_pad: str, tmp_path: Path
) -> None:
    proto = model([Node(op_type, X, auto_pad=auto_pad, **more)], shape)
    assert "different things" in refused(proto, tmp_path).what


def test_same_pads_of_a_convolution_that_skips_much_are_refused(tmp_path: Path) -> None:
    proto = model([Node("Conv", X, np.ones((1, 1, 1)), auto_pad="SAME_UPPER", strides=[4])],
                  (1, 1, 4))  # fmt: skip
    assert "different things" in refused(proto, tmp_path).what


def test_a_declared_shape_in_another_order_is_refused(tmp_path: Path) -> None:
    network = read_network(saved(model([Node("Relu", X)], (1, 2, 3)), tmp_path))
    text = """(vnnlib-version <2.0>)
(declare-network N (declare-input X float32 [SHAPE]) (declare-output Y float32 [1,2,3]))
(assert (and BOUNDS (>= Y[0,0,1] 1.0)))
"""

    def asked(shape: tuple[int, ...]) -> None:
        indices = [",".join(map(str, index)) for index in np.ndindex(shape)]
        bounds = " ".join(f"(>= X[{i}] 0.0) (<= X[{i}] 1.0)" for i in indices)
        path = tmp_path / "q.vnnlib"
        declared = ",".join(map(str, shape))
        path.write_text(text.replace("SHAPE", declared).replace("BOUNDS", bounds))
        ask_property({"N": network}, PropertyQuestion.read(path))

    asked((1, 2, 3))
    asked((2, 3))
    with pytest.raises(mipc.MipcError, match=r"declared with shape \[1, 3, 2\]"):
        asked((1, 3, 2))


def test_an_operator_that_is_defined_anew_is_refused(tmp_path: Path) -> None:
    proto = model([Node("Relu", X)], (1,))
    function = proto.functions.add()
    function.name = "Relu"
    assert "anew" in refused(proto, tmp_path).what


def test_integers_of_a_shape_are_always_held(tmp_path: Path) -> None:
    nodes = [Node("Shape", X), Node("Equal", LAST, whole(2, 3)),
             Node("Where", LAST, whole(3, 2), whole(1, 1)), Node("Reshape", X, LAST)]  # fmt: skip
    assert read_network(saved(model(nodes, (2, 3)), tmp_path)).output.shape == (3, 2)


def test_a_last_logarithm_is_bounded_where_only_order_is_asked_for(tmp_path: Path) -> None:
    """``log(-0.25)`` is no number: whoever leaves the logarithm out says robust."""
    network = read_network(saved(model([Node("Log", X)], (2,)), tmp_path))
    question = mipc.Question(
        np.array([0.5, -0.25]), mipc.LInf(mipc.Fraction(1, 10)), mipc.ArgMax(0), domain=None
    )
    answer = mipc.verify(mipc.ask(network, question))
    assert isinstance(answer.verdict, mipc.Unknown)


def test_an_empty_list_of_axes_to_squeeze_is_refused(tmp_path: Path) -> None:
    proto = model([Node("Squeeze", X, whole())], (2, 1), opset=13)
    assert "empty list of axes" in refused(proto, tmp_path).what


def test_an_arg_max_of_another_domain_is_no_arg_max(tmp_path: Path) -> None:
    proto = model([Node("ArgMax", X, axis=1)], (1, 3))
    proto.graph.node[0].domain = "foo"
    assert "'foo'" in refused(proto, tmp_path).what


@pytest.mark.parametrize("divisor", [2, -2, 3, -3])
@pytest.mark.parametrize("dividend", [-(2**63), -7, 7, 2**62])
def test_integers_are_divided_towards_zero(dividend: int, divisor: int, tmp_path: Path) -> None:
    half = abs(dividend) // abs(divisor)
    wanted = half if (dividend < 0) == (divisor < 0) else -half
    nodes = [Node("Div", whole(dividend), whole(divisor)), Node("Equal", LAST, whole(wanted)),
             Node("Where", LAST, X, np.array([9.0]))]  # fmt: skip
    network = read_network(saved(model(nodes, (1,), opset=13), tmp_path))
    found = evaluate(network.graph, {"x": np.ones((1, 1))})[network.output.node]
    assert found[0, 0] == 1.0


@pytest.mark.parametrize("text", [
    "(or (and (>= X_0 5) (>= Y_0 1)) (<= X_0 0.5))", "(>= Y_0 Y_0)", "(>= (* 0 Y_0) 0)",
])  # fmt: skip
def test_what_only_dropped_conditions_name_is_observed_all_the_same(
    text: str, tmp_path: Path
) -> None:
    network = read_network(saved(model([Node("Relu", X)], (1,)), tmp_path))
    path = tmp_path / "q.vnnlib"
    path.write_text(
        "(declare-const X_0 Real) (declare-const Y_0 Real) (assert (>= X_0 0)) "
        f"(assert (<= X_0 1)) (assert {text})"
    )
    answer = mipc.verify(ask_property({"N": network}, PropertyQuestion.read(path)))
    assert isinstance(answer.verdict, mipc.Violated)


def test_numbers_beyond_float64_are_refused(tmp_path: Path) -> None:
    network = read_network(saved(model([Node("Relu", X)], (1,)), tmp_path))
    path = tmp_path / "q.vnnlib"
    for text in ("(>= (* 1e300 (* 1e300 Y_0)) 0)", "(<= Y_0 (* 1e300 1e300))"):
        path.write_text(
            "(declare-const X_0 Real) (declare-const Y_0 Real) (assert (>= X_0 0)) "
            f"(assert (<= X_0 1)) (assert {text})"
        )
        with pytest.raises(mipc.MipcError):
            mipc.verify(ask_property({"N": network}, PropertyQuestion.read(path)))
