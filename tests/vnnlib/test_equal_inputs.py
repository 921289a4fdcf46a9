"""Two runs of one network whose inputs partly have to be equal: points are made so."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from onnx_models import LAST, Node, X, model, saved, w

import mipc
from mipc.properties.property_question import PropertyQuestion, ask_property
from mipc.properties.query import Query

PROPERTY = """(vnnlib-version <2.0>)
(declare-network N (declare-input X float32 [1,3]) (declare-output Y float32 [1,2]))
(declare-network M (equal-to N) (declare-input Z float32 [1,3]) (declare-output W float32 [1,2]))
(assert (and (>= X[0,0] 0.0) (<= X[0,0] 1.0) (>= Z[0,0] 0.0) (<= Z[0,0] 1.0)))
(assert (and (>= X[0,1] 0.0) (<= X[0,1] 1.0) (>= Z[0,1] 0.0) (<= Z[0,1] 1.0)))
(assert (and (>= X[0,2] 0.0) (<= X[0,2] 1.0) (>= Z[0,2] 0.0) (<= Z[0,2] 1.0)))
(assert (and (== Z[0,0] X[0,0]) (== X[0,1] Z[0,1])))
(assert (and (<= Z[0,2] (+ X[0,2] 0.1)) (>= Z[0,2] (- X[0,2] 0.1))))
"""


def asked(folder: Path, *asserted: str) -> Query:
    nodes = [Node("Gemm", X, w(3, 4), w(4)), Node("Relu", LAST), Node("Gemm", LAST, w(4, 2))]
    network = mipc.read_network(saved(model(nodes, (1, 3)), folder))
    (folder / "q.vnnlib").write_text(PROPERTY + "".join(asserted))
    return ask_property({"N": network}, PropertyQuestion.read(folder / "q.vnnlib"))


def test_what_is_said_equal_is_tied(tmp_path: Path) -> None:
    (case,) = asked(tmp_path, "(assert (>= Y[0,0] (+ W[0,0] 0.01)))").cases
    assert [(a.split(".")[0], i, b.split(".")[0], j) for a, i, b, j in case.ties] == [
        ("N", 0, "M", 0),
        ("N", 1, "M", 1),
    ]


def test_only_what_every_alternative_says_is_tied(tmp_path: Path) -> None:
    either = "(assert (or (== Z[0,2] X[0,2]) (>= Y[0,0] W[0,0])))"
    assert all(len(case.ties) == 2 for case in asked(tmp_path, either).cases)


@pytest.mark.parametrize(("lead", "kind"), [("0.01", mipc.Violated), ("100", mipc.Robust)])
def test_outputs_that_differ_are_found_with_equal_inputs(
    lead: str, kind: type, tmp_path: Path
) -> None:
    answer = mipc.verify(asked(tmp_path, f"(assert (>= Y[0,0] (+ W[0,0] {lead})))"))
    assert isinstance(answer.verdict, kind)
    if isinstance(answer.verdict, mipc.Violated):
        first, second = answer.verdict.witness.inputs
        np.testing.assert_array_equal(first[:2], second[:2])
        assert abs(Fraction(float(first[2])) - Fraction(float(second[2]))) <= Fraction(1, 10)


def test_of_equal_boxes_apart_nothing_is_found(tmp_path: Path) -> None:
    apart = "(assert (and (<= X[0,0] 0.25) (>= Z[0,0] 0.75)))"
    assert isinstance(mipc.verify(asked(tmp_path, apart)).verdict, mipc.Robust)
