"""Law 8: verdicts agree with brute force, also where the threshold is hit exactly.

``MIPC_THOROUGH=4 pytest tests/laws/test_law_8_verdicts.py`` decides tens of thousands of cases,
other ones each time.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from brute_force import Cell, Layer, Names, Plane, regions, truth
from checks import asked, assert_right, instance, skip, truth_of
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import examples

from mipc import verify
from mipc.solvers.highs import Highs
from mipc.verdict import Unknown

NUDGES = [Fraction(0), Fraction(1, 2**20), Fraction(-1, 2**20), Fraction(1, 2**40),
          Fraction(-1, 2**40)]  # fmt: skip


@pytest.mark.parametrize(
    ("objective", "count", "branching"),
    [("feasibility", 150, True), ("feasibility", 150, False), ("closest", 100, True),
     ("worst", 50, True)],
)  # fmt: skip
def test_verdicts_agree_with_brute_force(
    highs: Highs,
    tmp_path: Path,
    objective: str,
    count: int,
    branching: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without branching, the solver decides what bounds leave open."""
    if not branching:
        skip(monkeypatch, "branching")

    @settings(max_examples=examples(count))
    @given(st.integers(0, 2**32 - 1), st.sampled_from(["linf", "l1"]), st.sampled_from(NUDGES))
    def law(seed: int, norm: str, nudge: Fraction) -> None:
        case = instance(seed, objective, norm, nudge)
        query = asked(case, tmp_path)
        assert_right(verify(query, solver=highs, timeout=60), truth_of(case), query)

    law()


THIN = [
    (66, "feasibility", "linf", -18), (141, "feasibility", "linf", -18),
    (489, "feasibility", "linf", -20), (626787, "feasibility", "linf", -20),
    (236, "closest", "l1", -20), (243, "closest", "linf", -20), (243, "closest", "l1", -20),
    (281, "closest", "l1", 0), (281, "closest", "l1", -19), (6577, "closest", "linf", 0),
]  # fmt: skip


@pytest.mark.parametrize(("seed", "objective", "norm", "power"), THIN)
def test_regions_hardly_thicker_than_a_solvers_tolerance_are_not_empty(
    highs: Highs, tmp_path: Path, seed: int, objective: str, norm: str, power: int
) -> None:
    """HiGHS has called each of these files infeasible, or its least distance larger, wrongly."""
    nudge = -(Fraction(2) ** power) if power else Fraction(0)
    case = instance(seed, objective, norm, nudge)
    query = asked(case, tmp_path)
    assert_right(verify(query, solver=highs, timeout=60), truth_of(case), query)


def test_questions_with_a_clear_answer_are_decided(highs: Highs, tmp_path: Path) -> None:
    """Right is not enough: an answer that is always unknown would be right."""
    decided = asked_for = 0
    for seed in range(60):
        for clearance in (Fraction(1, 100), Fraction(-1, 100)):
            case = instance(seed, "feasibility", "linf", clearance)
            exact = truth_of(case)
            if abs(exact.margin) < Fraction(1, 1000):
                continue
            asked_for += 1
            answer = verify(asked(case, tmp_path), solver=highs)
            assert_right(answer, exact, None)  # type: ignore[arg-type]
            decided += not isinstance(answer.verdict, Unknown)
    assert decided >= 0.98 * asked_for


def test_brute_force_finds_the_regions_of_an_absolute_value() -> None:
    """|x - 1| on [0, 2], against 1/2: two regions; largest margin 1/2 at both ends."""
    layers = [Layer.of([[1], [-1]], [-1, 1]), Layer.of([[0, 0], [1, 1]], [0.5, 0])]
    zero, two = [Fraction(0)], [Fraction(2)]
    assert len(list(regions(layers, zero, two, Names(1)))) == 2
    found = truth(layers, zero, two, 0, (1,), Fraction(0), [Fraction(1)])
    assert found.margin == Fraction(1, 2)
    assert found.nearest == Fraction(1, 2)


def test_brute_force_cuts_a_cube_into_what_geometry_says() -> None:
    cube = Cell.box([Fraction(0)] * 3, [Fraction(1)] * 3)
    one = Fraction(1)
    corner = cube.above(Plane((-one, -one, -one), one / 2), 100)
    assert corner is not None
    assert len(corner.vertices) == 4
    hexagon = cube.above(Plane((one, one, one), -3 * one / 2), 101)
    assert hexagon is not None
    assert len(hexagon.vertices) == 4 + 6
    touch = cube.above(Plane((one, one, one), -3 * one), 102)
    assert touch is not None
    assert len(touch.vertices) == 1
    assert cube.above(Plane((one, one, one), -4 * one), 103) is None


@settings(max_examples=examples(40))
@given(st.integers(0, 2**32 - 1))
def test_brute_force_is_never_beaten_by_a_sampled_point(seed: int) -> None:
    case = instance(seed, "closest", "linf", Fraction(0))
    exact = truth_of(case)
    rng = np.random.default_rng(seed)
    assert case.question.centre is not None
    classes = len(case.layers[-1][1])
    targets = case.question.requirement.targets or tuple(range(1, classes))
    others = [j for j in range(classes) if j not in targets]
    for _ in range(20):
        share = [Fraction(int(s), 64) for s in rng.integers(0, 65, len(case.lower))]
        x = [a + s * (b - a) for a, b, s in zip(case.lower, case.upper, share, strict=True)]
        y = x
        for i, (weight, bias) in enumerate(case.layers):
            y = [sum((Fraction(w) * v for w, v in zip(row, y, strict=True)), Fraction(b))
                 for row, b in zip(weight.tolist(), bias.tolist(), strict=True)]  # fmt: skip
            if i < len(case.layers) - 1:
                y = [max(v, Fraction(0)) for v in y]
        threshold = case.question.requirement.margin
        margin = max(min(y[t] - y[j] for j in others) for t in targets) - threshold
        assert margin <= exact.margin
        if margin >= 0:
            assert exact.nearest is not None
            centre = case.question.centre.tolist()
            away = [abs(v - Fraction(c)) for v, c in zip(x, centre, strict=True)]
            assert exact.nearest <= (max(away) if case.question.norm == "linf" else sum(away))
