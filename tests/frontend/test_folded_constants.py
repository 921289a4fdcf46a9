"""Constants folded when a network is read: exact, or as far off as the node says, or refused."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from onnx_models import LAST, Node, X, model, refused, saved, session, w

from mipc.errors import ModelError
from mipc.frontend.element_types import rounded
from mipc.frontend.onnx import read_network
from mipc.ir.ops import Affine
from mipc.semantics.evaluate import evaluate
from mipc.semantics.exact import evaluate_exactly

FLOATS = {"float16": 11, "bfloat16": 8, "float": 24, "double": 53}
"""Significant digits of each type."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("folded")


def kind(name: str) -> int:
    return int(TensorProto.DataType.Value(name.upper()))


# ---------------------------------------------------------------- casts


@pytest.mark.parametrize(("dtype", "to"), list(product(("float", "double"), FLOATS)))
def test_a_computed_tensor_is_cast_only_where_nothing_rounds(
    dtype: str, to: str, tmp_path: Path
) -> None:
    kinds = {"float": np.float32, "double": np.float64}
    proto = model([Node("Relu", X), Node("Cast", LAST, to=kind(to))], (3,), dtype=kinds[dtype])
    if FLOATS[to] >= FLOATS[dtype]:
        assert len(read_network(saved(proto, tmp_path)).graph) == 2
    else:
        assert f"from {dtype} to {to}, which rounds" in refused(proto, tmp_path).what


@pytest.mark.parametrize("to", ["float16", "bfloat16", "int8", "uint8", "int64", "bool"])
def test_a_computed_tensor_is_not_rounded_on_the_way_through_a_wider_type(
    to: str, tmp_path: Path
) -> None:
    nodes = [Node("Cast", X, to=kind("double")), Node("Cast", LAST, to=kind(to))]
    proto = model([*nodes, Node("Cast", LAST, to=kind("float"))], (3,))
    assert f"to {to}, which rounds" in refused(proto, tmp_path).what


SMALL = st.floats(-60000, 60000).filter(lambda value: value == 0 or abs(value) > 1e-3)


@given(values=st.lists(SMALL, min_size=1, max_size=5), to=st.sampled_from(["float", "float16"]))
def test_constants_of_float64_are_rounded_once(folder: Path, values: list[float], to: str) -> None:
    """The network adds exactly what numpy's rounding gives, or it is refused."""
    nodes = [Node("Cast", np.array(values), to=kind(to)), Node("Cast", LAST, to=kind("double"))]
    path = saved(model([*nodes, Node("Add", X, LAST)], (1,), dtype=np.float64), folder)
    target = {"float": np.float32, "float16": np.float16}[to]
    wanted = np.array(values).astype(target).astype(np.float64)
    twice = np.array(values).astype(np.float32).astype(target).astype(np.float64)
    try:
        network = read_network(path)
    except ModelError as error:
        assert "order" in error.what  # noqa: PT017
        assert not np.array_equal(wanted, twice)
        return
    found = evaluate_exactly(network.graph, np.zeros(1))[network.output.node]
    assert [found.bounds(i) for i in range(len(values))] == [
        (Fraction(v), Fraction(v)) for v in wanted
    ]


@pytest.mark.parametrize("name", FLOATS)
def test_rounding_is_to_nearest_and_ties_to_even(name: str) -> None:
    unit = 2.0 ** (1 - FLOATS[name])
    near = 1 + unit * np.array([0.0, 0.5, 1.0, 1.5, 2.0])
    if name != "double":
        assert rounded(near, name).tolist() == [1, 1, 1 + unit, 1 + 2 * unit, 1 + 2 * unit]


TYPES = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool",
         "float16", "bfloat16", "float", "double"]  # fmt: skip


