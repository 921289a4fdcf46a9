"""Cells: intervals cut so that in each the two lines around a function are close.

The cell whose lines are farthest apart is cut where the function is farthest from its chord (the
chord rule of the sandwich algorithms, Rote 1992), until there are enough. Then neighbours are
evened out: on a stretch that bends one way the distance grows about as the square of the width,
which says where a common end should move so that both distances are equal.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.numerics.curves import Curve, Strips
from mipc.numerics.elementary import PI
from mipc.numerics.slopes import lines

__all__ = ["partition"]

Array: TypeAlias = npt.NDArray[np.float64]
Index: TypeAlias = npt.NDArray[np.intp]
Cells: TypeAlias = tuple[Index, Array, Array]

SWEEPS = 24
"""How often the ends of neighbouring cells are evened out, every other one at a time."""

CLOSE = 2.0**-34
"""Lines this close, relative to the function, are not brought closer by cutting."""


def partition(curve: Curve, lower: Array, upper: Array, wanted: int) -> Cells:
    """The cells of several neurons, ordered by neuron and from left to right.

    Parameters
    ----------
    lower, upper : (n,)
    wanted : int
        Cells of each neuron; a neuron with more branches has a cell for each, unless one cell is
        wanted and the function is continuous. Of a periodic function, an interval with more
        half-periods than that is cut without regard to them.

    Returns
    -------
    neuron, low, high : (k,) each
    """
    whole = np.arange(len(lower), dtype=np.intp), lower, upper
    if not len(lower) or (wanted <= 1 and curve.continuous):
        return whole
    if curve.phase is None:
        cells = _branches(curve, *whole)
    else:
        cells = _half_periods(curve.phase, *whole, max(wanted, 3))
    refined = _refined(curve, cells, len(lower), wanted)
    return _evened(curve, refined, len(lower), np.concatenate(cells[1:]))


def _branches(curve: Curve, neuron: Index, lower: Array, upper: Array) -> Cells:
    """A cell for each branch that an interval has a part of."""
    spans = Strips(curve, lower, upper).spans()
    return _ordered([(neuron[span.index], span.low, span.high) for span in spans])


def _half_periods(phase: float, neuron: Index, lower: Array, upper: Array, most: int) -> Cells:
    """A cell for each half-period, for neurons that have no more of them than ``most``."""
    first, last = (np.floor(x / PI - phase) for x in (lower, upper))
    few = last - first < most
    parts = [(neuron[~few], lower[~few], upper[~few])]
    for number in range(most):
        start = lower if number == 0 else (first + number + phase) * PI
        end = np.where(first + number < last, (first + number + 1.0 + phase) * PI, upper)
        end = np.minimum(end, upper)
        met = few & (first + number <= last) & ((start < end) | (number == 0))
        parts.append((neuron[met], start[met], end[met]))
    return _ordered(parts)


def _ordered(parts: list[Cells]) -> Cells:
    neuron, low, high = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((high, low, neuron))
    return neuron[order], low[order], high[order]


def _gaps(curve: Curve, low: Array, high: Array) -> Array:
    """How far the lines over each cell are apart."""
    return lines(curve, low, high, inside=True).gap(low, high)


def _refined(curve: Curve, cells: Cells, count: int, wanted: int) -> Cells:
    """Cut the worst cell of each neuron until it has as many as are wanted, or it does not help."""
    neuron, low, high = cells
    gap = _gaps(curve, low, high)
    todo = np.ones(count, dtype=bool)
    while True:
        todo &= np.bincount(neuron, minlength=count) < wanted
        order = np.lexsort((gap, neuron))
        last_of_neuron = np.append(neuron[order][1:] != neuron[order][:-1], True)
        worst = order[last_of_neuron]
        worst = worst[todo[neuron[worst]]]
        if not len(worst):
            return _ordered([(neuron, low, high)])
        start, end = low[worst], high[worst]
        cut, close = _cut(curve, start, end)
        left, right = _gaps(curve, start, cut), _gaps(curve, cut, end)
        helps = (start < cut) & (cut < end)
        helps &= (gap[worst] > close) & (np.maximum(left, right) < gap[worst])
        todo[neuron[worst[~helps]]] = False
        worst, cut, left, right = worst[helps], cut[helps], left[helps], right[helps]
        neuron = np.append(neuron, neuron[worst])
        low, high = np.append(low, cut), np.append(high, high[worst])
        gap = np.append(gap, right)
        high[worst], gap[worst] = cut, left


def _cut(curve: Curve, low: Array, high: Array) -> tuple[Array, Array]:
    """Where the function is farthest from its chord, or the middle; and what gap is close."""
    strips = Strips(curve, low, high, inside=True)
    start, end = strips.ends
    chord = (end - start) / (high - low)
    best, far = strips.middle, np.zeros_like(low)
    for sign in (1, -1):
        x, y = strips.lowest(sign, sign * chord)
        away = sign * (start + chord * (x - low)) - y
        take = (away > far) & (low < x) & (x < high)
        best, far = np.where(take, x, best), np.where(take, away, far)
    # rounding must not cut off a sliver
    edge = (high - low) / 64
    best = np.minimum(np.maximum(best, low + edge), high - edge)
    return best, CLOSE * (np.abs(start) + np.abs(end))


def _evened(curve: Curve, cells: Cells, count: int, fixed: Array) -> Cells:
    """Move common ends of neighbours on one branch; kept where the worst distance shrinks."""
    neuron, low, high = cells[0], cells[1].copy(), cells[2].copy()
    movable = (neuron[:-1] == neuron[1:]) & ~np.isin(high[:-1], fixed)
    gap = _gaps(curve, low, high)
    best, least = high.copy(), _worst(neuron, gap, count)
    for sweep in range(SWEEPS):
        left = np.flatnonzero(movable)
        left = left[left % 2 == sweep % 2]
        if not len(left):
            continue
        right = left + 1
        high[left] = low[right] = _even_end(
            low[left], high[left], high[right], gap[left], gap[right]
        )
        gap = _gaps(curve, low, high)
        found = _worst(neuron, gap, count)
        best = np.where((found < least)[neuron], high, best)
        least = np.minimum(found, least)
    first = np.append(True, neuron[1:] != neuron[:-1])
    return neuron, np.where(first, cells[1], np.append(0.0, best[:-1])), best


def _even_end(start: Array, middle: Array, end: Array, left: Array, right: Array) -> Array:
    """Where two neighbours with these gaps should meet."""
    bends = [
        np.sqrt(np.maximum(gap, 0.0)) / width
        for gap, width in ((left, middle - start), (right, end - middle))
    ]
    share = bends[1] / (bends[0] + bends[1])
    moved = start + np.where(np.isfinite(share), share, 0.5) * (end - start)
    return np.where((start < moved) & (moved < end), moved, middle)


def _worst(neuron: Index, gap: Array, count: int) -> Array:
    """The largest gap of each neuron."""
    found = np.zeros(count)
    np.maximum.at(found, neuron, gap)
    return found
