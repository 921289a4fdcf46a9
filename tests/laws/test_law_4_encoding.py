"""Law 4: every run of the network is a point of the model, and every point of it replays."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from checks import assert_runs_are_feasible, bounds_of, query_of
from exact_runs import still, wobbling
from feasible_points import (
    assert_feasible,
    followed,
    formulation_of,
    margin_of,
    point_of,
    query_run,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import WILD, Case, cases, examples, points_of, thresholds

from mipc.compile import compile_query
from mipc.errors import RangeError
from mipc.milp.solution import Status
from mipc.numerics.products import FAST
from mipc.passes import DEFAULT, Pass
from mipc.passes.affine_fusion import AffineFusion
from mipc.passes.bounds import Bounds
from mipc.passes.envelopes import Envelopes
from mipc.passes.stable_relu import StableRelu
from mipc.properties.query import Objective, Query
from mipc.semantics.evaluate import evaluate
from mipc.solvers.base import Limits
from mipc.solvers.highs import Highs

PIPELINES: dict[str, tuple[Pass, ...]] = {
    "default": DEFAULT,
    "bounds only": (Bounds(),),
    "intervals only": (Bounds(method="interval"),),
    "no fusion": DEFAULT[:-1],
    "keep all": (*DEFAULT[:-1], AffineFusion(keep="all")),
    "keep none": (*DEFAULT[:-1], AffineFusion(keep="none")),
    "cells": (Bounds(), StableRelu(), Envelopes(cells=3)),
    "fast": (Bounds(products="fast"), StableRelu(), AffineFusion()),
}

pipelines = st.sampled_from(sorted(PIPELINES))
objectives = st.sampled_from(["feasibility", "closest", "worst", "worst"])
norms = st.sampled_from(["linf", "l1"])
wishes = st.sampled_from([None, (1,), (2,), (1, 2), (2, 1)])


@pytest.mark.parametrize("passes", PIPELINES.values(), ids=PIPELINES)
def test_every_run_is_a_feasible_point(passes: tuple[Pass, ...]) -> None:
    @settings(max_examples=examples(50))
    @given(
        cases(styles=WILD, smooth=True, several_outputs=False),
        thresholds,
        objectives,
        norms,
        wishes,
        st.booleans(),
    )
    def law(case, margin, objective, norm, targets, combine) -> None:  # type: ignore[no-untyped-def]
        query = query_of(case, margin, objective, norm, targets)
        assert_runs_are_feasible(query, passes, combine, case)

    law()


@settings(max_examples=examples(60))
@given(cases(smooth=True, several_outputs=False), pipelines, objectives, st.booleans())
def test_a_run_at_an_exact_tie_is_a_feasible_point(
    case: Case, pipeline: str, objective: Objective, combine: bool
) -> None:
    """The threshold is the very margin of some run, a rational or not a float64 at all."""
    if bounds_of(case.graph, case.box, "interval", FAST) is None:
        return
    rng = case.rng
    point = points_of(case.box, rng, 3)[2]
    wobble = wobbling(rng)
    before = query_of(case, Fraction(0))
    margin, target = margin_of(before, query_run(before, point, wobble), (1, 2))
    query = query_of(case, margin, objective)
    values = query_run(query, point, lambda *_: Fraction(0))
    best, _ = margin_of(query, values, (1, 2))
    targets = (1, 2) if combine else (target,)
    try:
        formulation, seen = formulation_of(query, PIPELINES[pipeline], targets)
    except RangeError:
        return
    if margin_of(query, values, targets)[0] >= 0 or objective == "worst":
        values = followed(seen, values)
        assert_feasible(formulation.model, point_of(query, formulation, seen[-1], values))
    assert all(isinstance(best, Fraction) for best in [best])


@pytest.mark.parametrize("objective", ["feasibility", "closest", "worst"])
def test_every_point_a_solver_finds_replays(highs: Highs, objective: Objective) -> None:
    @settings(max_examples=examples(40))
    @given(
        cases(styles=("integer", "eighths", "float32"), inexact=False, several_outputs=False),
        thresholds, norms, wishes, pipelines, st.booleans(),
    )  # fmt: skip
    def law(case, margin, norm, targets, pipeline, combine) -> None:  # type: ignore[no-untyped-def]
        query = query_of(case, margin, objective, norm, targets)
        assert_points_replay(query, PIPELINES[pipeline], combine, highs)

    law()


def assert_points_replay(query: Query, passes: Sequence[Pass], combine: bool, highs: Highs) -> None:
    """The network at the lifted input has the margin and the distance that the model says."""
    try:
        compiled = compile_query(query, passes, combine=combine, all_disjuncts=True)
    except RangeError:
        return
    for formulation, problem in zip(compiled.formulations, compiled.problems, strict=True):
        claim = highs.solve(formulation.model, Limits(seconds=20))
        if claim.values is None:
            assert_no_run_would_do(query, formulation.targets, claim.status)
            continue
        scale = max(1.0, *(float(known.largest()[0]) for known in problem.bounds.values()))
        # a binary may be off by 1e-6 and is multiplied by bounds, once a layer
        close = (1e-5 if scale < 1e4 else 1e-4) * scale
        (x,) = formulation.layout.lift(claim.values).values()
        values = evaluate(query.graph, {query.graph.inputs[0].name: x[None, :]})
        margin = max(float(values[f"violation#{t}"].min()) for t in formulation.targets)
        place = formulation.layout.places("margin")
        said = np.ldexp(claim.values[place], formulation.layout.exponents[place])[0]
        assert said <= margin + close
        if query.objective == "worst" and claim.status is Status.OPTIMAL:
            assert abs(said - margin) <= close
        if query.objective == "closest":
            assert query.centre is not None
            gaps = np.abs(x - query.centre)
            reached = gaps.max() if query.norm == "linf" else gaps.sum()
            assert claim.objective is not None
            assert claim.objective >= reached - close


def assert_no_run_would_do(query: Query, targets: tuple[int, ...], status: Status) -> None:
    """A solver that finds nothing is right at least about the points we look at."""
    assert status in (Status.INFEASIBLE, Status.STOPPED, Status.UNKNOWN)
    assert query.objective != "worst" or status is not Status.INFEASIBLE
    if status is Status.INFEASIBLE:
        box = query.region.interval
        for point in points_of(box, np.random.default_rng(0), 8):
            best, _ = margin_of(query, query_run(query, point, still), targets)
            assert best < Fraction(1, 10**5)


@settings(max_examples=examples(30))
@given(cases(several_outputs=False), st.booleans())
def test_the_layout_names_every_column_once(case: Case, combine: bool) -> None:
    compiled = compile_query(query_of(case, Fraction(0)), combine=combine, all_disjuncts=True)
    for formulation in compiled.formulations:
        named = [
            f"{block.stem}_{i}"
            for block in formulation.layout.blocks
            for i in range(len(block.neurons))
        ]
        assert named == formulation.model.columns.texts()
        assert len(set(named)) == len(named)
        binaries = [b for b in formulation.layout.blocks
                    if b.role in ("phase of relu", "choice of max", "selector")]  # fmt: skip
        assert sum(len(b.neurons) for b in binaries) == formulation.model.integer.sum()
