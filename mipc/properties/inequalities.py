"""Formulas over outputs as people write them: ``y0 - 2 y1 >= 0.5 or (y2 <= 1 and y0 >= y1)``.

::

    formula   = and-part { "or" and-part }
    and-part  = atom { "and" atom }
    atom      = "(" formula ")" | sum ( ">=" | "<=" | ">" | "<" | "==" ) sum
    sum       = [ "-" | "+" ] term { ( "+" | "-" ) term }
    term      = number [ ["*"] variable ] | variable

Numbers are exact rationals: ``0.1`` is one tenth, ``8/255`` a quotient. A formula becomes a
disjunction of conjunctions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from mipc.errors import OptionError
from mipc.numerics.rationals import parse_rational

__all__ = ["Inequality", "parse_violation"]

MOST_ALTERNATIVES = 10_000
MOST_DEPTH = 50

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?(?:/[0-9]+)?)"
    r"|(?P<word>[A-Za-z]\w*)|(?P<sign>>=|<=|==|[-+*()<>]))"
)


@dataclass(frozen=True)
class Inequality:
    """``sum coefficient * y[index] + constant >= 0``; ``> 0`` if strict."""

    terms: tuple[tuple[int, Fraction], ...]
    constant: Fraction
    strict: bool = False


Alternatives: TypeAlias = list[tuple[Inequality, ...]]
Sum: TypeAlias = tuple[dict[int, Fraction], Fraction]


def parse_violation(text: str) -> Alternatives:
    """Read a formula as alternatives, each a conjunction.

    Raises
    ------
    OptionError
        It is malformed; names the place.
    """
    reader = _Reader(text)
    found = reader.formula(0)
    if reader.peek() != "":
        raise reader.fail("an operator is missing")
    return found


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, int]] = []
        position = 0
        while text[position:].strip():
            found = _TOKEN.match(text, position)
            if found is None:
                raise self._error("cannot be read", position)
            self.tokens.append((found.group().strip(), found.start()))
            position = found.end()
        self.next = 0

    def peek(self) -> str:
        return self.tokens[self.next][0] if self.next < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.next += 1
        return token

    def fail(self, what: str) -> OptionError:
        end = len(self.text)
        at = self.tokens[self.next][1] if self.next < len(self.tokens) else end
        return self._error(what, at)

    def _error(self, what: str, position: int) -> OptionError:
        return OptionError(
            f"{what} at {self.text[position : position + 20]!r}",
            where=f"--violation {self.text!r}",
            remedy='write it like "y0 - 2 y1 >= 0.5 or y2 <= 1"',
        )

    def formula(self, depth: int) -> Alternatives:
        if depth > MOST_DEPTH:
            raise self.fail("too many parentheses")
        found = self.conjunction(depth)
        while self.peek() == "or":
            self.take()
            found = found + self.conjunction(depth)
        if len(found) > MOST_ALTERNATIVES:
            raise self.fail(f"more than {MOST_ALTERNATIVES} alternatives")
        return found

    def conjunction(self, depth: int) -> Alternatives:
        found = self.atom(depth)
        while self.peek() == "and":
            self.take()
            other = self.atom(depth)
            if len(found) * len(other) > MOST_ALTERNATIVES:
                raise self.fail(f"more than {MOST_ALTERNATIVES} alternatives")
            found = [a + b for a in found for b in other]
        return found

    def atom(self, depth: int) -> Alternatives:
        if self.peek() == "(":
            self.take()
            found = self.formula(depth + 1)
            if self.take() != ")":
                self.next -= 1
                raise self.fail("a parenthesis is not closed")
            return found
        left = self.sum()
        relation = self.take()
        if relation not in (">=", "<=", ">", "<", "=="):
            self.next -= 1
            raise self.fail("an inequality is missing")
        right = self.sum()
        if relation == "==":
            return [(_inequality(left, right, False), _inequality(right, left, False))]
        strict = relation in (">", "<")
        pair = (left, right) if relation[0] == ">" else (right, left)
        return [(_inequality(*pair, strict),)]

    def sum(self) -> Sum:
        terms: dict[int, Fraction] = {}
        constant = Fraction(0)
        sign = self._sign(Fraction(1))
        while True:
            index, value = self.term()
            if index is None:
                constant += sign * value
            else:
                terms[index] = terms.get(index, Fraction(0)) + sign * value
            if self.peek() not in ("+", "-"):
                return terms, constant
            sign = self._sign(Fraction(1))

    def _sign(self, sign: Fraction) -> Fraction:
        while self.peek() in ("+", "-"):
            sign = -sign if self.take() == "-" else sign
        return sign

    def term(self) -> tuple[int | None, Fraction]:
        token = self.peek()
        if token and (token[0].isdigit() or token[0] == "."):
            value = parse_rational(self.take(), "--violation")
            if self.peek() == "*":
                self.take()
                return self.variable(), value
            if self.peek()[:1] in ("y", "Y"):
                return self.variable(), value
            return None, value
        return self.variable(), Fraction(1)

    def variable(self) -> int:
        found = re.fullmatch(r"[yY]_?([0-9]{1,9})", self.peek())
        if found is None:
            raise self.fail("a number or an output such as y0 is missing")
        self.take()
        return int(found[1])


def _inequality(left: Sum, right: Sum, strict: bool) -> Inequality:
    """``left - right >= 0``."""
    terms = dict(left[0])
    for index, value in right[0].items():
        terms[index] = terms.get(index, Fraction(0)) - value
    kept = tuple((index, value) for index, value in sorted(terms.items()) if value)
    return Inequality(kept, left[1] - right[1], strict)
