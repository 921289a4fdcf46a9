"""Networks on which verifiers are known to go wrong, and the verdicts that would be wrong.

Each trap is a small file and an arg-max question whose truth follows from a line of arithmetic.
``unknown`` is never wrong. Outputs are mostly ``(y, t)`` with label 0, so that the violation is
``y <= t``; or ``(t, y)``, so that it is ``y >= t``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from brute_force import Layer, truth
from onnx import helper
from small_networks import around, boxed, dense_network, save

from mipc import verify
from mipc.compile import compile_query, write_files
from mipc.errors import ModelError, QuestionError
from mipc.ir.network import Network
from mipc.properties.query import Query
from mipc.properties.question import ask
from mipc.solvers.highs import Highs
from mipc.verdict import Answer, Robust, Unknown, Violated

Verdicts = list[Answer]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "trap.onnx"


@pytest.fixture
def decide(highs: Highs) -> Callable[[Query], Verdicts]:
    """All objectives that make sense, one after the other."""

    def all_answers(query: Query) -> Verdicts:
        objectives = ["feasibility", "worst"]
        if query.centre is not None:
            objectives.append("closest")
        return [
            verify(ask(query.network, replace(query.question, objective=objective)),
                   solver=highs, timeout=30)
            for objective in objectives
        ]  # fmt: skip

    return all_answers


def never_robust(answers: Verdicts) -> None:
    assert all(not isinstance(answer.verdict, Robust) for answer in answers)


def never_violated(answers: Verdicts) -> None:
    assert all(not isinstance(answer.verdict, Violated) for answer in answers)


def violated(answers: Verdicts) -> None:
    assert all(isinstance(answer.verdict, Violated) for answer in answers)


def robust(answers: Verdicts) -> None:
    assert all(isinstance(answer.verdict, Robust) for answer in answers)


def rows(*values: Sequence[float]) -> np.ndarray:
    return np.array(values, dtype=float)


def absorbing(size: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """y = 0.4 - ((C + t) - C) with t = relu(x - 1/2); second output 0."""
    return [
        (rows([1.0], [0.0]), np.array([-0.5, 1.0])),  # t, 1
        (rows([1.0, size], [0.0, 1.0]), np.zeros(2)),  # C + t, 1
        (rows([-1.0, size], [0.0, 0.0]), np.array([0.4, 0.0])),
    ]


@pytest.mark.parametrize("power", [10, 20, 24, 26, 30, 33, 36, 40, 44, 48, 52, 60])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_signal_absorbed_by_a_large_number_is_still_there(
    file: Path, decide: Callable[[Query], Verdicts], power: int, dtype: str
) -> None:
    network = dense_network(file, absorbing(2.0**power), dtype)
    never_robust(decide(boxed(network, [0], [1])))


@pytest.mark.parametrize("layers", [6, 8, 10])
def test_a_large_number_may_be_spread_over_layers(
    file: Path, decide: Callable[[Query], Verdicts], layers: int
) -> None:
    """No weight above 32: the constant grows on its way, and shrinks after the signal."""
    grow = [(rows([1.0, 0.0], [0.0, 32.0]), np.zeros(2)) for _ in range(layers - 1)]
    add = (rows([1.0, 32.0], [0.0, 32.0]), np.zeros(2))
    take = (rows([-1.0, 1.0], [0.0, 0.0]), np.array([0.4, 0.0]))
    network = dense_network(file, [absorbing(1)[0], *grow, add, take])
    never_robust(decide(boxed(network, [0], [1])))


def test_a_sum_whose_sign_depends_on_its_order(
    file: Path, decide: Callable[[Query], Verdicts]
) -> None:
    """x + 2^25 - 2^25 - 1/2 on [3/4, 1] is at least 1/4 in real arithmetic."""
    big = 2.0**25
    layers = [
        (rows([1.0], [0.0], [0.0]), np.array([0.0, 1.0, 1.0])),
        (rows([1.0, big, -big], [0.0, 0.0, 0.0]), np.array([-0.5, 0.0])),
    ]
    never_violated(decide(boxed(dense_network(file, layers), [0.75], [1.0])))


@pytest.mark.parametrize("power", [0, 10, 24, 30, 40, 52])
def test_a_back_door_in_an_honest_network(
    file: Path, decide: Callable[[Query], Verdicts], power: int
) -> None:
    """The second logit gains 20 (x0 - 0.9) beyond 0.9, hidden behind a large number."""
    size = 2.0**power
    layers = [
        (rows([20.0, 0.0], [0.0, 0.0], [0.0, 1.0]), np.array([-18.0, 1.0, 0.0])),
        (rows([1.0, size, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]), np.zeros(3)),
        (rows([0.0, 1.0, 0.0], [1.0, -size, 0.0]), np.zeros(2)),
    ]
    never_robust(decide(boxed(dense_network(file, layers), [0, 0], [1, 1])))


@pytest.mark.parametrize("seed", range(4))
def test_weight_noise_does_not_change_the_truth(
    file: Path, decide: Callable[[Query], Verdicts], seed: int
) -> None:
    noise = np.random.default_rng(seed)
    layers = [(w * (1 + 1e-9 * noise.uniform(-1, 1, w.shape)), b) for w, b in absorbing(2.0**20)]
    exact = truth(
        [Layer.of(w.tolist(), b.tolist()) for w, b in layers],
        [Fraction(0)], [Fraction(1)], 0, (1,), Fraction(0),
    )  # fmt: skip
    answers = decide(boxed(dense_network(file, layers, "float64"), [0], [1]))
    (never_robust if exact.margin >= 0 else never_violated)(answers)


EDGES = [(0.0, 1.0), (-1.0, 0.0), (0.0, 0.0), (-1.0, 1.0)]


@pytest.mark.parametrize(("low", "high"), EDGES)
@pytest.mark.parametrize("nudge", [Fraction(0), Fraction(1, 2**30), Fraction(-1, 2**30)])
def test_neurons_that_are_stable_at_the_very_edge(
    file: Path, decide: Callable[[Query], Verdicts], low: float, high: float, nudge: Fraction
) -> None:
    """relu(x), relu(-x) and relu(0) over boxes that begin or end at 0."""
    layers = [
        (rows([1.0], [-1.0], [0.0]), np.zeros(3)),
        (rows([0.0, 0.0, 0.0], [1.0, -2.0, 1.0]), np.zeros(2)),
    ]
    largest = max(high, 0.0) - (2 * -high if high < 0 else 0.0)
    answers = decide(boxed(dense_network(file, layers), [low], [high],
                           margin=Fraction(largest) + nudge))  # fmt: skip
    (never_violated if nudge > 0 else never_robust)(answers)


@pytest.mark.parametrize("width", [0.0, 2.0**-1074, 2.0**-149, 2.0**-24, 2.0**-53])
def test_boxes_that_are_hardly_wider_than_a_point(
    file: Path, decide: Callable[[Query], Verdicts], width: float
) -> None:
    """y = x at 1/2, against 1/2: a tie at the lower corner of each box."""
    layers = [(rows([1.0]), np.zeros(1)), (rows([1.0], [0.0]), np.array([0.0, 0.5]))]
    query = boxed(dense_network(file, layers, "float64"), [0.5], [0.5 + width])
    never_robust(decide(query))
    never_violated(decide(boxed(query.network, [0.5], [0.5 + width], margin=Fraction(1, 10**6))))


def test_bounds_that_cancellation_ruins(file: Path, decide: Callable[[Query], Verdicts]) -> None:
    """h = 1e8 x, y = h - h + x."""
    layers = [
        (rows([1e8], [1e8], [1.0]), np.zeros(3)),
        (rows([1.0, -1.0, 1.0], [0.0, 0.0, 0.0]), np.array([0.0, 0.25])),
    ]
    network = dense_network(file, layers, "float64")
    never_robust(decide(boxed(network, [0.25], [1.0])))
    never_violated(decide(boxed(network, [0.26], [1.0])))


@pytest.mark.parametrize(
    ("weight", "low", "high"),
    [(5e-10, 9e9, 1e10), (5e-10, 9e5, 1e10), (1e-13, 9e12, 9e13), (1e-9, 1e9, 4e9)],
)
def test_a_tiny_weight_on_a_huge_input_counts(
    file: Path, decide: Callable[[Query], Verdicts], weight: float, low: float, high: float
) -> None:
    """y = relu(w x) reaches 4 or more; violation: y >= 1."""
    layers = [(rows([weight]), np.zeros(1)), (rows([0.0], [1.0]), np.array([1.0, 0.0]))]
    never_robust(decide(boxed(dense_network(file, layers), [low], [high])))


@pytest.mark.parametrize(("limit", "right"), [(1.0, never_robust), (2.0, never_robust),
                                              (2.0001, never_violated)])  # fmt: skip
def test_many_tiny_weights_add_up(
    file: Path, decide: Callable[[Query], Verdicts], limit: float, right: Callable[..., None]
) -> None:
    """4096 inputs up to 2^20 with weights 2^-31: y reaches 2."""
    n = 4096
    layers = [
        (np.full((1, n), 2.0**-31), np.zeros(1)),
        (rows([0.0], [1.0]), np.array([limit, 0.0])),
    ]
    network = dense_network(file, layers)
    right(decide(boxed(network, np.zeros(n), np.full(n, 2.0**20))))


def test_one_row_with_nine_orders_of_magnitude_both_ways(
    file: Path, decide: Callable[[Query], Verdicts]
) -> None:
    layers = [
        (rows([1e-9, 1e9]), np.zeros(1)),
        (rows([0.0], [1.0]), np.array([1.0, 0.0])),
    ]
    network = dense_network(file, layers, "float64")
    never_robust(decide(boxed(network, [0, 0], [2e9, 1e-12])))
    never_violated(decide(boxed(network, [0, 0], [0.5e9, 1e-10])))


@pytest.mark.parametrize("weight", [1e12, 1e16, 1e25])
def test_weights_no_solver_takes(
    file: Path, decide: Callable[[Query], Verdicts], weight: float
) -> None:
    layers = [(rows([weight]), np.zeros(1)), (rows([0.0], [1.0]), np.array([1.0, 0.0]))]
    network = dense_network(file, layers, "float64")
    never_robust(decide(boxed(network, [-1], [1])))
    never_violated(decide(boxed(network, [-1], [0])))


def test_equal_logits_tie_everywhere(file: Path, decide: Callable[[Query], Verdicts]) -> None:
    layers = [(rows([1.0], [1.0]), np.zeros(2)), (rows([1.0, 0.0], [0.0, 1.0]), np.zeros(2))]
    network = dense_network(file, layers)
    violated(decide(boxed(network, [-1], [1])))
    never_violated(decide(boxed(network, [-1], [1], margin=Fraction(1, 2**40))))


HINGE = (rows([1.0], [-1.0]), np.array([-1.0, 1.0]))


def test_an_absolute_value_reaches_zero_at_one_point(
    file: Path, decide: Callable[[Query], Verdicts]
) -> None:
    """|x - 1| <= 0 only at 1."""
    network = dense_network(file, [HINGE, (rows([1.0, 1.0], [0.0, 0.0]), np.zeros(2))])
    never_robust(decide(boxed(network, [0], [2])))
    never_violated(decide(boxed(network, [0], [2], margin=Fraction(1, 2**40))))


def test_a_violation_that_is_no_float(file: Path, decide: Callable[[Query], Verdicts]) -> None:
    """|3 x - 1| <= 0 only at 1/3: real arithmetic has the violation, floats have none."""
    third = (rows([3.0], [-3.0]), np.array([-1.0, 1.0]))
    network = dense_network(file, [third, (rows([1.0, 1.0], [0.0, 0.0]), np.zeros(2))])
    answers = decide(boxed(network, [0], [1]))
    never_robust(answers)
    never_violated(answers)


@pytest.mark.parametrize("nudge", [Fraction(0), Fraction(1, 2**40), Fraction(1, 2**20)])
def test_a_corner_that_just_touches(
    file: Path, decide: Callable[[Query], Verdicts], nudge: Fraction
) -> None:
    """x0 + x1 - 2 >= nudge on the unit square."""
    layers = [
        (rows([1.0, 0.0], [0.0, 1.0]), np.zeros(2)),
        (rows([0.0, 0.0], [1.0, 1.0]), np.array([0.0, -2.0])),
    ]
    answers = decide(boxed(dense_network(file, layers), [0, 0], [1, 1], margin=nudge))
    (never_violated if nudge else never_robust)(answers)


LADDER = [sign * 10.0**-k for k in (2, 4, 6, 7, 8, 10, 12) for sign in (1, -1)]


@pytest.mark.parametrize("margin", [*LADDER, 0.0])
@pytest.mark.parametrize("scale", [1.0, 1e6, 1e-6])
@pytest.mark.parametrize("depth", [0, 8])
def test_a_ladder_of_margins(
    file: Path, decide: Callable[[Query], Verdicts], margin: float, scale: float, depth: int
) -> None:
    """y = m + relu(x) - relu(-x) - x, through some identity layers; its sign is that of m."""
    keep = [(np.eye(3), np.zeros(3)) for _ in range(depth)]
    layers = [
        (rows([1.0], [-1.0], [1.0]), np.array([0.0, 0.0, 2.0])),
        *keep,
        (scale * rows([1.0, -1.0, -1.0], [0.0, 0.0, 0.0]), scale * np.array([2.0 + margin, 0.0])),
    ]
    network = dense_network(file, layers, "float64")
    true = Fraction(layers[-1][1][0]) - 2 * Fraction(scale)  # what the file says, exactly
    answers = decide(boxed(network, [-1], [1]))
    (never_robust if true <= 0 else never_violated)(answers)
    if abs(margin) >= 1e-3 and scale >= 1:
        assert not any(isinstance(answer.verdict, Unknown) for answer in answers)


def nothing(bias: list[float]) -> list[tuple[np.ndarray, np.ndarray]]:
    """A network without weights."""
    return [(np.zeros((3, 2)), np.zeros(3)), (np.zeros((2, 3)), np.array(bias, float))]


@pytest.mark.parametrize("objective", ["feasibility", "closest", "worst"])
@pytest.mark.parametrize("centre", [None, [0.25, 0.5]])
def test_a_network_of_zeros_ties(
    file: Path, highs: Highs, objective: str, centre: list[float] | None
) -> None:
    if objective == "closest" and centre is None:
        pytest.skip("the closest violation needs a centre")
    network = dense_network(file, nothing([0, 0]))
    query = boxed(network, [0, 0], [1, 1], objective=objective, centre=centre)
    never_robust([verify(query, solver=highs)])


@pytest.mark.parametrize("box", [1.0, 1e6, 1e20, 1e29])
def test_a_constant_network_is_robust_on_any_box(
    file: Path, decide: Callable[[Query], Verdicts], box: float
) -> None:
    network = dense_network(file, nothing([1, 0]))
    never_violated(decide(boxed(network, [-box, -box], [box, box])))


def test_a_constant_network_at_a_tie_can_be_written(file: Path, tmp_path: Path) -> None:
    """Nothing depends on the input; a file and its witness still need it."""
    network = dense_network(file, nothing([0, 0]))
    compiled = compile_query(boxed(network, [0, 0], [1, 1]))
    write_files(compiled, tmp_path / "q.mps")
    formulation = compiled.formulations[0]
    values = np.zeros(len(formulation.model.objective))
    assert len(formulation.layout.lift(values)["x"]) == 2


@pytest.mark.parametrize("objective", ["feasibility", "closest", "worst"])
@pytest.mark.parametrize("margin", [Fraction(0), Fraction(-1, 2**40), Fraction(1, 2**40)])
def test_a_point_at_a_tie_can_be_written(
    file: Path, tmp_path: Path, objective: str, margin: Fraction
) -> None:
    """Margin and distance have hardly any room; their columns still are in the file."""
    network = dense_network(file, [HINGE, (rows([1.0, 1.0], [0.0, 0.0]), np.zeros(2))])
    query = boxed(network, [1], [1], centre=[1], margin=margin, objective=objective)
    for path, _ in write_files(compile_query(query, all_disjuncts=True), tmp_path / "q.mps"):
        assert path.stat().st_size


def test_dead_and_equal_neurons_change_nothing(
    file: Path, decide: Callable[[Query], Verdicts]
) -> None:
    hinge = (rows([1.0], [1.0], [-1.0], [1.0]), np.array([-1.0, -1.0, 1.0, -1e3]))
    out = (rows([0.5, 0.5, 1.0, 7.0], [0.0, 0.0, 0.0, 0.0]), np.zeros(2))
    network = dense_network(file, [hinge, out])
    never_robust(decide(boxed(network, [0], [2])))
    never_violated(decide(boxed(network, [0], [2], margin=Fraction(1, 2**30))))


def test_an_unused_input_keeps_its_columns(file: Path, decide: Callable[[Query], Verdicts]) -> None:
    layers = [(rows([1.0, 0.0], [-1.0, 0.0]), np.array([-1.0, 1.0])),
              (rows([1.0, 1.0], [0.0, 0.0]), np.zeros(2))]  # fmt: skip
    query = boxed(dense_network(file, layers), [0, 0], [2, 2])
    columns = compile_query(query).formulations[0].model.columns.texts()
    assert {"x_0", "x_1"} <= set(columns)
    never_robust(decide(query))


@pytest.mark.parametrize("size", [1e9, 1e15, 1e20, 1e29, 1e30, 1e35])
def test_a_huge_box_is_not_robust(
    file: Path, decide: Callable[[Query], Verdicts], size: float
) -> None:
    """What passes 1e30 is unknown, and says so."""
    layers = [(rows([1.0]), np.zeros(1)), (rows([0.0], [1.0]), np.array([10.0, 0.0]))]
    query = boxed(dense_network(file, layers), [-size], [size])
    if size < 1e30:
        never_robust(decide(query))
    else:
        found = decide(query)
        never_robust(found)


def test_an_empty_box_is_refused(file: Path) -> None:
    network = dense_network(file, [HINGE, (rows([1.0, 1.0], [0.0, 0.0]), np.zeros(2))])
    for low in (1.0, 1e-9, np.nextafter(0.0, 1)):
        with pytest.raises(QuestionError):
            boxed(network, [low], [0.0])


@pytest.mark.parametrize("x", [0.0, 0.5, 1.0, 1.5])
def test_a_box_that_is_a_point_is_evaluation(
    file: Path, decide: Callable[[Query], Verdicts], x: float
) -> None:
    """Violated where |x - 1| <= 1/2."""
    network = dense_network(file, [HINGE, (rows([1.0, 1.0], [0.0, 0.0]), np.array([0.0, 0.5]))])
    answers = decide(boxed(network, [x], [x], centre=[x]))
    (violated if abs(x - 1) <= 0.5 else robust)(answers)


def test_a_point_that_is_no_float(file: Path, decide: Callable[[Query], Verdicts]) -> None:
    """The domain is one tenth exactly; y = x - 1/10 <= 0 holds there, in real arithmetic."""
    layers = [(rows([10.0]), np.zeros(1)), (rows([1.0], [0.0]), np.array([0.0, 1.0]))]
    network = dense_network(file, layers)
    tenth = (Fraction(1, 10), Fraction(1, 10))
    question = replace(boxed(network, [0], [1]).question, domain=tenth)
    answers = decide(ask(network, question))
    never_robust(answers)
    never_violated(answers)


def test_a_threshold_far_away_in_either_direction(
    file: Path, decide: Callable[[Query], Verdicts]
) -> None:
    network = dense_network(file, [HINGE, (rows([1.0, 1.0], [0.0, 0.0]), np.zeros(2))])
    robust(decide(boxed(network, [0], [2], margin=1000)))
    violated(decide(boxed(network, [0], [2], margin=-1000)))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["weight", "bias"])
def test_numbers_that_are_not_finite_are_refused(file: Path, value: float, where: str) -> None:
    weight, bias = rows([1.0], [1.0]), np.zeros(2)
    (weight if where == "weight" else bias).flat[0] = value
    with pytest.raises(ModelError):
        dense_network(file, [(weight, bias)])


def test_negative_zeros_give_the_same_file(tmp_path: Path) -> None:
    written = []
    for zero in (0.0, -0.0):
        folder = tmp_path / str(zero)
        folder.mkdir()
        layers = [
            (rows([1.0, zero], [-1.0, 1.0]), np.array([zero, zero])),
            (rows([1.0, 1.0], [zero, zero]), np.array([zero, zero])),
        ]
        network = dense_network(folder / "n.onnx", layers)
        query = boxed(network, [zero, -1], [1, 1], margin=Fraction(-1, 2))
        pairs = write_files(compile_query(query), folder / "q.mps")
        written.append(pairs[0][0].read_bytes())
    assert written[0] == written[1]


def test_weights_below_the_normal_range_are_numbers_too(
    file: Path, decide: Callable[[Query], Verdicts]
) -> None:
    """2^-149, the least float32, times 2^100 times 2^49 is 1."""
    layers = [
        (rows([2.0**-149]), np.zeros(1)),
        (rows([2.0**100]), np.zeros(1)),
        (rows([2.0**49], [0.0]), np.array([0.0, 1.0])),
    ]
    never_robust(decide(boxed(dense_network(file, layers), [0.5], [2.0])))


def image_network(
    file: Path, nodes: list[object], weights: dict[str, np.ndarray], shape: list[int]
) -> Network:
    return save(file, nodes, weights, shape, 2)  # type: ignore[arg-type]


@pytest.mark.parametrize(("limit", "right"), [(1.0, never_robust), (1.0001, never_violated)])
def test_a_mean_of_ones_is_one(
    file: Path, decide: Callable[[Query], Verdicts], limit: float, right: Callable[..., None]
) -> None:
    """1/9 is no float."""
    nodes = [
        helper.make_node("AveragePool", ["x"], ["p"], kernel_shape=[3, 3]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Gemm", ["f", "W", "b"], ["y"], transB=1),
    ]
    weights = {"W": rows([0.0], [1.0]), "b": np.array([limit, 0.0])}
    network = image_network(file, nodes, weights, [1, 1, 3, 3])
    right(decide(boxed(network, np.zeros(9), np.ones(9))))


def test_a_maximum_of_equal_values_is_that_value(
    file: Path, decide: Callable[[Query], Verdicts]
) -> None:
    nodes = [
        helper.make_node("Conv", ["x", "K"], ["c"], kernel_shape=[1, 1]),
        helper.make_node("MaxPool", ["c"], ["p"], kernel_shape=[2, 2]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Gemm", ["f", "W", "b"], ["y"], transB=1),
    ]
    weights = {"K": np.ones((1, 1, 1, 1)), "W": rows([1.0], [0.0]), "b": np.array([0.0, 0.5])}
    network = image_network(file, nodes, weights, [1, 1, 2, 2])
    never_robust(decide(boxed(network, np.full(4, 0.5), np.full(4, 0.5))))
    never_violated(decide(boxed(network, np.full(4, 0.5), np.ones(4), margin=Fraction(1, 2**30))))


@pytest.mark.parametrize(
    ("limit", "right"), [("0.70710678118", never_robust), ("0.70710678119", never_violated)]
)
def test_a_normalisation_by_the_root_of_two(
    file: Path, decide: Callable[[Query], Verdicts], limit: str, right: Callable[..., None]
) -> None:
    """x / sqrt(2) on [0, 1] against its largest value, in eleven digits."""
    nodes = [
        helper.make_node("BatchNormalization", ["x", "s", "o", "m", "v"], ["n"], epsilon=0.0),
        helper.make_node("Gemm", ["n", "W", "b"], ["y"], transB=1),
    ]
    weights = {
        "s": np.ones(1), "o": np.zeros(1), "m": np.zeros(1), "v": np.array([2.0]),
        "W": rows([0.0], [1.0]), "b": np.zeros(2),
    }  # fmt: skip
    network = save(file, nodes, weights, [1, 1], 2)
    right(decide(boxed(network, [0], [1], margin=Fraction(limit))))


def test_a_residual_of_a_value_and_its_negative_is_nothing(
    file: Path, decide: Callable[[Query], Verdicts]
) -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["r"]),
        helper.make_node("Neg", ["r"], ["n"]),
        helper.make_node("Add", ["r", "n"], ["s"]),
        helper.make_node("Gemm", ["s", "W", "b"], ["y"], transB=1),
    ]
    weights = {"W": rows([1.0], [0.0]), "b": np.zeros(2)}
    network = save(file, nodes, weights, [1, 1], 2)
    never_robust(decide(boxed(network, [-1], [1])))
    never_violated(decide(boxed(network, [-1], [1], margin=Fraction(1, 10**6))))


def test_convolution_and_matrix_give_the_same_verdict_and_margin(
    tmp_path: Path, highs: Highs
) -> None:
    rng = np.random.default_rng(3)
    kernel, bias = rng.integers(-2, 3, (2, 1, 2, 2)) / 2.0, np.array([0.5, -0.5])
    last = rng.integers(-2, 3, (2, 8)) / 2.0
    nodes = [
        helper.make_node("Conv", ["x", "K", "c"], ["z"], kernel_shape=[2, 2]),
        helper.make_node("Relu", ["z"], ["h"]),
        helper.make_node("Flatten", ["h"], ["f"]),
        helper.make_node("Gemm", ["f", "W", "b"], ["y"], transB=1),
    ]
    weights = {"K": kernel, "c": bias, "W": last, "b": np.zeros(2)}
    convolution = image_network(tmp_path / "conv.onnx", nodes, weights, [1, 1, 3, 3])
    matrix = np.zeros((8, 9))
    for o, i, j, a, b in np.ndindex(2, 2, 2, 2, 2):
        matrix[o * 4 + i * 2 + j, (i + a) * 3 + j + b] = kernel[o, 0, a, b]
    layers = [(matrix, np.repeat(bias, 4)), (last, np.zeros(2))]
    dense = dense_network(tmp_path / "dense.onnx", layers)
    found = [
        verify(boxed(n, np.zeros(9), np.ones(9), objective="worst"), solver=highs)
        for n in (convolution, dense)
    ]
    assert type(found[0].verdict) is type(found[1].verdict)
    assert found[0].margin is not None
    assert found[1].margin is not None
    assert np.allclose(found[0].margin, found[1].margin, atol=1e-5)


def test_only_the_last_of_ten_disjuncts_can_hold(
    file: Path, decide: Callable[[Query], Verdicts]
) -> None:
    offsets = np.array([0.0, *[-1.0] * 9, -0.5])
    last = np.zeros((11, 1))
    last[10] = 1.0
    network = dense_network(file, [(rows([1.0]), np.zeros(1)), (last, offsets)])
    violated(decide(boxed(network, [0], [0.75])))
    robust(decide(boxed(network, [0], [0.25])))
    robust(decide(boxed(network, [0], [0.75], targets=tuple(range(1, 10)))))


@pytest.mark.parametrize("digits", ["0." + "3" * 39 + "4", "1e-290", "0.1", "1/3"])
def test_a_threshold_is_the_rational_it_is_written_as(
    file: Path, decide: Callable[[Query], Verdicts], digits: str
) -> None:
    """relu(x) on [0, 1] against 1 - t: the largest margin is 0, and a hair more is none."""
    network = dense_network(file, [(rows([1.0]), np.zeros(1)), (rows([0.0], [1.0]), np.zeros(2))])
    exact = 1 - Fraction(digits)
    never_robust(decide(boxed(network, [0], [1], margin=exact)))
    never_violated(decide(boxed(network, [0], [1], margin=1 + Fraction(digits))))


def test_a_ball_ends_where_its_rational_radius_says(
    file: Path, decide: Callable[[Query], Verdicts]
) -> None:
    """1/2 + 1/10 is no float: no float of the box reaches it, real arithmetic does."""
    network = dense_network(file, [(rows([1.0]), np.zeros(1)), (rows([0.0], [1.0]), np.zeros(2))])
    answers = decide(around(network, [0.5], Fraction(1, 10), margin=Fraction(6, 10)))
    never_robust(answers)
    never_violated(answers)
    beyond = Fraction(6, 10) + Fraction(1, 10**9)
    never_violated(decide(around(network, [0.5], Fraction(1, 10), margin=beyond)))
