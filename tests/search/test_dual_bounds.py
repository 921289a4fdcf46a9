"""Whatever the multipliers, no point of a part passes a dual bound; lines lie over their ReLUs."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Literal

import numpy as np
import pytest
from compact_problems import asked_of, exact_values, inside, random_parts, rows_in
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from strategies import Case, cases, examples, points_of, thresholds

from mipc.numerics.domains import Ball, Domain
from mipc.numerics.interval import Interval
from mipc.properties.region import Sphere
from mipc.search import branch, dual, envelope, reduction, refine
from mipc.search.compact import Block, Compact
from mipc.search.descent import descend
from mipc.search.dual import Multipliers, rows_of, weigh
from mipc.search.envelope import Envelope, Tangents, envelope_over
from mipc.search.parts import Parts
from mipc.search.reduction import reduced
from mipc.search.refine import clipped, refined, tightened

PIECEWISE = cases(several_outputs=False)


def drawn(dense: Compact, parts: Parts, rows: int, rng: np.random.Generator) -> Multipliers:
    """Any multipliers at all."""
    shape = parts.lower.shape
    prices = rng.normal(size=shape) * rng.choice([0.0, 0.1, 10.0], shape)
    nothing = np.zeros((len(parts), 0))
    return Multipliers(
        rng.random(shape), prices, rng.integers(0, 3, shape) / 2.0,
        rng.integers(0, 3, (len(parts), rows)).astype(float), nothing, nothing,
    )  # fmt: skip


def lines_over(dense: Compact, parts: Parts, rng: np.random.Generator) -> Envelope | None:
    if not dense.levels:
        return None
    weights = dense.levels[0].weights
    return envelope_over(dense, weights * rng.random(weights.shape), parts.low, parts.high)


def exact_rows(dense: Compact, target: int, values: list[Fraction]) -> list[Fraction]:
    return [value for value, _ in rows_in(dense.disjuncts[target], values)]


def assert_bounds_hold(
    case: Case, margin: Fraction, *, points: int = 6, norm: Literal[1, 2] | None = None
) -> None:
    _query, dense = asked_of(case, margin)
    if dense is None:
        return
    rng = case.rng
    ball = None if norm is None else ball_in(dense, norm, rng)
    if ball is not None:
        (name,) = dense.parameters
        box = Interval(dense.box.lower[None], dense.box.upper[None])
        dense = replace(dense, cuts={name: Domain(box, ball)})
    parts = random_parts(dense, rng, 4)
    over = lines_over(dense, parts, rng) if rng.random() < 0.5 else None
    for target, block in dense.disjuncts.items():
        multipliers = drawn(dense, parts, len(block.offset), rng)
        found = weigh(
            dense, rows_of(dense, block, multipliers.weights), parts, multipliers, envelope=over
        )
        better = descend(dense, block, parts, multipliers, 5, envelope=over)
        for point in chosen_points(case, parts, points, ball):
            values, before = exact_values(dense, point)
            rows = exact_rows(dense, target, values)
            for place in np.flatnonzero(inside(parts, point, before)):
                weights = multipliers.weights[place].tolist()
                total = sum(Fraction(w) * row for w, row in zip(weights, rows, strict=True))
                assert total <= Fraction(float(found.bound[place]))
                weights = better.multipliers.weights[place].tolist()
                total = sum(Fraction(w) * row for w, row in zip(weights, rows, strict=True))
                assert total <= Fraction(float(better.bound[place]))


def ball_in(dense: Compact, norm: Literal[1, 2], rng: np.random.Generator) -> Ball:
    """A ball around a point of the box, that reaches out of it in places."""
    width = dense.box.upper - dense.box.lower
    centre = np.minimum(dense.box.lower + rng.random(dense.inputs) * width, dense.box.upper)
    radius = np.linalg.norm(width, norm) * rng.choice([0.0, 0.1, 0.5, 2.0])
    return Ball(norm, centre[None], np.array([radius]))


def chosen_points(
    case: Case, parts: Parts, count: int, ball: Ball | None = None
) -> list[np.ndarray]:
    """Points of the region, and corners of the parts; in a ball, moved there."""
    corners = np.where(case.rng.random(parts.low.shape) < 0.5, parts.low, parts.high)
    points = [*points_of(case.box, case.rng, count), *corners]
    if ball is None:
        return points
    sphere = Sphere(ball.norm, ball.centre[0], Fraction(float(ball.radius[0])))
    moved = [
        x for share in (1.0, 1.0 - 2.0**-40) for p in points for x in [sphere.pulled_in(p, share)]
    ]
    inner = [np.clip(x, parts.low.min(axis=0), parts.high.max(axis=0)) for x in moved]
    return [x for x in (*points, *inner) if sphere.contains(x)]


@settings(max_examples=examples(120))
@given(PIECEWISE, thresholds)
def test_no_point_of_a_part_passes_its_bound(case: Case, margin: Fraction) -> None:
    assert_bounds_hold(case, margin)


@settings(max_examples=examples(120))
@given(PIECEWISE, thresholds, st.sampled_from([1, 2]))
def test_no_point_of_a_part_of_a_ball_passes_its_bound(
    case: Case, margin: Fraction, norm: Literal[1, 2]
) -> None:
    assert_bounds_hold(case, margin, norm=norm)


def test_of_a_ball_a_bound_is_that_of_its_dual_norm() -> None:
    """One row ``w x`` over balls in the middle of a large box; and over a plane."""
    rng = np.random.default_rng(3)
    weights = rng.normal(size=(1, 6))
    box = Interval(np.full(6, -50.0), np.full(6, 50.0))
    none, centre = Interval(np.zeros(0), np.zeros(0)), rng.normal(size=6)
    rows = {0: dual_block(weights)}
    for norm, length in ((1, np.abs(weights).max()), (2, np.linalg.norm(weights))):
        cut = Domain(box, Ball(norm, centre[None], np.array([0.5])))
        dense = Compact({"x": slice(0, 6)}, box, (), none, rows, {"x": cut})
        found = branch(dense, try_point=lambda point: True, go_on=lambda *_: False)
        assert found.upper[0] == pytest.approx(float(weights[0] @ centre + 0.5 * length), rel=1e-6)


def dual_block(weights: np.ndarray) -> Block:
    """A row without offset."""
    return Block(weights, np.zeros(1), np.zeros(1))


def assert_refining_keeps_points(case: Case, margin: Fraction) -> None:
    """What is cut away holds no violation, and neurons stay in their intervals."""
    _query, dense = asked_of(case, margin)
    if dense is None:
        return
    rng = case.rng
    parts = random_parts(dense, rng, 4)
    smaller, filled = refined(dense, parts, len(dense.levels))
    tight = tightened(dense, dense.whole, 3)
    for target, block in dense.disjuncts.items():
        multipliers = drawn(dense, parts, len(block.offset), rng)
        rows = rows_of(dense, block, multipliers.weights)
        cut = clipped(parts, weigh(dense, rows, parts, multipliers))
        for point in chosen_points(case, parts, 6):
            values, before = exact_values(dense, point)
            assert inside(tight, point, before).all()
            where = inside(parts, point, before)
            assert filled[where].all()
            assert inside(smaller.take(where), point, before).all()
            if min(exact_rows(dense, target, values)) >= 0:
                assert inside(cut.take(where), point, before).all()


@settings(max_examples=examples(100))
@given(PIECEWISE, thresholds)
def test_refining_and_clipping_keep_every_violation(case: Case, margin: Fraction) -> None:
    assert_refining_keeps_points(case, margin)


def assert_reduction_keeps_values(case: Case, margin: Fraction) -> None:
    """On a part, what is left says of every row what the whole did, up to its slack."""
    _, dense = asked_of(case, margin)
    if dense is None:
        return
    parts = random_parts(dense, case.rng, 3)
    for number in range(len(parts)):
        part = parts.take(np.array([number]))
        if not ((part.lower <= part.upper).all() and (part.low <= part.high).all()):
            continue
        small, kept = reduced(dense, part)
        for point in chosen_points(case, part, 4):
            values, before = exact_values(dense, point)
            if not inside(part, point, before).all():
                continue
            n = dense.inputs
            left = [*values[:n], *(values[n + neuron] for neuron in kept.tolist())]
            wanted = [before[neuron] for neuron in kept.tolist()]
            rows = [
                row
                for level in small.levels
                for row in rows_in(level, left[: level.weights.shape[1]])
            ]
            pairs = list(zip(wanted, rows, strict=True))
            for target, block in dense.disjuncts.items():
                exact = exact_rows(dense, target, values)
                pairs += zip(exact, rows_in(small.disjuncts[target], left), strict=True)
                assert (small.disjuncts[target].slack >= block.slack).all()
            for exact_value, (value, slack) in pairs:
                assert abs(exact_value - value) <= slack


@settings(max_examples=examples(80))
@given(PIECEWISE, thresholds)
def test_a_reduced_problem_says_the_same(case: Case, margin: Fraction) -> None:
    assert_reduction_keeps_values(case, margin)


@settings(max_examples=examples(60))
@given(PIECEWISE)
def test_lines_lie_over_their_relus(case: Case) -> None:
    _, dense = asked_of(case, Fraction(0))
    if dense is None or not dense.levels:
        return
    rng = case.rng
    level = dense.levels[0]
    box = dense.box
    open_ = np.arange(len(level.offset))
    here = Tangents(dense, box.lower, box.upper, open_).at(
        box.lower + rng.random(len(box.lower)) * (box.upper - box.lower)
    )
    for slope in (here.T.astype(float), rng.normal(size=level.weights.shape)):
        over = envelope_over(dense, slope, box.lower[None], box.upper[None])
        for point in points_of(case.box, rng, 6):
            _, before = exact_values(dense, point)
            x = [Fraction(v) for v in point.tolist()]
            lines = zip(slope.tolist(), over.offset[0].tolist(), before, strict=False)
            for row, height, z in lines:
                line = sum((Fraction(g) * v for g, v in zip(row, x, strict=True)), Fraction(height))
                assert max(z, Fraction(0)) <= line


def test_a_tangent_touches_the_envelope_where_it_was_taken() -> None:
    """relu(x + y - 1) on the unit square: its concave envelope is min(x, y)."""
    from mipc.numerics.interval import Interval
    from mipc.search.compact import Level

    level = Level(np.array([[1.0, 1.0]]), np.array([-1.0]), np.zeros(1), "z", slice(0, 1))
    square = Interval(np.zeros(2), np.ones(2))
    dense = Compact({"x": slice(0, 2)}, square, (level,), Interval(-np.ones(1), np.ones(1)), {})
    for x, y in ((0.25, 0.75), (0.75, 0.25), (0.9, 0.8)):
        slope = Tangents(dense, np.zeros(2), np.ones(2), np.array([0])).at(np.array([x, y])).T
        over = envelope_over(dense, slope.astype(float), np.zeros((1, 2)), np.ones((1, 2)))
        assert float(slope[0] @ [x, y] + over.offset[0, 0]) == pytest.approx(min(x, y))


BUGS = {
    "the inner maximum forgets 0": (
        dual, "_most",
        lambda rho, mu, lower, upper: (
            np.maximum(rho * np.maximum(lower, 0.0) - mu * lower,
                       rho * np.maximum(upper, 0.0) - mu * upper), lower),
        "bounds",
    ),
    "lines are not raised over the neuron": (
        envelope, "up", lambda x: x - 1e-3 * np.abs(x), "bounds",
    ),
    "boxes are clipped too far": (
        refine, "up", lambda x: 0.5 * np.asarray(x), "refining",
    ),
    "a bound of the first level is moved inward": (
        refine, "_first",
        lambda compact, level, low, high: (level.offset + low @ np.maximum(level.weights, 0.0).T,
                                           level.offset + high @ np.maximum(level.weights, 0.0).T),
        "refining",
    ),
    "a reduced problem has no slack for rounding": (
        reduction, "up", lambda x: 0.0 * np.asarray(x), "reduction",
    ),
}  # fmt: skip
LAWS = {
    "bounds": assert_bounds_hold, "refining": assert_refining_keeps_points,
    "reduction": assert_reduction_keeps_values,
}  # fmt: skip


@pytest.mark.parametrize("name", BUGS)
def test_planted_bugs_are_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, attribute, wrong, law = BUGS[name]
    monkeypatch.setattr(module, attribute, wrong)
    check = LAWS[law]

    @settings(max_examples=400, database=None, derandomize=True, phases=[Phase.generate])
    @given(PIECEWISE, st.sampled_from([Fraction(0), Fraction(-1, 2)]))
    def run(case: Case, margin: Fraction) -> None:
        check(case, margin)

    with pytest.raises((AssertionError, ExceptionGroup)):
        run()
