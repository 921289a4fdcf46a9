"""The image is shifted by a few pixels and fractions of pixels, in any direction.

Between whole pixels a shifted image is interpolated bilinearly, with zeros beyond the edge: for a
shift by ``(i + a, j + b)`` with ``0 <= a, b <= 1`` it is the mean of the four images shifted by
whole pixels, with weights ``(1-a)(1-b)``, ``a(1-b)``, ``(1-a)b`` and ``ab``. The weights are affine
in ``a``, ``b`` and the one product ``ab``; each unit square of shifts is a head of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.errors import OptionError, QuestionError
from mipc.ir.ops import Affine, Node, Smooth
from mipc.numerics.linear_maps import DenseMap, SelectMap
from mipc.numerics.rationals import Enclosed, parse_rational
from mipc.numerics.relaxation import Product
from mipc.properties.perturbations.head import Head
from mipc.properties.region import Region

__all__ = ["Translate"]

Array: TypeAlias = npt.NDArray[np.float64]

WEIGHTS = np.array([[-1.0, -1.0, 1.0], [1.0, 0.0, -1.0], [0.0, 1.0, -1.0], [0.0, 0.0, 1.0]])
"""The four weights over ``a``, ``b`` and ``ab``; the first one has the constant 1."""


@dataclass(frozen=True)
class Translate:
    """A shift by at most ``most`` pixels down or up, and as many to the right or left."""

    most: Fraction

    def __post_init__(self) -> None:
        if not 0 <= self.most <= 100:
            raise OptionError(f"a shift by {self.most} pixels", where="translate")

    @staticmethod
    def parse(text: str) -> Translate:
        """Read how many pixels: ``1``, ``0.5``."""
        return Translate(parse_rational(text, "--perturbation translate"))

    def __str__(self) -> str:
        return f"translate:{self.most}"

    def apply(self, head: Head) -> tuple[Head, ...]:
        """One head for each unit square of shifts."""
        centre, where = head.first("a translation"), head.pixels("a translation")
        if max(where.shape[1:]) <= self.most:
            raise QuestionError(f"{self} moves an image of {where.shape[1:]} out of sight")
        reach = max(math.ceil(self.most), 1)
        head.room((2 * reach) ** 2 * 4 * head.size, str(self))
        squares = [(i, j) for i in range(-reach, reach) for j in range(-reach, reach)]
        squares.sort(key=lambda square: square not in ((0, 0), (-1, 0), (0, -1), (-1, -1)))
        return tuple(self._square(head, centre, where, i, j) for i, j in squares)

    def _square(
        self, head: Head, centre: Array, where: npt.NDArray[np.intp], i: int, j: int
    ) -> Head:
        """The shifts from ``(i, j)`` to ``(i + 1, j + 1)``, as far as they are allowed."""
        origin = f"{self}, from ({i}, {j})"
        ends = [
            (max(-self.most - start, Fraction(0)), min(self.most - start, Fraction(1)))
            for start in (i, j)
        ]
        low = [Enclosed.of(least) for least, _ in ends]
        high = [Enclosed.of(most) for _, most in ends]
        still = None
        if i in (0, -1) and j in (0, -1):
            still = np.array([float(-i), float(-j)])
        region = Region.between(_joined(low), _joined(high), "float64", origin=still)
        head, shift = head.parameter("shift", region, origin)
        parts = []
        for k, name in enumerate("ab"):
            pick = Affine((SelectMap(np.array([k]), 2),), np.zeros(1))
            parts.append(Node(head.fresh(f"shift.{name}"), pick, (shift,), 1, origin))
        both = head.fresh("shift.ab")
        parts.append(Node(both, Smooth(Product()), (parts[0].name, parts[1].name), 1, origin))
        weights = head.fresh("weights")
        op = Affine(
            (DenseMap(WEIGHTS[:, :2].copy()), DenseMap(WEIGHTS[:, 2:].copy())),
            np.array([1.0, 0.0, 0.0, 0.0]),
        )
        parts.append(Node(weights, op, (shift, both), 4, origin))
        head = replace(head, nodes=(*head.nodes, *parts))
        corners = [(i, j), (i + 1, j), (i, j + 1), (i + 1, j + 1)]
        images = np.zeros((head.size, 4))
        for k, (down, right) in enumerate(corners):
            images[where.reshape(-1), k] = _shifted(centre[where], down, right).reshape(-1)
        moved = head.affine("translated", [(weights, DenseMap(images))], 0.0, origin)
        # a mean of pixels and zeros lies between them
        inside = head.domain is None or head.domain[0] <= 0 <= head.domain[1]
        return moved if inside else moved.saturated(origin)


def _shifted(planes: Array, down: int, right: int) -> Array:
    """Planes (C, H, W) moved by whole pixels, zeros coming in."""
    moved = np.zeros_like(planes)
    height, width = planes.shape[1:]
    rows = slice(max(down, 0), height + min(down, 0))
    columns = slice(max(right, 0), width + min(right, 0))
    source_rows = slice(max(-down, 0), height + min(-down, 0))
    source_columns = slice(max(-right, 0), width + min(-right, 0))
    if abs(down) < height and abs(right) < width:
        moved[:, rows, columns] = planes[:, source_rows, source_columns]
    return moved


def _joined(ends: list[Enclosed]) -> Enclosed:
    return Enclosed(
        np.array([float(end.below) for end in ends]), np.array([float(end.above) for end in ends])
    )
