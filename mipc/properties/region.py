"""Where a parameter of a question may lie: a box whose corners are exact numbers, and its cuts.

Proofs need the smallest float64 box around the exact one, witnesses the floats of the parameter's
own type inside it. ``0.5 + 0.1`` is neither a float32 nor a float64, so the two differ. A ball
or a plane may cut the box, and the numbers may have to be integers; membership is decided in
rational arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.errors import QuestionError
from mipc.numerics.domains import Ball, Domain, Plane
from mipc.numerics.interval import Interval
from mipc.numerics.rationals import Enclosed

__all__ = ["Region", "Sphere"]

Array: TypeAlias = npt.NDArray[np.float64]
Point: TypeAlias = npt.NDArray[Any]

FINE = 2.0**-30
"""Numbers whose sum is prescribed are witnessed as multiples of this."""


@dataclass(frozen=True, eq=False)
class Sphere:
    """``||x - centre|| <= radius``, exactly; ``centre`` is (n,) float64."""

    norm: Literal[1, 2]
    centre: Array
    radius: Fraction

    def contains(self, point: Point) -> bool:
        """Whether a point lies within, in rational arithmetic."""
        gaps = [
            abs(Fraction(x) - Fraction(c))
            for x, c in zip(point.tolist(), self.centre.tolist(), strict=True)
        ]
        total = sum((gap**self.norm for gap in gaps), Fraction(0))
        return total <= self.radius**self.norm

    def pulled_in(self, point: Point, share: float, *, whole: bool = False) -> Array:
        """A point moved towards the centre, to ``share`` of the radius at most.

        With ``whole`` each number moves by an integer.
        """
        away = point.astype(np.float64) - self.centre
        length = float(np.linalg.norm(away, self.norm))
        if length == 0.0:
            return self.centre.copy()
        away = away * min(1.0, share * float(self.radius) / length)
        return self.centre + (np.trunc(away) if whole else away)

    def surrounds(self, lower: Array, upper: Array) -> bool:
        """Whether a box lies within, up to rounding; the ball then says nothing."""
        reach = np.maximum(upper - self.centre, self.centre - lower)
        with np.errstate(over="ignore"):
            return bool(np.linalg.norm(reach, self.norm) <= float(self.radius))


@dataclass(frozen=True, eq=False)
class Region:
    """Where a parameter may lie.

    Attributes
    ----------
    lower, upper : (n,) float64
        Rounded outward: every point of the exact box lies within.
    least, most : (n,) of the parameter's float type
        Rounded inward: a float point between them lies in the exact box.
    sphere : Sphere or None
    total : float or None
        What the numbers sum to, exactly.
    integer : bool
    origin : (n,) float64 or None
        Where nothing is perturbed: the point to begin with.
    """

    lower: Array
    upper: Array
    least: Point
    most: Point
    sphere: Sphere | None = None
    total: float | None = None
    integer: bool = False
    origin: Array | None = None

    @staticmethod
    def between(
        lower: Enclosed,
        upper: Enclosed,
        dtype: str,
        *,
        open_lower: npt.NDArray[np.bool_] | None = None,
        open_upper: npt.NDArray[np.bool_] | None = None,
        origin: Array | None = None,
    ) -> Region:
        """The box between two exact corners.

        Parameters
        ----------
        open_lower, open_upper : (n,) bool, optional
            Where a witness has to lie strictly inside; the outer box is closed.

        Raises
        ------
        QuestionError
            A lower corner lies above its upper corner.
        """
        wrong = np.flatnonzero(lower.below > upper.above)
        if len(wrong):
            i = int(wrong[0])
            raise QuestionError(
                f"the box of inputs is empty: input number {i} would have to lie between "
                f"{float(lower.below[i])!r} and {float(upper.above[i])!r}",
            )
        with np.errstate(over="ignore"):  # what is beyond the floats comes back to the last one
            least, most = lower.above.astype(dtype), upper.below.astype(dtype)
        least = np.where(least < lower.above, np.nextafter(least, np.inf, dtype=dtype), least)
        most = np.where(most > upper.below, np.nextafter(most, -np.inf, dtype=dtype), most)
        if open_lower is not None:
            inner = open_lower & (least <= lower.above)
            least = np.where(inner, np.nextafter(least, np.inf, dtype=dtype), least)
        if open_upper is not None:
            inner = open_upper & (most >= upper.below)
            most = np.where(inner, np.nextafter(most, -np.inf, dtype=dtype), most)
        return Region(lower.below, upper.above, least + 0, most + 0, origin=origin)

    @property
    def interval(self) -> Interval:
        """The outer box as a batch of one."""
        return Interval(self.lower[None, :], self.upper[None, :])

    @property
    def domain(self) -> Domain:
        """What bounds and files know of it: rounded outward, a batch of one."""
        ball = None
        if self.sphere is not None and not self.sphere.surrounds(self.lower, self.upper):
            radius = np.atleast_1d(Enclosed.of(self.sphere.radius).above)
            ball = Ball(self.sphere.norm, self.sphere.centre[None, :], radius)
        plane = None if self.total is None else Plane(self.total)
        return Domain(self.interval, ball, plane, self.integer)

    @property
    def has_float(self) -> bool:
        """Whether any point of the parameter's floats lies in the box."""
        return bool((self.least <= self.most).all())

    @property
    def start(self) -> Array:
        """A point to begin with: the origin, or the middle of the box."""
        if self.origin is not None:
            return self.origin
        return self.lower + (self.upper - self.lower) / 2

    def nearest(self, point: Array) -> Point | None:
        """A point of the parameter's floats inside, near to ``point``; None if none is found."""
        if not self.has_float or not np.isfinite(point).all():
            return None
        wanted = np.rint(point) if self.integer else point
        found = self._clipped(wanted)
        if self.total is not None:
            found = self._balanced(found)
        if self.sphere is not None:
            for share in (1.0, 1.0 - 2.0**-20, 1.0 - 2.0**-10, 0.9, 0.0):
                if self.sphere.contains(found):
                    break
                pulled = self.sphere.pulled_in(wanted, share, whole=self.integer)
                found = self._clipped(pulled)
        return found if self.contains(found) else None

    def contains(self, point: Point) -> bool:
        """Whether a point of the parameter's floats lies in the exact region."""
        inside = bool((self.least <= point).all() and (point <= self.most).all())
        if inside and self.integer:
            inside = bool((point == np.rint(point)).all())
        if inside and self.total is not None:
            inside = sum(map(Fraction, point.tolist()), Fraction(0)) == Fraction(self.total)
        if inside and self.sphere is not None:
            inside = self.sphere.contains(point)
        return inside

    def _clipped(self, point: Array) -> Point:
        clipped: Point = np.clip(point, self.least, self.most).astype(self.least.dtype)
        return clipped

    def _balanced(self, point: Point) -> Point:
        """Multiples of a small power of two with the prescribed sum."""
        assert self.total is not None
        low, high = np.ceil(self.least / FINE), np.floor(self.most / FINE)
        units = np.clip(np.rint(point.astype(np.float64) / FINE), low, high)
        missing = self.total / FINE - float(units.sum())
        for i in np.argsort(-units):
            change = np.clip(missing, low[i] - units[i], high[i] - units[i])
            units[i] += change
            missing -= change
        return np.asarray(units * FINE, dtype=self.least.dtype)
