"""What would violate a requirement: a disjunction of conjunctions of linear inequalities.

"The label stays the arg-max" is violated when some other class reaches it: one disjunct for each
target class ``t``, holding when ``y_t - y_j >= margin`` for every class ``j`` that is not a target
(Tjeng, Xiao, Tedrake 2019). With margin 0 a tie counts as a violation.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from numbers import Integral
from typing import TypeAlias

from mipc.errors import QuestionError
from mipc.properties.inequalities import Inequality, parse_violation

__all__ = ["ArgMax", "Disjunct", "Linear", "Requirement", "Row", "TopK"]

Bounds: TypeAlias = Sequence[tuple[Fraction, Fraction]] | Mapping[int, tuple[Fraction, Fraction]]

MOST_DISJUNCTS = 10_000
MOST = Fraction(2) ** 900
"""No number of a requirement is larger, so that margins are held by float64."""

JUST_BELOW = Fraction(-1, 2**2000)
"""What a strict inequality gives that is met with equality."""


@dataclass(frozen=True)
class Row:
    """Holds when ``sum coefficient * number[index] + constant >= 0`` (or ``> 0``, if strict).

    The numbers are those of all values that a query observes, one after the other.
    """

    terms: tuple[tuple[int, Fraction], ...]
    constant: Fraction = Fraction(0)
    strict: bool = False

    def __post_init__(self) -> None:
        if any(abs(number) > MOST for number in (self.constant, *(c for _, c in self.terms))):
            raise QuestionError("a number of the requirement is too large for float64")

    @property
    def compares(self) -> bool:
        """Whether it only asks which of two numbers is larger."""
        signs = sorted(coefficient for _, coefficient in self.terms)
        return self.constant == 0 and len(signs) == 2 and signs[0] == -signs[1] != 0

    @property
    def balanced(self) -> bool:
        """Whether adding one number to all that it names changes nothing."""
        return sum((coefficient for _, coefficient in self.terms), Fraction(0)) == 0

    def range(self, bounds: Bounds) -> tuple[Fraction, Fraction]:
        """The least and the most it can be; a strict row that is just met counts as below 0."""
        low = high = self.constant
        for index, coefficient in self.terms:
            least, most = bounds[index]
            if coefficient < 0:
                least, most = most, least
            low, high = low + coefficient * least, high + coefficient * most
        if self.strict:
            low, high = (JUST_BELOW if end == 0 else end for end in (low, high))
        return low, high


@dataclass(frozen=True)
class Disjunct:
    """Holds when each of its rows does; the least row is its margin.

    Attributes
    ----------
    number : int
        Its own among all disjuncts of a query.
    name : str
        For people: ``7 -> 3``.
    rows : tuple of Row
    target : int or None
        The class whose winning it means.
    """

    number: int
    name: str
    rows: tuple[Row, ...]
    target: int | None = None

    def margin(self, bounds: Bounds) -> tuple[Fraction, Fraction]:
        """The least row, where each number is only known to lie in a range."""
        ranges = [row.range(bounds) for row in self.rows]
        return min(low for low, _ in ranges), min(high for _, high in ranges)


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
    excluded : tuple of int
        Classes that may win as well.
    """

    label: int
    targets: tuple[int, ...] | None = None
    margin: Fraction = Fraction(0)
    excluded: tuple[int, ...] = ()

    def disjuncts(self, classes: int) -> tuple[Disjunct, ...]:
        """One for each target class.

        Raises
        ------
        QuestionError
            The label or a target is no class of the network.
        """
        if classes < 2:
            raise QuestionError(
                f"the network has {classes} output; an arg-max needs two or more",
                remedy='say what violates the requirement: --violation "y0 >= 1"',
            )
        if self.targets == ():
            raise QuestionError("the list of targets is empty")
        if self.targets is not None and len(set(self.targets)) < len(self.targets):
            raise QuestionError(f"a class is named twice among the targets {list(self.targets)}")
        _check_classes([self.label, *(self.targets or ()), *self.excluded], classes)
        targets = self.targets or tuple(
            c for c in range(classes) if c != self.label and c not in self.excluded
        )
        if self.label in targets:
            raise QuestionError(f"class {self.label} is both the label and a target")
        if self.label in self.excluded:
            raise QuestionError(f"class {self.label} is both the label and excluded")
        if both := set(targets) & set(self.excluded):
            raise QuestionError(f"classes {sorted(both)} are both targets and excluded")
        if not targets:
            raise QuestionError("every class is excluded; nothing can violate the requirement")
        others = [j for j in range(classes) if j not in targets]
        return tuple(
            Disjunct(
                target,
                f"{self.label} -> {target}",
                tuple(_ahead(target, other, self.margin) for other in others),
                target,
            )
            for target in targets
        )


