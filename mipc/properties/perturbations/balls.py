"""The image may move by at most a radius in the L1 or in the L2 norm."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar, Literal

import numpy as np

from mipc.errors import OptionError
from mipc.numerics.linear_maps import identity
from mipc.numerics.rationals import Enclosed, parse_rational
from mipc.properties.perturbations.head import Head
from mipc.properties.perturbations.linf import ball_box
from mipc.properties.region import Region, Sphere

__all__ = ["L1", "L2"]


@dataclass(frozen=True)
class _Ball:
    """``||x - centre|| <= radius``, the radius an exact rational."""

    radius: Fraction
    norm: ClassVar[Literal[1, 2]]

    def __post_init__(self) -> None:
        if self.radius < 0:
            raise OptionError(f"a negative radius, {self.radius}", where=f"l{self.norm}")

    def __str__(self) -> str:
        return f"l{self.norm}:{self.radius}"

    def apply(self, head: Head) -> tuple[Head, ...]:
        """A ball around the image, within the domain."""
        if head.image is None:
            centre = head.around(f"an L{self.norm} ball")
            lower, upper = ball_box(head, self.radius, str(self))
            box = Region.between(lower, upper, head.dtype, origin=centre)
            region = replace(box, sphere=Sphere(self.norm, centre, self.radius))
            return (head.ranging(region, str(self)),)
        wide, radius = np.ones(head.size), Enclosed.of(self.radius)
        nothing = np.zeros(head.size)
        box = Region.between(
            Enclosed(-radius.above * wide, -radius.below * wide),
            Enclosed(radius.below * wide, radius.above * wide),
            "float64",
            origin=nothing,
        )
        region = replace(box, sphere=Sphere(self.norm, nothing, self.radius))
        moved, name = head.parameter(f"l{self.norm}", region, str(self))
        return (moved.plus(name, identity(head.size), str(self)),)


class L1(_Ball):
    """``sum |x_i - centre_i| <= radius``."""

    norm: ClassVar[Literal[1, 2]] = 1

    @staticmethod
    def parse(text: str) -> L1:
        """Read the radius: ``2.5``."""
        return L1(parse_rational(text, "--perturbation l1"))


class L2(_Ball):
    """``sum (x_i - centre_i)^2 <= radius^2``."""

    norm: ClassVar[Literal[1, 2]] = 2

    @staticmethod
    def parse(text: str) -> L2:
        """Read the radius: ``0.5``."""
        return L2(parse_rational(text, "--perturbation l2"))
