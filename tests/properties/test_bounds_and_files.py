"""Bounds hold for every member of a family, and the compiled model lets it in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from exact_runs import Values, assert_inside, exact_run, still, wobbling
from feasible_points import assert_feasible, followed
from hypothesis import given, settings
from hypothesis import strategies as st
from small_questions import LATER, PICTURES, Asked, asked
from strategies import examples
from test_heads import cases_with

from mipc.compile import bound_case, simplify
from mipc.errors import RangeError
from mipc.formulation import Formulation, formulate
from mipc.passes import DEFAULT, Envelopes, Pass, Problem
from mipc.properties.query import Case, Query

PIPELINES: tuple[tuple[Pass, ...], ...] = (DEFAULT, (*DEFAULT, Envelopes(cells=1, tangents=5)))


def run_of(case: Case, point: dict[str, list[Fraction]], wobble) -> Values:
    """A run of head and network, and the margins as the requirement means them: exactly."""
    values = exact_run(case.base, point, wobble)
    numbers = [number for seen in case.seen for number in values[seen.node]]
    every: list[Fraction] = []
    for disjunct in case.disjuncts:
        rows = [
            sum((coefficient * numbers[i] for i, coefficient in row.terms), row.constant)
            for row in disjunct.rows
        ]
        values[f"violation#{disjunct.number}"] = rows
        every += rows
    values["#margins"] = every
    return values


def model_of(
    query: Query, case: Case, passes: Sequence[Pass], target: int
) -> tuple[Formulation, list[Problem]]:
    """The model of one disjunct of a case, and the problem after each pass."""
    seen: list[Problem] = []
    problem, _ = bound_case(case, passes, lambda name, after: seen.append(after))
    simple, _ = simplify(case, problem, (target,), passes, lambda name, after: seen.append(after))
    return formulate(query, simple, (target,), "law"), seen


def columns_of(
    query: Query, formulation: Formulation, problem: Problem, values: Values
) -> list[Fraction]:
    """Each column of a model at a run."""
    found: list[Fraction] = []
    margin = min(values[f"violation#{formulation.targets[0]}"])
    for block in formulation.layout.blocks:
        match block.role:
            case "phase of relu":
                found += [Fraction(int(values[block.node][i] > 0)) for i in block.neurons]
            case "margin":
                found.append(margin)
            case "distance":
                away = [
                    abs(v - Fraction(c))
                    for v, c in zip(values[query.image], query.centre.tolist(), strict=True)
                ]
                found += [max(away)] if query.norm == "linf" else away
            case "cut":
                ball = problem.domain[block.node].ball
                centre = ball.centre[0].tolist()
                away = [
                    abs(v - Fraction(c)) for v, c in zip(values[block.node], centre, strict=True)
                ]
                power = -2 * math.frexp(ball.radius[0])[1]
                scale = Fraction(2) ** min(power, 256)
                found += away if ball.norm == 1 else [scale * a * a for a in away]
            case _:
                found += [values[block.node][i] for i in block.neurons]
    exponents = formulation.layout.exponents.tolist()
    return [v / Fraction(2) ** e for v, e in zip(found, exponents, strict=True)]


def assert_members_are_let_in(it: Asked, seed: int, passes: Sequence[Pass]) -> None:
    query, rng = it.query, np.random.default_rng(seed)
    for _ in range(2):
        chosen = it.draw(rng)
        for case in cases_with(it, chosen)[:2]:
            values = run_of(case, it.parameters(case, chosen), wobbling(rng))
            for disjunct in case.disjuncts[:1]:
                try:
                    formulation, seen = model_of(query, case, passes, disjunct.number)
                except RangeError:
                    continue
                assert_inside(seen[0], values)
                assert_inside(seen[1], values)
                reached = min(values[f"violation#{disjunct.number}"])
                if query.objective != "worst" and reached < 0:
                    continue
                known = followed(seen, values)
                assert_feasible(formulation.model, columns_of(query, formulation, seen[-1], known))


@pytest.mark.parametrize("kind", PICTURES)
def test_members_lie_in_bounds_and_in_the_file(kind: str, tmp_path: Path) -> None:
    @settings(max_examples=examples(8))
    @given(
        st.integers(0, 2**32 - 1),
        st.sampled_from(["worst", "worst", "closest"]),
        st.sampled_from(["linf", "l1"]),
        st.booleans(),
        st.sampled_from(PIPELINES),
    )
    def law(seed: int, objective: str, norm: str, normal: bool, passes: Sequence[Pass]) -> None:
        it = asked(
            tmp_path, seed, (kind,), objective=objective, norm=norm, normal=normal,
            margin=Fraction(-10),
        )  # fmt: skip
        assert_members_are_let_in(it, seed, passes)

    law()


@settings(max_examples=examples(20))
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(PICTURES),
    st.lists(st.sampled_from(LATER), min_size=1, max_size=2),
    st.sampled_from(PIPELINES),
)
def test_members_of_combinations_do(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    first: str,
    later: list[str],
    passes: Sequence[Pass],
) -> None:
    it = asked(tmp_path_factory.mktemp("n"), seed, (first, *later), objective="worst")
    assert_members_are_let_in(it, seed, passes)


def test_still_runs_are_what_definitions_say(tmp_path: Path) -> None:
    """The runs above are those of the network at the image, not of something else."""
    it = asked(tmp_path, 3, ("linf", "brightness"))
    chosen = it.draw(np.random.default_rng(0))
    (case,) = it.query.cases
    values = run_of(case, it.parameters(case, chosen), still)
    assert values[case.seen[0].node] == it.output(it.image(chosen))
