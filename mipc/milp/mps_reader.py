"""Reading free MPS: what all solvers read alike, and an error for what they read differently.

Maximising, ranges, constants in the objective, negative upper bounds without a lower one and
integers without an upper one mean different things to different solvers: none is guessed.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from mipc.errors import ParseError
from mipc.milp.draft import Draft, ignored_row, objective_row
from mipc.milp.model import Model
from mipc.milp.reading import ascii_text, cut_off, shown

__all__ = ["read"]

_senses = {"L": -1, "E": 0, "G": 1}
_sections = ("", "NAME", "OBJSENSE", "ROWS", "COLUMNS", "RHS", "BOUNDS", "ENDATA")
_may_be_missing = {"OBJSENSE", "RHS", "BOUNDS"}
_refused = {
    "RANGES": "Write a ranged row as two rows.",
    "SOS": "Say the set with binaries.",
    "QUADOBJ": "Only linear objectives can be read.",
    "QMATRIX": "Only linear objectives can be read.",
    "QSECTION": "Only linear objectives can be read.",
    "QCMATRIX": "Only linear rows can be read.",
    "INDICATORS": "Say the implication with a large constant.",
    "LAZYCONS": "Put these rows into ROWS.",
    "USERCUTS": "Leave them out.",
    "OBJNAME": "Make it the first N row.",
    "OBJECT": "Make it the first N row.",
    "MAXIMIZE": "Negate the objective and minimise.",
    "MAX": "Negate the objective and minimise.",
}
_given = "the value on the line"
_bounds: dict[str, tuple[float | str | None, float | str | None]] = {  # lower, upper
    "LO": (_given, None),
    "UP": (None, _given),
    "FX": (_given, _given),
    "FR": (-np.inf, np.inf),
    "MI": (-np.inf, None),
    "PL": (None, np.inf),
    "BV": (0.0, 1.0),
    "LI": (_given, None),
    "UI": (None, _given),
}
_integral = {"BV", "LI", "UI"}
_model_name = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}").fullmatch


def read(data: bytes, where: str) -> Model:
    """Read the model in a free MPS file.

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
    reader = _Reader(Draft(where))
    for place, line in enumerate(io.StringIO(ascii_text(data, where)), 1):
        fields = line.split()
        if not fields or line[0] == "*":
            continue
        if line[0] in " \t":
            reader.read_line(fields, place)
        elif fields[0] == "ENDATA":
            reader.enter("ENDATA", place)
            return reader.finish()
        else:
            reader.header(fields, place)
    raise ParseError("no ENDATA", where=where, remedy=cut_off)


