"""Branching: what it closes holds no violation; what is lost does not count as closed."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from checks import asked, instance, truth_of
from compact_problems import asked_of, compact_of, exact_margins, random_parts
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from small_networks import boxed, dense_network
from strategies import Case, cases, examples, thresholds

from mipc.errors import TimeUp
from mipc.search import Branched, Compact, bounding, branch, branching, choice
from mipc.search.branching import Branching
from mipc.search.descent import first_multipliers
from mipc.search.progress import Leaf
from mipc.search.store import Opened, Store

ROUNDS = 30


def decided(dense: Compact, **choices: object) -> Branched:
    """A search that no point ends, over a few rounds."""
    count = iter(range(ROUNDS))
    return branch(
        dense,
        try_point=lambda point: False,
        go_on=lambda done, waiting, bound: next(count, None) is not None,
        **choices,  # type: ignore[arg-type]
    )


def assert_closed_is_true(case: Case, margin: Fraction) -> None:
    query, dense = asked_of(case, margin)
    if dense is None:
        return
    found = decided(dense)
    for margins in exact_margins(query, case, 12):
        for target, exact in margins.items():
            if target in found.closed:
                assert exact < 0
            else:
                assert exact <= max(Fraction(found.upper[target]), Fraction(0)) or not np.isfinite(
                    found.upper[target]
                )


@settings(max_examples=examples(60))
@given(cases(several_outputs=False), thresholds)
def test_no_run_violates_what_is_closed(case: Case, margin: Fraction) -> None:
    assert_closed_is_true(case, margin)


NUDGES = [Fraction(0), Fraction(1, 2**20), Fraction(-1, 2**20), Fraction(1, 2**40)]


@pytest.mark.parametrize("halves", [True, False])
def test_what_is_closed_agrees_with_brute_force(
    tmp_path: Path, halves: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the threshold is the largest margin there is, or a hair beside it."""
    monkeypatch.setattr(bounding, "FEW_NEURONS" if halves else "FEW_INPUTS", 0)
    closed = clear = 0

    @settings(max_examples=examples(50), database=None)
    @given(st.integers(0, 2**32 - 1), st.sampled_from([*NUDGES, Fraction(1, 50)]))
    def law(seed: int, nudge: Fraction) -> None:
        nonlocal closed, clear
        case = instance(seed, "feasibility", "linf", nudge)
        query = asked(case, tmp_path)
        dense = compact_of(query)
        if dense is None:
            return
        found = decided(dense)
        margin = truth_of(case).margin
        if len(found.closed) == len(query.disjuncts):
            assert margin < 0
            closed += 1
        if margin < Fraction(-1, 1000):
            clear += 1
            assert len(found.closed) == len(query.disjuncts)

    law()
    assert clear >= 10
    assert closed >= clear


def deep(tmp_path: Path, widths: list[int], seed: int) -> Compact:
    """A random network and a question that bounds leave open, in its compact form."""
    rng = np.random.default_rng(seed)
    layers = [
        (rng.normal(size=(m, n)) / np.sqrt(n), rng.normal(size=m) * 0.1)
        for n, m in itertools.pairwise(widths)
    ]
    network = dense_network(tmp_path / f"deep{seed}.onnx", layers)
    query = boxed(network, [-1.0] * widths[0], [1.0] * widths[0], margin=Fraction(3, 4))
    dense = compact_of(query)
    assert dense is not None
    return dense


