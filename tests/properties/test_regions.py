"""Bounds over regions, and points that are moved into them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import examples

from mipc.numerics.domains import Ball, Domain, Plane
from mipc.numerics.interval import Interval
from mipc.numerics.rationals import Enclosed
from mipc.properties.region import Region, Sphere

seeds = st.integers(0, 2**32 - 1)
norms = st.sampled_from([1, 2])
sizes = st.sampled_from([0.0, 1e-200, 1e-9, 5e-4, 0.1, 1.0, 30.0, 1e9, 1e200])


def least_by_samples(rng: np.random.Generator, row: list[Fraction], points: list) -> Fraction:
    return min(sum(a * v for a, v in zip(row, x, strict=True)) for x in points)


def in_ball(rng, box, centre, norm, radius) -> list[list[Fraction]]:
    """Rationals in a ball and a box: the centre, ends of axes, random directions to the sphere."""
    low, high = ([Fraction(v) for v in end.tolist()] for end in (box.lower[0], box.upper[0]))
    middle = [Fraction(v) for v in centre.tolist()]
    points = []
    for _ in range(8):
        away = [Fraction(int(v)) for v in rng.integers(-4, 5, len(middle))]
        length = sum(abs(a) for a in away)
        if norm == 2 and length:
            # a rational that is a little longer than the root
            root = Fraction(float(np.linalg.norm([float(a) for a in away]))) * (
                1 + Fraction(1, 10**9)
            )
            length = root
        share = radius / length if length else Fraction(0)
        moved = [c + share * a for c, a in zip(middle, away, strict=True)]
        points.append([min(max(v, a), b) for v, a, b in zip(moved, low, high, strict=True)])
    return [*points, middle]


@settings(max_examples=examples(150))
@given(seeds, norms, sizes, st.sampled_from([1e-3, 1.0, 1e6]))
def test_the_least_over_a_ball_is_below_every_point_of_it(seed, norm, radius, scale) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 6))
    centre = rng.normal(size=n) * rng.choice([0.0, 1.0])
    lower, upper = centre - scale * rng.random(n), centre + scale * rng.random(n)
    rows = rng.normal(size=(4, n)) * rng.choice([0.0, 1.0, 1e-8, 1e5, 1e-158, 1e-162], (4, 1))
    box = Interval(lower[None], upper[None])
    ball = Ball(norm, centre[None], np.array([radius]))
    found = Domain(box, ball).least(rows, np.zeros(4, dtype=np.intp))
    points = in_ball(rng, box, centre, norm, Fraction(radius))
    for row, low in zip(rows.tolist(), found.tolist(), strict=True):
        assert not np.isnan(low)
        best = least_by_samples(rng, [Fraction(a) for a in row], points)
        assert low == -np.inf or Fraction(low) <= best


@settings(max_examples=examples(100))
@given(seeds, norms)
def test_the_nearest_point_of_a_ball_is_in_it_and_none_is_nearer(seed, norm) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 8))
    centre, radius = rng.normal(size=n), float(rng.choice([0.0, 0.1, 1.0]))
    ball = Ball(norm, centre[None], np.array([radius]))
    points = centre + rng.normal(size=(5, n)) * rng.choice([0.0, 0.01, 1.0, 100.0], (5, 1))
    found = ball.pulled_in(points)
    assert (np.linalg.norm(found - centre, norm, axis=1) <= radius + 1e-12).all()
    others = (
        rng.normal(size=(200, n)) * np.eye(n)[rng.integers(0, n, 200)]
        if n > 1
        else rng.normal(size=(200, 1))
    )
    others[::2] = rng.normal(size=(100, n))
    length = np.linalg.norm(others, norm, axis=1, keepdims=True)
    others = centre + others * radius * rng.random((200, 1)) ** 0.1 / np.maximum(length, 1e-300)
    for point, near in zip(points, found, strict=True):
        away = np.linalg.norm(others - point, 2, axis=1).min()
        assert np.linalg.norm(near - point) <= away + 1e-12


@pytest.mark.parametrize("norm", [1, 2])
def test_the_least_over_a_ball_is_tight(norm: int) -> None:
    """Far from the box: ``a c - r ||a||`` in the dual norm."""
    rng = np.random.default_rng(norm)
    rows, centre = rng.normal(size=(20, 7)), rng.normal(size=7)
    box = Interval(centre[None] - 10, centre[None] + 10)
    ball = Domain(box, Ball(norm, centre[None], np.array([0.5])))  # type: ignore[arg-type]
    dual = np.abs(rows).max(axis=1) if norm == 1 else np.linalg.norm(rows, axis=1)
    exact = rows @ centre - 0.5 * dual
    found = ball.least(rows, np.zeros(20, dtype=np.intp))
    assert (found <= exact).all()
    assert found == pytest.approx(exact, rel=1e-6)


@settings(max_examples=examples(100))
@given(seeds)
def test_the_least_over_a_plane_is_right_and_tight(seed) -> None:
    """Of nonnegative numbers that sum to 1: the least coefficient."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 8))
    rows = rng.integers(-9, 10, (5, n)) / 4
    box = Interval(np.zeros((1, n)), np.ones((1, n)))
    found = Domain(box, plane=Plane(1.0)).least(rows, np.zeros(5, dtype=np.intp))
    assert (found <= rows.min(axis=1)).all()
    assert found == pytest.approx(rows.min(axis=1), abs=1e-9)


