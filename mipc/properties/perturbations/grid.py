"""Every number of the image is a multiple of ``1/N``: for 255, a picture that can be stored.

The parameters are the levels, integers. The image is what it was restricted to before, on the
grid. The centre of a stored picture is a multiple up to the rounding of floats; a level that
passes the edge of the region by less than a thousandth of a step therefore counts as inside.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.errors import OptionError, QuestionError
from mipc.ir.ops import Input
from mipc.numerics.linear_maps import ScaleMap
from mipc.numerics.rounding import UNIT
from mipc.properties.perturbations.head import Head
from mipc.properties.region import Region, Sphere

__all__ = ["Grid"]

Array: TypeAlias = npt.NDArray[np.float64]

NEAR = 2.0**-10
"""How much of a step rounding may have taken away."""

SPARE = 2.0**-16
"""More than the rounding of this file's own sums, in steps, of levels up to the most."""

MOST_LEVEL = 2.0**30


@dataclass(frozen=True)
class Grid:
    """Multiples of ``1 / steps``."""

    steps: int

    @staticmethod
    def parse(text: str) -> Grid:
        """Read how many steps make 1: ``255``."""
        if not re.fullmatch("[0-9]{1,7}", text) or not 1 <= int(text) <= 2**20:
            raise OptionError(
                f"{text!r} is no number of steps",
                where="--perturbation grid",
                remedy="write grid:255, behind another family: linf:8/255+grid:255",
            )
        return Grid(int(text))

    def __str__(self) -> str:
        return f"grid:{self.steps}"

    def apply(self, head: Head) -> tuple[Head, ...]:
        """The image's region becomes one of levels."""
        if head.image is None:
            head = _anywhere(head)
        if head.image != head.name or head.name not in head.regions:
            raise QuestionError(
                "a grid goes with linf, l1, l2, box, patch and unrestricted, whose images are "
                "free to lie on it",
                where="--perturbation",
            )
        region = head.regions[head.name]
        sphere = None if region.sphere is None else self._sphere(region.sphere)
        # a ball moves with its centre, by NEAR at most: no level of it may be left out of the box
        near = NEAR if sphere is None else NEAR + SPARE
        low = np.ceil(self.steps * region.lower - near)
        high = np.floor(self.steps * region.upper + near)
        if max(np.abs(low).max(initial=0.0), np.abs(high).max(initial=0.0)) > MOST_LEVEL:
            raise QuestionError(f"levels of 1/{self.steps} beyond {MOST_LEVEL:g} are too many")
        empty = np.flatnonzero(low > high)
        if len(empty):
            raise QuestionError(
                f"no multiple of 1/{self.steps} lies where input number {int(empty[0])} may be"
            )
        origin = None
        if region.origin is not None:
            origin = np.clip(np.rint(self.steps * region.origin), low, high)
        levels = Region(low, high, low, high, sphere, integer=True, origin=origin)
        old = next(node for node in head.nodes if node.name == head.name)
        nodes = tuple(node for node in head.nodes if node.name != head.name)
        rest = {name: r for name, r in head.regions.items() if name != head.name}
        head, name = replace(head, nodes=nodes, regions=rest).parameter(
            "levels", levels, f"{old.origin}+{self}"
        )
        assert isinstance(old.op, Input)
        exact = self.steps & (self.steps - 1) == 0
        scale = ScaleMap(np.full(head.size, 1.0 / self.steps))
        share = 0.0 if exact else 2 * UNIT
        return (head.affine("grid", [(name, scale)], 0.0, str(self), relative=share),)

    def _sphere(self, sphere: Sphere) -> Sphere:
        """The ball in steps; its centre has to be on the grid."""
        centre = np.rint(self.steps * sphere.centre)
        if (np.abs(self.steps * sphere.centre - centre) > NEAR).any():
            raise QuestionError(
                f"the input is not on the grid of 1/{self.steps}, as a ball on it has to be",
                where="--perturbation",
            )
        return Sphere(sphere.norm, centre, sphere.radius * self.steps)


def _anywhere(head: Head) -> Head:
    from mipc.properties.perturbations.unrestricted import Unrestricted

    return Unrestricted().apply(head)[0]
