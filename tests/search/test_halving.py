"""Halving a region: what it closes holds no violation, and a part left out would be noticed."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from checks import query_of
from hypothesis import given, settings
from strategies import Case, cases, examples, points_of, thresholds

from mipc.errors import RangeError
from mipc.properties.query import Query
from mipc.search import Halving, can_halve, halve, halving
from mipc.semantics.evaluate import evaluate

LIMIT = 40
"""Batches of parts."""


def search(query: Query) -> Halving | None:
    """A search that never ends at a point, over a few batches."""
    (case,) = query.cases
    if not can_halve(case):
        return None
    targets = tuple(disjunct.number for disjunct in case.disjuncts)
    count = iter(range(LIMIT))
    try:
        return halve(
            case,
            targets,
            try_point=lambda point: False,
            go_on=lambda done, waiting: next(count, None) is not None,
        )
    except RangeError:
        return None


def assert_no_run_passes(query: Query, box_case: Case, found: Halving) -> None:
    """Where every part is closed, sampled margins stay below what the search says."""
    points = points_of(box_case.box, box_case.rng, 60)
    try:
        values = evaluate(query.graph, {query.graph.inputs[0].name: points})
    except RangeError:
        return
    for target, upper in found.upper.items():
        margins = values[f"violation#{target}"].min(axis=1)
        assert upper < 0
        assert margins.max() <= upper + 1e-9 * max(1.0, np.abs(margins).max())


@settings(max_examples=examples(80))
@given(cases(smooth=True, several_outputs=False, inexact=False), thresholds)
def test_no_run_violates_where_every_part_is_closed(case: Case, margin: Fraction) -> None:
    query = query_of(case, margin, "feasibility")
    found = search(query)
    if found is not None and found.complete:
        assert_no_run_passes(query, case, found)


def test_a_search_that_forgets_half_of_a_box_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = halving._Parts.halved

    def wrong(parts: halving._Parts, along: np.ndarray) -> halving._Parts:
        return right(parts, along).take(slice(0, len(parts)))

    monkeypatch.setattr(halving._Parts, "halved", wrong)
    law = settings(max_examples=400, database=None, derandomize=True)(
        given(cases(several_outputs=False, inexact=False), thresholds)(
            test_no_run_violates_where_every_part_is_closed.hypothesis.inner_test
        )
    )
    with pytest.raises((AssertionError, ExceptionGroup)):
        law()


@settings(max_examples=examples(50))
@given(cases(several_outputs=False, inexact=False))
def test_both_halves_cover_a_box(case: Case) -> None:
    rng = case.rng
    lower, upper = case.box.lower, case.box.upper
    parts = halving._Parts(lower, upper)
    along = rng.integers(0, lower.shape[1], 1)
    halves = parts.halved(along)
    assert len(halves) == 2
    for point in points_of(case.box, rng, 20):
        inside = (halves.lower <= point) & (point <= halves.upper)
        assert inside.all(axis=1).any()


@settings(max_examples=examples(30))
@given(cases(several_outputs=False, inexact=False))
def test_a_search_that_a_point_ends_closes_nothing(case: Case) -> None:
    query = query_of(case, Fraction(-(10**9)), "feasibility")  # every point violates
    (whole,) = query.cases
    if can_halve(whole):
        targets = tuple(disjunct.number for disjunct in whole.disjuncts)
        found = halve(whole, targets, try_point=lambda point: True, go_on=lambda *_: True)
        assert not found.complete
