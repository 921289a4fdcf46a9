"""Parts of a region: boxes of inputs with intervals for the neurons, many at a time."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.numerics.relaxation import chord_slopes

__all__ = ["Parts", "Stacked"]

Array: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Stacked:
    """Arrays with one entry for each of ``N`` things along their first axis."""

    def __len__(self) -> int:
        first: Array = getattr(self, fields(self)[0].name)
        return len(first)

    def take(self, which: npt.NDArray[np.intp] | npt.NDArray[np.bool_] | slice) -> Self:
        """Some of them."""
        return type(self)(*(getattr(self, field.name)[which] for field in fields(self)))

    def put(self, which: npt.NDArray[np.intp], other: Self) -> None:
        """Overwrite some of them, in place."""
        for field in fields(self):
            getattr(self, field.name)[which] = getattr(other, field.name)

    def repeat(self, times: int) -> Self:
        """Each of them several times in a row."""
        return type(self)(
            *(np.repeat(getattr(self, field.name), times, axis=0) for field in fields(self))
        )


@dataclass(frozen=True, eq=False)
class Parts(Stacked):
    """Parts of a region.

    Attributes
    ----------
    lower, upper : (N, m)
        Of the pre-activations.
    low, high : (N, n)
        Of the inputs.
    """

    lower: Array
    upper: Array
    low: Array
    high: Array

    @property
    def chords(self) -> Array:
        """The slopes of the chords over the ReLUs: (N, m)."""
        return chord_slopes(self.lower, self.upper)

    @property
    def undecided(self) -> npt.NDArray[np.bool_]:
        """(N, m)."""
        return (self.lower < 0) & (self.upper > 0)
