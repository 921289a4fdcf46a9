"""Where numbers allow no bounds there is no proof, but there may be a violation."""

from pathlib import Path

import numpy as np
from onnx_models import LAST, Node, X, model, saved

import mipc


def test_a_violation_is_found_where_a_quotient_has_no_bounds(tmp_path: Path) -> None:
    """``x / (y - 0.5)``: the divisor passes 0 in the box."""
    halves = np.array([[1.0, 0.0], [0.0, 1.0]])
    nodes = [
        Node("Gemm", X, halves[:, :1], np.zeros(1), output="top"),
        Node("Gemm", X, halves[:, 1:], np.array([-0.5]), output="bottom"),
        Node("Div", "top", "bottom"),
        Node("Concat", LAST, "top", axis=1),
    ]
    network = mipc.read_network(saved(model(nodes, (1, 2)), tmp_path))
    question = mipc.Question(
        np.array([0.5, 0.25]), mipc.LInf(mipc.Fraction("0.3")), mipc.Linear("y0 >= 2")
    )
    answer = mipc.verify(mipc.ask(network, question), timeout=30)
    assert isinstance(answer.verdict, mipc.Violated)
    assert answer.stage == "attack"


def test_a_norm_has_bounds_where_it_may_be_zero(tmp_path: Path) -> None:
    """Rounding moves the bounds of a sum of squares below 0, where a root is not defined."""
    nodes = [
        Node("Gemm", X, np.array([[0.3, 1.7], [0.9, -0.4]]), np.array([0.1, -0.7])),
        Node("ReduceL2", LAST, axes=[1], keepdims=1),
    ]
    network = mipc.read_network(saved(model(nodes, (1, 2)), tmp_path))
    for text, kind in (("y0 >= 1", mipc.Violated), ("y0 >= 9", mipc.Robust)):
        question = mipc.Question(
            np.array([0.5, 0.25]), mipc.LInf(mipc.Fraction(1, 2)), mipc.Linear(text)
        )
        assert isinstance(mipc.verify(mipc.ask(network, question), timeout=30).verdict, kind)
