"""What a small question becomes, kept as text: the graph after each pass, both files, the sidecar.

``MIPC_UPDATE_GOLDEN=1 python -m pytest tests/test_golden.py`` writes the texts anew; read the
difference before you commit it.
"""

import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import mipc
from mipc.ir.text import graph_text

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="module")
def query(tmp_path_factory):
    """Two inputs, four hidden neurons (active, inactive, two undecided), two classes."""
    constants = {
        "w1": [[1.0, 1.0, -1.0, 0.5], [1.0, -1.0, -1.0, -2.0]],
        "b1": [0.25, 0.0, 0.0, 0.5],
        "w2": [[1.0, 0.0], [0.5, 1.0], [0.0, 1.0], [-1.0, 0.25]],
        "b2": [0.0, 0.125],
    }
    nodes = [
        helper.make_node("Gemm", ["x", "w1", "b1"], ["hidden"], name="first"),
        helper.make_node("Relu", ["hidden"], ["active"]),
        helper.make_node("Gemm", ["active", "w2", "b2"], ["scores"], name="second"),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 2])],
        [numpy_helper.from_array(np.array(v, np.float32), k) for k, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path = tmp_path_factory.mktemp("golden") / "small.onnx"
    onnx.save(model, path)
    question = mipc.Question(
        np.array([0.5, 0.5]), mipc.LInf(Fraction(1, 4)), mipc.ArgMax(0, margin=Fraction("0.1"))
    )
    return mipc.ask(mipc.read_network(path), question)


def check(name, text):
    path = GOLDEN / name
    if os.environ.get("MIPC_UPDATE_GOLDEN"):
        path.write_text(text)
    assert path.read_text() == text


def test_the_graph_after_each_pass(query):
    parts = []
    mipc.compile_query(
        query, watch=lambda n, p: parts.append(f"-- {n}\n{graph_text(p.graph, p.bounds)}")
    )
    check("passes.txt", "\n".join(parts))


@pytest.mark.parametrize("objective", ["feasibility", "closest", "worst"])
def test_the_files(query, tmp_path, objective):
    from dataclasses import replace

    asked = mipc.ask(query.network, replace(query.question, objective=objective))
    compiled = mipc.compile_query(asked)
    for suffix in (".mps", ".lp"):
        ((model, sidecar),) = mipc.write_files(compiled, tmp_path / f"q{suffix}")
        check(f"{objective}{suffix}", model.read_text())
    check(f"{objective}.json", sidecar.read_text())
