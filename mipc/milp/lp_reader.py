r"""Reading CPLEX LP format: what all solvers read alike, and an error for the rest.

The text is a sequence of words between blanks; what begins and ends where is seen from the words
alone. ``2x``, ``2 3 x``, ``x + -2 y``, ranges, constants in the objective and rows without a name
are read differently by different solvers, and none of them is guessed.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import NoReturn

import numpy as np

from mipc.milp.draft import Draft, objective_row
from mipc.milp.model import Model
from mipc.milp.reading import ascii_text, cut_off, number, shown

__all__ = ["read"]

_minimise = {"minimize", "minimise", "minimum", "min"}
_bounds = {"bounds", "bound"}
_generals = {"generals", "general", "gen"}
_binaries = {"binaries", "binary", "bin"}
_semis = {"semis", "semi", "semi-continuous"}
_end = {"end"}
_headings = {"subject", "st", "s.t.", *_bounds, *_generals, *_binaries, *_semis, *_end}
_senses = {"<=": -1, "=": 0, ">=": 1}
_infinities = {"inf": np.inf, "infinity": np.inf, "+inf": np.inf, "+infinity": np.inf}
_infinities |= {"-inf": -np.inf, "-infinity": -np.inf}
_name = re.compile(r"[A-DF-Za-df-z_][A-Za-z0-9_.\[\]()#$&~!,;@'`{}]*").fullmatch

_a_term = "A term is '+ 2.5 x', with blanks between sign, number and name."
_a_row = "A row is 'name: terms <= number', with <=, = or >= and a name of its own."
_a_bound = "Bounds are 'a <= x <= b', '-inf <= x <= b', 'x >= a', 'x <= b', 'x = a' or 'x free'."
_a_section = "Sections are Minimize, Subject To, Bounds, Generals, Binaries and End, in this order."


def read(data: bytes, where: str) -> Model:
    """Read the model in an LP file.

    Parameters
    ----------
    data : bytes
        The file, not compressed.
    where : str
        What to call it in errors.

    Raises
    ------
    ParseError
        With the line, for what is malformed and for what solvers read differently.
    """
    return _Reader(re.sub(r"\\[^\n]*", "", ascii_text(data, where)), where).model()


class _Reader:
    """The words of a text, and how far they have been read."""

    def __init__(self, text: str, where: str) -> None:
        self.words = [*text.split(), ""]
        self.at = 0
        self.draft = Draft(where, line_of=lambda at: _line_of(text, at))

    def model(self) -> Model:
        """Read the whole text."""
        self._objective()
        self._rows()
        if self._found(_bounds):
            while not self._at_heading():
                self._bound()
        while not self._found(_end):
            self._columns()
        if self.words[self.at]:
            self._fail("text after End", _a_section)
        return self.draft.finish()

    def _objective(self) -> None:
        if not self._found(_minimise):
            self._fail(f"{shown(self.words[self.at])} where Minimize should be", _minimise_only)
        if self.words[self.at].endswith(":"):
            self.at += 1
        self._terms(objective_row)

    def _rows(self) -> None:
        if self._found({"subject"}):
            if not self._found({"to"}):
                self._fail("Subject without To", _a_section)
        elif not self._found({"st", "s.t."}):
            self._fail(f"{shown(self.words[self.at])} where Subject To should be", _a_section)
        while not self._at_heading():
            self._row()

    def _row(self) -> None:
        label, place = self.words[self.at], self.at
        if not label.endswith(":") or not _name(label[:-1]):
            self._fail(f"{shown(label)} is not the name of a row and a colon", _a_row)
        row = self.draft.row(label[:-1], 0, place)
        self.at += 1
        self._terms(row)
        if self.at == place + 1:
            self._fail("a row without terms", _a_row)
        sense, rhs = self.words[self.at], self.words[min(self.at + 1, len(self.words) - 1)]
        if sense not in _senses:
            self._fail("a row without <=, = or >=", _a_row)
        self.draft.sense[row] = _senses[sense]
        self.draft.rhs[row] = self.draft.limit(rhs, self.at + 1)
        self.at += 2

    def _terms(self, row: int) -> None:
        """Terms up to a sense or a heading. This is where the time goes."""
        words, columns, at, start = self.words, self.draft.columns, self.at, self.at
        while (word := words[at]) not in _senses and word.lower() not in _headings:
            self.at = place = at
            sign = -1.0 if word[:1] == "-" else 1.0
            if word in ("+", "-"):
                at += 1
                word = words[at]
                if word[:1] in ("+", "-"):
                    self._fail("two signs", _a_term)
            elif word[:1] in ("+", "-"):
                word = word[1:]
            elif at > start:
                self._fail(f"{shown(word)} without a sign", _a_term)
            size = number(word)
            if size is not None:
                at += 1
                word = words[at]
            column = columns.get(word)
            if column is None:
                column = self._new_column(word, at)
            self.draft.entry(row, column, sign if size is None else sign * size, place)
            at += 1
        self.at = at

    def _new_column(self, word: str, at: int) -> int:
        self.at = at
        if word in _senses or word.lower() in _headings:
            self._fail("a constant, or a sign without a term", _a_term)
        if not _name(word) or word.lower() in (*_infinities, "free", "nan"):
            self._fail(f"{shown(word)} is no name all solvers read", _a_term)
        return self.draft.column(word, at)

    def _bound(self) -> None:
        place, word = self.at, self.words[self.at]
        if (low := self._limit(word)) is not None:
            if self.words[place + 1] != "<=":
                self._fail("a number not followed by <=", _a_bound)
            column = self._column(place + 2)
            self.draft.bound(self.draft.lower, column, low, place)
            self.at = place + 3
            if self.words[self.at] == "<=":
                self._upper(column, place)
            return
        column, sense = self._column(place), self.words[place + 1]
        self.at = place + 1
        if sense.lower() == "free":
            self.draft.bound(self.draft.lower, column, -np.inf, place)
            self.draft.bound(self.draft.upper, column, np.inf, place)
            self.at += 1
        elif sense == "<=":
            self._upper(column, place)
        elif sense in (">=", "="):
            value = self._value(self.at + 1)
            self.draft.bound(self.draft.lower, column, value, place)
            if sense == "=":
                self.draft.bound(self.draft.upper, column, value, place)
            self.at += 2
        else:
            self._fail(f"{shown(sense)} after a column", _a_bound)

    def _upper(self, column: int, place: int) -> None:
        """``<= b``, from its sign on."""
        self.draft.bound(self.draft.upper, column, self._value(self.at + 1), place)
        self.at += 2

    def _columns(self) -> None:
        """Take a section of columns; that of the semicontinuous ones must be empty."""
        binary, semi = self._found(_binaries), self._found(_semis)
        if not (binary or semi or self._found(_generals)):
            self._fail(f"{shown(self.words[self.at])} where a section should begin", _a_section)
        while not self._at_heading():
            column = self._column(self.at)
            if semi:
                self._fail("a semicontinuous column", "Say it with a binary.")
            self.draft.integer.add(column)
            if binary:
                self._make_binary(column)
            self.at += 1

    def _make_binary(self, column: int) -> None:
        low, high = self.draft.lower.get(column), self.draft.upper.get(column)
        if low is None and high is None:
            self.draft.lower[column], self.draft.upper[column] = 0.0, 1.0
        elif high is None or (low or 0.0) < 0 or high > 1:
            self._fail(
                "a binary with other bounds than 0 and 1",
                "Some readers keep these bounds, some do not: list it under Generals.",
            )

    def _column(self, at: int) -> int:
        self.at = min(at, len(self.words) - 1)
        column = self.draft.columns.get(self.words[self.at])
        if column is None:
            word = shown(self.words[self.at])
            self._fail(f"no column {word} in the objective or a row", _a_section)
        return column

    def _value(self, at: int) -> float:
        self.at = min(at, len(self.words) - 1)
        value = self._limit(self.words[self.at])
        if value is None:
            self._fail(f"{shown(self.words[self.at])} is no bound", _a_bound)
        self.at = at - 1
        return value

    def _limit(self, word: str) -> float | None:
        if word.lower() in _infinities:
            return _infinities[word.lower()]
        return None if number(word) is None else self.draft.limit(word, self.at)

    def _at_heading(self) -> bool:
        if not self.words[self.at]:
            self._fail("no End", cut_off)
        return self.words[self.at].lower() in _headings

    def _found(self, heading: set[str]) -> bool:
        found = self.words[self.at].lower() in heading
        self.at += found
        return found

    def _fail(self, what: str, remedy: str) -> NoReturn:
        self.draft.fail(self.at, what, remedy)


def _line_of(text: str, at: int) -> int:
    """Count the lines up to the word at this position, or to the last."""
    words = islice(re.finditer(r"\S+", text), at, None)
    word = next(words, None)
    return text.count("\n", 0, word.start() if word else len(text.rstrip())) + 1


_minimise_only = "There is no maximising: negate the objective instead."