@dataclass(frozen=True)
class TopK:
    """The label stays among the ``k`` largest outputs: violated when ``k`` others reach it.

    Attributes
    ----------
    label, k : int
    margin : Fraction
        How far ahead each of the ``k`` has to be.
    """

    label: int
    k: int
    margin: Fraction = Fraction(0)

    def disjuncts(self, classes: int) -> tuple[Disjunct, ...]:
        """One for each set of ``k`` other classes.

        Raises
        ------
        QuestionError
            The label is no class of the network, or there are too few classes or too many sets.
        """
        _check_classes([self.label], classes)
        if not 1 <= self.k < classes:
            raise QuestionError(f"the top {self.k} of {classes} classes")
        if math.comb(classes - 1, self.k) > MOST_DISJUNCTS:
            raise QuestionError(
                f"there are {math.comb(classes - 1, self.k)} ways for {self.k} of {classes} "
                f"classes to get ahead; at most {MOST_DISJUNCTS} are accepted"
            )
        others = [c for c in range(classes) if c != self.label]
        return tuple(
            Disjunct(
                number,
                f"{self.label} -> {', '.join(map(str, ahead))}",
                tuple(_ahead(c, self.label, self.margin) for c in ahead),
                ahead[0] if self.k == 1 else None,
            )
            for number, ahead in enumerate(combinations(others, self.k))
        )


@dataclass(frozen=True)
class Linear:
    """Violated where a formula over the outputs ``y0, y1, ...`` holds.

    ``text`` is such as ``y0 - 2 y1 >= 0.5 or (y2 <= 1 and y0 >= y1)``.
    """

    text: str
    label: int | None = None

    def disjuncts(self, classes: int) -> tuple[Disjunct, ...]:
        """One for each alternative of the formula.

        Raises
        ------
        QuestionError
            It names an output that the network does not have.
        """
        alternatives = parse_violation(self.text)
        for row in (row for rows in alternatives for row in rows):
            if wrong := [i for i, _ in row.terms if i >= classes]:
                raise QuestionError(
                    f"there is no output y{wrong[0]}: the network has y0 to y{classes - 1}",
                    where=self.text,
                )
        return tuple(
            Disjunct(number, f"alternative {number}", tuple(map(_row, rows)))
            for number, rows in enumerate(alternatives)
        )


Requirement: TypeAlias = ArgMax | TopK | Linear


def _ahead(target: int, other: int, margin: Fraction) -> Row:
    """``y_target - y_other >= margin``."""
    return Row(((target, Fraction(1)), (other, Fraction(-1))), -margin)


def _row(inequality: Inequality) -> Row:
    return Row(inequality.terms, inequality.constant, inequality.strict)


def _check_classes(named: list[int], classes: int) -> None:
    if wrong := [c for c in named if not isinstance(c, Integral)]:
        raise QuestionError(f"{wrong[0]!r} is no class: classes are whole numbers")
    if wrong := [c for c in named if not 0 <= c < classes]:
        raise QuestionError(
            f"there is no class {wrong[0]}: the network has classes 0 to {classes - 1}"
        )
