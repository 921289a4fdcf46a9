"""What would violate a requirement: a disjunction of conjunctions of linear inequalities.

"The label stays the arg-max" is violated when some other class reaches it: one disjunct for each
target class ``t``, holding when ``y_t - y_j >= margin`` for every class ``j`` that is not a target
(Tjeng, Xiao, Tedrake 2019). With margin 0 a tie counts as a violation.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.errors import QuestionError
from mipc.numerics.rationals import Enclosed

__all__ = ["ArgMax", "Disjunct"]

Array: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Disjunct:
    """Holds when ``rows @ output - threshold >= 0``, in each of its ``k`` rows.

    The smallest of the ``k`` numbers is the disjunct's margin: how far it is from not holding.

    Attributes
    ----------
    name : str
        For people: ``7 -> 3``.
    target : int
    rows : (k, classes) float64
        Entries -1, 0, 1.
    threshold : Fraction
    """

    name: str
    target: int
    rows: Array
    threshold: Fraction

    @property
    def offset(self) -> tuple[Array, Array | None]:
        """``-threshold`` as float64 for each row, and how far that is from exact."""
        around = Enclosed.of(-self.threshold)
        middle = np.full(len(self.rows), around.above)
        gap = float(around.above - around.below)
        return middle, np.full(len(self.rows), gap) if gap else None

    def margin(self, output: npt.NDArray[Any]) -> Fraction:
        """The exact margin at an output given as exact numbers (floats or Fractions)."""
        numbers = [Fraction(v) for v in output.tolist()]
        sums = [
            sum((int(c) * numbers[j] for j, c in enumerate(row) if c), -self.threshold)
            for row in self.rows
        ]
        return min(sums)


@dataclass(frozen=True)
class ArgMax:
    """The label's output stays above every target's.

    Attributes
    ----------
    label : int
        The class that should win; 0-based.
    targets : tuple of int or None
        The classes whose winning is the violation; ``None`` for all others.
    margin : Fraction
        How far a target has to be ahead; negative makes a violation easier.
    """

    label: int
    targets: tuple[int, ...] | None = None
    margin: Fraction = Fraction(0)

    def disjuncts(self, classes: int) -> tuple[Disjunct, ...]:
        """One for each target class.

        Raises
        ------
        QuestionError
            The label or a target is no class of the network.
        """
        if classes < 2:
            raise QuestionError(f"the network has {classes} output; an arg-max needs two or more")
        if self.targets == ():
            raise QuestionError("the list of targets is empty")
        if self.targets is not None and len(set(self.targets)) < len(self.targets):
            raise QuestionError(f"a class is named twice among the targets {list(self.targets)}")
        named = [self.label, *(self.targets or ())]
        if wrong := [c for c in named if not 0 <= c < classes]:
            raise QuestionError(
                f"there is no class {wrong[0]}: the network has classes 0 to {classes - 1}"
            )
        targets = self.targets or tuple(c for c in range(classes) if c != self.label)
        if self.label in targets:
            raise QuestionError(f"class {self.label} is both the label and a target")
        others = [j for j in range(classes) if j not in targets]
        disjuncts = []
        for target in targets:
            rows = np.zeros((len(others), classes))
            rows[:, target] = 1.0
            rows[np.arange(len(others)), others] = -1.0
            name = f"{self.label} -> {target}"
            disjuncts.append(Disjunct(name, target, rows, self.margin))
        return tuple(disjuncts)
