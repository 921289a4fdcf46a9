"""Exact evaluation behind inexact numbers: ranges stay where the operators put them."""

from pathlib import Path

import numpy as np
from onnx_models import LAST, Node, X, model, saved

import mipc
from mipc.semantics.exact import evaluate_exactly


def test_a_root_behind_a_relu_of_thirds_is_defined_where_the_relu_is_off(tmp_path: Path) -> None:
    """A third is no float: what is known of it is a range, and the ReLU cuts it off at 0."""
    nodes = [Node("Div", X, np.array([3.0])), Node("Relu", LAST), Node("Sqrt", LAST)]
    network = mipc.read_network(saved(model(nodes, (1, 2)), tmp_path))
    centre = np.array([0.375, -1.0])
    values = evaluate_exactly(network.graph, centre)
    low, high = values[network.output.node].floats()
    assert low[1] == 0.0
    assert high[1] < 1e-6
    assert low[0] <= np.sqrt(0.125) <= high[0]
    question = mipc.Question(
        centre, mipc.LInf(mipc.Fraction("0.1")), mipc.Linear("y0 >= 0.37"), domain=None
    )
    assert isinstance(mipc.verify(mipc.ask(network, question)).verdict, mipc.Violated)
