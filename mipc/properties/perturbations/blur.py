"""The image is convolved with an unknown kernel of nonnegative taps that sum to 1.

The family of MIPVerify (Tjeng, Xiao, Tedrake 2019): the parameters are the taps, and the blurred
image is linear in them. Beyond the edge of the image there are zeros.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from mipc.errors import OptionError
from mipc.numerics.linear_maps import DenseMap
from mipc.numerics.rationals import Enclosed
from mipc.properties.perturbations.head import Head
from mipc.properties.region import Region

__all__ = ["Blur"]

MOST_TAPS = 10_000


@dataclass(frozen=True)
class Blur:
    """A kernel of ``height`` x ``width`` taps, the same for all channels."""

    height: int
    width: int

    @staticmethod
    def parse(text: str) -> Blur:
        """Read the size: ``5`` or ``5x3``."""
        found = re.fullmatch(r"([0-9]{1,4})(?:x([0-9]{1,4}))?", text)
        height, width = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if not 1 <= height * width <= MOST_TAPS:
            raise OptionError(
                f"{text!r} is no size of a kernel",
                where="--perturbation blur",
                remedy="write blur:5 or blur:5x3",
            )
        return Blur(height, width)

    def __str__(self) -> str:
        return f"blur:{self.height}x{self.width}"

    def apply(self, head: Head) -> tuple[Head, ...]:
        """Taps, and the image they make."""
        centre, where = head.first("a blur"), head.pixels("a blur")
        head.room(head.size * self.height * self.width, str(self))
        planes = centre[where]
        above, left = (self.height - 1) // 2, (self.width - 1) // 2
        around = ((0, 0), (above, self.height - 1 - above), (left, self.width - 1 - left))
        padded = np.pad(planes, around)
        windows = np.lib.stride_tricks.sliding_window_view(
            padded, (self.height, self.width), axis=(1, 2)
        )
        taps = self.height * self.width
        matrix = np.zeros((head.size, taps))
        matrix[where.reshape(-1)] = windows.reshape(-1, taps)
        sharp = np.zeros(taps)
        sharp[above * self.width + left] = 1.0
        zeros, ones = np.zeros(taps), np.ones(taps)
        box = Region.between(Enclosed(zeros, zeros), Enclosed(ones, ones), "float64", origin=sharp)
        head, name = head.parameter("taps", replace(box, total=1.0), str(self))
        blurred = head.affine("blurred", [(name, DenseMap(matrix))], 0.0, str(self))
        # a mean of pixels and zeros lies between them
        inside = head.domain is None or head.domain[0] <= 0 <= head.domain[1]
        return (blurred if inside else blurred.saturated(str(self)),)
