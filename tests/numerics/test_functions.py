"""Functions that are not piecewise linear: ranges, lines and cells are sound, and tight."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from exact_functions import CONTINUOUS, FUNCTIONS, LANDMARKS, exactly, intervals
from function_laws import (
    assert_bounds_of_any_slope_hold,
    assert_cells_hold,
    assert_lines_hold,
    assert_range_holds,
    sampled,
    widest,
)
from strategies import examples

from mipc.numerics import functions
from mipc.numerics.functions import Function
from mipc.numerics.pieces import Curved

every_function = pytest.mark.parametrize("function", FUNCTIONS, ids=str)
continuous_ones = pytest.mark.parametrize("function", CONTINUOUS, ids=str)

COUNT = examples(20)

BLUR = mp.mpf(10) ** -40
"""What a numerical derivative at 60 digits does not resolve."""


@every_function
def test_ranges_enclose_exact_values(function: Function) -> None:
    assert_range_holds(function, sampled(function, COUNT))


@every_function
def test_lines_lie_under_and_over_exact_values(function: Function) -> None:
    assert_lines_hold(function, sampled(function, COUNT))


@every_function
def test_bounds_hold_for_any_slope(function: Function) -> None:
    assert_bounds_of_any_slope_hold(function, sampled(function, COUNT))


@every_function
@pytest.mark.parametrize("wanted", [1, 2, 5])
def test_cells_cover_and_their_lines_hold(function: Function, wanted: int) -> None:
    assert_cells_hold(function, sampled(function, COUNT), wanted)


@continuous_ones
def test_more_cells_bring_the_lines_closer(function: Function) -> None:
    """But for the first cut, which is where the function bends the other way."""
    lower, upper = intervals(function, np.random.default_rng(2), 24)
    one, two, four, sixteen = (widest(function, lower, upper, n) for n in (1, 2, 4, 16))
    ends = np.abs(function.value(lower)) + np.abs(function.value(upper))
    noise = 1e-9 * (ends + upper - lower) + 1e-12
    assert (two <= 1.5 * one + noise).all()
    assert (four <= 1.01 * two + noise).all()
    few = (upper - lower < 8) | (function.curve.phase is None)
    assert (sixteen <= 0.4 * four + noise)[few].all()


@continuous_ones
def test_one_cell_is_one_cell_and_more_are_no_more_than_wanted(function: Function) -> None:
    lower, upper = intervals(function, np.random.default_rng(3), 60)
    neuron, low, high = functions.cells_of(function, lower, upper, 1)
    assert neuron.tolist() == list(range(len(lower)))
    assert (low == lower).all()
    assert (high == upper).all()
    branches = len(function.curve.pieces)
    for wanted in (2, 6):
        neuron, _, _ = functions.cells_of(function, lower, upper, wanted)
        assert np.bincount(neuron).max() <= max(wanted, branches, 3)


@continuous_ones
def test_lines_leave_about_the_least_area(function: Function) -> None:
    """That area is the width times the distance between the two sides of the hull, midway."""
    lower, upper = intervals(function, np.random.default_rng(4), 40)
    keep = (upper - lower > 1e-3) & (upper - lower < 20)
    lower, upper = lower[keep], upper[keep]
    lines = functions.lines(function, lower, upper)
    middle = lower + (upper - lower) / 2
    ours = (lines.upper_slope - lines.lower_slope) * middle
    ours += lines.upper_offset - lines.lower_offset
    for i, best in enumerate(hulls(function, lower, upper, middle)):
        size = abs(lines.upper_slope[i] * middle[i]) + abs(lines.upper_offset[i])
        assert ours[i] <= 1.05 * best + 1e-9 * max(size, 1e-3), (lower[i], upper[i])


def hulls(
    function: Function, lower: np.ndarray, upper: np.ndarray, middle: np.ndarray
) -> list[float]:
    """For each interval how high the hull of sampled points of the graph is at the midpoint."""
    found = []
    for low, high, centre in zip(lower, upper, middle, strict=True):
        share = np.sin(np.linspace(0, np.pi / 2, 150)) ** 2  # dense at the ends
        points = np.concatenate([low + (high - low) * share, [centre]])
        points = np.unique(np.clip(points, low, high))
        values = function.value(points)
        left, right = points <= centre, points > centre
        x, y, z, w = points[left], values[left], points[right], values[right]
        chords = y[:, None] + (centre - x)[:, None] * (w - y[:, None]) / (z - x[:, None])
        found.append(max(chords.max(), y[-1]) - min(chords.min(), y[-1]))
    return found


@every_function
def test_values_and_slopes_are_off_by_what_the_formulas_state(function: Function) -> None:
    exact = exactly(function)
    for piece in function.curve.pieces:
        if isinstance(piece, Curved):
            x = inside(function, piece, np.random.default_rng(5), 40)
            value, slope = piece.values(x), piece.slopes(x)
            off, tilted = piece.error(x, value), piece.formula.slope_error(x, slope)
            for i, number in enumerate(x.tolist()):
                assert abs(exact(number) - value[i].item()) <= off[i].item(), number
                true = mp.diff(exact, mp.mpf(number))
                assert abs(true - slope[i].item()) <= tilted[i].item() + BLUR, number


@every_function
def test_stretches_bend_as_the_table_says(function: Function) -> None:
    exact = exactly(function)
    for piece in function.curve.pieces:
        if isinstance(piece, Curved) and function.curve.phase is None:
            for number in inside(function, piece, np.random.default_rng(6), 30).tolist():
                bend = mp.diff(exact, mp.mpf(number), 2)
                assert piece.bend * bend >= -(mp.mpf(10) ** -25), number


@pytest.mark.parametrize("function", [functions.SIN, functions.COS], ids=str)
def test_half_periods_bend_as_the_phase_says(function: Function) -> None:
    phase = function.curve.phase
    assert phase is not None
    numbers = np.random.default_rng(7).uniform(-50, 50, 60)
    for number in numbers.tolist():
        arch = mp.floor(number / mp.pi - phase) % 2 == 0
        bend = mp.diff(exactly(function), mp.mpf(number), 2)
        assert bend * (-1 if arch else 1) >= 0


def inside(function: Function, piece: Curved, rng: np.random.Generator, count: int) -> np.ndarray:
    """Numbers inside of a stretch and of the domain, where the function is of moderate size."""
    sizes = np.exp(rng.uniform(-12, 4, count))
    numbers = np.concatenate([sizes, -sizes, np.array(LANDMARKS) * (1 + 1e-6)])
    ends = [end + step for end in (piece.low, piece.high) for step in (-1e-6, 1e-6)]
    numbers = np.concatenate([numbers, ends])
    low, high = max(piece.low, -700.0), min(piece.high, 30.0 if function.curve.grows else 700.0)
    numbers = numbers[(low < numbers) & (numbers < high) & (np.abs(numbers) > 1e-40)]
    with np.errstate(all="ignore"):
        fine = function.curve.defined(numbers, numbers)
        fine &= np.abs(np.nan_to_num(piece.values(numbers), nan=1e30)) < 1e29
    return numbers[fine]
