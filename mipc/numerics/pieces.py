"""A stretch of a function that bends one way only, and what it stays above on an interval.

Everything sound about smooth functions rests on :meth:`Curved.below` and :meth:`Straight.below`:
a number that ``sign f(x) - slope x`` is never below for ``low <= x <= high``, for real ``x`` and
the stored floats. With ``sign = -1`` it bounds ``f`` from above.

Where ``F = sign f`` is convex, any tangent stays below it: for every ``p`` ::

    F(x) - s x  >=  F(p) - s p + (F'(p) - s)(x - p)

The right-hand side is linear, hence least at an end. So ``p``, the point where ``F'(p) = s``, may
be as inexact as it likes: that costs tightness only. Where ``F`` is concave, ``F(x) - s x`` itself
is least at an end.

Errors. A computed value or slope is off by at most ``CHARGE`` times its *size* plus its *floor*,
both stated by its :class:`Formula`; for a slope off by ``e`` the bound loses ``e |x - p|``. The few
sums and products of the bound itself lose at most ``ROUND`` times the absolute values of the terms.

Inflection points that are no floats. Two stretches meet at a float within ``w`` of the true
point, so that one of them bends the wrong way on a gap of width at most ``w``; there
``|f''| <= M w``, where ``M`` bounds ``|f'''|`` near it. Adding (or subtracting)
``M w (x - t)^2 / 2`` on the gap, with ``t`` the true point, makes the stretch convex (or concave)
again and moves values by at most ``M w^3 / 2`` and slopes by ``M w^2``. What is true of the
repaired function is true of ``f`` up to these two; they are part of the floors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.numerics.rounding import TINY, UNIT

__all__ = ["CHARGE", "Curved", "Formula", "Piece", "Span", "Straight"]

Array: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]

CHARGE = 2.0**-44
"""What a value or slope may be off by, relative to its size.

