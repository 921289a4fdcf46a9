"""Each number of the input has bounds of its own, given by two arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.errors import OptionError, QuestionError
from mipc.numerics.rationals import Enclosed
from mipc.properties.inputs import read_array

__all__ = ["BoxOfArrays"]

Array: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BoxOfArrays:
    """``lower_i <= x_i <= upper_i``; the arrays are flattened, their numbers exact."""

    lower: Array
    upper: Array

    @staticmethod
    def parse(text: str) -> BoxOfArrays:
        """Read ``LOWER.npy,UPPER.npy``."""
        low, comma, high = text.partition(",")
        if not comma:
            raise OptionError(
                "two files are needed",
                where="--perturbation box",
                remedy="write box:LOWER.npy,UPPER.npy",
            )
        return BoxOfArrays(read_array(low).reshape(-1), read_array(high).reshape(-1))

    def __str__(self) -> str:
        return "box"

    def corners(self, centre: Array | None) -> tuple[Enclosed, Enclosed]:
        """The box, which does not depend on a centre."""
        if self.lower.shape != self.upper.shape:
            raise QuestionError(
                f"the lower corner has {self.lower.size} numbers, the upper {self.upper.size}"
            )
        return Enclosed(self.lower, self.lower), Enclosed(self.upper, self.upper)
