"""Linear programs over a part: what they prove holds, and nothing proves more; walks gain."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from checks import asked, instance, truth_of
from compact_problems import asked_of, compact_of, exact_values, inside, random_parts, rows_in
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import Case, cases, examples, points_of, thresholds

from mipc.numerics.interval import Interval
from mipc.search import Compact, higher, nearer
from mipc.search.climbing import steepest
from mipc.search.compact import Block, Level
from mipc.search.descent import descend, first_multipliers
from mipc.search.dual import Multipliers, rows_of, weigh
from mipc.search.parts import Parts
from mipc.search.relaxed import Relaxation, best_multipliers

SLACK = 1e-6
"""What a solver's tolerances may make of an optimum, in shares of the largest numbers."""


def bounded(dense: Compact, block: Block, part: Parts, multipliers: Multipliers) -> float:
    rows = rows_of(dense, block, multipliers.weights)
    return float(weigh(dense, rows, part, multipliers, look=False).bound[0])


@settings(max_examples=examples(100))
@given(cases(several_outputs=False), thresholds)
def test_no_point_of_a_part_passes_the_bound_of_a_linear_program(
    case: Case, margin: Fraction
) -> None:
    _, dense = asked_of(case, margin)
    if dense is None:
        return
    parts = random_parts(dense, case.rng, 3)
    for number in range(len(parts)):
        part = parts.take(np.array([number]))
        if not ((part.lower <= part.upper).all() and (part.low <= part.high).all()):
            continue
        for block in dense.disjuncts.values():
            best = best_multipliers(dense, block, part, first_multipliers(part, len(block.offset)))
            if best is None:
                continue
            bound = Fraction(bounded(dense, block, part, best[0]))
            for point in points_of(case.box, case.rng, 6):
                values, before = exact_values(dense, point)
                if inside(part, point, before).all():
                    assert min(row for row, _ in rows_in(block, values)) <= bound


@pytest.mark.parametrize("split", [False, True])
def test_no_multipliers_beat_those_of_the_linear_program(tmp_path: Path, split: bool) -> None:
    """On the whole region, and where half of the neurons are active or inactive."""
    solved = 0

    @settings(max_examples=examples(60), database=None)
    @given(st.integers(0, 2**32 - 1))
    def law(seed: int) -> None:
        nonlocal solved
        query = asked(instance(seed, "feasibility", "linf", Fraction(0)), tmp_path)
        dense = compact_of(query)
        if dense is None or not dense.neurons:
            return
        part, rng = dense.whole, np.random.default_rng(seed)
        if split:
            side = rng.random(part.lower.shape)
            lower = np.where(side < 0.25, np.maximum(part.lower, 0.0), part.lower)
            upper = np.where(side > 0.75, np.minimum(part.upper, 0.0), part.upper)
            part = Parts(lower, np.maximum(lower, upper), part.low, part.high)
        for block in dense.disjuncts.values():
            start = first_multipliers(part, len(block.offset))
            best = best_multipliers(dense, block, part, start)
            value = Relaxation.of(dense, block, part).highest()
            if best is None or value is None:
                continue
            solved += 1
            size = 1.0 + float(np.abs(block.weights).sum() + np.abs(block.offset).sum())
            bound = bounded(dense, block, part, best[0])
            assert bound == pytest.approx(value.value, abs=SLACK * size)
            assert bound <= descend(dense, block, part, start, 50).bound[0] + SLACK * size

    law()
    assert solved >= 20


def test_an_empty_part_is_proved_empty(tmp_path: Path) -> None:
    """Two neurons that are opposite to each other are not both active."""
    weights = np.array([[1.0, 2.0], [-1.0, -2.0]])
    dense = _by_hand(weights, offset=np.array([-0.125, -0.125]))
    part = Parts(np.zeros((1, 2)), np.full((1, 2), 3.0), -np.ones((1, 2)), np.ones((1, 2)))
    best = best_multipliers(dense, dense.disjuncts[0], part, first_multipliers(part, 1))
    assert best is not None
    assert bounded(dense, dense.disjuncts[0], part, best[0]) < 0


def _by_hand(weights: np.ndarray, offset: np.ndarray) -> Compact:
    """``2 + sum relu(weights @ x + offset)`` over the square of radius 1."""
    count, n = weights.shape
    reach = np.abs(weights).sum(axis=1)
    level = Level(weights, offset, np.zeros(count), "z", slice(0, count))
    rows = Block(np.concatenate([np.zeros((1, n)), np.ones((1, count))], axis=1), np.array([2.0]),
                 np.zeros(1))  # fmt: skip
    box = Interval(-np.ones(n), np.ones(n))
    return Compact({"x": slice(0, n)}, box, (level,), Interval(offset - reach, offset + reach),
                   {0: rows})  # fmt: skip


@settings(max_examples=examples(60))
@given(st.integers(0, 2**32 - 1))
def test_walks_gain_and_never_pass_the_optimum(tmp_path_factory, seed: int) -> None:
    case = instance(seed, "worst", "linf", Fraction(0))
    query = asked(case, tmp_path_factory.mktemp("walk"))
    dense = compact_of(query)
    if dense is None:
        return
    rng = np.random.default_rng(seed)
    point = dense.box.lower + rng.random(dense.inputs) * (dense.box.upper - dense.box.lower)
    most = float(truth_of(case).margin)
    for block in dense.disjuncts.values():
        last = float(steepest(dense, block, point[None])[0][0])
        for step in higher(dense, block, point):
            margin = float(steepest(dense, block, step[None])[0][0])
            assert margin >= last - SLACK
            assert margin <= most + SLACK
            last = margin
        if last >= 0:
            centre = (dense.box.lower + dense.box.upper) / 2
            before = np.inf
            for step in nearer(dense, block, centre, point, 0.0):
                assert steepest(dense, block, step[None])[0][0] >= -SLACK
                assert np.abs(step - centre).max() <= before + SLACK
                before = float(np.abs(step - centre).max())
