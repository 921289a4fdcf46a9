"""Parts of a region: boxes of inputs with intervals for the neurons, many at a time."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Parts", "Stacked", "chords"]

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
    def undecided(self) -> npt.NDArray[np.bool_]:
        """(N, m)."""
        return (self.lower < 0) & (self.upper > 0)


def chords(parts: Parts) -> Array:
    """The slopes of the chords over the ReLUs: 1 and 0 where they are decided."""
    open_ = parts.undecided
    width = np.where(open_, parts.upper - parts.lower, 1.0)
    return np.where(open_, parts.upper / width, (parts.lower >= 0).astype(np.float64))