@pytest.mark.parametrize(("first", "second"), list(product(TYPES, TYPES)))
def test_constants_of_every_type_are_cast_as_in_onnx_runtime(
    first: str, second: str, tmp_path: Path
) -> None:
    numbers = np.array([0, 1, 2, 100]).astype(onnx.helper.tensor_dtype_to_np_dtype(kind(first)))
    nodes = [
        helper.make_node("Constant", [], ["c"], value=numpy_helper.from_array(numbers)),
        helper.make_node("Cast", ["c"], ["d"], to=kind(second)),
        helper.make_node("Cast", ["d"], ["e"], to=kind("float")),
        helper.make_node("Mul", ["x", "e"], ["y"]),
    ]
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in "xy"]
    graph = helper.make_graph(nodes, "g", ports[:1], ports[1:])
    opset = helper.make_opsetid("", 13)
    path = saved(helper.make_model(graph, opset_imports=[opset], ir_version=8), tmp_path)
    network = read_network(path)
    found = evaluate(network.graph, {"x": np.ones((1, 4))})[network.output.node]
    (wanted,) = session(path).run(None, {"x": np.ones(4, np.float32)})
    assert found[0].tolist() == wanted.tolist()


# ---------------------------------------------------------------- matrix products


def exactly(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    fractions = np.vectorize(lambda value: Fraction(float(value)), otypes=[object])
    return fractions(a) @ fractions(b)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_product_of_constant_matrices_is_within_its_stated_error(
    seed: int, dtype: type, tmp_path: Path
) -> None:
    """Of numbers over twelve orders of magnitude, in whose sums up to nine digits cancel."""
    rng = np.random.default_rng(seed)
    a = (rng.uniform(-1, 1, (3, 6)) * 10.0 ** rng.integers(-6, 6, (3, 6))).astype(dtype)
    b = rng.uniform(-1, 1, (6, 2)).astype(dtype)
    a[:, -1], b[-1] = 1, -(a[0, :-1] @ b[:-1]) * (1 + 1e-6)
    a, b = a.astype(np.float64), b.astype(dtype).astype(np.float64)
    nodes = [Node("MatMul", a, b), Node("Add", X, LAST)]
    graph = read_network(saved(model(nodes, (3, 2), dtype=dtype), tmp_path)).graph
    found = evaluate_exactly(graph, np.zeros(6))[graph.outputs[0]]
    for i, wanted in enumerate(exactly(a, b).ravel()):
        low, high = found.bounds(i)
        assert low <= wanted <= high
        assert high - low <= Fraction(1, 10**13) * abs(wanted)


def test_a_product_of_inexact_matrices_is_within_its_stated_error(tmp_path: Path) -> None:
    nodes = [Node("Div", w(2, 3), w(2, 3, seed=1)), Node("MatMul", LAST, w(3, 2))]
    proto = model([*nodes, Node("Add", X, LAST)], (2, 2), dtype=np.float64)
    graph = read_network(saved(proto, tmp_path)).graph
    found = evaluate_exactly(graph, np.zeros(4))[graph.outputs[0]]
    quotients = [
        Fraction(float(p)) / Fraction(float(q))
        for p, q in zip(w(2, 3).flat, w(2, 3, seed=1).flat, strict=True)
    ]
    matrix = np.array(quotients, dtype=object).reshape(2, 3)
    weight = np.vectorize(lambda value: Fraction(float(value)), otypes=[object])(w(3, 2))
    for i, wanted in enumerate((matrix @ weight).ravel()):
        low, high = found.bounds(i)
        assert low <= wanted <= high
        assert high - low <= Fraction(1, 10**12) * max(1, abs(wanted))


@pytest.mark.parametrize(
    "matrix",
    [np.eye(3), np.zeros((3, 3)), np.ones((3, 3)), np.diag([0.5, -2.0, 8.0]), np.tri(3)],
    ids=["identity", "zeros", "ones", "powers of two", "triangle"],
)
def test_a_product_in_which_nothing_rounds_is_exact(matrix: np.ndarray, tmp_path: Path) -> None:
    whole = np.arange(-4.0, 5.0).reshape(3, 3)
    nodes = [Node("MatMul", whole, matrix), Node("Add", X, LAST)]
    graph = read_network(saved(model(nodes, (3, 3), dtype=np.float64), tmp_path)).graph
    assert all(node.op.is_exact for node in graph if isinstance(node.op, Affine))
