"""The light changes: one unknown number for the whole image.

Whatever passes the ends of the domain is cut off there, as a camera does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from mipc.errors import OptionError
from mipc.ir.ops import Affine, Smooth
from mipc.numerics.linear_maps import DenseMap, LinearMap, SelectMap, identity
from mipc.numerics.rationals import Enclosed, parse_rational
from mipc.numerics.relaxation import Product
from mipc.numerics.rounding import UNIT
from mipc.properties.perturbations.head import Head
from mipc.properties.region import Region

__all__ = ["Brightness", "Contrast"]


@dataclass(frozen=True)
class Brightness:
    """``x_i + b`` for one ``|b| <= most``."""

    most: Fraction

    def __post_init__(self) -> None:
        if self.most < 0:
            raise OptionError(f"a negative change, {self.most}", where="brightness")

    @staticmethod
    def parse(text: str) -> Brightness:
        """Read how much: ``0.1``."""
        return Brightness(parse_rational(text, "--perturbation brightness"))

    def __str__(self) -> str:
        return f"brightness:{self.most}"

    def apply(self, head: Head) -> tuple[Head, ...]:
        """One parameter, added everywhere."""
        head, name = head.parameter("brightness", _around_zero(self.most), str(self))

        def brighter(head: Head) -> Head:
            return head.plus(name, DenseMap(np.ones((head.size, 1))), str(self))

        return (_by_value(head, brighter, str(self)),)


@dataclass(frozen=True)
class Contrast:
    """``m + (1 + c) (x_i - m)`` for one ``|c| <= most``, ``m`` the mean of the image."""

    most: Fraction

    def __post_init__(self) -> None:
        if self.most < 0:
            raise OptionError(f"a negative change, {self.most}", where="contrast")

    @staticmethod
    def parse(text: str) -> Contrast:
        """Read how much: ``0.2``."""
        return Contrast(parse_rational(text, "--perturbation contrast"))

    def __str__(self) -> str:
        return f"contrast:{self.most}"

    def apply(self, head: Head) -> tuple[Head, ...]:
        """One parameter; of an image that varies itself, products of it with the image."""
        size = head.size
        head, name = head.parameter("contrast", _around_zero(self.most), str(self))
        if head.image is None:
            centre = head.around("contrast")
            # the mean and each difference are rounded, by less than the stated share in all
            error = 8 * (size + 4) * UNIT * float(np.abs(centre).max(initial=0.0))
            error *= float(Enclosed.of(self.most).above)
            mean = centre.mean()

            def stretched(head: Head) -> Head:
                values = head.around("contrast")
                column, radius = DenseMap((values - mean)[:, None]), np.full(head.size, error)
                moved = head.affine("contrast", [(name, column)], values, str(self), radius=radius)
                return moved.saturated(str(self))

            return (_by_value(head, stretched, str(self)),)
        image, share = head.image, np.full((1, size), 1.0 / size)
        mean = Affine((DenseMap(share),), np.zeros(1), relative=2 * UNIT)
        head, middle = head.node("mean", mean, [image], str(self), size=1)
        spread: LinearMap = DenseMap(np.full((size, 1), -1.0))
        away = Affine((identity(size), spread), np.zeros(size))
        head, gaps = head.node("away", away, [image, middle], str(self))
        factor = Affine((DenseMap(np.ones((size, 1))),), np.zeros(size))
        head, factors = head.node("factors", factor, [name], str(self))
        head, product = head.node("stretched", Smooth(Product()), (gaps, factors), str(self))
        return (head.plus(product, identity(size), str(self)),)


def _by_value(head: Head, change: Callable[[Head], Head], origin: str) -> Head:
    """A change of each number by itself, of a known image: once for all pixels of one value."""
    if head.image is not None:
        return change(head)
    values, place = np.unique(head.around(origin), return_inverse=True)
    few = change(replace(head, shape=values.shape, centre=values))
    assert few.image is not None
    spread = SelectMap(place.reshape(-1).astype(np.intp), len(values))
    whole = replace(few, shape=head.shape, centre=head.centre)
    return whole.affine("pixels", [(few.image, spread)], 0.0, origin)


def _around_zero(most: Fraction) -> Region:
    """One number of at most that size."""
    end = Enclosed.of(most)
    below, above = np.array([float(end.below)]), np.array([float(end.above)])
    nothing = np.zeros(1)
    return Region.between(
        Enclosed(-above, -below), Enclosed(below, above), "float64", origin=nothing
    )
