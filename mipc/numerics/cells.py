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

__all__ = ["partition"]

Array: TypeAlias = npt.NDArray[np.float64]
Index: TypeAlias = npt.NDArray[np.intp]
Cells: TypeAlias = tuple[Index, Array, Array]

SWEEPS = 6
"""How often the ends of neighbouring cells are evened out."""


def partition(curve: Curve, lower: Array, upper: Array, wanted: int) -> Cells:
    """The cells of several neurons, ordered by neuron and from left to right.

    Parameters
    ----------
    lower, upper : (n,)
    wanted : int
        Cells of each neuron; a neuron with more branches has a cell for each, unless one cell is
        wanted and the function is continuous.

    Returns
    -------
    neuron, low, high : (k,) each
    """
    whole = np.arange(len(lower), dtype=np.intp), lower, upper
    if wanted <= 1 and curve.continuous:
        return whole
    cells = whole if curve.phase is not None else _branches(curve, lower, upper)
    if curve.phase is not None:
        cells = _half_periods(curve.phase, whole, wanted)
    branch_ends = set(np.concatenate(cells[1:]).tolist())
    cells = _refined(curve, cells, len(lower), wanted)
    return _evened(curve, cells, len(lower), branch_ends)


def _branches(curve: Curve, lower: Array, upper: Array) -> Cells:
    """A cell for each branch that an interval has a part of."""
    parts = [
        (np.arange(len(lower))[span.index], span.low, span.high)
        for span in Strips(curve, lower, upper).spans()
    ]
    return _ordered(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _half_periods(phase: float, whole: Cells, wanted: int) -> Cells:
    """A cell for each half-period, for neurons that have no more of them than cells."""
    neuron, lower, upper = whole
    first, last = (np.floor(x / np.pi - phase) for x in (lower, upper))
    few = last - first < max(wanted, 3)
    parts = [(neuron[~few], lower[~few], upper[~few])]
    for number in range(max(wanted, 3)):
        start, end = ((first + number + k + phase) * np.pi for k in (0, 1))
        start = np.where(first + number == first, lower, np.maximum(start, lower))
        end = np.where(first + number >= last, upper, np.minimum(end, upper))
        met = few & (first + number <= last) & ((start < end) | (lower == upper))
        parts.append((neuron[met], start[met], end[met]))
    return _ordered(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _ordered(neuron: Index, low: Array, high: Array) -> Cells:
    order = np.lexsort((high, low, neuron))
    return neuron[order], low[order], high[order]


def _gaps(curve: Curve, low: Array, high: Array) -> Array:
    """How far the lines over each cell are apart."""
    return curve.lines(low, high, inside=True).gap(low, high)


def _refined(curve: Curve, cells: Cells, count: int, wanted: int) -> Cells:
    """Cut the worst cell of each neuron until it has as many as are wanted."""
    neuron, low, high = cells
    gap = _gaps(curve, low, high)
    done = np.zeros(count, dtype=bool)
    while True:
        size = np.bincount(neuron, minlength=count)
        order = np.lexsort((gap, neuron))
        worst = order[np.append(neuron[order][1:] != neuron[order][:-1], True)]
        worst = worst[(size < wanted)[neuron[worst]] & ~done[neuron[worst]]]
        if not len(worst):
            return _ordered(neuron, low, high)
        cut = _cut(curve, low[worst], high[worst])
        inside = (low[worst] < cut) & (cut < high[worst])
        left, right = _gaps(curve, low[worst], cut), _gaps(curve, cut, high[worst])
        helps = inside & (np.maximum(left, right) < gap[worst])
        done[neuron[worst[~helps]]] = True
        worst, cut, left, right = worst[helps], cut[helps], left[helps], right[helps]
        neuron = np.append(neuron, neuron[worst])
        low, high = np.append(low, cut), np.append(high, high[worst])
        gap = np.append(gap, right)
        high[worst], gap[worst] = cut, left


def _cut(curve: Curve, low: Array, high: Array) -> Array:
    """Where the function is farthest from its chord, about; else the middle."""
    middle = low + (high - low) / 2
    ends = curve.value(low), curve.value(high)
    chord = (ends[1] - ends[0]) / (high - low)
    strips, best, far = Strips(curve, low, high, inside=True), middle, np.zeros_like(low)
    for sign in (1, -1):
        x, y = strips.lowest(sign, sign * chord)
        away = sign * (ends[0] + chord * (x - low)) - y
        take = (away > far) & (low < x) & (x < high)
        best, far = np.where(take, x, best), np.where(take, away, far)
    # noise must not cut off a sliver
    edge = (high - low) / 64
    return np.minimum(np.maximum(best, low + edge), high - edge)


def _evened(curve: Curve, cells: Cells, count: int, branch_ends: set[float]) -> Cells:
    """Move common ends of neighbours on one branch; kept where the worst distance shrinks."""
    neuron, low, high = cells
    best, gap = high.copy(), _gaps(curve, low, high)
    movable = (neuron[:-1] == neuron[1:]) & ~np.isin(high[:-1], list(branch_ends))
    worst = _worst(neuron, gap, count)
    low, high = low.copy(), high.copy()
    for sweep in range(2 * SWEEPS):
        left = np.flatnonzero(movable & (np.arange(len(movable)) % 2 == sweep % 2))
        if len(left):
            right = left + 1
            widths = high[left] - low[left], high[right] - low[right]
            bends = [
                np.sqrt(np.maximum(gap[i], 0.0)) / w
                for i, w in ((left, widths[0]), (right, widths[1]))
            ]
            share = bends[1] / (bends[0] + bends[1])
            share = np.where(np.isfinite(share), np.clip(share, 0.05, 0.95), 0.5)
            end = low[left] + share * (high[right] - low[left])
            fine = (low[left] < end) & (end < high[right])
            high[left], low[right] = (
                np.where(fine, end, high[left]),
                np.where(fine, end, low[right]),
            )
            gap = _gaps(curve, low, high)
        found = _worst(neuron, gap, count)
        better = found < worst
        worst = np.where(better, found, worst)
        best = np.where(better[neuron], high, best)
    first = np.append(True, neuron[1:] != neuron[:-1])
    return neuron, np.where(first, cells[1], np.append(0.0, best[:-1])), best


def _worst(neuron: Index, gap: Array, count: int) -> Array:
    found = np.zeros(count)
    np.maximum.at(found, neuron, gap)
    return found
