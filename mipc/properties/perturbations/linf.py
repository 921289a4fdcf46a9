"""Each number of the input may move by at most a radius: the L-infinity ball."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.errors import OptionError, QuestionError
from mipc.numerics.rationals import Enclosed, parse_rational, sum_enclosed

__all__ = ["LInf"]

Array: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LInf:
    """``|x_i - centre_i| <= radius``, the radius an exact rational."""

    radius: Fraction

    def __post_init__(self) -> None:
        if self.radius < 0:
            raise OptionError(f"a negative radius, {self.radius}", where="linf")

    @staticmethod
    def parse(text: str) -> LInf:
        """Read the radius: ``0.1``, ``8/255``."""
        return LInf(parse_rational(text, "--perturbation linf"))

    def __str__(self) -> str:
        return f"linf:{self.radius}"

    def corners(self, centre: Array | None) -> tuple[Enclosed, Enclosed]:
        """The box around a centre, (n,) exact float64, before any domain."""
        if centre is None:
            raise QuestionError(
                "an L-infinity ball needs a centre", remedy="give --input or --dataset and --index"
            )
        radius = Enclosed.of(self.radius)
        wide = Enclosed(np.broadcast_to(radius.below, centre.shape), radius.above)
        return sum_enclosed(centre, wide, -1.0), sum_enclosed(centre, wide, 1.0)
