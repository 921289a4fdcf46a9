"""Conditions while they are read: sums of variables, conjunctions of conditions, choices."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from mipc.properties.vnnlib.property import Atom, Range, Variable
from mipc.properties.vnnlib.source import Word

__all__ = ["Choice", "Conjunction", "Sum", "choice"]

most_bits = 8192
"""How long the numbers may be that products of constants make."""

_zero = Fraction(0)


@dataclass(slots=True)
class Choice:
    """At least one of the options holds; there are two or more."""

    at: int
    options: list[Conjunction]


@dataclass(slots=True)
class Conjunction:
    """All of it holds: ranges of inputs, atoms over other variables, and one option a choice."""

    ranges: dict[Variable, Range] = field(default_factory=dict)
    atoms: list[Atom] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    possible: bool = True

    @property
    def always(self) -> bool:
        """Whether it asks for nothing."""
        return self.possible and not (self.ranges or self.atoms or self.choices)

    def narrow(self, variable: Variable, asked: Range) -> None:
        """Ask for a range of an input too."""
        known = self.ranges.get(variable)
        both = asked if known is None else known.meet(asked)
        if both is None:
            self.possible = False
        else:
            self.ranges[variable] = both

    def absorb(self, other: Conjunction) -> None:
        """Ask for all that another one does, too."""
        for variable, asked in other.ranges.items():
            self.narrow(variable, asked)
        self.atoms += other.atoms
        self.choices += other.choices
        self.possible = self.possible and other.possible


@dataclass(slots=True)
class Sum:
    """A linear expression, and what its numbers say about the type it has.

    Attributes
    ----------
    terms : dict of Variable to Fraction
        No coefficient is zero.
    constant : Fraction
    dtype : str or None
        The type of its variables.
    literals : list of Word
        Its numbers, which have to be of that type.
    """

    constant: Fraction = field(default_factory=Fraction)
    terms: dict[Variable, Fraction] = field(default_factory=dict)
    dtype: str | None = None
    literals: list[Word] = field(default_factory=list)

    def add(self, other: Sum, factor: int) -> None:
        """Add another one, or subtract it."""
        self.constant += factor * other.constant
        for variable, coefficient in other.terms.items():
            total = self.terms.get(variable, _zero) + factor * coefficient
            if total:
                self.terms[variable] = total
            else:
                del self.terms[variable]

    def scale(self, factor: Fraction) -> bool:
        """Multiply by a constant; whether the numbers stay short."""
        self.constant *= factor
        if factor:
            self.terms = {variable: factor * value for variable, value in self.terms.items()}
        else:
            self.terms.clear()
        return all(
            number.numerator.bit_length() < most_bits
            and number.denominator.bit_length() < most_bits
            for number in (self.constant, *self.terms.values())
        )


def choice(at: int, options: list[Conjunction]) -> Conjunction:
    """At least one of the options: without those that cannot be, and not a choice of one."""
    options = [option for option in options if option.possible]
    if any(option.always for option in options):
        return Conjunction()
    if len(options) > 1:
        return Conjunction(choices=[Choice(at, options)])
    return options[0] if options else Conjunction(possible=False)
