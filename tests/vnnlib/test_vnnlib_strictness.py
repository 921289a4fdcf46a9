"""Strict and non-strict conditions at the very edge of what a network can say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx_models import LAST, Node, X, model, saved

from mipc.decide import verify
from mipc.frontend.onnx import read_network
from mipc.properties.property_question import PropertyQuestion, ask_property
from mipc.solvers.highs import Highs
from mipc.verdict import Robust, Violated

HEAD = """(vnnlib-version <2.0>)
(declare-network N (declare-input X float32 [2]) (declare-output Y float32 [2]))
(assert (and (>= X[0] -1.0) (<= X[0] 1.0) (>= X[1] -1.0) (<= X[1] 1.0)))
"""
RELU = [Node("Relu", X)]
SOFTMAX = [Node("Mul", X, np.array(1000.0)), Node("Softmax", LAST, axis=-1)]

EDGES = [
    (RELU, "(< Y[0] 0.0)", Robust),
    (RELU, "(<= Y[0] 0.0)", Violated),
    (RELU, "(> 0.0 Y[1])", Robust),
    (RELU, "(> Y[0] 1.0)", Robust),
    (RELU, "(>= Y[0] 1.0)", Violated),
    (RELU, "(and (>= Y[0] 0.5) (< Y[0] 0.0))", Robust),
    (RELU, "(or (< Y[0] 0.0) (>= Y[1] 1.0))", Violated),
    (RELU, "(< (+ Y[0] Y[1]) 0.0)", Robust),
    (RELU, "(<= (+ Y[0] Y[1]) 0.0)", Violated),
    (SOFTMAX, "(or (< Y[0] 0.0) (> Y[0] 1.0))", Robust),
    (SOFTMAX, "(or (< Y[1] 0.0) (> Y[1] 1.0))", Robust),
    (SOFTMAX, "(>= Y[0] 0.75)", Violated),
]


@pytest.mark.parametrize(("nodes", "formula", "verdict"), EDGES)
def test_an_edge_belongs_to_it_or_not(
    nodes: list[Node], formula: str, verdict: type, tmp_path: Path, highs: Highs
) -> None:
    network = read_network(saved(model(nodes, (2,)), tmp_path))
    (tmp_path / "q.vnnlib").write_text(f"{HEAD}(assert {formula})")
    question = PropertyQuestion.read(tmp_path / "q.vnnlib")
    answer = verify(ask_property({"N": network}, question), solver=highs)
    assert isinstance(answer.verdict, verdict), answer.verdict
