"""Conditioning takes every exact feasible point to a feasible point, and leaves tame numbers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse as sp
from feasible_points import assert_feasible, left_hand_sides
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import examples

from mipc.errors import RangeError
from mipc.milp.conditioning import LARGEST, SMALLEST, condition
from mipc.milp.model import Model, Names

SPANS = {
    "tame": (-1, 1),
    "small": (-12, -7),
    "dropped": (-9, -8),
    "mixed": (-13, 8),
    "large": (5, 9),
    "absurd": (-200, 30),
}


def model_around(seed: int, coefficients: str, ranges: str) -> tuple[Model, list[Fraction]]:
    """A model and a point of it: rows and bounds are laid around the point, often tightly."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(1, 6)), int(rng.integers(1, 6))
    integer = rng.random(n) < 0.3
    size = 10.0 ** rng.uniform(*SPANS[ranges], n)
    x = np.where(integer, rng.integers(0, 2, n), rng.normal(size=n) * size)
    lower = np.where(integer, 0.0, x - rng.choice([0.0, 1.0], n) * size)
    upper = np.where(integer, 1.0, x + rng.choice([0.0, 1.0, 1e6], n) * size)
    lower, upper = np.minimum(lower, x), np.maximum(upper, x)
    matrix = rng.normal(size=(m, n)) * 10.0 ** rng.uniform(*SPANS[coefficients], (m, n))
    matrix = matrix * (rng.random((m, n)) < 0.7)
    sense = rng.choice([-1, 0, 1], m).astype(np.int8)
    rows = sp.csr_array(matrix)
    rows.eliminate_zeros()
    point = [Fraction(v) for v in x.tolist()]
    # an equation takes a column of its own, whose value makes it exact
    own = sp.csr_array((np.full(m, -1.0), (np.arange(m), np.arange(m))), shape=(m, m))
    rows = sp.csr_array(sp.hstack([rows, own]))
    rows.sort_indices()
    totals = left_hand_sides(_bare(rows, n + m), [*point, *[Fraction(0)] * m])
    rhs = np.zeros(m)
    for i, total in enumerate(totals):
        if sense[i] == 0:
            rhs[i] = rng.normal() * float(abs(total))
            point.append(total - Fraction(rhs[i]))
        else:
            near = float(total)
            rhs[i] = np.nextafter(near, np.inf if sense[i] < 0 else -np.inf)
            point.append(Fraction(0))
    extra = np.array([float(v) for v in point[n:]])
    lower = np.concatenate([lower, np.nextafter(extra, -np.inf)])
    upper = np.concatenate([upper, np.nextafter(extra, np.inf)])
    model = Model(
        name="law",
        columns=Names((("c", n + m),)),
        rows=Names((("r", m),)),
        objective=rng.normal(size=n + m),
        lower=lower,
        upper=upper,
        integer=np.concatenate([integer, np.zeros(m, bool)]),
        matrix=rows,
        sense=sense,
        rhs=rhs,
    )
    return model, point


def _bare(rows: sp.csr_array, n: int) -> Model:
    m = rows.shape[0]
    zeros = np.zeros(n)
    return Model("law", Names((("c", n),)), Names((("r", m),)), zeros, zeros, zeros,
                 zeros > 0, rows, np.zeros(m, np.int8), np.zeros(m))  # fmt: skip


@settings(max_examples=examples(600))
@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(SPANS)), st.sampled_from(sorted(SPANS)))
def test_every_feasible_point_stays_feasible(seed: int, coefficients: str, ranges: str) -> None:
    model, point = model_around(seed, coefficients, ranges)
    assert_feasible(model, point)
    try:
        conditioned = condition(model)
    except RangeError:
        return
    powers = conditioned.exponents.tolist()
    scaled = [v / Fraction(2) ** e for v, e in zip(point, powers, strict=True)]
    assert_feasible(conditioned.model, scaled)
    back = conditioned.original(np.array([float(v) for v in scaled]))
    assert np.allclose(back, [float(v) for v in point], rtol=1e-12, atol=0)


@settings(max_examples=examples(300))
@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(SPANS)), st.sampled_from(sorted(SPANS)))
def test_what_is_left_is_tame(seed: int, coefficients: str, ranges: str) -> None:
    model, _ = model_around(seed, coefficients, ranges)
    try:
        made = condition(model)
    except RangeError:
        return
    sizes = np.abs(made.model.matrix.data)
    assert ((sizes > SMALLEST) & (sizes <= LARGEST)).all()
    for numbers in (made.model.rhs, made.model.lower, made.model.upper, made.model.objective):
        assert (np.abs(numbers) <= LARGEST).all()
    assert len(made.model.rows) == len(made.model.rhs) == made.model.matrix.shape[0]
    assert made.model.matrix.has_sorted_indices


