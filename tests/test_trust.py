"""What must never lead to a wrong "robust", each once met."""

from fractions import Fraction

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import mipc
from mipc.errors import InternalError
from mipc.milp.solution import Solution, Status
from mipc.replay import Replay
from mipc.solvers import highs as highs_module
from mipc.solvers.base import Limits
from mipc.solvers.highs import Highs
from mipc.solvers.known_answers import KNOWN
from mipc.verdict import Finding, Robust, Unknown, Violated, conclude, weigh


def network(path, middle, seed=1):
    """Three dense layers whose middle tensors are named by the caller."""
    rng = np.random.default_rng(seed)
    shapes = {"w1": (3, 6), "w2": (6, 6), "w3": (6, 6), "w4": (6, 2)}
    constants = {k: rng.integers(-3, 4, s).astype(np.float32) for k, s in shapes.items()}
    a, b = middle
    nodes = [
        helper.make_node("MatMul", ["x", "w1"], [a]),
        helper.make_node("MatMul", [a, "w2"], [b]),
        helper.make_node("Relu", [b], ["r"]),
        helper.make_node("MatMul", [a, "w3"], ["s"]),
        helper.make_node("Relu", ["s"], ["t"]),
        helper.make_node("Add", ["r", "t"], ["u"]),
        helper.make_node("MatMul", ["u", "w4"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "named",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])],
        [numpy_helper.from_array(v, k) for k, v in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]), path)
    return mipc.read_network(path)


