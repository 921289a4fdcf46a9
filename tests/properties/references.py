"""Families of perturbations from their definitions, in Fractions: nothing of mipc is used.

An image is an object array (channels, height, width) of Fractions. A family says what its
parameters are, which are allowed, and which image they make of another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

import numpy as np
import scipy.ndimage

Image = np.ndarray
Limits = tuple[Fraction, Fraction] | None


def exactly(numbers: np.ndarray) -> Image:
    """Floats as Fractions."""
    flat = [Fraction(v) for v in np.asarray(numbers, np.float64).ravel().tolist()]
    return np.array(flat, dtype=object).reshape(np.shape(numbers))


def cut_off(image: Image, domain: Limits) -> Image:
    """The nearest image in the domain."""
    if domain is None:
        return image
    return np.array(
        [min(max(v, domain[0]), domain[1]) for v in image.ravel()], dtype=object
    ).reshape(image.shape)


def within(numbers: Sequence[Fraction], domain: Limits) -> bool:
    return domain is None or all(domain[0] <= v <= domain[1] for v in numbers)


def spread(rng: np.random.Generator, size: int) -> list[Fraction]:
    """Rationals in [-1, 1], often the ends and 0."""
    return [Fraction(int(v), 16) for v in rng.choice([-16, 16, 0, *range(-16, 17)], size)]


@dataclass(frozen=True)
class Move:
    """A ball: its parameters are the image itself if it stands first, else the change."""

    norm: str
    radius: Fraction

    def __str__(self) -> str:
        return f"{self.norm}:{self.radius}"

    def draw(self, rng, image, domain, first):
        shares = spread(rng, image.size)
        if self.norm != "linf":
            length = sum(abs(s) for s in shares) or Fraction(1)  # at least the L2 norm
            shares = [s / length for s in shares]
            if rng.random() < 0.3:  # to the sphere along an axis
                shares = [Fraction(int(i == 0)) for i in range(image.size)]
        moved = [self.radius * s for s in shares]
        if not first:
            return moved
        return list(cut_off(image.ravel() + np.array(moved, dtype=object), domain))

    def allows(self, numbers, image, domain, first):
        gaps = [v - c for v, c in zip(numbers, image.ravel(), strict=True)] if first else numbers
        size = {
            "linf": lambda: max(abs(g) for g in gaps),
            "l1": lambda: sum(abs(g) for g in gaps),
            "l2": lambda: sum(g * g for g in gaps),
        }[self.norm]()
        inside = size <= (self.radius**2 if self.norm == "l2" else self.radius)
        return inside and (not first or within(numbers, domain))

    def of(self, numbers, image, domain, first):
        moved = np.array(numbers, dtype=object).reshape(image.shape)
        return moved if first else cut_off(image + moved, domain)


@dataclass(frozen=True)
class Light:
    """One number ``b`` for all pixels: ``x + b``, or ``m + (1 + b) (x - m)`` of the mean ``m``."""

    kind: str
    most: Fraction

    def __str__(self) -> str:
        return f"{self.kind}:{self.most}"

    def draw(self, rng, image, domain, first):
        return [self.most * spread(rng, 1)[0]]

    def allows(self, numbers, image, domain, first):
        return abs(numbers[0]) <= self.most

    def of(self, numbers, image, domain, first):
        if self.kind == "brightness":
            return cut_off(image + numbers[0], domain)
        mean = sum(image.ravel(), Fraction(0)) / image.size
        return cut_off(mean + (1 + numbers[0]) * (image - mean), domain)


@dataclass(frozen=True)
class Blur:
    """Correlation with a kernel whose numbers are not negative and sum to 1, zeros outside."""

    height: int
    width: int

    def __str__(self) -> str:
        return f"blur:{self.height}x{self.width}"

    def draw(self, rng, image, domain, first):
        count = self.height * self.width
        parts = [abs(s) for s in spread(rng, count)]
        total = sum(parts)
        if not total:
            return [Fraction(int(i == 0)) for i in range(count)]
        return [p / total for p in parts]

    def allows(self, numbers, image, domain, first):
        return sum(numbers) == 1 and min(numbers) >= 0

    def of(self, numbers, image, domain, first):
        kernel = np.array(numbers, dtype=float).reshape(self.height, self.width)
        # of an even number of taps, the one in front of the middle stands on the pixel
        shift = [-1 if n % 2 == 0 else 0 for n in kernel.shape]
        planes = [
            scipy.ndimage.correlate(p.astype(float), kernel, mode="constant", origin=shift)
            for p in image
        ]
        return cut_off(exactly(np.array(planes)), domain)


@dataclass(frozen=True)
class Translate:
    """Bilinear interpolation of the image moved down and right, zeros outside."""

    most: Fraction

    def __str__(self) -> str:
        return f"translate:{self.most}"

    def draw(self, rng, image, domain, first):
        down, right = (self.most * s for s in spread(rng, 2))
        return [down, right]

    def allows(self, numbers, image, domain, first):
        return max(abs(v) for v in numbers) <= self.most

    def of(self, numbers, image, domain, first):
        moves = [float(v) for v in numbers]
        planes = [
            scipy.ndimage.shift(p.astype(float), moves, order=1, mode="grid-constant")
            for p in image
        ]
        return cut_off(exactly(np.array(planes)), domain)


@dataclass(frozen=True)
class Patch:
    """A rectangle may be anything in the domain; its parameters are the whole image."""

    height: int
    width: int
    at: tuple[int, int] | None = None

    def __str__(self) -> str:
        place = "" if self.at is None else f"@{self.at[0]},{self.at[1]}"
        return f"patch:{self.height}x{self.width}{place}"

    def places(self, image):
        rows, columns = (range(n - k + 1) for n, k in zip(
            image.shape[1:], (self.height, self.width), strict=True
        ))  # fmt: skip
        return [(r, c) for r in rows for c in columns] if self.at is None else [self.at]

    def draw(self, rng, image, domain, first):
        row, column = self.places(image)[int(rng.integers(len(self.places(image))))]
        changed = image.copy()
        area = changed[:, row : row + self.height, column : column + self.width]
        shares = np.array([abs(s) for s in spread(rng, area.size)], dtype=object)
        area[...] = domain[0] + (domain[1] - domain[0]) * shares.reshape(area.shape)
        return list(changed.ravel())

    def allows(self, numbers, image, domain, first):
        changed = np.array(numbers, dtype=object).reshape(image.shape) != image
        return within(numbers, domain) and any(
            changed.sum() == changed[:, r : r + self.height, c : c + self.width].sum()
            for r, c in self.places(image)
        )

    def of(self, numbers, image, domain, first):
        return np.array(numbers, dtype=object).reshape(image.shape)


@dataclass(frozen=True)
class Unrestricted:
    """Anything in the domain."""

    def __str__(self) -> str:
        return "unrestricted"

    def draw(self, rng, image, domain, first):
        return [domain[0] + (domain[1] - domain[0]) * abs(s) for s in spread(rng, image.size)]

    def allows(self, numbers, image, domain, first):
        return within(numbers, domain)

    def of(self, numbers, image, domain, first):
        return np.array(numbers, dtype=object).reshape(image.shape)


@dataclass(frozen=True)
class OnGrid:
    """A family that stands first, on multiples of ``1 / steps``: the parameters are the levels.

    A level counts as allowed when it passes the edge by less than a thousandth of a step.
    """

    inner: Move | Unrestricted | Patch
    steps: int

    def __str__(self) -> str:
        return f"{self.inner}+grid:{self.steps}"

    def draw(self, rng, image, domain, first):
        numbers = self.inner.draw(rng, image, domain, first)
        centre = [v * self.steps for v in image.ravel()]
        # towards the centre, so that a ball is not left
        return [
            Fraction(floor(v * self.steps) if v * self.steps >= c else -floor(-v * self.steps))
            for v, c in zip(numbers, centre, strict=True)
        ]

    def allows(self, numbers, image, domain, first):
        near = Fraction(1, 1024)
        whole = all(v.denominator == 1 for v in numbers)
        levels = [round(v * self.steps) for v in image.ravel()]
        snapped = [
            c if abs(k - c * self.steps) <= near else None
            for c, k in zip(image.ravel(), levels, strict=True)
        ]
        scaled = [
            Fraction(k, self.steps) if on is not None else c
            for c, k, on in zip(image.ravel(), levels, snapped, strict=True)
        ]
        wide = None if domain is None else (domain[0] - near, domain[1] + near)
        middle = np.array(scaled, dtype=object).reshape(image.shape)
        numbers = [v / self.steps for v in numbers]
        inner = self.inner
        if isinstance(inner, Move) and inner.norm == "linf":
            inner = Move("linf", inner.radius + near / self.steps * 2)
        return whole and inner.allows(numbers, middle, wide, first)

    def of(self, numbers, image, domain, first):
        return np.array([v / self.steps for v in numbers], dtype=object).reshape(image.shape)