@settings(max_examples=examples(200))
@given(seeds, norms, st.sampled_from(["float32", "float64"]), st.booleans())
def test_a_point_that_is_moved_inside_is_inside(seed, norm, dtype, whole) -> None:
    """Exactly, in rationals; and near, where it was inside or on the sphere before."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 5))
    scale = 10.0 if whole else 1.0
    centre = (rng.random(n) * scale).astype(dtype).astype(float)
    centre = np.rint(centre) if whole else centre
    radius = Fraction(int(rng.integers(0, 30)), int(rng.choice([1, 3, 10])))
    wide = Enclosed.of(radius)
    low, high = (
        np.nextafter(centre - wide.above, -np.inf),
        np.nextafter(centre + wide.above, np.inf),
    )
    if whole:
        low, high = np.floor(low), np.ceil(high)
    box = Region.between(Enclosed(low, low), Enclosed(high, high), dtype)
    sphere = Sphere(norm, centre, radius)
    region = Region(box.lower, box.upper, box.least, box.most, sphere, integer=whole)
    away = rng.normal(size=n)
    point = centre + away * float(radius) / (np.linalg.norm(away, norm) or 1.0)
    found = region.nearest(point)
    assert found is not None
    assert region.contains(found)
    gaps = [Fraction(a) - Fraction(c) for a, c in zip(found.tolist(), centre.tolist(), strict=True)]
    assert sum(abs(g) ** norm for g in gaps) <= radius**norm
    if not whole:
        assert found == pytest.approx(point, abs=1e-5 * scale * max(1.0, float(radius)))


def test_whole_numbers_are_rounded_towards_the_centre_of_a_ball() -> None:
    """(3.4, 3.4) around (5, 5): both towards 5, not towards 0."""
    box = Region.between(
        Enclosed(np.zeros(2), np.zeros(2)), Enclosed(*[np.full(2, 9.0)] * 2), "float64"
    )
    sphere = Sphere(2, np.array([5.0, 5.0]), Fraction(2))
    region = Region(box.lower, box.upper, box.least, box.most, sphere, integer=True)
    found = region.nearest(np.array([3.4, 3.4]))
    assert found is not None
    assert found.tolist() == [4.0, 4.0]


@settings(max_examples=examples(100))
@given(seeds)
def test_numbers_with_a_prescribed_sum_have_it_exactly(seed) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 30))
    ones = Enclosed(np.ones(n), np.ones(n))
    box = Region.between(Enclosed(np.zeros(n), np.zeros(n)), ones, "float64")
    region = Region(box.lower, box.upper, box.least, box.most, total=1.0)
    wanted = rng.dirichlet(np.ones(n)) + rng.normal(size=n) * 1e-7
    found = region.nearest(wanted)
    assert found is not None
    assert sum(map(Fraction, found.tolist())) == 1
    assert found == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("number", [np.inf, -np.inf, np.nan])
def test_a_point_that_is_not_finite_is_near_to_nothing(number: float) -> None:
    ends = Enclosed(np.zeros(2), np.zeros(2)), Enclosed(np.ones(2), np.ones(2))
    region = Region.between(*ends, "float32")
    assert region.nearest(np.array([0.5, number])) is None