def question(label=0, objective="worst"):
    return mipc.Question(
        np.array([0.5, 0.25, 0.75]),
        mipc.LInf(Fraction(1, 4)),
        mipc.ArgMax(label),
        objective=objective,
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("names", [("a", "a.kept"), ("a", "a#kept"), ("#margins", "violation#1")])
def test_names_of_tensors_mean_nothing(tmp_path, seed, names):
    """Names that passes make for themselves cannot meet those of a network's tensors."""
    answers = []
    for middle in (("p", "q"), names):
        query = mipc.ask(network(tmp_path / "net.onnx", middle, seed), question())
        answers.append(mipc.verify(query, passes=mipc_passes("all")))
    plain, named = answers
    assert type(plain.verdict) is type(named.verdict)
    assert plain.margin == pytest.approx(named.margin, abs=1e-5)


def mipc_passes(keep):
    from mipc.passes import parse_passes

    return parse_passes(
        f"bounds,stable-relu,dominated-max,dead-neurons,affine-fusion{{keep={keep}}}"
    )


def replayed(point, runtime, exact, distance):
    """A point of disjunct 1, with its margins in ONNX Runtime and in exact arithmetic."""
    margins = {1: (exact, exact)}
    return Replay({"x": point}, (point,), None, True, (np.zeros(2),), runtime, margins, distance)


def test_an_exact_violation_that_the_runtime_does_not_show_vetoes_robust(tmp_path):
    query = mipc.ask(network(tmp_path / "net.onnx", ("a", "b")), question())
    point = query.region.nearest(query.centre)
    run = replayed(point, Fraction(-1), Fraction(1), 0.0)
    answer = conclude(query, [Finding(1, "solver", -1.0)], [run], "solver")
    assert isinstance(answer.verdict, Unknown)
    assert answer.verdict.reason == "float-mismatch"


def test_of_what_a_witness_refutes_nothing_is_believed(tmp_path):
    """A disjunct that a solver closed is open again: neither distance nor margin end there."""
    query = mipc.ask(network(tmp_path / "net.onnx", ("a", "b")), question(objective="closest"))
    point = query.region.nearest(query.centre)
    run = replayed(point, Fraction(1), Fraction(1), 0.2)
    answer = conclude(query, [Finding(1, "solver", 0.0)], [run], "solver")
    assert isinstance(answer.verdict, Violated)
    assert answer.distance == (0.0, 0.2)
    assert answer.margin == (1.0, float("inf"))


def test_a_solver_that_lies_is_contradicted_by_the_input_itself(tmp_path):
    class Liar:
        name = "liar"

        def solve(self, model, limits):
            return Solution(Status.INFEASIBLE, None, None, None, 0.0, "lie")

    net = network(tmp_path / "net.onnx", ("a", "b"))
    for label in (0, 1):
        asked = mipc.Question(
            np.array([0.5, 0.25, 0.75]), mipc.LInf(Fraction(1, 4)), mipc.ArgMax(label)
        )
        honest = mipc.verify(mipc.ask(net, asked))
        lied = mipc.verify(mipc.ask(net, asked), solver=Liar())
        if isinstance(lied.verdict, Robust) and lied.verdict.trust == "bounds":
            assert isinstance(honest.verdict, Robust)


def test_an_interrupted_solve_leaves_no_answer_for_the_next_model(monkeypatch):
    from test_highs import model_of

    feasible, infeasible = (
        next(model_of(k.arrays()) for k in KNOWN if (k.minimum is None) == none)
        for none in (False, True)
    )
    with Highs() as solver:
        solver.solve(feasible, Limits(seconds=30))
        real = highs_module._receive

        def interrupted(worker, deadline):
            raise KeyboardInterrupt

        monkeypatch.setattr(highs_module, "_receive", interrupted)
        with pytest.raises(KeyboardInterrupt):
            solver.solve(infeasible, Limits(seconds=30))
        monkeypatch.setattr(highs_module, "_receive", real)
        assert solver.solve(feasible, Limits(seconds=30)).status is Status.OPTIMAL


@pytest.mark.parametrize("nearest", [0.5, 0.2000001])
def test_a_witness_nearer_than_a_solver_allows_is_believed(tmp_path, nearest):
    """Far nearer, nothing else is believed; within the solver's tolerance, all but that."""
    query = mipc.ask(network(tmp_path / "net.onnx", ("a", "b")), question(objective="closest"))
    point = query.region.nearest(query.centre)
    run = replayed(point, Fraction(1), Fraction(1), 0.2)
    claim = Finding(1, None, 2.0, nearest=nearest, claimed=True)
    answer = conclude(query, [claim], [run], "solver")
    low, high = answer.distance
    assert high == 0.2
    assert low == 0.0 if nearest == 0.5 else 0.19999 < low < 0.2


@pytest.mark.parametrize(
    "finding",
    [
        Finding(1, None, 2.0, nearest=0.2000001),
        Finding(1, None, 0.9999999),
        Finding(1, "bounds", -1.0),
    ],
)
def test_a_witness_that_bounds_exclude_is_a_fault_of_mipc(tmp_path, finding):
    query = mipc.ask(network(tmp_path / "net.onnx", ("a", "b")), question(objective="closest"))
    point = query.region.nearest(query.centre)
    run = replayed(point, Fraction(1), Fraction(1), 0.2)
    with pytest.raises(InternalError, match="exclude"):
        conclude(query, [finding], [run], "branching")


def test_ends_that_bounds_have_proved_may_meet(tmp_path):
    query = mipc.ask(network(tmp_path / "net.onnx", ("a", "b")), question(objective="closest"))
    point = query.region.nearest(query.centre)
    run = replayed(point, Fraction(1), Fraction(1), 2e-8)
    answer = conclude(query, [Finding(1, None, 1.0, nearest=2e-8)], [run], "branching")
    assert answer.distance == (2e-8, 2e-8)


def test_a_margin_larger_than_a_solver_allows_is_believed(tmp_path):
    query = mipc.ask(network(tmp_path / "net.onnx", ("a", "b")), question())
    point = query.region.nearest(query.centre)
    run = replayed(point, Fraction(-1), Fraction(-1, 10), 0.0)
    answer = conclude(query, [Finding(1, "solver", -0.5)], [run], "solver")
    assert isinstance(answer.verdict, Unknown)
    assert answer.margin == (-0.1, float("inf"))


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("HiGHS: Time limit reached", "timeout"),
        ("HiGHS: Memory limit reached", "solver-error"),
        ("HiGHS: its process died (SIGKILL)", "timeout"),
    ],
)
def test_why_a_solver_stopped_is_told(words, reason):
    claim = Solution(Status.STOPPED, None, None, None, 0.0, words)
    query = type("Asked", (), {"objective": "feasibility"})()
    assert weigh(query, Finding(1, None, 1.0), claim, 1e-5).reason == reason


def test_a_point_that_refutes_robust_gives_the_reason(tmp_path):
    query = mipc.ask(network(tmp_path / "net.onnx", ("a", "b")), question())
    point = query.region.nearest(query.centre)
    runs = [replayed(point, Fraction(-1), margin, 0.0) for margin in (Fraction(1), Fraction(-1))]
    answer = conclude(query, [Finding(1, "solver", -1.0)], runs, "solver")
    assert answer.verdict.reason == "float-mismatch"
