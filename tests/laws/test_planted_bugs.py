"""Bugs put into mipc on purpose: each law has to notice those that break it.

A law that notices nothing proves nothing. Each bug is patched in, the law is run on its usual
random cases, and has to fail, by its own assertion or by a promise of mipc to itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checks import (
    asked,
    assert_holds,
    assert_meaning_is_kept,
    assert_right,
    assert_runs_are_feasible,
    bounds_of,
    instance,
    query_of,
    skip,
    truth_of,
)
from hypothesis import strategies as st
from planting import Patch, notices, planted
from strategies import Case, cases

from mipc import verify
from mipc.ir.ops import Affine, Relu
from mipc.milp.model import ModelBuilder
from mipc.milp.solution import Solution, Status
from mipc.numerics.interval import Interval
from mipc.numerics.products import FAST
from mipc.numerics.windows import Rows
from mipc.passes import DEFAULT, affine_fusion, stable_relu
from mipc.passes.affine_fusion import AffineFusion
from mipc.passes.bounds import Bounds
from mipc.passes.stable_relu import StableRelu
from mipc.properties.requirements import ArgMax
from mipc.semantics import bounds as bounds_module
from mipc.semantics import encode, linear
from mipc.solvers.base import Limits
from mipc.solvers.highs import Highs


def bounds_hold(case: Case) -> None:
    found = bounds_of(case.graph, case.box, "backward", FAST)
    if found is not None:
        assert_holds(case.graph, case.box, found, case.rng)


def runs_are_feasible(case: Case) -> None:
    assert_runs_are_feasible(query_of(case, Fraction(0)), DEFAULT, False, case)


def test_where_no_bug_is_planted_nothing_is_noticed() -> None:
    assert not notices(cases(), bounds_hold, 50)
    assert not notices(cases(several_outputs=False), runs_are_feasible, 50)


def half_the_upper_bound(patch: Patch) -> None:
    right = bounds_module.interval

    def wrong(node: Any, operands: Any, products: Any, batch: int = 1) -> Interval:
        found = right(node, operands, products, batch)
        upper = found.upper.copy()
        upper[:, 0] = np.maximum(upper[:, 0] / 2, found.lower[:, 0])
        return Interval(found.lower, upper)

    patch.setattr(bounds_module, "interval", wrong)


def shrink_the_bounds(patch: Patch) -> None:
    """By one thousandth of their width."""
    right = bounds_module.interval

    def wrong(node: Any, operands: Any, products: Any, batch: int = 1) -> Interval:
        found = right(node, operands, products, batch)
        less = 1e-3 * (found.upper - found.lower)
        return Interval(found.lower, found.upper - less)

    patch.setattr(bounds_module, "interval", wrong)


def lower_the_chord(patch: Patch) -> None:
    right = linear.relu_lines

    def wrong(known: Interval) -> Any:
        lines = right(known)
        return replace(lines, upper_offset=lines.upper_offset * 0.75)

    patch.setattr(linear, "relu_lines", wrong)


def steepen_the_line_below(patch: Patch) -> None:
    """An undecided neuron is taken for an active one."""
    right = linear.relu_lines

    def wrong(known: Interval) -> Any:
        lines = right(known)
        return replace(lines, lower_slope=np.where(lines.undecided, 1.5, lines.lower_slope))

    patch.setattr(linear, "relu_lines", wrong)


def forget_the_stated_error(patch: Patch) -> None:
    for module in (linear, bounds_module.interval.__globals__):
        where = module if isinstance(module, dict) else vars(module)
        patch.setitem(where, "affine_slack", lambda op, largest: np.zeros((1, len(op.offset))))


@pytest.mark.parametrize(
    "plant",
    [half_the_upper_bound, shrink_the_bounds, lower_the_chord, steepen_the_line_below,
     forget_the_stated_error],
)  # fmt: skip
def test_bounds_that_are_too_tight_are_noticed(plant: Callable[[Patch], None]) -> None:
    with planted(plant):
        assert notices(cases(), bounds_hold)


def test_a_window_that_reads_beyond_the_edge_is_noticed() -> None:
    from test_law_3_bounds import test_windows_of_stacked_convolutions_hold as law

    def plant(patch: Patch) -> None:
        patch.setattr(Rows, "look", lambda rows, neurons: _careless(rows, neurons))

    right = Rows.look

    def _careless(rows: Rows, neurons: np.ndarray) -> np.ndarray:
        """Beyond the edge lies the first neuron instead of nothing."""
        found = right(rows, neurons)
        if rows.window is None:
            return found
        outside = rows.window.cells[rows.window.position] >= neurons.shape[1]
        return np.where(outside, neurons[:1, :1], found)

    inner = law.hypothesis.inner_test  # type: ignore[attr-defined]
    drawn = st.tuples(st.integers(0, 2**32 - 1), st.just(6), st.just(2), st.just("relu"),
                      st.just(False))  # fmt: skip
    with planted(plant):
        assert notices(drawn, lambda arguments: inner(*arguments), 40)


def swap_active_and_inactive(patch: Patch) -> None:
    right = stable_relu._split
    patch.setattr(
        stable_relu, "_split",
        lambda node, before, active, undecided: right(
            node, before, ~active & ~undecided, undecided
        ),
    )  # fmt: skip


def drop_undecided_neurons(patch: Patch) -> None:
    """All that is not active is taken for inactive."""
    right = stable_relu._split
    patch.setattr(
        stable_relu, "_split",
        lambda node, before, active, undecided: right(
            node, before, active, undecided & False
        ),
    )  # fmt: skip


def forget_the_rounding(patch: Patch) -> None:
    """Fusion multiplies floats and says it did not round."""
    right = affine_fusion._Walk.rebuilt

    def wrong(walk: Any) -> Any:
        for rows in walk.rows.values():
            rows.radius = rows.radius * 0
        return right(walk)

    patch.setattr(affine_fusion._Walk, "rebuilt", wrong)


@pytest.mark.parametrize(
    ("plant", "step"),
    [
        (swap_active_and_inactive, StableRelu()),
        (drop_undecided_neurons, StableRelu()),
        (forget_the_rounding, AffineFusion(keep="none")),
    ],
)
def test_passes_that_change_the_meaning_are_noticed(
    plant: Callable[[Patch], None], step: Any
) -> None:
    def meaning_is_kept(case: Case) -> None:
        assert_meaning_is_kept(case, [Bounds(), step])

    with planted(plant):
        assert notices(cases(), meaning_is_kept)


def flip_rows_named(stem: str) -> Callable[[Patch], None]:
    def plant(patch: Patch) -> None:
        right = ModelBuilder.at_most

        def wrong(builder: Any, name: str, expr: Any, bound: Any = 0.0) -> None:
            if name.startswith(stem):
                expr, bound = -expr, -np.asarray(bound, float)
            right(builder, name, expr, bound)

        patch.setattr(ModelBuilder, "at_most", wrong)

    return plant


def drop_the_second_bias(patch: Patch) -> None:
    right = encode._Coder.affine

    def wrong(coder: Any, node: Any, op: Affine, number: int) -> None:
        later = any(isinstance(coder.graph[name].op, Relu) for name in node.operands)
        right(coder, node, replace(op, offset=op.offset * 0) if later else op, number)

    patch.setattr(encode._Coder, "affine", wrong)


def tighten_the_big_number(patch: Patch) -> None:
    """The coefficient of a binary loses a thousandth."""
    right = ModelBuilder.binaries

    def wrong(builder: Any, stem: str, count: int) -> Any:
        return right(builder, stem, count).scale(0.999)

    patch.setattr(ModelBuilder, "binaries", wrong)


def round_coefficients(patch: Patch) -> None:
    """To six digits, as some writers do."""
    right = ModelBuilder.build

    def wrong(builder: Any) -> Any:
        model = right(builder)
        matrix = model.matrix.copy()
        matrix.data = np.array([float(f"{v:.6g}") for v in matrix.data])
        return replace(model, matrix=matrix)

    patch.setattr(ModelBuilder, "build", wrong)


@pytest.mark.parametrize(
    "plant",
    [flip_rows_named("above"), flip_rows_named("below"), flip_rows_named("phase"),
     flip_rows_named("margin"), drop_the_second_bias, tighten_the_big_number, round_coefficients,
     swap_active_and_inactive, half_the_upper_bound],
    ids=["above", "below", "phase", "margin", "bias", "big number", "digits", "swap", "half"],
)  # fmt: skip
def test_models_that_leave_out_runs_are_noticed(plant: Callable[[Patch], None]) -> None:
    with planted(plant):
        assert notices(cases(several_outputs=False), runs_are_feasible)


def drop_a_disjunct(patch: Patch) -> None:
    right = ArgMax.disjuncts
    patch.setattr(ArgMax, "disjuncts", lambda self, classes: right(self, classes)[:1])


def ask_about_another_label(patch: Patch) -> None:
    right = ArgMax.disjuncts

    def wrong(self: ArgMax, classes: int) -> Any:
        return right(ArgMax(1, (0,), self.margin), classes)

    patch.setattr(ArgMax, "disjuncts", wrong)


class Liar:
    """A solver that says one thing about every model."""

    name = "liar"

    def __init__(self, status: Status) -> None:
        self.status = status

    def solve(self, model: Any, limits: Limits) -> Solution:
        middle = np.where(model.integer, 0.0, (model.lower + model.upper) / 2)
        point = middle if self.status is Status.OPTIMAL else None
        value = None if point is None else float(model.objective @ point)
        return Solution(self.status, value, value, point, 0.0, "a lie")


def verdicts(solver: Any, folder: Path, objective: str) -> Callable[[int], None]:
    """Law 8 at a comfortable distance from ties."""

    def law(seed: int) -> None:
        case = instance(seed, objective, "linf", Fraction(-1, 8))
        query = asked(case, folder)
        with pytest.MonkeyPatch.context() as patch:
            skip(patch, "attack", "halving", "branching")  # which find what a wrong file hides
            answer = verify(query, solver=solver, timeout=60)
        assert_right(replace(answer, margin=None, distance=None), truth_of(case), query)

    return law


@pytest.mark.parametrize(
    "plant", [drop_a_disjunct, ask_about_another_label, half_the_upper_bound,
              swap_active_and_inactive, flip_rows_named("above"), drop_the_second_bias],
    ids=["disjunct", "label", "half", "swap", "above", "bias"],
)  # fmt: skip
def test_wrong_verdicts_are_noticed(
    plant: Callable[[Patch], None], highs: Highs, tmp_path: Path
) -> None:
    seeds, law = st.integers(0, 2**32 - 1), verdicts(highs, tmp_path, "feasibility")
    with planted(plant):
        assert notices(seeds, law, 300)


def test_a_solver_that_calls_everything_infeasible_is_noticed(tmp_path: Path) -> None:
    law = verdicts(Liar(Status.INFEASIBLE), tmp_path, "feasibility")
    assert notices(st.integers(0, 2**32 - 1), law, 200)


@pytest.mark.parametrize("objective", ["feasibility", "closest"])
def test_a_solver_that_invents_points_never_makes_a_wrong_verdict(
    tmp_path: Path, objective: str
) -> None:
    """Replay stands between a solver's point and "violated"."""
    law = verdicts(Liar(Status.OPTIMAL), tmp_path, objective)
    assert not notices(st.integers(0, 2**32 - 1), law, 60)
