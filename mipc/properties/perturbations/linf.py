"""Each number of the image may move by at most a radius: the L-infinity ball."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from mipc.errors import OptionError
from mipc.numerics.linear_maps import identity
from mipc.numerics.rationals import Enclosed, parse_rational, sum_enclosed
from mipc.properties.perturbations.head import Head
from mipc.properties.region import Region

__all__ = ["LInf", "ball_box"]


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

    def apply(self, head: Head) -> tuple[Head, ...]:
        """A box around the image."""
        if head.image is None:
            lower, upper = ball_box(head, self.radius, "an L-infinity ball")
            region = Region.between(lower, upper, head.dtype, origin=head.centre)
            return (head.ranging(region, str(self)),)
        radius = Enclosed.of(self.radius)
        wide = np.full(head.size, 1.0)
        region = Region.between(
            Enclosed(-radius.above * wide, -radius.below * wide),
            Enclosed(radius.below * wide, radius.above * wide),
            "float64",
        )
        moved, name = head.parameter("linf", region, str(self))
        return (moved.plus(name, identity(head.size), str(self)),)


def ball_box(head: Head, size: Fraction, family: str) -> tuple[Enclosed, Enclosed]:
    """The box around the centre in which no number moves by more, within the domain."""
    centre = head.around(family)
    radius = Enclosed.of(size)
    wide = Enclosed(np.broadcast_to(radius.below, centre.shape), radius.above)
    return head.within(sum_enclosed(centre, wide, -1.0), sum_enclosed(centre, wide, 1.0))
