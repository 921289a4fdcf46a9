"""Assertions, read from the inside out into conditions.

The same for both versions, which differ in what declares variables and what variables look like.
A form is read when its parenthesis closes, from the values of its inner forms.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from fractions import Fraction
from typing import TypeAlias

from mipc.errors import UnsupportedProperty
from mipc.properties.vnnlib.conditions import Conjunction, Sum, choice
from mipc.properties.vnnlib.property import Atom, Range, Variable
from mipc.properties.vnnlib.source import Element, Quoted, Source, Word, decimal, is_number

__all__ = ["FormulaReader", "command", "floats", "integers"]

floats = {"real", "float16", "float32", "float64", "bfloat16", "float4e2m1"}
floats |= {"float8e4m3fn", "float8e5m2", "float8e4m3fnuz", "float8e5m2fnuz"}
integers = {"int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"}

_Read: TypeAlias = Callable[[int, str, list[object]], object]

command = object()
"""The value of an assertion, and of every other form that may stand by itself."""


class FormulaReader(ABC):
    """Reads forms of assertions; each version adds the forms that declare.

    Attributes
    ----------
    source : Source
    whole : Conjunction
        All assertions so far.
    asserts : int
        How many there were.
    inputs : set of str
        The tensors declared as inputs.
    forms : dict
        What reads each form, by the word it begins with.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.whole = Conjunction()
        self.asserts = 0
        self.inputs: set[str] = set()
        self.place = 0
        self.forms: dict[str, _Read] = {
            "assert": self._assert,
            "and": self._and,
            "or": self._or,
            "+": self._plus,
            "-": self._minus,
            "*": self._times,
        }
        for comparison in ("<=", ">=", "<", ">", "=", "==", "!="):
            self.forms[comparison] = self._compare

    def read_all(self) -> None:
        """Read the whole text."""
        at = 0
        while True:
            end = self.read_line(at)
            if end is None:
                form = self.source.fold(at, self.read)
                if form is None:
                    at = len(self.source.text)
                    break
                value, end = form
                if value is not command:
                    self.source.fail(self.place, "a form that cannot stand by itself", _reads)
            at = end
        if not self.asserts:
            self.source.fail(at, "nothing is asserted", "The file was cut off: make it again.")

    @abstractmethod
    def read_line(self, at: int) -> int | None:
        """Read the commonest forms at once; the offset behind, or None for any other."""

    @abstractmethod
    def variable(self, item: Word | Element) -> tuple[Variable, str]:
        """The variable that an item names, and its type; an error if none is declared."""

    def condition(self, total: Sum, *, strict: bool) -> Conjunction:
        """``total >= 0``, or ``> 0`` if strict: a range if it bounds one input, else an atom."""
        if not total.terms:
            return Conjunction(possible=total.constant > 0 or (total.constant == 0 and not strict))
        if len(total.terms) == 1:
            ((variable, coefficient),) = total.terms.items()
            if variable.tensor in self.inputs:
                bound = -total.constant / coefficient
                above = coefficient > 0
                asked = Range(bound, None, strict) if above else Range(None, bound, False, strict)
                return Conjunction({variable: asked})
        return Conjunction(atoms=[Atom(tuple(total.terms.items()), total.constant, strict)])

    def read(self, at: int, items: list[object]) -> object:
        """Read a form from its items, the inner forms already read."""
        self.place = at
        if not items:
            return None
        head = items[0]
        if not isinstance(head, Word):
            self.source.fail(at, "a form that does not begin with a word")
        form = self.forms.get(head.text)
        if form is None:
            if head.text in _not_supported:
                self.source.fail(at, "cannot be asked yet", _reads, UnsupportedProperty)
            self.source.fail(at, f"no form begins with {self.source.shown(head.at)}", _reads)
        return form(at, head.text, items)

    def _assert(self, at: int, head: str, items: list[object]) -> object:
        if len(items) != 2:
            self.source.fail(at, "an assertion has one formula", "Join several with (and ...).")
        self.whole.absorb(self._formula(at, items[1]))
        self.asserts += 1
        return command

    def _and(self, at: int, head: str, items: list[object]) -> Conjunction:
        first, *rest = self._arguments(at, items)
        result = self._formula(at, first)
        for item in rest:
            result.absorb(self._formula(at, item))
        return result

    def _or(self, at: int, head: str, items: list[object]) -> Conjunction:
        return choice(at, [self._formula(at, item) for item in self._arguments(at, items)])

    def _compare(self, at: int, head: str, items: list[object]) -> Conjunction:
        if len(items) != 3:
            self.source.fail(at, "a comparison has two sides", "Split it with (and ...).")
        quick = self._quick(head, items[1], items[2])
        if quick is not None:
            return quick
        difference = self._number(at, items[1])
        self._add(at, difference, self._number(at, items[2]), -1)
        self._check_literals(difference)
        more = self.condition(difference, strict=head in _strict)
        if head in (">=", ">"):
            return more
        difference.scale(Fraction(-1))
        less = self.condition(difference, strict=head in _strict)
        if head in ("<=", "<"):
            return less
        if head == "!=":
            return choice(at, [more, less])
        more.absorb(less)
        return more

    def _quick(self, head: str, left: object, right: object) -> Conjunction | None:
        """Read an inequality between a variable and a number, to the same effect but faster."""
        sides = _sides.get(head)
        if sides is None or not isinstance(left, Word | Element) or not isinstance(right, Word):
            return None
        if not is_number(right.text) or (isinstance(left, Word) and is_number(left.text)):
            return None
        value = decimal(right.text)
        variable, dtype = self.variable(left)
        if value is None or dtype not in floats:
            return None
        above, strict = sides
        if variable.tensor not in self.inputs:
            terms, constant = (_plus_one, -value) if above else (_minus_one, value)
            return Conjunction(atoms=[Atom(((variable, terms),), constant, strict)])
        asked = Range(value, None, strict) if above else Range(None, value, False, strict)
        return Conjunction({variable: asked})

    def _plus(self, at: int, head: str, items: list[object]) -> Sum:
        first, *rest = self._arguments(at, items)
        total = self._number(at, first)
        for item in rest:
            self._add(at, total, self._number(at, item), 1)
        return total

    def _minus(self, at: int, head: str, items: list[object]) -> Sum:
        first, *rest = self._arguments(at, items)
        total = self._number(at, first)
        for item in rest:
            self._add(at, total, self._number(at, item), -1)
        if not rest:
            total.scale(Fraction(-1))
        return total

    def _times(self, at: int, head: str, items: list[object]) -> Sum:
        first, *rest = self._arguments(at, items)
        product = self._number(at, first)
        for item in rest:
            factor = self._number(at, item)
            if factor.terms and product.terms:
                self.source.fail(at, "a product of variables", _linear, UnsupportedProperty)
            self._same_type(at, product, factor)
            if factor.terms:
                product.terms, product.constant, factor.constant = (
                    factor.terms,
                    factor.constant,
                    product.constant,
                )
            if not product.scale(factor.constant):
                self.source.fail(at, "a product with thousands of digits", "", UnsupportedProperty)
        return product

    def _add(self, at: int, total: Sum, other: Sum, factor: int) -> None:
        self._same_type(at, total, other)
        total.add(other, factor)

    def _same_type(self, at: int, total: Sum, other: Sum) -> None:
        """Note in the one what the other says about the type of both."""
        if total.dtype is None:
            total.dtype = other.dtype
        elif other.dtype not in (None, total.dtype):
            what = f"{total.dtype} and {other.dtype} in one expression"
            self.source.fail(at, what, "Types are never converted: declare them alike.")
        total.literals += other.literals

    def _check_literals(self, total: Sum) -> None:
        """Refuse fractions among integers, and negative numbers among unsigned ones."""
        if total.dtype in integers:
            for number in total.literals:
                unsigned = total.dtype.startswith("u") and number.text.startswith("-")
                if unsigned or not number.text.lstrip("+-").isdigit():
                    self.source.fail(number.at, f"no number of type {total.dtype}", _integral)

    def _arguments(self, at: int, items: list[object]) -> list[object]:
        if len(items) == 1:
            self.source.fail(at, "nothing to apply this to")
        return items[1:]

    def _formula(self, at: int, item: object) -> Conjunction:
        if not isinstance(item, Conjunction):
            self.source.fail(_offset(item, at), "no comparison, (and ...) or (or ...)", _reads)
        return item

    def _number(self, at: int, item: object) -> Sum:
        if isinstance(item, Sum):
            return item
        if not isinstance(item, Word | Element):
            self.source.fail(_offset(item, at), "no number and no variable", _reads)
        if isinstance(item, Element) or not is_number(item.text):
            variable, dtype = self.variable(item)
            return Sum(terms={variable: _plus_one}, dtype=dtype)
        value = decimal(item.text)
        if value is None:
            self.source.fail(item.at, "no number, or out of range", "Write 0.1, -2 or 1e-3.")
        return Sum(constant=value, literals=[item])


def _offset(item: object, otherwise: int) -> int:
    """Where an item begins, if it is a word or the like."""
    return item.at if isinstance(item, Word | Element | Quoted) else otherwise


_plus_one, _minus_one = Fraction(1), Fraction(-1)
_sides = {">=": (True, False), ">": (True, True), "<=": (False, False), "<": (False, True)}
_strict = ("<", ">", "!=")
_integral = "Types are never converted: write a whole number, not negative for unsigned types."
_linear = "Only linear conditions can be asked: multiply by numbers."
_reads = (
    "Read are: assert, and, or, <=, <, >=, >, =, ==, !=, +, -, * and the declarations of the "
    "version."
)
_not_supported = {"not", "=>", "xor", "ite", "let", "distinct", "forall", "exists", "true", "false"}
_not_supported |= {"/", "div", "mod", "abs", "min", "max", "define-fun", "define-const"}
_not_supported |= {"set-logic", "set-option", "set-info", "check-sat", "get-model", "exit"}
