"""What every solver is asked, and the table of solvers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mipc.errors import OptionError
from mipc.milp.model import Model
from mipc.milp.solution import Solution

__all__ = ["FOREVER", "Limits", "Solver", "check_limits"]

FOREVER = 1e7
"""Seconds; a longer limit is none."""


@dataclass(frozen=True)
class Limits:
    """How far a solver may go.

    Attributes
    ----------
    seconds : float or None
        Wall time; shortly after it the solver is killed.
    target : float or None
        Stop at the first feasible point whose objective is at most this. Not every solver can.
    memory : int
        Bytes of address space.
    """

    seconds: float | None = None
    target: float | None = None
    memory: int = 12 * 1024**3

    def __post_init__(self) -> None:
        if self.seconds is not None and not self.seconds < FOREVER:
            object.__setattr__(self, "seconds", None)


def check_limits(jobs: int, timeout: float | None) -> None:
    """Refuse a number of processes or a time limit that means nothing.

    Raises
    ------
    OptionError
    """
    if jobs < 1:
        raise OptionError("at least one process is needed", where="jobs")
    if timeout is not None and not timeout >= 0:
        raise OptionError(f"{timeout} seconds", where="timeout", remedy="a number of at least 0")


class Solver(Protocol):
    """Something that solves models."""

    @property
    def name(self) -> str:
        """As ``--solver`` names it."""
        ...

    def solve(self, model: Model, limits: Limits) -> Solution:
        """What the solver claims. A crash or a kill is a status, not an exception.

        Raises
        ------
        SolverError
            The solver is missing or may not be used.
        """
        ...
