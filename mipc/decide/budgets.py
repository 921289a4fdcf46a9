"""How long each stage may take, by what kind of problem it is.

The same for everyone: nothing here looks at an image, a network's name or a data set.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from mipc.decide.state import Bounded, State
from mipc.ir.ops import Smooth
from mipc.search import can_be_compact, can_halve
from mipc.solvers.base import FOREVER

__all__ = ["ATTACK", "BUDGETS", "Budget", "Kind", "kind_of"]

Kind: TypeAlias = Literal[
    "piecewise linear", "a value of a piecewise linear one", "few inputs", "other"
]


@dataclass(frozen=True)
class Budget:
    """What a stage may take.

    Attributes
    ----------
    share : float
        Of the time that is left.
    most : float
        Seconds.
    alone : float
        Seconds where nobody has set a limit.
    """

    share: float
    most: float = FOREVER
    alone: float = FOREVER

    def until(self, left: float | None) -> float:
        """The clock's time when a stage has to end, with so many seconds left for everything."""
        seconds = self.alone if left is None else self.share * left
        return time.perf_counter() + min(seconds, self.most)


ATTACK = Budget(0.15)

BUDGETS: Mapping[Kind, tuple[tuple[str, Budget], ...]] = {
    "piecewise linear": (
        ("attack", ATTACK),
        ("branching", Budget(0.85, alone=300.0)),
        ("solver", Budget(1.0)),
    ),
    "a value of a piecewise linear one": (
        ("attack", ATTACK),
        ("branching", Budget(0.4, most=60.0)),
        ("solver", Budget(0.5)),
        ("branching", Budget(1.0, alone=300.0)),
    ),
    "few inputs": (
        ("attack", ATTACK),
        ("halving", Budget(0.6, most=60.0)),
        ("solver", Budget(1.0)),
    ),
    "other": (
        ("attack", ATTACK),
        ("solver", Budget(1.0)),
    ),
}
"""The stages of each kind of problem, in order of what they cost."""

FEW = 16
"""With so few choices left, and no smooth functions, a solver is quicker than halving."""


def kind_of(state: State, bounded: Bounded) -> Kind:
    """What kind of problem a bounded case is."""
    any_violation = state.query.objective == "feasibility"
    if can_be_compact(bounded.problem):
        return "piecewise linear" if any_violation else "a value of a piecewise linear one"
    smooth = any(isinstance(node.op, Smooth) for node in bounded.case.graph)
    many = smooth or bounded.binaries > FEW
    if any_violation and many and can_halve(bounded.case):
        return "few inputs"
    return "other"