The elementary functions promise 2**-48; a formula makes at most a dozen roundings of 2**-53 more,
none amplified by more than 4, for those that could be are in the stated sizes.
"""

ROUND = 8 * UNIT


@dataclass(frozen=True, eq=False)
class Formula:
    """A function and its derivative, as computed, and how far off they may be.

    Attributes
    ----------
    value, slope : array -> array
    value_size, slope_size : (x, computed) -> array, optional
        What ``CHARGE`` is relative to; by default the absolute value of what was computed.
    value_floor, slope_floor : float
        An absolute error on top, for underflow and for the gap at an inflection point.
    """

    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    value_size: Callable[[Array, Array], Array] | None = None
    slope_size: Callable[[Array, Array], Array] | None = None
    value_floor: float = TINY
    slope_floor: float = TINY

    def value_error(self, x: Array, computed: Array) -> Array:
        """How far a computed value may be off."""
        size = np.abs(computed) if self.value_size is None else self.value_size(x, computed)
        return CHARGE * size + self.value_floor

    def slope_error(self, x: Array, computed: Array) -> Array:
        """How far a computed slope may be off."""
        size = np.abs(computed) if self.slope_size is None else self.slope_size(x, computed)
        return CHARGE * size + self.slope_floor


@dataclass(frozen=True, eq=False)
class Curved:
    """``f`` between two numbers, where it is convex (``bend = 1``) or concave (``bend = -1``).

    Attributes
    ----------
    low, high : float
        Where it ends; may be infinite.
    bend : 1 or -1
    formula : Formula
    inverse : (slope, centre) -> x
        About where the derivative has that value; anywhere beyond an end, or NaN, where nowhere.
        ``centre`` is the middle of the stretch, for periodic functions.
    steep : bool
        Whether the slope is infinite at ``low = 0``. Tangents are then taken at 2**-300 or more, or
        at the upper end of an interval that lies below; a formula may understate the slope there,
        since a less steep line through the upper end stays on the right side too.
    """

    low: float
    high: float
    bend: int
    formula: Formula
    inverse: Callable[[Array, Any], Array]
    steep: bool = False

    def meets(self, lower: Array, upper: Array, *, inside: bool) -> Flags:
        """Which intervals it has a part of; a part is more than a point, unless they are points."""
        point = (lower == upper) & (lower >= self.low) & (upper <= self.high)
        met: Flags = (lower < self.high) & (upper > self.low) | point
        return met

    @cached_property
    def ends(self) -> tuple[float, float]:
        """The function at both ends, as computed; meaningless where one is infinite."""
        low, high = self.formula.value(np.array([self.low, self.high])).tolist()
        return low, high

    def values(self, x: Array) -> Array:
        """The function, as computed."""
        return self.formula.value(x)

    def slopes(self, x: Array) -> Array:
        """The derivative, as computed."""
        return self.formula.slope(x)

    def error(self, x: Array, computed: Array) -> Array:
        """How far values may be off."""
        return self.formula.value_error(x, computed)

    def below(self, span: Span, sign: int, slope: Array) -> Array:
        """What ``sign f(x) - slope x`` is never below."""
        if sign * self.bend < 0:
            return np.minimum(
                self._at(span.low, span.values[0], sign, slope),
                self._at(span.high, span.values[1], sign, slope),
            )
        p = self._flat(span, sign, slope)
        value, tilt = self.formula.value(p), self.formula.slope(p)
        loss, doubt = self.formula.value_error(p, value), self.formula.slope_error(p, tilt)
        drop = slope * p
        base = sign * value - drop
        charge = loss + ROUND * (np.abs(value) + np.abs(drop))
        tilt = sign * tilt - slope
        doubt += ROUND * np.abs(tilt)
        back, ahead = span.low - p, span.high - p
        return np.minimum(base + (tilt + doubt) * back, base + (tilt - doubt) * ahead) - charge

    def _at(self, x: Array, value: Array, sign: int, slope: Array) -> Array:
        """``sign f(x) - slope x``, at most."""
        drop = slope * x
        charge = self.formula.value_error(x, value) + ROUND * (np.abs(value) + np.abs(drop))
        return sign * value - drop - charge

    def lowest(self, span: Span, sign: int, slope: Array) -> tuple[Array, Array]:
        """About where ``sign f(x) - slope x`` is least, and ``sign f`` there."""
        if sign * self.bend < 0:
            return span.lower_end(sign, slope)
        p = self._flat(span, sign, slope)
        return p, sign * self.formula.value(p)

    def _flat(self, span: Span, sign: int, slope: Array) -> Array:
        p = self.inverse(sign * slope, span.centre)
        p = np.fmin(np.fmax(p, span.low), span.high)
        return np.minimum(np.maximum(p, 2.0**-300), span.high) if self.steep else p


@dataclass(frozen=True, eq=False)
class Straight:
    """``tilt x + height`` between two numbers; both coefficients exact.

    ``jumps`` tells that the function is not continuous at the ends; then ``owned`` says at which of
    them, low and high, the line gives the function's value.
    """

    low: float
    high: float
    tilt: float
    height: float
    jumps: bool = False
    owned: tuple[bool, bool] = (False, False)
    bend: ClassVar[int] = 0

    def meets(self, lower: Array, upper: Array, *, inside: bool) -> Flags:
        """Which intervals it has a part of; with ``inside`` it takes more than a point."""
        point = lower == upper
        met: Flags = (lower < self.high) & (upper > self.low)
        if not self.jumps:
            met |= point & (lower >= self.low) & (upper <= self.high)
            return met
        touching = point if inside else np.ones_like(point)
        if self.owned[0]:
            met |= (upper == self.low) & touching
        if self.owned[1]:
            met |= (lower == self.high) & touching
        return met

    def values(self, x: Array) -> Array:
        """The function, as computed."""
        return self.tilt * x + self.height

    def slopes(self, x: Array) -> Array:
        """The derivative."""
        return np.full_like(x, self.tilt)

    def error(self, x: Array, computed: Array) -> Array:
        """How far values may be off: nothing where the product and the sum are exact."""
        if self.tilt == 0.0 or (abs(self.tilt) == 1.0 and self.height == 0.0):
            return np.zeros_like(x)
        return ROUND * (np.abs(computed) + abs(self.height)) + TINY

    def below(self, span: Span, sign: int, slope: Array) -> Array:
        """What ``sign f(x) - slope x`` is never below; exact for the slope of the line."""
        tilt, height = sign * self.tilt - slope, sign * self.height
        found = np.full_like(slope, np.inf)
        for x in (span.low, span.high):
            rise = tilt * x
            rounds = (tilt != 0) & (x != 0)
            charge = np.where(rounds, ROUND * (np.abs(rise) + abs(height)) + TINY, 0.0)
            np.minimum(found, rise + height - charge, out=found)
        return found

    def lowest(self, span: Span, sign: int, slope: Array) -> tuple[Array, Array]:
        """The end where ``sign f(x) - slope x`` is least, and ``sign f`` there."""
        return span.lower_end(sign, slope)


Piece: TypeAlias = Curved | Straight


class Source(Protocol):
    """Intervals at whose ends the function was computed already."""

    @property
    def ends(self) -> tuple[Array, Array]: ...


class Span:
    """The part of a piece that lies in intervals, one for each neuron of ``index``.

    Attributes
    ----------
    index : which neurons, an array of their numbers or a slice
    low, high : (k,) float64
        Its ends.
    centre : (k,) float64 or float
        The middle of the whole stretch, of a periodic function.
    source : Source, optional
        The intervals, where the piece has the formula of the whole function.
    """

    def __init__(
        self,
        piece: Piece,
        index: Any,
        low: Array,
        high: Array,
        centre: Array | float = 0.0,
        source: Source | None = None,
    ) -> None:
        self.piece = piece
        self.index = index
        self.low = low
        self.high = high
        self.centre = centre
        self.source = source

    @cached_property
    def values(self) -> tuple[Array, Array]:
        """The function at both ends, as computed."""
        if self.source is None or not isinstance(self.piece, Curved):
            return self.piece.values(self.low), self.piece.values(self.high)
        (first, last), (start, end) = self.source.ends, self.piece.ends
        return (
            np.where(self.low > self.piece.low, first[self.index], start),
            np.where(self.high < self.piece.high, last[self.index], end),
        )

    def lower_end(self, sign: int, slope: Array) -> tuple[Array, Array]:
        """The end where ``sign f(x) - slope x`` is less, and ``sign f`` there."""
        left, right = (sign * value for value in self.values)
        first = left - slope * self.low <= right - slope * self.high
        return np.where(first, self.low, self.high), np.where(first, left, right)
