"""Where the pixels of a resized axis lie in the original one, as ONNX defines its modes.

Interpolation is continuous in the coordinate, which is computed as an exact fraction. The choice of
a nearest pixel is not: there the rounding of float32, in which ONNX Runtime computes, is followed,
and what is so near to the middle between two pixels that rounding may decide is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.frontend.registry import Call

__all__ = ["MODES", "ROUNDINGS", "Axis"]

Array: TypeAlias = npt.NDArray[Any]

MODES = (
    "half_pixel",
    "half_pixel_symmetric",
    "pytorch_half_pixel",
    "align_corners",
    "asymmetric",
)
ROUNDINGS = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
"""And ``simple``, of opsets before 11: up where pixels get fewer, else down."""

NEAR_TIE = Fraction(1, 10_000)


@dataclass(frozen=True)
class Axis:
    """One axis: its size before and after, and how the one is stretched to the other.

    ``scale`` is exact: the float32 of the file, or the quotient of the sizes.
    """

    before: int
    after: int
    scale: Fraction

    @property
    def is_kept(self) -> bool:
        """Whether every pixel stays where it is."""
        return self.scale == 1 and self.before == self.after

    def exact(self, mode: str) -> list[Fraction]:
        """The coordinate of each pixel of the result."""
        return [self._place(mode, Fraction(i), self.scale, Fraction(1, 2)) for i in self._pixels]

    def rounded(self, mode: str) -> Array:
        """The same in float32, each step rounded."""
        scale = np.float32(self.after) / np.float32(self.before)
        if self.scale != Fraction(self.after, self.before):
            scale = np.float32(float(self.scale))
        places = [self._place(mode, np.float32(i), scale, np.float32(0.5)) for i in self._pixels]
        return np.array(places, dtype=np.float32)

    def nearest(self, call: Call, mode: str, rounding: str) -> npt.NDArray[np.intp]:
        """The pixel of the original axis that each pixel of the result shows."""
        if self.is_kept:
            return np.arange(self.after)
        if mode == "half_pixel_symmetric":
            raise call.fail("nearest pixels of half_pixel_symmetric coordinates")
        exact, rounded = self.exact(mode), self.rounded(mode)
        if rounding.startswith("round_"):
            self._refuse_ties(call, exact, rounded)
        chosen = [_pixel(rounding, float(place), self.scale < 1) for place in rounded]
        return np.clip(np.array(chosen, dtype=np.intp), 0, self.before - 1)

    def interpolated(self, mode: str) -> tuple[npt.NDArray[np.intp], list[Fraction]]:
        """The lower of the two pixels that each one lies between, and the share of the upper."""
        last = Fraction(self.before - 1)
        places = [min(max(place, Fraction(0)), last) for place in self.exact(mode)]
        lower = [min(int(place), max(self.before - 2, 0)) for place in places]
        return np.array(lower), [p - i for p, i in zip(places, lower, strict=True)]

    @property
    def _pixels(self) -> range:
        return range(self.after)

    def _place(self, mode: str, i: Any, scale: Any, half: Any) -> Any:
        """A coordinate, in the arithmetic of its arguments."""
        number = type(half)
        if mode == "asymmetric":
            return i / scale
        if mode == "align_corners":
            return i * number(self.before - 1) / number(max(self.after - 1, 1))
        if mode == "pytorch_half_pixel" and self.after == 1:
            return number(0)
        shift = number(0)
        if mode == "half_pixel_symmetric":
            shift = (number(self.before) - number(self.after) / scale) * half
        return shift + (i + half) / scale - half

    def _refuse_ties(self, call: Call, exact: list[Fraction], rounded: Array) -> None:
        """Refuse coordinates near the middle of two pixels, unless float32 holds them exactly."""
        for place, near in zip(exact, rounded, strict=True):
            off = abs(place % 1 - Fraction(1, 2))
            inside = 0 < place < self.before - 1
            if inside and off < NEAR_TIE and (off or Fraction(float(near)) != place):
                raise call.fail(
                    f"a pixel at {float(place):.6g}: rounding decides which of two is nearest",
                    "use another nearest_mode or scale",
                )


def _pixel(rounding: str, place: float, fewer: bool) -> int:
    """A coordinate as a whole number; the sums are exact in float64."""
    match rounding:
        case "round_prefer_floor":
            return int(np.ceil(place - 0.5))
        case "round_prefer_ceil":
            return int(np.floor(place + 0.5))
        case "simple" if not fewer:
            return int(place)
        case "floor":
            return int(np.floor(place))
        case _:
            return int(np.ceil(place))
