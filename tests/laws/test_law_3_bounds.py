"""Law 3: every value that a point of the box can give lies inside its bounds, exactly."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from checks import assert_holds, bounds_of
from exact_runs import assert_between, exact_run, wobbling
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import BOXES, WILD, Case, box_of, cases, examples, points_of

from mipc.errors import RangeError
from mipc.ir.graph import Graph
from mipc.ir.ops import Affine, Input, Node, Relu
from mipc.numerics.convolution import ConvMap
from mipc.numerics.domains import Domain
from mipc.numerics.interval import Interval
from mipc.numerics.linear_maps import DenseMap, SelectMap, SparseMap, identity
from mipc.numerics.products import FAST, REPRODUCIBLE, Products
from mipc.numerics.windows import Rows
from mipc.passes import Problem, run
from mipc.passes.affine_fusion import AffineFusion
from mipc.passes.bounds import Bounds
from mipc.semantics import linear
from mipc.semantics.bounds import bound_graph, bound_margins
from mipc.semantics.exact import evaluate_exactly

METHODS = [
    pytest.param("interval", FAST, id="interval"),
    pytest.param("backward", FAST, id="backward-fast"),
    pytest.param("backward", REPRODUCIBLE, id="backward-reproducible"),
]


def several_boxes(case: Case, count: int = 5) -> Interval:
    """Different boxes around an input of the same size."""
    rng = case.rng
    size = case.box.lower.shape[1]
    boxes = [case.box, *(box_of(str(rng.choice(BOXES)), size, rng) for _ in range(count - 1))]
    return Interval(
        np.concatenate([box.lower for box in boxes]), np.concatenate([box.upper for box in boxes])
    )


@pytest.mark.parametrize(("method", "products"), METHODS)
def test_exact_values_lie_in_bounds(method: str, products: Products) -> None:
    @settings(max_examples=examples(120))
    @given(cases(styles=WILD, smooth=True))
    def law(case: Case) -> None:
        bounds = bounds_of(case.graph, case.box, method, products)
        if bounds is not None:
            assert_holds(case.graph, case.box, bounds, case.rng)

    law()


@pytest.mark.parametrize(("method", "products"), METHODS)
def test_a_batch_holds_for_each_of_its_samples_and_is_as_tight_as_one(
    method: str, products: Products
) -> None:
    @settings(max_examples=examples(40))
    @given(cases())
    def law(case: Case) -> None:
        boxes = several_boxes(case)
        together = bounds_of(case.graph, boxes, method, products)
        assert together is not None
        assert_holds(case.graph, boxes, together, case.rng)
        for sample in range(len(boxes.lower)):
            alone = bounds_of(case.graph, boxes[sample : sample + 1], method, products)
            assert alone is not None
            scale = max(float(known.largest()[0]) for known in alone.values())
            for name, known in alone.items():
                at = sample if len(together[name].lower) > 1 else 0
                for side in ("lower", "upper"):
                    one, many = getattr(known, side)[0], getattr(together[name], side)[at]
                    assert np.allclose(one, many, rtol=0, atol=1e-9 * max(scale, 1e-6)), name

    law()


@settings(max_examples=examples(60))
@given(cases())
def test_rows_walked_in_small_chunks_hold_too(case: Case) -> None:
    boxes = several_boxes(case)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linear, "_CHUNK", 16)
        bounds = bounds_of(case.graph, boxes, "backward", FAST)
    assert bounds is not None
    assert_holds(case.graph, boxes, bounds, case.rng)


@settings(max_examples=examples(40))
@given(cases(largest_layer=8))
def test_bounds_of_a_fused_graph_hold(case: Case) -> None:
    """Fusion leaves inexact operators of every kind behind; a batch must take them too."""
    try:
        problem, _ = run(Problem(case.graph, {"x": Domain(case.box)}), [Bounds(), AffineFusion()])
    except RangeError:
        return
    boxes = Interval(np.repeat(case.box.lower, 3, axis=0), np.repeat(case.box.upper, 3, axis=0))
    bounds = bound_graph(problem.graph, {"x": Domain(boxes)})
    for point in points_of(case.box, case.rng, 3):
        true = exact_run(case.graph, point, wobbling(case.rng))
        for name in set(true) & set(bounds):
            known = bounds[name]
            for sample in range(len(known.lower)):
                assert_between(name, known.lower[sample], known.upper[sample], true[name])


@settings(max_examples=examples(60))
@given(cases(styles=WILD))
def test_backward_bounds_are_never_worse_than_intervals(case: Case) -> None:
    plain = bounds_of(case.graph, case.box, "interval", FAST)
    backward = bounds_of(case.graph, case.box, "backward", FAST)
    if plain is None or backward is None:
        return
    slack = 1e-9 * max(float(known.largest()[0]) for known in plain.values())
    for name, known in plain.items():
        assert (backward[name].lower >= known.lower - slack).all()
        assert (backward[name].upper <= known.upper + slack).all()


@settings(max_examples=examples(60))
@given(cases(styles=WILD), st.booleans())
def test_a_bounded_row_of_the_output_is_below_its_exact_value(case: Case, many: bool) -> None:
    boxes = several_boxes(case) if many else case.box
    bounds = bounds_of(case.graph, boxes, "backward", FAST)
    if bounds is None:
        return
    output = case.graph.outputs[0]
    rng = case.rng
    sample = np.sort(rng.integers(0, len(boxes.lower), 7))
    values = rng.normal(size=(7, case.graph[output].size))
    found = bound_margins(
        case.graph, {"x": Domain(boxes)}, bounds, Rows(values, values.shape[1], sample)
    )
    for row, at, lower in zip(values, sample.tolist(), found.tolist(), strict=True):
        for point in points_of(boxes[at : at + 1], rng, 2):
            true = exact_run(case.graph, point, wobbling(rng))[output]
            total = sum((Fraction(a) * v for a, v in zip(row.tolist(), true, strict=True)))
            assert lower <= total


@settings(max_examples=examples(60))
@given(cases(styles=WILD))
def test_exact_evaluation_is_exact(case: Case) -> None:
    for point in points_of(case.box, case.rng, 3):
        found = evaluate_exactly(case.graph, point)
        still = exact_run(case.graph, point)
        moved = exact_run(case.graph, point, wobbling(case.rng))
        for name, dyadic in found.items():
            for i in range(len(dyadic.number)):
                low, high = dyadic.bounds(i)
                assert low <= moved[name][i] <= high
                assert low <= still[name][i] <= high
                assert low == high or not all(node.op.is_exact for node in case.graph
                                              if isinstance(node.op, Affine))  # fmt: skip


def chain(maps: list[object], offsets: list[np.ndarray], relu_last: bool = True) -> Graph:
    """Affine values one after the other, and a ReLU at the end."""
    nodes = [Node("x", Input(), (), maps[0].shape[1])]
    for linear_map, offset in zip(maps, offsets, strict=True):
        op = Affine((linear_map,), offset)
        nodes.append(Node(f"z{len(nodes)}", op, (nodes[-1].name,), linear_map.shape[0]))
    if relu_last:
        nodes.append(Node("y", Relu(), (nodes[-1].name,), nodes[-1].size))
    return Graph(nodes, [nodes[-1].name])


@settings(max_examples=examples(40))
@given(
    st.integers(0, 2**32 - 1), st.integers(4, 8), st.integers(1, 3),
    st.sampled_from(["none", "relu", "scale", "identity"]), st.booleans(),
)  # fmt: skip
def test_windows_of_stacked_convolutions_hold(
    seed: int, side: int, depth: int, between: str, grouped: bool
) -> None:
    """With and without something between them; padding, strides, groups, a batch."""
    rng = np.random.default_rng(seed)
    channels = 2 if grouped else 1
    layer = (channels, side, side)
    nodes = [Node("x", Input(), (), channels * side * side)]
    for level in range(depth + 1):
        kernel = int(rng.integers(1, min(3, *layer[1:]) + 1))
        pads = tuple(int(p) for p in rng.integers(0, 2, 4))
        strides = (int(rng.choice([1, 1, 2])), 1)
        weight = rng.normal(size=(channels, 1 if grouped else channels, kernel, kernel))
        conv = ConvMap(weight, layer, strides, (1, 1), pads, channels if grouped else 1)
        op = Affine((conv,), rng.normal(size=conv.shape[0]))
        nodes.append(Node(f"c{level}", op, (nodes[-1].name,), conv.shape[0]))
        layer = conv.result
        if between == "relu":
            nodes.append(Node(f"r{level}", Relu(), (nodes[-1].name,), nodes[-1].size))
        elif between == "identity":
            same = Affine((identity(nodes[-1].size),), np.zeros(nodes[-1].size))
            nodes.append(Node(f"i{level}", same, (nodes[-1].name,), nodes[-1].size))
    nodes.append(Node("y", Relu(), (nodes[-1].name,), nodes[-1].size))
    graph = Graph(nodes, ["y"])
    boxes = [box_of("ball", nodes[0].size, rng), box_of("narrow", nodes[0].size, rng)]
    batch = Interval(*(np.concatenate([getattr(b, s) for b in boxes]) for s in ("lower", "upper")))
    for products in (FAST, REPRODUCIBLE):
        bounds = bound_graph(graph, {"x": Domain(batch)}, products=products)
        assert_holds(graph, batch, bounds, rng)


def test_bounds_survive_cancellation() -> None:
    """h = 1e8 x, z = h - h + x: the truth is x, and float64 cannot see it."""
    big = DenseMap(np.array([[1e8], [-1e8], [1.0]]))
    graph = chain([big, DenseMap(np.array([[1.0, 1.0, 1.0]]))], [np.zeros(3), np.zeros(1)])
    rng = np.random.default_rng(0)
    for low, high in [(-1.0, 1.0), (0.1, 0.1), (0.3, np.nextafter(0.3, 1))]:
        box = Interval(np.array([[low]]), np.array([[high]]))
        for products in (FAST, REPRODUCIBLE):
            bounds = bound_graph(graph, {"x": Domain(box)}, products=products)
            assert_holds(graph, box, bounds, rng)


def test_a_bound_is_not_rounded_into_the_value() -> None:
    """C + 1/2 with C = 2**52 is no float64 at some points: nearest rounding would be unsound."""
    graph = chain([DenseMap(np.array([[1.0]]))], [np.array([2.0**53])])
    box = Interval(np.array([[0.0]]), np.array([[1.0]]))
    for method, products in [("interval", FAST), ("backward", REPRODUCIBLE)]:
        bounds = bound_graph(graph, {"x": Domain(box)}, method=method, products=products)  # type: ignore[arg-type]
        assert bounds["y"].upper[0, 0] >= 2**53 + 1


@pytest.mark.parametrize("products", [FAST, REPRODUCIBLE], ids=["fast", "reproducible"])
def test_a_sum_of_many_operands_is_still_bounded(products: Products) -> None:
    """1 + k 2**-53, added one by one, loses every term."""
    count = 40
    nodes = [Node("x", Input(), (), 1)]
    tiny = DenseMap(np.array([[2.0**-53]]))
    nodes += [Node(f"s{i}", Affine((tiny,), np.zeros(1)), ("x",), 1) for i in range(count)]
    whole = Affine(tuple(identity(1) for _ in range(count + 1)), np.zeros(1))
    nodes.append(Node("y", whole, ("x", *(f"s{i}" for i in range(count))), 1))
    graph = Graph(nodes, ["y"])
    box = Interval(np.ones((1, 1)), np.ones((1, 1)))
    for method in ("interval", "backward"):
        bounds = bound_graph(graph, {"x": Domain(box)}, method=method, products=products)  # type: ignore[arg-type]
        assert_holds(graph, box, bounds, np.random.default_rng(0))


@settings(max_examples=examples(60))
@given(st.integers(0, 2**32 - 1), st.integers(1, 400), st.sampled_from(["dense", "sparse"]))
def test_the_row_sum_of_a_map_is_no_less_than_the_true_one(seed: int, n: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(2, n)) * 10.0 ** rng.uniform(-3, 3, (2, n))
    row_sum = DenseMap(matrix).row_sum if kind == "dense" else SparseMap(_csr(matrix)).row_sum
    assert row_sum >= max(sum(abs(Fraction(v)) for v in row) for row in matrix.tolist())


@settings(max_examples=examples(60))
@given(cases(inexact=False))
def test_every_map_is_its_matrix(case: Case) -> None:
    """Applied, applied absolutely, pulled back and picked: all as ``tocsr`` says."""
    rng = case.rng
    for node in case.graph:
        if not isinstance(node.op, Affine):
            continue
        for linear_map in node.op.maps:
            matrix = linear_map.tocsr().toarray()
            m, n = linear_map.shape
            assert matrix.shape == (m, n)
            x, rows = rng.normal(size=(3, n)), rng.normal(size=(4, m))
            neurons, sample = rng.integers(0, m, 4), np.zeros(4, dtype=np.intp)
            for products in (FAST, REPRODUCIBLE):
                near = {"rtol": 1e-9, "atol": 1e-9 * (1 + np.abs(matrix).max(initial=0.0))}
                assert np.allclose(linear_map.apply(x, products), x @ matrix.T, **near)
                sizes = linear_map.apply_absolute(np.abs(x), products)
                assert np.allclose(sizes, np.abs(x) @ np.abs(matrix).T, **near)
                pulled = linear_map.pull(Rows(rows, m, sample), products)
                assert np.allclose(pulled.dense(), rows @ matrix, **near)
            assert (linear_map.unit_rows(neurons, sample).dense() == matrix[neurons]).all()


def test_a_selection_may_take_a_number_twice_and_leave_gaps() -> None:
    graph = chain(
        [DenseMap(np.array([[0.1, 0.7]])), SelectMap(np.array([0, 0, -1]), 1),
         DenseMap(np.array([[1.0, 1.0, 5.0]]))],
        [np.zeros(1), np.zeros(3), np.zeros(1)],
    )  # fmt: skip
    box = Interval(np.zeros((1, 2)), np.ones((1, 2)))
    bounds = bound_graph(graph, {"x": Domain(box)}, products=REPRODUCIBLE)
    assert_holds(graph, box, bounds, np.random.default_rng(0))


def _csr(matrix: np.ndarray) -> object:
    import scipy.sparse as sp

    return sp.csr_array(matrix)
