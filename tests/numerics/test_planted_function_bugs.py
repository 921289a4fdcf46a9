"""Bugs put into the bounds of functions on purpose: the laws about functions notice them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from function_laws import (
    assert_bounds_of_any_slope_hold,
    assert_cells_hold,
    assert_lines_hold,
    assert_range_holds,
    sampled,
)
from planting import Patch, noticed, planted

from mipc.numerics import functions, shapes
from mipc.numerics.curves import Curve, Strips
from mipc.numerics.functions import Function
from mipc.numerics.pieces import Curved, Formula


@pytest.fixture(autouse=True)
def curves_are_made_anew() -> Iterator[None]:
    """A curve is made once and kept: not beyond the bug in it, nor from before."""
    functions._curve.cache_clear()
    yield
    functions._curve.cache_clear()


def laws_fail(function: Function) -> set[str]:
    """Which laws notice something about a function."""
    seen = sampled(function)
    laws: dict[str, Callable[[], None]] = {
        "range": lambda: assert_range_holds(function, seen),
        "lines": lambda: assert_lines_hold(function, seen),
        "slopes": lambda: assert_bounds_of_any_slope_hold(function, seen),
        "cells": lambda: assert_cells_hold(function, seen, 3),
    }
    return {name for name, law in laws.items() if noticed(law)}


def pieces_of(name: str, change: Callable[[Curved], Curved]) -> Callable[[Patch], None]:
    """Other stretches that bend, for a function in the table."""

    def plant(patch: Patch) -> None:
        right = shapes.SHAPES[name]

        def wrong(**parameters: float) -> Curve:
            curve = right(**parameters)
            pieces = [change(p) if isinstance(p, Curved) else p for p in curve.pieces]
            whole = curve.formula is not None and isinstance(pieces[0], Curved)
            formula = pieces[0].formula if whole else None
            return replace(curve, pieces=tuple(pieces), formula=formula)

        patch.setitem(shapes.SHAPES, name, wrong)

    return plant


def formula_of(name: str, change: Callable[[Formula], Formula]) -> Callable[[Patch], None]:
    """Another formula for a function in the table."""
    return pieces_of(name, lambda piece: replace(piece, formula=change(piece.formula)))


def negated_slope(formula: Formula) -> Formula:
    return replace(formula, slope=lambda x: -formula.slope(x))


def elsewhere(piece: Curved) -> Curved:
    """Tangents are taken some way off from where they should."""
    return replace(piece, inverse=lambda slope, centre: piece.inverse(slope, centre) + 0.3)


def astray(piece: Curved) -> Curved:
    """The same, and with slopes of another sign."""
    return replace(elsewhere(piece), formula=negated_slope(piece.formula))


def slightly_less(formula: Formula) -> Formula:
    """Values off by a trillionth, which no formula states."""
    return replace(formula, value=lambda x: formula.value(x) * (1.0 - 1e-12))


def bends(name: str) -> Callable[[Patch], None]:
    """Convex where it is concave, and the other way round."""
    return pieces_of(name, lambda piece: replace(piece, bend=-piece.bend))


def offsets_rounded_inward(patch: Patch) -> None:
    """By a ten-billionth of their size."""
    right = Strips.least

    def wrong(strips: Strips, sign: int, slope: np.ndarray) -> np.ndarray:
        found = right(strips, sign, slope)
        return found + np.abs(found) * 1e-10

    patch.setattr(Strips, "least", wrong)


def trend_the_other_way(patch: Patch) -> None:
    right = Curve.interval
    patch.setattr(Curve, "interval", lambda curve, low, high: right(curve, low, low))


def test_where_no_bug_is_planted_nothing_is_noticed() -> None:
    for function in (functions.TANH, functions.GELU, functions.SIN, functions.elu(2.0)):
        assert not laws_fail(function)


@pytest.mark.parametrize(
    "function",
    [functions.TANH, functions.GELU, functions.SIN, functions.EXP, functions.power(3)],
    ids=str,
)
def test_soundness_does_not_rest_on_where_tangents_are_taken(function: Function) -> None:
    with planted(pieces_of(function.name, elsewhere)):
        assert not laws_fail(function)


@pytest.mark.parametrize(
    ("plant", "function", "by"),
    [
        (formula_of("tanh", negated_slope), functions.TANH, {"lines", "slopes", "cells"}),
        (pieces_of("gelu", astray), functions.GELU, {"range", "lines", "cells"}),
        (formula_of("sigmoid", slightly_less), functions.SIGMOID, {"range"}),
        (formula_of("exp", slightly_less), functions.EXP, {"range", "lines"}),
        (bends("softplus"), functions.SOFTPLUS, {"lines", "slopes", "cells"}),
        (bends("elu"), functions.elu(), {"lines", "slopes", "cells"}),
        (offsets_rounded_inward, functions.TANH, {"lines", "slopes", "cells"}),
        (offsets_rounded_inward, functions.SIN, {"range", "lines", "slopes", "cells"}),
        (trend_the_other_way, functions.ATAN, {"range"}),
    ],
    ids=["tanh slope", "gelu slope", "sigmoid value", "exp value", "softplus bend", "elu bend",
         "tanh offsets", "sine offsets", "one end"],
)  # fmt: skip
def test_wrong_bounds_are_noticed(
    plant: Callable[[Patch], None], function: Function, by: set[str]
) -> None:
    with planted(plant):
        assert laws_fail(function) >= by


def swapped_cells(patch: Patch) -> None:
    """Every other cell and the one after it have each other's lines."""
    right = functions.cell_lines

    def wrong(function: Function, low: np.ndarray, high: np.ndarray) -> Any:
        order = np.arange(len(low))
        order[:-1:2], order[1::2] = order[1::2].copy(), order[:-1:2].copy()
        lines = right(function, low, high)
        parts = (lines.lower_slope, lines.lower_offset, lines.upper_slope, lines.upper_offset)
        return type(lines)(*(part[order] for part in parts))

    patch.setattr(functions, "cell_lines", wrong)


def missing_cells(patch: Patch) -> None:
    """The last cell of all is left out."""
    right = functions.partition
    patch.setattr(functions, "partition", lambda *given: tuple(x[:-1] for x in right(*given)))


def misplaced_ends(patch: Patch) -> None:
    """Each cell begins a thousandth late."""
    right = functions.partition

    def wrong(*given: Any) -> Any:
        neuron, low, high = right(*given)
        return neuron, low + 1e-3 * (high - low), high

    patch.setattr(functions, "partition", wrong)


@pytest.mark.parametrize("plant", [swapped_cells, missing_cells, misplaced_ends])
@pytest.mark.parametrize("function", [functions.TANH, functions.SIGN, functions.power(3)], ids=str)
def test_wrong_cells_are_noticed(plant: Callable[[Patch], None], function: Function) -> None:
    with planted(plant):
        assert "cells" in laws_fail(function)
