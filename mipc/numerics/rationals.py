"""Decimals taken at their word: exact rationals, and the floats just below and above them."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.errors import OptionError
from mipc.numerics.rounding import sum_towards

__all__ = ["LEAST", "Enclosed", "around", "parse_rational", "sum_enclosed"]

Array: TypeAlias = npt.NDArray[np.float64]


MOST_TEXT = 1000
"""So long a text any number may have, as it is given and as the quotient that it is written as."""

LEAST = 2.0**-1000
"""Rounding smaller numbers to float64 is no small share of them."""


def parse_rational(text: str, what: str) -> Fraction:
    """The exact value of a decimal such as ``0.1`` or ``1e-3``, or of a quotient such as ``2/255``.

    Raises
    ------
    OptionError
        It is no number, or one no float64 comes near.
    """
    try:
        if len(text) > MOST_TEXT or not text.isascii():
            raise ValueError
        exponent = text.lower().partition("e")[2]
        if exponent and abs(int(exponent)) > 300:
            raise ValueError
        exact = Fraction(text.strip())
        if len(str(exact)) > MOST_TEXT or (exact and abs(float(exact)) < LEAST):
            raise ValueError
        return exact
    except (ValueError, ZeroDivisionError, OverflowError):
        raise OptionError(
            f"{text!r} is no number, or out of range",
            where=what,
            remedy="write it like 0.1, 1e-3 or 8/255",
        ) from None


def around(exact: Fraction) -> tuple[float, float]:
    """The floats just below and above a rational, which may be outside of their range."""
    numerator, denominator = exact.numerator, exact.denominator
    try:
        near = numerator / denominator
    except OverflowError:
        largest = sys.float_info.max
        return (largest, math.inf) if numerator > 0 else (-math.inf, -largest)
    p, q = near.as_integer_ratio()
    left, right = p * denominator, numerator * q
    below = near if left <= right else math.nextafter(near, -math.inf)
    above = near if left >= right else math.nextafter(near, math.inf)
    return below, above


@dataclass(frozen=True, eq=False)
class Enclosed:
    """Real numbers known as ``below <= exact <= above``; equal where float64 holds them."""

    below: Array
    above: Array

    @staticmethod
    def of(value: Fraction | float) -> Enclosed:
        """The two floats around one rational."""
        below, above = around(Fraction(value))
        return Enclosed(np.array(below), np.array(above))


def sum_enclosed(a: Array, b: Enclosed, sign: float) -> Enclosed:
    """``a + sign * b``, outward where float64 cannot hold it."""
    low, high = (b.below, b.above) if sign > 0 else (b.above, b.below)
    return Enclosed(sum_towards(a, sign * low, -np.inf), sum_towards(a, sign * high, np.inf))
