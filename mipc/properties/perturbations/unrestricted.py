"""The image may be anything in the domain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mipc.errors import OptionError, QuestionError
from mipc.numerics.rationals import Enclosed
from mipc.properties.perturbations.head import Head
from mipc.properties.region import Region

__all__ = ["Unrestricted"]


@dataclass(frozen=True)
class Unrestricted:
    """Every image in the domain."""

    @staticmethod
    def parse(text: str) -> Unrestricted:
        """It has no parameter."""
        if text:
            raise OptionError(
                f"unrestricted takes no parameter, not {text!r}", where="--perturbation"
            )
        return Unrestricted()

    def __str__(self) -> str:
        return "unrestricted"

    def apply(self, head: Head) -> tuple[Head, ...]:
        """The domain as a box."""
        if head.image is not None:
            raise QuestionError("unrestricted has to come first", where="--perturbation")
        if head.domain is None:
            raise QuestionError("unrestricted needs a domain", remedy="give --domain LOW:HIGH")
        ones = np.ones(head.size)
        low, high = (Enclosed.of(end) for end in head.domain)
        region = Region.between(
            Enclosed(low.below * ones, low.above * ones),
            Enclosed(high.below * ones, high.above * ones),
            head.dtype,
            origin=None if head.centre is None else head.around("unrestricted"),
        )
        return (head.ranging(region, "unrestricted"),)
