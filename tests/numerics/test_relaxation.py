"""Planes around products and lines around ReLUs are sound in exact arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from strategies import examples

from mipc.numerics.interval import Interval
from mipc.numerics.relaxation import (
    product_interval,
    product_planes,
    product_tangent,
    relu_lines,
)

COUNT = examples(300)


def boxes(rng: np.random.Generator) -> Interval:
    """Narrow and wide intervals of many sizes, some of them points, some around 0."""
    centre = rng.normal(size=COUNT) * 10.0 ** rng.uniform(-8, 6, COUNT)
    radius = np.abs(centre) * 10.0 ** rng.uniform(-16, 2, COUNT) * (rng.random(COUNT) < 0.9)
    return Interval(centre - radius, centre + radius)


def inside(low: float, high: float, rng: np.random.Generator) -> Iterator[Fraction]:
    """Both ends, and rational numbers between that are no floats."""
    first, width = Fraction(low), Fraction(high) - Fraction(low)
    for share in (Fraction(0), Fraction(1), Fraction(1, 3), Fraction(int(rng.integers(97)), 97)):
        yield first + width * share


def exact_pairs(x: Interval, y: Interval) -> Iterator[tuple[int, Fraction, Fraction]]:
    rng = np.random.default_rng(9)
    for i in range(COUNT):
        for a in inside(x.lower[i].item(), x.upper[i].item(), rng):
            for b in inside(y.lower[i].item(), y.upper[i].item(), rng):
                yield i, a, b


def at(first: np.ndarray, second: np.ndarray, i: int, a: Fraction, b: Fraction) -> Fraction:
    return Fraction(first[i].item()) * a + Fraction(second[i].item()) * b


def test_planes_lie_under_and_over_products() -> None:
    rng = np.random.default_rng(1)
    x, y = boxes(rng), boxes(rng)
    under, over = (product_planes(x, y, above=above) for above in (False, True))
    for i, a, b in exact_pairs(x, y):
        for plane in under:
            assert at(plane.first, plane.second, i, a, b) + Fraction(plane.offset[i].item()) <= (
                a * b
            )
        for plane in over:
            assert at(plane.first, plane.second, i, a, b) + Fraction(plane.offset[i].item()) >= (
                a * b
            )


def test_the_tangent_shifted_down_and_up_is_sound() -> None:
    rng = np.random.default_rng(2)
    x, y = boxes(rng), boxes(rng)
    tangent = product_tangent(x, y)
    for i, a, b in exact_pairs(x, y):
        height = at(tangent.first, tangent.second, i, a, b)
        below, above = (Fraction(side[i].item()) for side in (tangent.below, tangent.above))
        assert height + below <= a * b <= height + above


def test_ranges_of_products_hold() -> None:
    rng = np.random.default_rng(3)
    x, y = boxes(rng), boxes(rng)
    low, high = product_interval(x, y)
    for i, a, b in exact_pairs(x, y):
        assert Fraction(low[i].item()) <= a * b <= Fraction(high[i].item())


def test_planes_touch_the_product_at_the_corners_of_the_box() -> None:
    x, y = Interval(np.array([-1.0]), np.array([2.0])), Interval(np.array([0.5]), np.array([3.0]))
    corners = [(a, b) for a in (-1.0, 2.0) for b in (0.5, 3.0)]
    for above in (False, True):
        for plane in product_planes(x, y, above=above):
            heights = [(plane.first * a + plane.second * b + plane.offset)[0] for a, b in corners]
            gaps = [abs(h - a * b) for h, (a, b) in zip(heights, corners, strict=True)]
            assert sorted(gaps)[2] < 1e-12


def test_lines_lie_under_and_over_the_relu() -> None:
    rng = np.random.default_rng(4)
    known = boxes(rng)
    lines = relu_lines(known)
    for i in range(COUNT):
        slopes = [Fraction(s[i].item()) for s in (lines.lower_slope, lines.upper_slope)]
        for z in inside(known.lower[i].item(), known.upper[i].item(), rng):
            y = max(z, Fraction(0))
            assert slopes[0] * z <= y <= slopes[1] * z + Fraction(lines.upper_offset[i].item())
