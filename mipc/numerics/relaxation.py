"""Lines under and over the ReLU, planes under and over a product.

``lower_slope z <= relu(z) <= upper_slope z + upper_offset``.

A neuron that bounds decide is its own relaxation. Over an undecided one lies the chord from
``(l, 0)`` to ``(u, u)``; under it any slope between 0 and 1 is valid, and the one that leaves the
smaller triangle is taken (Zhang et al. 2018, CROWN; Singh et al. 2019, DeepPoly).

Over a product of two numbers in a box lie McCormick's four planes (McCormick 1976).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.numerics.interval import Interval
from mipc.numerics.rounding import TINY, UNIT, down, up

__all__ = [
    "Lines",
    "Planes",
    "Product",
    "Tangent",
    "chord_slopes",
    "product_interval",
    "product_planes",
    "product_tangent",
    "relu_lines",
    "steep_slopes",
]

Array: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Lines:
    """Slopes in [0, 1] and nonnegative offsets, each shaped like the bounds."""

    lower_slope: Array
    upper_slope: Array
    upper_offset: Array
    undecided: npt.NDArray[np.bool_]


def relu_lines(bounds: Interval) -> Lines:
    """The lines for pre-activations within ``bounds``.

    Sound for whatever slope the division rounds to: on ``[l, u]`` the line ``s z + t`` lies over
    the ReLU exactly when it does so at ``l`` and ``u``, that is when ``t >= -s l`` and
    ``t >= (1 - s) u``; ``t`` is the larger of the two, rounded up.
    """
    lower, upper = bounds.lower, bounds.upper
    undecided = (lower < 0) & (upper > 0)
    chord = chord_slopes(lower, upper)
    height = np.maximum(-chord * lower, (1.0 - chord) * upper)
    offset = np.where(undecided, height * (1.0 + 2.0**-50) + TINY, 0.0)
    return Lines(steep_slopes(lower, upper), chord, offset, undecided)


def chord_slopes(lower: Array, upper: Array) -> Array:
    """The slope over each ReLU: of its chord, or 1 or 0 where it is decided."""
    active = lower >= 0
    undecided = ~active & (upper > 0)
    width = np.where(undecided, upper - lower, 1.0)
    return np.minimum(np.where(undecided, upper / width, active), 1.0)


def steep_slopes(lower: Array, upper: Array) -> Array:
    """The slope under each ReLU that leaves the smaller triangle, or 1 or 0 where it is decided."""
    undecided = (lower < 0) & (upper > 0)
    return np.where(undecided, upper > -lower, lower >= 0).astype(np.float64)


@dataclass(frozen=True)
class Product:
    """The product of two numbers, as the function of a smooth operator."""

    def __str__(self) -> str:
        return "product"


@dataclass(frozen=True, eq=False)
class Planes:
    """``first x + second y + offset``, at most (or at least) ``x y`` on a box."""

    first: Array
    second: Array
    offset: Array


def product_interval(x: Interval, y: Interval) -> tuple[Array, Array]:
    """The range of ``x y`` over a box: the extremes at its corners, rounded outward."""
    corners = [a * b for a in (x.lower, x.upper) for b in (y.lower, y.upper)]
    low, high = np.minimum.reduce(corners), np.maximum.reduce(corners)
    return down(low - TINY), up(high + TINY)


def product_planes(x: Interval, y: Interval, *, above: bool) -> tuple[Planes, Planes]:
    """The two planes of McCormick under ``x y`` on a box, or over it.

    From ``(x - l)(y - m) >= 0`` follows ``x y >= m x + l y - l m``, likewise with both upper
    ends; over it with one lower and one upper end. The offset is moved by what its product may
    have rounded.
    """
    ends = (
        ((x.lower, y.upper), (x.upper, y.lower))
        if above
        else ((x.lower, y.lower), (x.upper, y.upper))
    )
    planes = []
    for a, b in ends:
        exact = -(a * b)
        slack = np.abs(exact) * (2.0 * UNIT) + TINY
        planes.append(Planes(b, a, exact + slack if above else exact - slack))
    return planes[0], planes[1]


@dataclass(frozen=True, eq=False)
class Tangent:
    """``first x + second y + (below | above)``, under and over ``x y`` on a box."""

    first: Array
    second: Array
    below: Array
    above: Array


def product_tangent(x: Interval, y: Interval) -> Tangent:
    """The tangent plane at the middle of the box, shifted down and up.

    ``x y = p x + q y - p q + (x - q)(y - p)`` for any numbers ``p`` and ``q``, and the last term
    is at most the product of the two radii. It is the mean of the two planes of McCormick.
    """
    (q, reach), (p, span) = x.centred(), y.centred()
    middle, most = -(p * q), reach * span
    slack = (np.abs(middle) + most) * (4.0 * UNIT) + TINY
    return Tangent(p, q, down(middle - most - slack), up(middle + most + slack))
