"""How large a network may be: checked in Python integers, before memory is taken."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mipc.errors import ModelError, UnsafeModel

__all__ = ["MOST_AXES", "MOST_IN_ALL", "MOST_NUMBERS", "count"]

MOST_NUMBERS = 50_000_000
"""No tensor of a network may have more numbers than this."""

MOST_IN_ALL = 400_000_000
"""All tensors of a network together may not have more numbers than this."""

MOST_AXES = 32


def count(shape: Sequence[int], where: str) -> int:
    """How many numbers a shape has: refused in Python integers, before memory is taken.

    Raises
    ------
    ModelError
        A dimension is negative, or there are too many.
    UnsafeModel
        The numbers are too many.
    """
    if len(shape) > MOST_AXES:
        raise ModelError(f"{len(shape)} axes; at most {MOST_AXES} are accepted", where=where)
    if any(size < 0 for size in shape):
        raise ModelError(f"a negative dimension in shape {list(shape)}", where=where)
    largest = math.prod(max(int(size), 1) for size in shape)  # an empty axis hides no large one
    if largest > MOST_NUMBERS:
        raise UnsafeModel(
            f"shape {list(shape)} has {largest} numbers; at most {MOST_NUMBERS} are accepted",
            where=where,
        )
    return largest if all(shape) else 0
