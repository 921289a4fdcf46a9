"""Each number of the input has bounds of its own, given by two arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.errors import OptionError, QuestionError
from mipc.numerics.rationals import Enclosed
from mipc.properties.inputs import read_array
from mipc.properties.perturbations.head import Head
from mipc.properties.region import Region

__all__ = ["BoxOfArrays"]

Array: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BoxOfArrays:
    """``lower_i <= x_i <= upper_i``; the arrays are flattened, their numbers exact."""

    lower: Array
    upper: Array

    def __post_init__(self) -> None:
        if not (np.isfinite(self.lower).all() and np.isfinite(self.upper).all()):
            raise QuestionError("some numbers of a corner are NaN or infinite", where="box")

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

    def apply(self, head: Head) -> tuple[Head, ...]:
        """The box, which does not depend on a centre."""
        if head.image is not None:
            raise QuestionError("a box of arrays has to come first", where="box")
        if self.lower.shape != self.upper.shape:
            raise QuestionError(
                f"the lower corner has {self.lower.size} numbers, the upper {self.upper.size}"
            )
        if len(self.lower) != head.size:
            raise QuestionError(
                f"the box has {len(self.lower)} numbers, the network takes {head.size} "
                f"(shape {list(head.shape)})"
            )
        corners = head.within(Enclosed(self.lower, self.lower), Enclosed(self.upper, self.upper))
        origin = None if head.centre is None else head.around("a box")
        region = Region.between(*corners, head.dtype, origin=origin)
        return (head.ranging(region, "box"),)
