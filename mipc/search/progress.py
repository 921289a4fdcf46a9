"""What a search over parts tells: what closed a part, what was reached, what came back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.search.dual import Multipliers
from mipc.search.envelope import Envelope
from mipc.search.parts import Parts
from mipc.search.store import Opened, Phases

__all__ = ["Leaf", "Reached", "Returned"]

Array: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Leaf:
    """A part that is closed, and what closes it.

    Attributes
    ----------
    target : int
    phases : tuple of (split, side)
        The splits that led to it, see :mod:`mipc.search.choice`.
    part : Parts
        One: the bounds that were used.
    multipliers : Multipliers
        One.
    envelope : Envelope or None
    bound : float
        What they prove; minus infinity where the part is empty.
    """

    target: int
    phases: Phases
    part: Parts
    multipliers: Multipliers
    envelope: Envelope | None
    bound: float


@dataclass(frozen=True, eq=False)
class Returned:
    """What became of parts that were given away.

    Attributes
    ----------
    opened : Opened or None
        Those that are still open.
    closed : float
        The largest bound that closed one.
    stuck : list of float
        Bounds of those that will stay open.
    parts : int
        How many were bounded.
    margin, point : float, (n,) or None
        The largest margin that was reached, and where.
    """

    opened: Opened | None
    closed: float
    stuck: list[float]
    parts: int
    margin: float
    point: Array | None


@dataclass
class Reached:
    """The largest margin that was reached, in floats, and where: (n,)."""

    margin: float = -np.inf
    point: Array | None = None
