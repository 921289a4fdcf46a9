"""Law 2: a pass keeps the meaning of every name that survives it, and bounds stay true."""

from __future__ import annotations

import numpy as np
import pytest
from checks import assert_meaning_is_kept, problem_of, runs_of, stages
from exact_runs import assert_states, exact_run, wobbling
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import WILD, Case, cases, examples, points_of

from mipc.ir.graph import Graph
from mipc.ir.ops import Affine, Input, Max, Node, Relu
from mipc.numerics.interval import Interval
from mipc.numerics.linear_maps import DenseMap
from mipc.passes import Pass, run
from mipc.passes.affine_fusion import AffineFusion
from mipc.passes.bounds import Bounds
from mipc.passes.dead_neurons import DeadNeurons
from mipc.passes.dominated_max import DominatedMax
from mipc.passes.max_as_relus import MaxAsRelus
from mipc.passes.stable_relu import StableRelu
from mipc.semantics.evaluate import evaluate
from mipc.semantics.exact import evaluate_exactly

PASSES: tuple[Pass, ...] = (
    StableRelu(),
    DominatedMax(),
    MaxAsRelus(),
    DeadNeurons(),
    AffineFusion(),
    AffineFusion(keep="all"),
    AffineFusion(keep="none"),
    Bounds(),
    Bounds(method="interval"),
)


@pytest.mark.parametrize("step", PASSES, ids=str)
def test_each_pass_keeps_the_meaning_of_surviving_names(step: Pass) -> None:
    @settings(max_examples=examples(40))
    @given(cases(styles=WILD, smooth=True))
    def law(case: Case) -> None:
        assert_meaning_is_kept(case, [Bounds(), step])

    law()


@settings(max_examples=examples(120))
@given(cases(styles=WILD, smooth=True), st.lists(st.sampled_from(PASSES), min_size=2, max_size=7))
def test_a_random_pipeline_keeps_the_meaning(case: Case, passes: list[Pass]) -> None:
    assert_meaning_is_kept(case, [Bounds(), *passes])


@settings(max_examples=examples(60))
@given(cases(inexact=False), st.lists(st.sampled_from(PASSES), min_size=1, max_size=5))
def test_float_evaluation_is_the_same_after_passes(case: Case, passes: list[Pass]) -> None:
    seen = stages(problem_of(case), [Bounds(), *passes])
    points = points_of(case.box, case.rng, 4)
    before, after = evaluate(case.graph, {"x": points}), evaluate(seen[-1].graph, {"x": points})
    for name in set(before) & set(after):
        scale = max(1.0, *(float(b.largest()[0]) for b in seen[1].bounds.values()))
        assert np.allclose(before[name], after[name], rtol=0, atol=1e-9 * scale)


@settings(max_examples=examples(60))
@given(cases(styles=WILD, smooth=True))
def test_exact_evaluation_encloses_the_true_values_before_and_after_fusion(case: Case) -> None:
    for step in (AffineFusion(), AffineFusion(keep="none"), AffineFusion(keep="all")):
        after = stages(problem_of(case), [Bounds(), step])[-1]
        for point in points_of(case.box, case.rng, 2):
            true = exact_run(case.graph, point, wobbling(case.rng))
            for graph in (case.graph, after.graph):
                found = evaluate_exactly(graph, point)
                for name in set(found) & set(true):
                    for i, value in enumerate(true[name]):
                        low, high = found[name].bounds(i)
                        assert low <= value <= high, (name, i)


@settings(max_examples=examples(80))
@given(cases())
def test_after_stable_relu_every_neuron_under_a_relu_is_undecided(case: Case) -> None:
    after = stages(problem_of(case), [Bounds(), StableRelu()])[-1]
    for node in after.graph:
        if isinstance(node.op, Relu):
            known = after.of(node.operands[0])
            assert (known.lower < 0).all()
            assert (known.upper > 0).all()


@settings(max_examples=examples(80))
@given(cases())
def test_after_dominated_max_every_group_is_contested(case: Case) -> None:
    after = stages(problem_of(case), [Bounds(), DominatedMax()])[-1]
    for node in after.graph:
        if isinstance(node.op, Max):
            assert ((node.op.groups >= 0).sum(axis=1) > 1).all()


@settings(max_examples=examples(60))
@given(cases())
def test_the_record_counts_the_neurons_that_bounds_leave_undecided(case: Case) -> None:
    after, records = run(problem_of(case), [Bounds(), StableRelu(), DominatedMax()])
    relus = sum(node.size for node in after.graph if isinstance(node.op, Relu))
    members = sum(
        int((node.op.groups >= 0).sum()) for node in after.graph if isinstance(node.op, Max)
    )
    assert records[-1].unstable == relus
    assert records[-1].binaries == relus + members


@settings(max_examples=examples(60))
@given(cases())
def test_the_input_survives_every_pipeline_whole(case: Case) -> None:
    for step in (StableRelu(), DominatedMax(), DeadNeurons(), AffineFusion(keep="none")):
        after = stages(problem_of(case), [Bounds(), step])[-1]
        assert "x" in after.graph, f"{step.name} lost the input"
        assert after.graph["x"].size == case.graph["x"].size


@settings(max_examples=examples(30))
@given(cases(styles=WILD))
def test_an_exact_run_is_a_run(case: Case) -> None:
    for values in runs_of(case, 2):
        for node in case.graph:
            assert_states(node, [values[name] for name in node.operands], values[node.name])


def test_fusing_twice_gives_new_names_to_new_parts() -> None:
    """The first fusion keeps both neurons of z, the second one of them: not under one name."""
    box = Interval(np.zeros((1, 1)), np.ones((1, 1)))
    spread = DenseMap(np.array([[1.0], [-2.0]]))
    mix = DenseMap(np.array([[1.0, 1.0], [1.0, -1.0]]))
    nodes = [
        Node("x", Input(), (), 1),
        Node("z", Affine((spread,), np.ones(2)), ("x",), 2),
        Node("m", Max(np.array([[1, -1], [0, 1]])), ("a",), 2),
        Node("a", Affine((mix,), np.zeros(2)), ("z",), 2),
        Node("y", Affine((DenseMap(np.array([[0.0, 1.0]])),), np.zeros(1)), ("z",), 1),
    ]
    case = Case(Graph(nodes, ["z", "m", "y"]), box, 0)
    keep = AffineFusion(keep="all")
    assert_meaning_is_kept(case, [Bounds(), keep, DominatedMax(), DeadNeurons(), keep, keep])
