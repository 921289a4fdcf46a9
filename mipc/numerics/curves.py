"""A function of one variable, cut into stretches that bend one way each, over many intervals.

What ``f(x) - s x`` is never below on an interval is the least of what it is never below on each
stretch, see :mod:`mipc.numerics.pieces`. Every other statement follows from that one: the offset
of a line is such a bound for its slope, whatever the slope, and a range is a pair of bounds for
slope 0. Only the range of a monotone function is simply its values at the ends, moved outward.

Periodic functions. For ``s >= 0``, ``f(x) - s x`` is no larger one period later, so the least
value over an interval is taken on its last period (for ``s <= 0`` on its first): of any interval at
most five half-periods matter. Their ends are off by less than 2**-30 up to ``FAR``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.numerics.elementary import FAR, PI
from mipc.numerics.pieces import Formula, Piece, Span, Straight
from mipc.numerics.rounding import down, up

__all__ = ["Curve", "Odd", "Relaxation", "Strips"]

Array: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]

PERIOD = math.nextafter(2 * PI, 7.0)
"""A little more than a period of the sine; a longer window loses nothing."""


@dataclass(frozen=True, eq=False)
class Relaxation:
    """``lower_slope x + lower_offset <= f(x) <= upper_slope x + upper_offset`` on intervals.

    For real ``x`` and the stored floats, which are finite; each is shaped like the intervals.
    """

    lower_slope: Array
    lower_offset: Array
    upper_slope: Array
    upper_offset: Array

    def gap(self, lower: Array, upper: Array) -> Array:
        """How far apart the lines are where they are farthest, about."""
        tilt, height = self.upper_slope - self.lower_slope, self.upper_offset - self.lower_offset
        return np.maximum(tilt * lower + height, tilt * upper + height)


@dataclass(frozen=True, eq=False)
class Odd:
    """That a curve is odd but for a constant, convex below 0 and concave above.

    Attributes
    ----------
    touch : u -> x
        About where the tangent through its point at ``u > 0`` touches it below 0.
    inverse : slope -> x
        About where above 0 it has that slope.
    """

    touch: Callable[[Array], Array]
    inverse: Callable[[Array], Array]


@dataclass(frozen=True, eq=False)
class Curve:
    """A function of one variable, cut into stretches that bend one way.

    Attributes
    ----------
    pieces : tuple of Piece
        From left to right, without gaps; a piece of its own for each value at a jump.
    domain : str
        Where it is defined: ``x``, ``x >= 0``, ``x > 0`` or ``x != 0``.
    trend : 1, -1 or 0
        Whether it never falls, never rises, or neither.
    bottom, top : float
        Numbers it never passes.
    grows : bool
        Whether it may pass 1e30 for arguments that do not.
    formula : Formula, optional
        If it is the same everywhere.
    phase : float, optional
        Of a function with the period of the sine: it is concave from ``phase * pi`` to
        ``(phase + 1) * pi``.
    odd : Odd, optional
        A short way to its best lines.
    """

    pieces: tuple[Piece, ...]
    domain: Literal["x", "x >= 0", "x > 0", "x != 0"] = "x"
    trend: Literal[1, -1, 0] = 0
    bottom: float = -math.inf
    top: float = math.inf
    grows: bool = False
    formula: Formula | None = None
    phase: float | None = None
    odd: Odd | None = None

    @property
    def continuous(self) -> bool:
        """Whether it has no jumps."""
        return not any(isinstance(piece, Straight) and piece.jumps for piece in self.pieces)

    def defined(self, lower: Array, upper: Array) -> Flags:
        """Whether it is defined on the whole of each interval."""
        match self.domain:
            case "x":
                return np.ones(lower.shape, dtype=bool)
            case "x >= 0":
                return lower >= 0
            case "x > 0":
                return lower > 0
            case "x != 0":
                return (lower > 0) | (upper < 0)

    def value(self, x: Array) -> Array:
        """The function, as computed: (n,) -> (n,)."""
        return self._valued(x)[0]

    def _valued(self, x: Array, *, errors: bool = False) -> tuple[Array, Array]:
        """The function, and how far off that may be if asked for."""
        if self.formula is not None:
            found = self.formula.value(x)
            return found, self.formula.value_error(x, found) if errors else found
        value, error = np.full_like(x, np.nan), np.zeros_like(x)
        for span in Strips(self, x, x).spans():
            found = span.piece.values(span.low)
            value[span.index] = found
            error[span.index] = span.piece.error(span.low, found)
        return value, error

    def interval(self, lower: Array, upper: Array) -> tuple[Array, Array]:
        """The range over intervals, rounded outward: (n,), (n,) -> (n,), (n,)."""
        if self.trend:
            (low, less), (high, more) = (self._valued(x, errors=True) for x in (lower, upper))
            if self.trend < 0:
                low, less, high, more = high, more, low, less
            low = np.where(less > 0, down(low - less), low)
            high = np.where(more > 0, up(high + more), high)
        else:
            strips, flat = Strips(self, lower, upper), np.zeros_like(lower)
            low, high = strips.least(1, flat), -strips.least(-1, flat)
        return np.clip(low, self.bottom, self.top), np.clip(high, self.bottom, self.top)


class Strips:
    """A curve over (n,) intervals; ``F`` stands for ``sign f``.

    Attributes
    ----------
    lower, upper : (n,) float64
    inside : bool
        Whether a piece that jumps at its ends counts only for intervals that have more than a point
        of it (or are that point): an interval is then a closed cell of one branch.
    """

    def __init__(self, curve: Curve, lower: Array, upper: Array, *, inside: bool = False) -> None:
        self.curve = curve
        self.lower = lower
        self.upper = upper
        self.inside = inside
        self._spans: list[Span] | None = None

    def take(self, keep: Any) -> Strips:
        """Some of them."""
        part = Strips(self.curve, self.lower[keep], self.upper[keep], inside=self.inside)
        part.__dict__["ends"] = self.ends[0][keep], self.ends[1][keep]
        return part

    @cached_property
    def ends(self) -> tuple[Array, Array]:
        """The function at both ends, as computed."""
        return self.curve.value(self.lower), self.curve.value(self.upper)

    def spans(self, slope: Array | None = None) -> list[Span]:
        """The parts of the pieces that matter where ``F(x) - slope x`` is least."""
        if self.curve.phase is not None:
            return self._periodic(self.curve.phase, slope)
        if self._spans is None:
            self._spans = []
            for piece in self.curve.pieces:
                met = piece.meets(self.lower, self.upper, inside=self.inside)
                if met.any():
                    index = slice(None) if met.all() else np.flatnonzero(met)
                    low = np.maximum(self.lower[index], piece.low)
                    high = np.minimum(self.upper[index], piece.high)
                    source = self if self.curve.formula is not None else None
                    self._spans.append(Span(piece, index, low, high, source=source))
        return self._spans

    def _periodic(self, phase: float, slope: Array | None) -> list[Span]:
        """Half-periods; beyond ``FAR``, where they cannot be told apart, the lines -1 and 1."""
        near = np.maximum(np.abs(self.lower), np.abs(self.upper)) <= FAR
        lower, upper = self.lower, self.upper
        if slope is not None:
            lower = np.where(slope >= 0, np.maximum(lower, down(upper - PERIOD)), lower)
            upper = np.where(slope < 0, np.minimum(upper, up(self.lower + PERIOD)), upper)
        spans = []
        first = np.where(near, 2.0 * np.floor((lower / PI - phase - 2.0**-20) / 2.0), 0.0)
        for number in range(6):
            start, end = ((first + number + k + phase) * PI for k in (0, 1))
            met = near & (lower < end) & (upper > start)
            met |= near & (lower == upper) & (lower >= start) & (upper <= end)
            if met.any():
                index = np.flatnonzero(met)
                low, high = np.maximum(lower, start)[index], np.minimum(upper, end)[index]
                centre = (first + number + 0.5 + phase)[index] * PI
                spans.append(Span(self.curve.pieces[number % 2], index, low, high, centre))
        if not near.all():
            index = np.flatnonzero(~near)
            for height in (-1.0, 1.0):
                line = Straight(-math.inf, math.inf, 0.0, height)
                spans.append(Span(line, index, self.lower[index], self.upper[index]))
        return spans

    def least(self, sign: int, slope: Array) -> Array:
        """What ``F(x) - slope x`` is never below; ``-inf`` if nothing could be said."""
        found = np.full_like(self.lower, np.inf)
        for span in self.spans(slope):
            bound = span.piece.below(span, sign, slope[span.index])
            bound = np.where(np.isnan(bound), -np.inf, bound)
            found[span.index] = np.minimum(found[span.index], bound)
        return found

    def lowest(self, sign: int, slope: Array) -> tuple[Array, Array]:
        """About where ``F(x) - slope x`` is least, and ``F`` there."""
        x, y = self.lower.copy(), np.full_like(self.lower, np.inf)
        for span in self.spans(slope):
            at, value = span.piece.lowest(span, sign, slope[span.index])
            old = y[span.index] - slope[span.index] * x[span.index]
            less = value - slope[span.index] * at < old
            x[span.index] = np.where(less, at, x[span.index])
            y[span.index] = np.where(less, value, y[span.index])
        return x, y

    @cached_property
    def middle(self) -> Array:
        """The midpoints."""
        return self.lower + (self.upper - self.lower) / 2

    @cached_property
    def tangent(self) -> tuple[Array, Array, Array]:
        """Slope, value and bend of the function at the midpoint; a straight piece bends by 0."""
        slope, value, bend = np.zeros((3, len(self.lower)))
        formula = self.curve.formula
        if formula is not None:
            slope, value = formula.slope(self.middle), formula.value(self.middle)
        for span in Strips(self.curve, self.middle, self.middle, inside=self.inside).spans():
            bend[span.index] = span.piece.bend
            if formula is None:
                slope[span.index] = span.piece.slopes(span.low)
                value[span.index] = span.piece.values(span.low)
        return slope, value, bend
