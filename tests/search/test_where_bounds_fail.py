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
