"""What has to be true of a function of one number, against its values at 60 digits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import mpmath as mp
import numpy as np
from exact_functions import exactly, intervals, samples

from mipc.numerics import functions
from mipc.numerics.functions import Function, Relaxation

__all__ = [
    "Sampled",
    "assert_bounds_of_any_slope_hold",
    "assert_cells_hold",
    "assert_lines_hold",
    "assert_range_holds",
    "sampled",
    "widest",
]

Point = tuple[Any, Any]


@dataclass(frozen=True, eq=False)
class Sampled:
    """Intervals, (n,) each, and for each some points of the graph of the function over it."""

    lower: np.ndarray
    upper: np.ndarray
    points: list[list[Point]]


@lru_cache(maxsize=256)
def sampled(function: Function, count: int = 40, seed: int = 0) -> Sampled:
    rng = np.random.default_rng(seed)
    lower, upper = intervals(function, rng, count)
    exact = exactly(function)
    points = [
        [(x, exact(x)) for x in samples(low, high, rng, 8)]
        for low, high in zip(lower.tolist(), upper.tolist(), strict=True)
    ]
    return Sampled(lower, upper, points)


def assert_range_holds(function: Function, seen: Sampled) -> None:
    lowest, highest = functions.interval(function, seen.lower, seen.upper)
    for low, high, points in zip(lowest.tolist(), highest.tolist(), seen.points, strict=True):
        for x, y in points:
            assert low <= y <= high, f"{function} at {x} is outside [{low!r}, {high!r}]"


def assert_lines_hold(function: Function, seen: Sampled) -> None:
    lines = functions.lines(function, seen.lower, seen.upper)
    for i, points in enumerate(seen.points):
        for x, y in points:
            place = f"{function} at {x}, lines over [{seen.lower[i]!r}, {seen.upper[i]!r}]"
            assert below(lines, i, x) <= y, f"{place}: not over the lower one"
            assert y <= above(lines, i, x), f"{place}: not under the upper one"


def below(lines: Relaxation, i: int, x: Any) -> Any:
    return mp.mpf(lines.lower_slope[i].item()) * x + mp.mpf(lines.lower_offset[i].item())


def above(lines: Relaxation, i: int, x: Any) -> Any:
    return mp.mpf(lines.upper_slope[i].item()) * x + mp.mpf(lines.upper_offset[i].item())


def assert_bounds_of_any_slope_hold(function: Function, seen: Sampled) -> None:
    """``f(x) - s x`` for slopes of all sizes and signs, and for zero."""
    rng = np.random.default_rng(1)
    count = len(seen.lower)
    slope = rng.choice([-1.0, 1.0], count) * 10.0 ** rng.uniform(-6, 4, count)
    slope = np.where(rng.random(count) < 0.1, 0.0, slope)
    lowest = functions.least(function, slope, seen.lower, seen.upper)
    highest = functions.most(function, slope, seen.lower, seen.upper)
    for s, low, high, points in zip(
        slope.tolist(), lowest.tolist(), highest.tolist(), seen.points, strict=True
    ):
        for x, y in points:
            assert low <= y - s * x <= high, f"{function} at {x}, slope {s!r}"


def assert_cells_hold(function: Function, seen: Sampled, wanted: int) -> None:
    """Cells lie side by side; every point is in one whose lines admit it, as is every inner one."""
    neuron, low, high = functions.cells_of(function, seen.lower, seen.upper, wanted)
    lines = functions.cell_lines(function, low, high)
    exact = exactly(function)
    for i, points in enumerate(seen.points):
        mine = np.flatnonzero(neuron == i)
        assert len(mine), f"{function}: an interval without a cell"
        assert low[mine[0]] == seen.lower[i], f"{function}: the first cell begins elsewhere"
        assert high[mine[-1]] == seen.upper[i], f"{function}: the last cell ends elsewhere"
        assert (low[mine] <= high[mine]).all(), f"{function}: a cell ends before it begins"
        assert (low[mine[1:]] == high[mine[:-1]]).all(), f"{function}: cells with a gap"
        ends = [(mp.mpf(x), exact(x)) for x in low[mine[1:]].tolist()]
        for x, y in points + ends:
            around = [k for k in mine.tolist() if low[k] <= x <= high[k]]
            admits = {k for k in around if below(lines, k, x) <= y <= above(lines, k, x)}
            assert admits, f"{function} at {x} is in no cell"
            if function.continuous:
                assert admits == set(around), f"{function} at {x}: a cell leaves it out"
            inner = {k for k in around if low[k] < x < high[k]}
            assert inner <= admits, f"{function} at {x}: its cell leaves it out"


def widest(function: Function, lower: np.ndarray, upper: np.ndarray, wanted: int) -> np.ndarray:
    """The largest distance between the lines of any cell: (n,) of (n,) intervals."""
    neuron, low, high = functions.cells_of(function, lower, upper, wanted)
    gaps = functions.cell_lines(function, low, high).gap(low, high)
    found = np.zeros(len(lower))
    np.maximum.at(found, neuron, gaps)
    return found
