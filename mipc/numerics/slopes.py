"""Which slopes to give the lines under and over a function on an interval.

This is a matter of tightness only: the offset that goes with a slope is a sound bound whatever the
slope, see :mod:`mipc.numerics.curves`.

Under ``f`` on ``[l, u]`` the line that leaves the smallest area is one that supports the convex
hull of ``f`` at the midpoint ``m``, for the area is a constant minus ``(u - l)`` times the line's
value at ``m``. That is the tangent at ``m`` if it stays below ``f``; otherwise the edge of the hull
over ``m``: a chord, a tangent through an end, or a line that touches twice. It is found as in the
quickhull method: from the chord of ``(l, u)``, replace one of its ends by the point farthest below
the line, until there is none. For convex and concave functions these are the tangent and the
chord, for the sigmoid the lines of DeepPoly (Singh et al. 2019) and CROWN (Zhang et al. 2018) with
the tangents at their best.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.numerics.curves import Curve, Odd, Relaxation, Strips
from mipc.numerics.rounding import UNIT

__all__ = ["lines"]

Array: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]

STEPS = 16
"""How often the end of a chord is replaced, at most; three or four times is usual."""

STEEPEST = 2.0**30
"""No slope is larger, unless values are beyond 1."""


def lines(curve: Curve, lower: Array, upper: Array, *, inside: bool = False) -> Relaxation:
    """Lines around a curve over intervals: (n,), (n,) -> (n,) each; for ``inside`` see `Strips`."""
    strips = Strips(curve, lower, upper, inside=inside)
    below, above = _slope(strips, 1), _slope(strips, -1)
    # 0 - x is never a negative zero
    return Relaxation(below, strips.least(1, below), 0.0 - above, 0.0 - strips.least(-1, above))


def _slope(strips: Strips, sign: int) -> Array:
    """The slope of the best line under ``F = sign f``, about; 0 over a point."""
    odd = strips.curve.odd
    best = _hull(strips, sign) if odd is None else _through_end(strips, sign, odd)
    return _moderate(strips, sign, np.where(strips.upper > strips.lower, best, 0.0))


def _hull(strips: Strips, sign: int) -> Array:
    """The slope of the hull over the midpoint."""
    lower, upper, middle = strips.lower, strips.upper, strips.middle
    ends = [sign * value for value in strips.ends]
    tangent, value, bend = (sign * part for part in strips.tangent)
    chord = (ends[1] - ends[0]) / (upper - lower)
    slope = np.where(bend >= 0, tangent, chord)
    height = np.where(bend >= 0, value - tangent * middle, ends[0] - chord * lower)
    x, y = strips.lowest(sign, slope)
    reach = np.maximum(np.abs(lower), np.abs(upper))
    noise = (np.abs(y) + np.abs(height) + np.abs(slope) * reach) * (16 * UNIT)
    missed = height - (y - slope * x)
    rest = np.flatnonzero((missed > noise) & (upper > lower))
    if len(rest):
        part = strips.take(rest)
        edge = _Edge(part.lower, ends[0][rest], part.upper, ends[1][rest])
        edge = edge.nearer(x[rest], y[rest], part.middle)
        slope[rest] = _edge_slope(part, sign, edge, noise[rest] + missed[rest] * 2.0**-14, STEPS)
    return slope


class _Edge:
    """A chord over the midpoint, from ``(x, y)`` at its left to ``(z, w)``."""

    def __init__(self, x: Array, y: Array, z: Array, w: Array) -> None:
        self.parts = (x, y, z, w)

    @property
    def slope(self) -> Array:
        x, y, z, w = self.parts
        return (w - y) / (z - x)

    def missed(self, x: Array, y: Array) -> Array:
        """How far a point lies below it."""
        slope = self.slope
        return (self.parts[1] - slope * self.parts[0]) - (y - slope * x)

    def nearer(self, x: Array, y: Array, middle: Array) -> _Edge:
        """With the end on its side replaced by a point, where that lies below."""
        better = ~(self.missed(x, y) <= 0)
        left, right = better & (x <= middle), better & (x > middle)
        new = zip((left, left, right, right), (x, y, x, y), self.parts, strict=True)
        return _Edge(*(np.where(side, value, old) for side, value, old in new))

    def take(self, keep: npt.NDArray[np.intp]) -> _Edge:
        return _Edge(*(part[keep] for part in self.parts))


def _edge_slope(strips: Strips, sign: int, edge: _Edge, enough: Array, steps: int) -> Array:
    """The slope of the hull's edge over the middle, or close to it."""
    x, y = strips.lowest(sign, edge.slope)
    far = np.flatnonzero(edge.missed(x, y) > enough)
    edge = edge.nearer(x, y, strips.middle)
    slope = edge.slope
    if len(far) and steps:
        part = strips.take(far)
        slope[far] = _edge_slope(part, sign, edge.take(far), enough[far], steps - 1)
    return slope


def _through_end(strips: Strips, sign: int, odd: Odd) -> Array:
    """The same for an odd function, without a search.

    ``G(x) = sign f(sign x)`` is ``f`` again but for a constant. The tangent at the midpoint, if
    that lies below 0, stays below ``G`` if it does so at the upper end; otherwise the line through
    that end which touches below 0 is best, or the chord if it would touch beyond the lower end.
    """
    low, high = strips.lower, strips.upper
    if sign < 0:
        low, high = -high, -low
    first, last = (sign * value for value in strips.ends[::sign])
    tangent, value, _ = strips.tangent
    middle = sign * strips.middle
    stays = sign * value + tangent * (high - middle) <= last
    fine = (high <= 0) | (middle < 0) & stays
    slope = np.where(fine, tangent, (last - first) / (high - low))
    rest = np.flatnonzero(~fine & (low < 0))
    low, high, last = low[rest], high[rest], last[rest]
    x = np.maximum(odd.touch(high), low)
    for _ in range(2):
        slope[rest] = (last - sign * strips.curve.value(sign * x)) / (high - x)
        x = np.maximum(-odd.inverse(slope[rest]), low)
    return sign * slope


def _moderate(strips: Strips, sign: int, slope: Array) -> Array:
    """Slopes freed of noise and of size.

    On an interval so short that a chord is mostly rounding, it is moved between the slopes that
    the function has there.
    """
    start, end = strips.ends
    height = np.abs(start) + np.abs(end)
    slope = np.where(np.isfinite(slope), slope, sign * strips.tangent[0])
    noisy = (np.abs(end - start) <= height * 2.0**-20) & (strips.upper > strips.lower)
    if noisy.any() and strips.curve.continuous:
        part = strips.take(noisy)
        least, most = np.full((2, len(part.lower)), np.inf)
        for span in part.spans(np.zeros_like(part.lower)):
            for x in (span.low, span.high):
                found = sign * span.piece.slopes(x)
                least[span.index] = np.minimum(least[span.index], found)
                most[span.index] = np.minimum(most[span.index], -found)
        slope[noisy] = np.minimum(np.maximum(slope[noisy], least), -most)
    limit = STEEPEST * np.maximum(height, 1.0)
    bounded: Array = np.minimum(np.maximum(slope, -limit), limit)
    return bounded
