"""Lines under and over the ReLU: ``lower_slope z <= relu(z) <= upper_slope z + upper_offset``.

A neuron that bounds decide is its own relaxation. Over an undecided one lies the chord from
``(l, 0)`` to ``(u, u)``; under it any slope between 0 and 1 is valid, and the one that leaves the
smaller triangle is taken (Zhang et al. 2018, CROWN; Singh et al. 2019, DeepPoly).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.numerics.interval import Interval
from mipc.numerics.rounding import TINY

__all__ = ["Lines", "relu_lines"]

Array: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Lines:
    """Slopes in [0, 1] and nonnegative offsets, each shaped like the bounds."""

    lower_slope: Array
    upper_slope: Array
    upper_offset: Array
    undecided: npt.NDArray[np.bool_]


def relu_lines(bounds: Interval) -> Lines:
    """The lines for pre-activations within ``bounds``.

    Sound for whatever slope the division rounds to: on ``[l, u]`` the line ``s z + t`` lies over
    the ReLU exactly when it does so at ``l`` and ``u``, that is when ``t >= -s l`` and
    ``t >= (1 - s) u``; ``t`` is the larger of the two, rounded up.
    """
    lower, upper = bounds.lower, bounds.upper
    active = lower >= 0
    undecided = ~active & (upper > 0)
    width = np.where(undecided, upper - lower, 1.0)
    chord = np.minimum(np.where(undecided, upper / width, active), 1.0)
    height = np.maximum(-chord * lower, (1.0 - chord) * upper)
    offset = np.where(undecided, height * (1.0 + 2.0**-50) + TINY, 0.0)
    steep = np.where(undecided, upper > -lower, active).astype(np.float64)
    return Lines(steep, chord, offset, undecided)
