"""The elementary functions stay within half of the errors that they state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from strategies import examples

from mipc.numerics import elementary
from mipc.numerics.elementary import FAR, KERNEL
from mipc.numerics.rounding import TINY

mp.mp.dps = 60

COUNT = examples(1500)
Real = Callable[[Any], Any]


def sizes(low: float, high: float) -> np.ndarray:
    """Positive numbers evenly spread over orders of magnitude, powers of ten."""
    return 10.0 ** np.random.default_rng(1).uniform(low, high, COUNT)


def both(low: float, high: float) -> np.ndarray:
    return sizes(low, high) * np.random.default_rng(2).choice([-1.0, 1.0], COUNT)


def relative(x: Any, exact: Any) -> Any:
    return abs(exact)


ROWS: dict[str, tuple[Callable[..., Any], Real, np.ndarray, Callable[[Any, Any], Any]]] = {
    "exp": (elementary.exp, mp.exp, np.clip(both(-12, 2.9), -720, 700), relative),
    "expm1": (elementary.expm1, mp.expm1, np.clip(both(-12, 2.9), -800, 700), relative),
    "logistic": (
        elementary.logistic, lambda x: 1 / (1 + mp.exp(-x)), np.clip(both(-12, 2.9), -700, 800),
        relative,
    ),
    "bell": (
        elementary.bell, lambda x: mp.exp(-x) / (1 + mp.exp(-x)) ** 2, both(-12, 2.8), relative
    ),
    "log": (elementary.log, mp.log, sizes(-300, 300), relative),
    "log near 1": (elementary.log, mp.log, 1 + both(-15, -0.5), relative),
    "log1p": (elementary.log1p, mp.log1p, sizes(-18, 6), relative),
    "tanh": (elementary.tanh, mp.tanh, both(-18, 2), relative),
    "atan": (elementary.atan, mp.atan, both(-18, 12), relative),
    "sin": (elementary.sin, mp.sin, both(-12, 6), lambda x, exact: min(abs(x), 1)),
    "cos": (elementary.cos, mp.cos, both(-12, 6), lambda x, exact: 1),
    "erf": (elementary.erf, mp.erf, both(-18, 1.3), relative),
    "erfc": (
        elementary.erfc, mp.erfc, np.clip(both(-12, 1.5), -30, 25),
        lambda x, exact: abs(exact) * (1 + max(x, 0) ** 2),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_within_half_of_the_stated_error(name: str) -> None:
    computed, exact, x, size = ROWS[name]
    for number, found in zip(x.tolist(), computed(x.copy()).tolist(), strict=True):
        true = exact(mp.mpf(number))
        assert abs(found - true) <= KERNEL / 2 * size(number, true) + TINY, number


@pytest.mark.parametrize(
    "exponent", [-16, -3, -2, -1, 0, 1, 2, 3, 7, 16, 17, 20, 0.5, 1.5, 0.1, 2.7, -0.5, -1.7, 33.3]
)
def test_powers_stay_within_their_stated_error(exponent: float) -> None:
    whole = float(exponent).is_integer()
    x = both(-3, 3)[:300] if whole else sizes(-6, 6)[:300]
    found = elementary.power(x, float(exponent))
    for number, value in zip(x.tolist(), found.tolist(), strict=True):
        true = mp.mpf(number) ** (int(exponent) if whole else mp.mpf(exponent))
        far = 0 if whole and abs(exponent) <= 16 else abs(mp.log(abs(true)))
        assert abs(value - true) <= KERNEL * (1 + far) * abs(true), number


def test_exact_points() -> None:
    zero = np.zeros(1)
    for odd in (elementary.sin, elementary.tanh, elementary.atan, elementary.erf, elementary.expm1):
        assert odd(zero) == 0
    for one in (elementary.cos, elementary.exp, elementary.erfc):
        assert one(zero) == 1
    assert elementary.log(np.ones(1)) == 0
    assert elementary.log(zero) == -np.inf


def test_beyond_what_is_reduced_the_circular_functions_stay_between_minus_one_and_one() -> None:
    far = np.array([2 * FAR, -1e9, 1e15])
    assert (np.abs(elementary.sin(far)) <= 1).all()
    assert (np.abs(elementary.cos(far)) <= 1).all()
