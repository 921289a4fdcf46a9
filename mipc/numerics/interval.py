"""Intervals: for each number a lower and an upper bound that no rounding has made false."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.errors import InternalError, RangeError
from mipc.numerics.rounding import up

__all__ = ["Interval"]

Array: TypeAlias = npt.NDArray[np.float64]

LARGEST = 1e30
"""Bounds beyond this tell nothing and would overflow in the next layers."""


@dataclass(frozen=True, eq=False)
class Interval:
    """``lower <= value <= upper``, elementwise; (B, n) arrays, or (n,) for a single sample."""

    lower: Array
    upper: Array

    @staticmethod
    def checked(lower: Array, upper: Array, where: str) -> Interval:
        """An interval that is known to be finite and not empty.

        Raises
        ------
        RangeError
            A bound is not finite or beyond 1e30.
        InternalError
            A lower bound lies above its upper bound: the bounds contradict each other.
        """
        if not (np.abs(lower) < LARGEST).all() or not (np.abs(upper) < LARGEST).all():
            raise RangeError(
                "the bounds of a value pass 1e30 or are not finite",
                where=where,
                remedy="a bounded input domain and weights of moderate size are needed",
            )
        if not (lower <= upper).all():
            raise InternalError("a lower bound above an upper bound", where=where)
        return Interval(lower, upper)

    @property
    def magnitude(self) -> Array:
        """The largest absolute value of each number."""
        return np.maximum(-self.lower, self.upper)

    def largest(self) -> Array:
        """The largest absolute value of each sample: (B,)."""
        return np.asarray(self.magnitude.max(axis=-1, initial=0.0))

    def centred(self) -> tuple[Array, Array]:
        """Centre and radius, the radius rounded up: ``|x - centre| <= radius``."""
        centre = self.lower + (self.upper - self.lower) / 2
        radius = up(np.maximum(up(self.upper - centre), up(centre - self.lower)))
        return centre, radius

    def __getitem__(self, index: Any) -> Interval:
        return Interval(self.lower[index], self.upper[index])
