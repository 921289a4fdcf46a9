"""Which class wins, asked of networks that end in a softmax or an arg-max: the scores tell."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto
from onnx_models import LAST, Node, X, model, saved, w, whole

import mipc
from mipc.errors import QuestionError
from mipc.ir.ops import Smooth
from mipc.properties.query import Query

LAYERS = [Node("Gemm", X, w(3, 4), w(4)), Node("LeakyRelu", LAST), Node("Gemm", LAST, w(4, 3))]
CENTRE = np.array([0.1, -0.2, 0.3])
ENDS = {
    "none": [],
    "softmax": [Node("Softmax", LAST)],
    "log softmax": [Node("LogSoftmax", LAST, axis=1)],
    "arg-max": [Node("ArgMax", LAST, axis=1)],
    "last arg-max": [Node("ArgMax", LAST, axis=-1, select_last_index=1, keepdims=0)],
    "flat arg-max": [Node("ArgMax", LAST, axis=1), Node("Reshape", LAST, whole(1))],
    "arg-max of a softmax": [Node("Softmax", LAST), Node("ArgMax", LAST, axis=1)],
}


def asked(ends: list[Node], radius: Fraction, label: int, folder: Path) -> Query:
    proto = model([*LAYERS, *ends], (1, 3))
    if any(node.op_type == "ArgMax" for node in ends):
        proto.graph.output[0].type.tensor_type.elem_type = TensorProto.INT64
    network = mipc.read_network(saved(proto, folder))
    requirement = mipc.ArgMax(label)
    return mipc.ask(network, mipc.Question(CENTRE, mipc.LInf(radius), requirement, domain=None))


@pytest.mark.parametrize("end", [end for end in ENDS if end != "none"])
def test_the_verdict_is_that_of_the_scores(end: str, tmp_path: Path) -> None:
    for radius in (Fraction(1, 100), Fraction(1)):
        for label in range(3):
            wanted = mipc.verify(asked([], radius, label, tmp_path)).verdict
            found = mipc.verify(asked(ENDS[end], radius, label, tmp_path)).verdict
            assert type(found) is type(wanted)


@pytest.mark.parametrize("end", [end for end in ENDS if end != "none"])
def test_nothing_smooth_is_left(end: str, tmp_path: Path) -> None:
    query = asked(ENDS[end], Fraction(1, 10), 0, tmp_path)
    assert not any(isinstance(node.op, Smooth) for case in query.cases for node in case.graph)


def test_an_arg_max_has_no_scores_to_compare(tmp_path: Path) -> None:
    proto = model([*LAYERS, *ENDS["arg-max"]], (1, 3))
    proto.graph.output[0].type.tensor_type.elem_type = TensorProto.INT64
    network = mipc.read_network(saved(proto, tmp_path))
    margin = mipc.ArgMax(0, margin=Fraction(1, 2))
    with pytest.raises(QuestionError, match="which class wins"):
        mipc.ask(network, mipc.Question(CENTRE, mipc.LInf(Fraction(1)), margin, domain=None))