@dataclass
class _Reader:
    """Which section and column the reader is in, and the model so far."""

    draft: Draft
    section: str = ""
    column_name: str = ""
    column: int = -1
    in_integers: bool = False
    sets: dict[str, str] = field(default_factory=dict)
    integer_at: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.read_line: Callable[[list[str], int], None] = self._stray

    def header(self, fields: list[str], place: int) -> None:
        """Enter a section, with what its header line says."""
        word, said = fields[0], fields[1:]
        self.enter(word, place)
        if word == "NAME" and said and _model_name(said[0]):
            self.draft.name = said[0]
        elif word == "OBJSENSE" and said:
            self._objective_sense(said, place)
        elif word != "NAME" and said:
            self.draft.fail(place, f"{word} with more on its line", "Indent lines of data.")

    def enter(self, word: str, place: int) -> None:
        """Go to a section, which must be known and in order."""
        if word in _refused:
            self.draft.fail(place, f"a section {word} cannot be read", _refused[word])
        if word not in _sections:
            self.draft.fail(place, f"no section is called {shown(word)}", "Indent lines of data.")
        here, there = _sections.index(self.section), _sections.index(word)
        if there <= here or not _may_be_missing.issuperset(_sections[here + 1 : there]):
            self.draft.fail(place, f"{word} after {self.section or 'the beginning'}", _order)
        self.section = word
        self.read_line = {
            "OBJSENSE": self._objective_sense,
            "ROWS": self._row,
            "COLUMNS": self._column,
            "RHS": self._right_hand_side,
            "BOUNDS": self._bound,
        }.get(word, self._stray)

    def finish(self) -> Model:
        """Make the model, if it has an objective and no integer is without an upper bound."""
        if objective_row not in self.draft.rows.values():
            raise ParseError("no N row", where=self.draft.where, remedy="Add an objective row.")
        for column, place in self.integer_at.items():
            if column not in self.draft.upper:
                self.draft.fail(
                    place,
                    "an integer column without an upper bound",
                    "It is 1 to some readers and infinite to others: add UP or PL.",
                )
        return self.draft.finish()

    def _stray(self, fields: list[str], place: int) -> None:
        self.draft.fail(place, "data before ROWS", _order)

    def _objective_sense(self, fields: list[str], place: int) -> None:
        if fields not in (["MIN"], ["MINIMIZE"]):
            self.draft.fail(
                place, f"objective sense {shown(fields[0])}", "Negate the objective and minimise."
            )

    def _row(self, fields: list[str], place: int) -> None:
        if len(fields) != 2 or fields[0] not in (*_senses, "N"):
            self.draft.fail(place, "a row is one of N, L, E, G and a name without blanks")
        kind, name = fields
        if kind != "N":
            self.draft.row(name, _senses[kind], place)
        else:
            later = objective_row in self.draft.rows.values()
            self.draft.other_row(name, ignored_row if later else objective_row, place)

    def _column(self, fields: list[str], place: int) -> None:
        if fields[1:2] == ["'MARKER'"]:
            self._marker(fields, place)
            return
        if len(fields) not in (3, 5):
            self.draft.fail(place, "not a column and one or two pairs of row and value", _pairs)
        name = fields[0]
        if name != self.column_name or self.column < 0:
            self._next_column(name, place)
        for row, text in zip(fields[1::2], fields[2::2], strict=True):
            self.draft.entry(
                self._row_index(row, place), self.column, self.draft.number(text, place), place
            )

    def _next_column(self, name: str, place: int) -> None:
        self.column_name, self.column = name, self.draft.column(name, place)
        if self.in_integers:
            self._make_integer(self.column, place)

    def _marker(self, fields: list[str], place: int) -> None:
        begins = fields[2:] == ["'INTORG'"]
        if not begins and fields[2:] != ["'INTEND'"]:
            self.draft.fail(place, "a marker other than 'INTORG' and 'INTEND'")
        if begins == self.in_integers:
            self.draft.fail(place, "markers that do not alternate")
        self.in_integers = begins

    def _right_hand_side(self, fields: list[str], place: int) -> None:
        if len(fields) not in (3, 5):
            self.draft.fail(place, "not a set name and one or two pairs of row and value", _pairs)
        self._one_set("RHS", fields[0], place)
        for row, text in zip(fields[1::2], fields[2::2], strict=True):
            index, value = self._row_index(row, place), self.draft.limit(text, place)
            if index < 0 and value != 0:
                self.draft.fail(
                    place, "a constant in the objective", "Readers differ over its sign."
                )
            if index in self.draft.rhs:
                self.draft.fail(place, f"a second right-hand side of {shown(row)}")
            if index >= 0:
                self.draft.rhs[index] = value

    def _bound(self, fields: list[str], place: int) -> None:
        kind = fields[0]
        if kind not in _bounds:
            self.draft.fail(place, f"a bound of kind {shown(kind)} cannot be read", _kinds)
        if len(fields) != 4 and (len(fields) != 3 or _given in _bounds[kind]):
            self.draft.fail(place, "not a kind, a set name, a column and a value", _pairs)
        self._one_set("BOUNDS", fields[1], place)
        column = self.draft.columns.get(fields[2])
        if column is None:
            self.draft.fail(place, f"no column is called {shown(fields[2])}")
        value = self.draft.limit(fields[3], place) if len(fields) == 4 else 0.0
        for side, bound in zip((self.draft.lower, self.draft.upper), _bounds[kind], strict=True):
            if bound is not None:
                self.draft.bound(side, column, value if bound == _given else float(bound), place)
        if kind in _integral:
            self._make_integer(column, place)

    def _make_integer(self, column: int, place: int) -> None:
        self.draft.integer.add(column)
        self.integer_at[column] = place

    def _one_set(self, section: str, name: str, place: int) -> None:
        if self.sets.setdefault(section, name) != name:
            self.draft.fail(place, f"a second {section} set {shown(name)}", "Keep one set.")

    def _row_index(self, name: str, place: int) -> int:
        index = self.draft.rows.get(name)
        if index is None:
            self.draft.fail(place, f"no row is called {shown(name)}")
        return index


_order = "Sections stand in the order NAME, OBJSENSE, ROWS, COLUMNS, RHS, BOUNDS, ENDATA."
_pairs = "Names have no blanks, sets have names, and a line has at most two pairs."
_kinds = "Use LO, UP, FX, FR, MI, PL, BV, LI or UI."
