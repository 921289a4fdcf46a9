"""A rectangle of the image may be anything: at one place, or at any."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from mipc.errors import OptionError, QuestionError
from mipc.numerics.rationals import Enclosed
from mipc.properties.perturbations.head import Head
from mipc.properties.region import Region

__all__ = ["Patch"]


@dataclass(frozen=True)
class Patch:
    """``height`` x ``width`` pixels, all channels; ``at`` is the top left corner, or any."""

    height: int
    width: int
    at: tuple[int, int] | None = None

    @staticmethod
    def parse(text: str) -> Patch:
        """Read size and place: ``3x3`` anywhere, ``3x3@10,12`` from row 10 and column 12 on."""
        found = re.fullmatch(r"([0-9]{1,5})x([0-9]{1,5})(?:@([0-9]{1,5}),([0-9]{1,5}))?", text)
        if found is None or not int(found[1]) * int(found[2]):
            raise OptionError(
                f"{text!r} is no patch",
                where="--perturbation patch",
                remedy="write patch:3x3 for any place, or patch:3x3@10,12",
            )
        at = None if found[3] is None else (int(found[3]), int(found[4]))
        return Patch(int(found[1]), int(found[2]), at)

    def __str__(self) -> str:
        place = "" if self.at is None else f"@{self.at[0]},{self.at[1]}"
        return f"patch:{self.height}x{self.width}{place}"

    def apply(self, head: Head) -> tuple[Head, ...]:
        """One head for each place: the image outside the patch, the domain inside."""
        centre, where = head.first("a patch"), head.pixels("a patch")
        if head.domain is None:
            raise QuestionError("a patch needs a domain", remedy="give --domain LOW:HIGH")
        rows, columns = where.shape[1] - self.height + 1, where.shape[2] - self.width + 1
        places = [(r, c) for r in range(rows) for c in range(columns)]
        if self.at is not None:
            places = [place for place in places if place == self.at]
        if not places:
            raise QuestionError(
                f"{self} does not fit an image of {where.shape[1]} x {where.shape[2]}"
            )
        head.room(len(places) * 4 * head.size, str(self))
        low, high = (Enclosed.of(end) for end in head.domain)
        heads = []
        for r, c in places:
            inside = np.zeros(head.size, dtype=bool)
            inside[where[:, r : r + self.height, c : c + self.width]] = True
            lower, upper = (
                Enclosed(np.where(inside, end.below, centre), np.where(inside, end.above, centre))
                for end in (low, high)
            )
            region = Region.between(lower, upper, head.dtype, origin=centre)
            heads.append(head.ranging(region, f"patch:{self.height}x{self.width}@{r},{c}"))
        return tuple(heads)
