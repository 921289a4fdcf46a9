"""Tighter bounds of a part: what its splits say of other neurons, and what a violation asks for.

*A violation is asked for.* On a part the margin is at most ``bound - |slope_i| |x_i - corner_i|``,
with the bound over the whole box and its corner, whichever input is looked at. Only points where
that is not negative matter: each input stays within ``bound / |slope_i|`` of its corner (cf. Zhou
et al. 2025, clip and verify). Of all that is found with it, nothing holds at points that do not
violate; a search for violations may use it.

*Forwards again.* On the smaller box the first level is bounded by intervals, the later ones by
backward bounds over the lines that the new bounds give; whatever is found is met with what was
known. A part in which some lower bound passes its upper bound holds no violation.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc import clock
from mipc.errors import TimeUp
from mipc.numerics.interval import Interval
from mipc.numerics.relaxation import Lines, relu_lines
from mipc.numerics.rounding import TINY, down, surely_above, up
from mipc.search.compact import Compact, Level
from mipc.search.descent import descend, first_multipliers
from mipc.search.dual import Rows, Weighed, proved
from mipc.search.parts import Parts

__all__ = ["clipped", "levels_to_refine", "refined", "tightened"]

Array: TypeAlias = npt.NDArray[np.float64]
Index: TypeAlias = npt.NDArray[np.intp]

REFINING = 2.0
"""How much work refining a part may be, measured in the descent on it."""

STEPS = 20
"""Steps of descent for each neuron of the whole region."""

CHUNK = 1 << 19
"""Coefficients worked on at a time."""


def clipped(parts: Parts, found: Weighed) -> Parts:
    """The boxes without what is too far from the corner to violate.

    Sound: ``bound`` is rounded up, so that the exact margin at ``x`` is at most ``bound`` less
    ``|slope_i| |x_i - corner_i|`` for the slopes as they are stored; their rounding is paid for
    over the whole box.
    """
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        reach = up(np.maximum(found.over_box, 0.0)[:, None] / np.abs(found.slope) + TINY)
    reach[~np.isfinite(found.over_box) | ~np.isfinite(found.slope).all(axis=1)] = np.inf
    low = np.where(found.slope > 0, np.maximum(parts.low, down(parts.high - reach)), parts.low)
    high = np.where(found.slope < 0, np.minimum(parts.high, up(parts.low + reach)), parts.high)
    return Parts(parts.lower, parts.upper, low, high)


def refined(compact: Compact, parts: Parts, levels: int) -> tuple[Parts, npt.NDArray[np.bool_]]:
    """Bounds met with those that the first levels have on the parts as they are now.

    Parameters
    ----------
    levels : int
        How many; the first costs little, each later one a backward bound of every neuron that is
        undecided somewhere.

    Returns
    -------
    the parts, and which of them are not empty: (N,)
    """
    lower, upper = parts.lower.copy(), parts.upper.copy()
    for number, level in enumerate(compact.levels[:levels]):
        place = level.place
        if number == 0:
            least, most = _first(compact, level, parts.low, parts.high)
            lower[:, place] = np.maximum(lower[:, place], least)
            upper[:, place] = np.minimum(upper[:, place], most)
            continue
        lines = relu_lines(Interval(lower, upper))
        part, neuron = np.nonzero((lower[:, place] < 0) & (upper[:, place] > 0))
        step = max(CHUNK // level.weights.shape[1], 1)
        for start in range(0, len(part), step):
            clock.check()
            at, of = part[start : start + step], neuron[start : start + step]
            least, most = _backward(compact, number, of, at, parts, lines)
            mine = place.start + of
            lower[at, mine] = np.maximum(lower[at, mine], least)
            upper[at, mine] = np.minimum(upper[at, mine], most)
    empty = (lower > upper).any(axis=1) | (parts.low > parts.high).any(axis=1)
    return Parts(lower, upper, parts.low, parts.high), np.asarray(~empty)


def _first(compact: Compact, level: Level, low: Array, high: Array) -> tuple[Array, Array]:
    """The first level by intervals."""
    middle, radius = Interval(low, high).centred()
    centre = middle @ level.weights.T + level.offset
    reach = radius @ np.abs(level.weights).T
    cost = compact.cost(level)
    least, most = centre - reach - cost - TINY, centre + reach + cost + TINY
    return -surely_above(-least), surely_above(most)


def _backward(
    compact: Compact, number: int, neurons: Index, at: Index, parts: Parts, lines: Lines
) -> tuple[Array, Array]:
    """Bounds of single neurons of a level, each on a part of its own: (T,), (T,) -> (T,) twice."""
    level = compact.levels[number]
    n = compact.inputs
    low, high, nothing = parts.low[at], parts.high[at], np.zeros((0, 0))
    found = []
    for sign in (1.0, -1.0):
        rows = sign * level.weights[neurons]
        total = sign * level.offset[neurons]
        error = compact.cost(level)[neurons]
        for earlier in reversed(compact.levels[:number]):
            place = earlier.place
            rho = rows[:, n + place.start : n + place.stop]
            positive = np.maximum(rho, 0.0)
            mu = positive * lines.upper_slope[at, place]
            mu += (rho - positive) * lines.lower_slope[at, place]
            total += np.einsum("ti,ti->t", positive, lines.upper_offset[at, place])
            total += mu @ earlier.offset
            error += np.abs(mu) @ compact.costs[place]
            rows[:, : n + place.start] += mu @ earlier.weights
        direct = rows[:, :n]
        total += compact.most(direct, Parts(nothing, nothing, low, high))[0]
        found.append(proved(total + error * (1.0 + 2.0**-30) + TINY, direct))
    return -found[1], found[0]


def tightened(compact: Compact, part: Parts, steps: int = STEPS, rows: int = 256) -> Parts:
    """Bounds of the undecided neurons of one part, each with multipliers of its own.

    Parameters
    ----------
    part : Parts
        One.
    steps : int
    rows : int
        How many bounds are looked for together.

    Returns
    -------
    the part; where time runs out, with what is known by then
    """
    lower, upper = part.lower.copy(), part.upper.copy()
    with suppress(TimeUp):
        _tighten(compact, part, lower, upper, steps, rows)
    return Parts(lower, upper, part.low, part.high)


def _tighten(
    compact: Compact, part: Parts, lower: Array, upper: Array, steps: int, rows: int
) -> None:
    """Tighten bounds in place, level by level."""
    for number, level in enumerate(compact.levels):
        if number == 0:
            continue
        place = level.place
        neurons = np.flatnonzero((lower[0, place] < 0) & (upper[0, place] > 0))
        cost = compact.cost(level)
        for start in range(0, len(neurons), rows):
            clock.check()
            some = neurons[start : start + rows]
            sign = np.repeat([1.0, -1.0], len(some))
            weights = np.zeros((len(sign), compact.inputs + compact.neurons))
            weights[:, : level.weights.shape[1]] = np.tile(level.weights[some], (2, 1))
            both = Rows(
                sign[:, None] * weights, sign * np.tile(level.offset[some], 2),
                np.tile(cost[some], 2),
            )  # fmt: skip
            now = Parts(lower, upper, part.low, part.high).repeat(len(both))
            found = descend(
                compact, both, now, first_multipliers(now, 1), steps, upto=number, goal=-np.inf
            ).bound
            at = place.start + some
            upper[0, at] = np.minimum(upper[0, at], found[: len(some)])
            lower[0, at] = np.maximum(lower[0, at], -found[len(some) :])


def levels_to_refine(compact: Compact, steps: int) -> int:
    """How many levels may be bounded anew in each part, where descent on it takes so many steps."""
    work = np.array([float(level.weights.size) for level in compact.levels])
    spent, most = 0.0, float(REFINING * 2 * steps * work.sum())
    for number, level in enumerate(compact.levels):
        spent += 2.0 * len(level.offset) * float(work[:number].sum())
        if spent > most:
            return number
    return len(compact.levels)
