"""Where the pixels of a picture stand in an input."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["channels_last", "pixels"]

Index: TypeAlias = npt.NDArray[np.intp]


def pixels(shape: tuple[int, ...], channels_first: bool | None = None) -> Index | None:
    """The flat index of each (channel, row, column) of a picture; None if it is none.

    Where it is not said, channels stand first, or last where the last axis has 1, 3 or 4 numbers
    and the third from the end does not. One row of numbers, of shape (1, n), is no picture.
    """
    flat = np.arange(math.prod(shape), dtype=np.intp)
    if len(shape) == 2 and shape[0] > 1:
        return flat.reshape(1, *shape)
    if len(shape) < 3 or math.prod(shape[:-3]) != 1:
        return None
    planes = flat.reshape(shape[-3:])
    last = channels_last(shape) if channels_first is None else not channels_first
    return planes.transpose(2, 0, 1) if last else planes


def channels_last(shape: Sequence[int]) -> bool:
    """Whether the sizes of a picture's axes say that its channels stand last."""
    return shape[-1] in (1, 3, 4) and shape[-3] not in (1, 3, 4)