@settings(max_examples=examples(200))
@given(st.integers(0, 2**32 - 1))
def test_where_nothing_is_dropped_nothing_is_widened(seed: int) -> None:
    """Scaling by powers of two is exact: the rows are the same rows."""
    model, point = model_around(seed, "tame", "large")
    try:
        made = condition(model)
    except RangeError:
        return
    if made.dropped:
        return
    powers = made.exponents.tolist()
    scaled = [v / Fraction(2) ** e for v, e in zip(point, powers, strict=True)]
    before, after = left_hand_sides(model, point), left_hand_sides(made.model, scaled)
    for i, (a, b) in enumerate(zip(before, after, strict=True)):
        if a:
            ratio = b / a
            assert Fraction(made.model.rhs[i].item()) == ratio * Fraction(model.rhs[i].item())


def test_an_equation_that_loses_a_term_becomes_two_inequalities() -> None:
    model, _ = one_row(0, [1.0, 1e-10], [1.0, 5.0])
    made = condition(model)
    assert made.dropped == 1
    assert made.model.sense.tolist() == [-1, -1]
    assert made.model.matrix.toarray().tolist() == [[1.0, 0.0], [-1.0, 0.0]]
    for value in (Fraction(0), Fraction(1) - Fraction(1e-10) * 5):
        rest = (1 - value) / Fraction(1e-10)
        if 0 <= rest <= 5:
            assert_feasible(made.model, [value, rest])
    assert_feasible(made.model, [1 - Fraction(1e-10) * 5, Fraction(5)])
    assert_feasible(made.model, [Fraction(1), Fraction(0)])


@pytest.mark.parametrize("sense", [-1, 0, 1])
def test_a_dropped_term_widens_its_row_by_the_most_it_can_amount_to(sense: int) -> None:
    model, _ = one_row(sense, [1.0, 1e-9], [2.0, 1000.0])
    made = condition(model)
    assert made.dropped == 1
    reach = Fraction(1e-9) * 1000
    lower = Fraction(1) - reach if sense <= 0 else Fraction(1)
    upper = Fraction(1) + reach if sense >= 0 else Fraction(1)
    scale = Fraction(2) ** int(made.exponents[1])
    assert_feasible(made.model, [lower, 1000 / scale])
    over = upper + reach * 2 if sense <= 0 else Fraction(1) - reach * 2
    with pytest.raises(AssertionError):
        assert_feasible(made.model, [over, 1000 / scale])


@pytest.mark.parametrize("size", [2e9, 1e12, 1e300])
def test_integer_columns_with_huge_coefficients_are_refused(size: float) -> None:
    """Rows can be scaled, a row with one and 1e20 cannot."""
    model, _ = one_row(-1, [size, 1.0], [1.0, 1.0], integer=[True, True])
    try:
        made = condition(model)
    except RangeError:
        return
    assert (np.abs(made.model.matrix.data) <= LARGEST).all()
    assert_feasible(made.model, [Fraction(0), Fraction(1)])


def test_a_right_hand_side_beyond_all_solvers_is_refused() -> None:
    model, _ = one_row(-1, [1.0, 1.0], [1.0, 1.0], rhs=1e10)
    with pytest.raises(RangeError):
        condition(model)


def test_a_small_coefficient_on_an_unbounded_column_is_refused() -> None:
    model, _ = one_row(-1, [1.0, 1e-10], [1.0, np.inf])
    with pytest.raises(RangeError):
        condition(model)


def one_row(
    sense: int,
    coefficients: list[float],
    upper: list[float],
    rhs: float = 1.0,
    integer: list[bool] | None = None,
) -> tuple[Model, int]:
    n = len(coefficients)
    matrix = sp.csr_array(np.array([coefficients]))
    model = Model(
        name="law",
        columns=Names((("c", n),)),
        rows=Names((("r", 1),)),
        objective=np.zeros(n),
        lower=np.zeros(n),
        upper=np.array(upper),
        integer=np.array(integer or [False] * n),
        matrix=matrix,
        sense=np.array([sense], dtype=np.int8),
        rhs=np.array([rhs]),
    )
    return model, n
