"""Where an input may lie: a box whose corners are exact numbers.

Proofs need the smallest float64 box around the exact one, witnesses the largest box of the
network's own floats inside it. ``0.5 + 0.1`` is neither a float32 nor a float64, so the two differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.errors import QuestionError
from mipc.numerics.interval import Interval
from mipc.numerics.rationals import Enclosed

__all__ = ["Box"]

Array: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Box:
    """A box of inputs.

    Attributes
    ----------
    lower, upper : (n,) float64
        Rounded outward: every point of the exact box lies within.
    least, most : (n,) of the network's input type
        Rounded inward: a float point between them lies in the exact box.
    """

    lower: Array
    upper: Array
    least: npt.NDArray[Any]
    most: npt.NDArray[Any]

    @staticmethod
    def between(lower: Enclosed, upper: Enclosed, dtype: str) -> Box:
        """The box between two exact corners.

        Raises
        ------
        QuestionError
            A lower corner lies above its upper corner.
        """
        wrong = np.flatnonzero(lower.below > upper.above)
        if len(wrong):
            i = int(wrong[0])
            raise QuestionError(
                f"the box of inputs is empty: input number {i} would have to lie between "
                f"{float(lower.below[i])!r} and {float(upper.above[i])!r}",
            )
        least = lower.above.astype(dtype)
        least = np.where(least < lower.above, np.nextafter(least, np.inf, dtype=dtype), least)
        most = upper.below.astype(dtype)
        most = np.where(most > upper.below, np.nextafter(most, -np.inf, dtype=dtype), most)
        return Box(lower.below, upper.above, least + 0, most + 0)

    @property
    def interval(self) -> Interval:
        """The outer box as a batch of one."""
        return Interval(self.lower[None, :], self.upper[None, :])

    @property
    def has_float(self) -> bool:
        """Whether any point of the network's floats lies inside."""
        return bool((self.least <= self.most).all())

    def nearest(self, point: Array) -> npt.NDArray[Any]:
        """The point of the network's floats inside the box that is nearest to ``point``."""
        clipped: npt.NDArray[Any] = np.clip(point.astype(self.least.dtype), self.least, self.most)
        return clipped

    def contains(self, point: npt.NDArray[Any]) -> bool:
        """Whether a point of the network's floats lies in the exact box."""
        return bool((self.least <= point).all() and (point <= self.most).all())