@pytest.mark.parametrize("widths", [[5, 24, 3], [4, 12, 12, 3], [3, 8, 8, 8, 2]])
@pytest.mark.parametrize(("halves", "few"), [(True, 0), (True, 12), (False, 12)])
def test_networks_that_bounds_leave_open_are_decided(
    tmp_path: Path, widths: list[int], halves: bool, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One dense level goes by envelopes, deeper ones by descent; leaves cover the region.

    Of few inputs boxes are halved, until few neurons are undecided.
    """
    if not halves:
        monkeypatch.setattr(bounding, "FEW_INPUTS", 0)
    monkeypatch.setattr(bounding, "FEW_NEURONS", few)
    split = 0
    for seed in range(4):
        dense = deep(tmp_path, widths, seed)
        leaves: list[Leaf] = []
        rng = np.random.default_rng(seed)
        points = dense.box.lower + rng.random((200, widths[0])) * 2
        values, before = dense.values(points)
        found = decided(dense, watch=leaves.append)
        split += found.parts
        for target, block in dense.disjuncts.items():
            margins = (values[:, : block.weights.shape[1]] @ block.weights.T + block.offset).min(1)
            if target in found.closed:
                assert margins.max() < 0
                mine = [leaf for leaf in leaves if leaf.target == target]
                assert halves or _covered(mine, before)
            else:
                assert found.upper[target] >= 0
    assert split > 0


def _covered(leaves: list[Leaf], before: np.ndarray) -> bool:
    """Whether each point has the phases of some leaf."""
    hit = np.zeros(len(before), dtype=bool)
    for leaf in leaves:
        fits = np.ones(len(before), dtype=bool)
        for split, side in leaf.phases:
            fits &= before[:, split] >= 0 if side else before[:, split] <= 0
        hit |= fits
    return bool(hit.all())


@pytest.mark.parametrize("halves", [True, False])
def test_a_part_that_time_took_away_is_not_closed(
    tmp_path: Path, halves: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounding, "FEW_NEURONS" if halves else "FEW_INPUTS", 0)
    dense = deep(tmp_path, [4, 12, 12, 3], 1)

    def interrupted(opened: Opened, of: object = None) -> Opened:
        raise TimeUp("now")

    monkeypatch.setattr(choice if halves else branching, "split", interrupted)
    found = decided(dense)
    assert len(found.closed) < len(dense.disjuncts)
    open_ones = set(dense.disjuncts) - found.closed
    assert all(found.upper[target] >= 0 for target in open_ones)


def test_a_violation_is_climbed_for(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    layers = [
        (rng.normal(size=(20, 5)), rng.normal(size=20)),
        (rng.normal(size=(3, 20)), np.zeros(3)),
    ]
    query = boxed(dense_network(tmp_path / "n.onnx", layers), [-1.0] * 5, [1.0] * 5)
    dense = compact_of(query)
    assert dense is not None
    points = []
    branch(dense, try_point=lambda point: points.append(point) is None)
    (point,) = points
    values, _ = dense.values(point["x"][None])
    assert max(
        (values[:, : b.weights.shape[1]] @ b.weights.T + b.offset).min()
        for b in dense.disjuncts.values()
    ) >= 0  # fmt: skip


@settings(max_examples=examples(30))
@given(cases(several_outputs=False, inexact=False), st.integers(0, 10))
def test_a_store_gives_back_what_it_was_given_rounded_outward(case: Case, small: int) -> None:
    _, dense = asked_of(case, Fraction(0))
    if dense is None:
        return
    parts = random_parts(dense, case.rng, 9)
    bound = case.rng.normal(size=9)
    opened = Opened(
        bound, parts, first_multipliers(parts, 1), [((number, True),) for number in range(9)],
        np.arange(9),
    )  # fmt: skip
    store = Store(most=small)
    store.add(opened)
    order = []
    while len(store):
        assert store.largest == max(b for i, b in enumerate(bound) if i not in order)
        one = store.pop(2)
        order += one.split.tolist()
        was = opened.take(one.split)
        assert one.phases == was.phases
        assert (one.parts.lower <= was.parts.lower).all()
        assert (one.parts.upper >= was.parts.upper).all()
        assert (one.parts.low <= was.parts.low).all()
        assert (one.parts.high >= was.parts.high).all()
        assert np.allclose(one.parts.low, was.parts.low, rtol=1e-6)
    assert sorted(order) == list(range(9))
    if small == 0:  # no memory at all: the latest come first
        assert order[0] == 8


BUGS = {
    "a child is forgotten": (
        branching, "split",
        lambda right: lambda opened: right(opened).take(np.arange(len(opened))),
    ),
    "a half is forgotten": (
        branching, "halved", lambda right: lambda *a: _every_other(*right(*a)),
    ),
    "bounds are a little too low": (
        bounding, "descend", lambda right: lambda *a, **k: _lower(right(*a, **k)),
    ),
    "an active neuron is taken for inactive": (
        branching, "split", lambda right: lambda opened: _swapped(right(opened)),
    ),
    "both halves are the upper one": (
        choice, "split", lambda right: lambda opened, of: _swapped(right(opened, of)),
    ),
}  # fmt: skip


def _lower(found: object) -> object:
    return replace(found, bound=found.bound - 0.05)  # type: ignore[type-var, attr-defined]


def _every_other(children: Opened, filled: np.ndarray) -> tuple[Opened, np.ndarray]:
    some = np.arange(0, len(filled), 2)
    return children.take(some), filled[some]


def _swapped(children: Opened) -> Opened:
    first = np.repeat(np.arange(0, len(children), 2), 2)
    return replace(children, parts=children.parts.take(first))


@pytest.mark.parametrize("name", BUGS)
def test_planted_bugs_are_noticed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, attribute, wrong = BUGS[name]
    halves = module is choice or attribute == "halved"
    monkeypatch.setattr(bounding, "FEW_NEURONS" if halves else "FEW_INPUTS", 0)
    monkeypatch.setattr(module, attribute, wrong(getattr(module, attribute)))

    @settings(max_examples=200, database=None, derandomize=True, phases=[Phase.generate])
    @given(st.integers(0, 2**32 - 1))
    def law(seed: int) -> None:
        case = instance(seed, "feasibility", "linf", Fraction(-1, 100))  # just violated
        query = asked(case, tmp_path)
        dense = compact_of(query)
        if dense is not None and truth_of(case).margin >= 0:
            assert len(decided(dense).closed) < len(query.disjuncts)

    with pytest.raises((AssertionError, ExceptionGroup)):
        law()


def test_nothing_is_closed_before_it_is_begun(tmp_path: Path) -> None:
    dense = deep(tmp_path, [4, 12, 12, 3], 2)
    for target in dense.disjuncts:
        search = Branching(dense, target)
        assert not search.is_closed
        assert search.bound == np.inf
        search.begin(dense.whole)
        assert search.bound < np.inf
