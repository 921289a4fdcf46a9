"""What happens to an image before the network receives it: ``(x - mean) / std``, a channel each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.errors import OptionError, QuestionError
from mipc.ir.network import Port
from mipc.numerics.linear_maps import ScaleMap
from mipc.numerics.rationals import parse_rational
from mipc.numerics.rounding import UNIT
from mipc.properties.perturbations.head import Head
from mipc.properties.pictures import pixels

__all__ = ["Normalisation"]

Array: TypeAlias = npt.NDArray[np.float64]

MOST = Fraction(2**1000)
"""Nothing is scaled or shifted by more, nor by less than its inverse."""


@dataclass(frozen=True)
class Normalisation:
    """``(x_c - mean_c) / std_c`` for each channel ``c``; one number each stands for all."""

    mean: tuple[Fraction, ...]
    std: tuple[Fraction, ...]

    def __post_init__(self) -> None:
        if not self.mean or not self.std or any(value <= 0 for value in self.std):
            raise OptionError("the standard deviations have to be positive", where="--std")

    @staticmethod
    def parse(mean: str | None, std: str | None) -> Normalisation | None:
        """Read ``0.485,0.456,0.406`` and the like; None where neither is given."""
        if mean is None and std is None:
            return None
        return Normalisation(
            tuple(
                parse_rational(part, "--mean")
                for part in ("0" if mean is None else mean).split(",")
            ),
            tuple(
                parse_rational(part, "--std") for part in ("1" if std is None else std).split(",")
            ),
        )

    def apply(self, head: Head) -> Head:
        """The image becomes what the network receives."""
        assert head.image is not None
        scale, shift, exact = self._factors(head.shape, head.channels_first)
        share = 0.0 if exact else 2 * UNIT
        return head.affine(
            "normalised", [(head.image, ScaleMap(scale))], shift, "normalisation", relative=share
        )

    def of(self, numbers: Array, port: Port) -> Array:
        """What the network receives for an image, in float64: (n,) -> (n,)."""
        scale, shift, _ = self._factors(port.shape, port.channels_first)
        return numbers * scale + shift

    def _factors(
        self, shape: tuple[int, ...], channels_first: bool | None
    ) -> tuple[Array, Array, bool]:
        """``1 / std`` and ``-mean / std`` for each number; whether they are exact."""
        where = pixels(shape, channels_first)
        channels = 1 if where is None else len(where)
        for what, values in (("means", self.mean), ("standard deviations", self.std)):
            if len(values) not in (1, channels):
                raise QuestionError(
                    f"{len(values)} {what} for {channels} channels", where="--mean, --std"
                )
        spread = [self.std[i % len(self.std)] for i in range(channels)]
        factors = [1 / value for value in spread]
        shifts = [-self.mean[i % len(self.mean)] / spread[i] for i in range(channels)]
        scale, shift = np.zeros((2, math.prod(shape)))
        for channel in range(channels):
            mine = slice(None) if where is None else where[channel]
            scale[mine], shift[mine] = _near(factors[channel]), _near(shifts[channel])
        return scale, shift, all(Fraction(float(v)) == v for v in (*factors, *shifts))


def _near(value: Fraction) -> float:
    """The float next to a rational, of a size where rounding is a share of it."""
    if value and not MOST**-1 <= abs(value) <= MOST:
        raise OptionError("the numbers are too far apart", where="--mean, --std")
    return float(value)
