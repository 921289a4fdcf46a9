"""A model while it is being read from a text, which the readers of all formats share.

A reader adds columns, rows and entries as it meets them, each with the place it was met at;
:meth:`Draft.finish` then checks what can only be known at the end and returns the model.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from mipc.errors import ParseError
from mipc.milp.model import Csr, Model, Names, Vector
from mipc.milp.reading import number, shown

__all__ = ["Draft", "ignored_row", "objective_row"]

_Indices: TypeAlias = npt.NDArray[np.int32]

longest_name = 255
largest_bound = 1e19
objective_row = -1
ignored_row = -2


@dataclass
class Draft:
    """The parts of a model in the order a reader meets them.

    ``line_of`` turns the place of a fact (a line, or a position a reader counts by) into its line.
    """

    where: str
    line_of: Callable[[int], int] = lambda place: place
    name: str = "model"
    columns: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    sense: list[int] = field(default_factory=list)
    rhs: dict[int, float] = field(default_factory=dict)
    lower: dict[int, float] = field(default_factory=dict)
    upper: dict[int, float] = field(default_factory=dict)
    integer: set[int] = field(default_factory=set)
    bounded_at: dict[int, int] = field(default_factory=dict)
    _entry_rows: array[int] = field(default_factory=lambda: array("i"))
    _entry_columns: array[int] = field(default_factory=lambda: array("i"))
    _entry_values: array[float] = field(default_factory=lambda: array("d"))
    _entry_places: array[int] = field(default_factory=lambda: array("q"))

    def fail(self, place: int, what: str, remedy: str = "") -> NoReturn:
        """Stop at a place of the text."""
        raise ParseError(what, where=f"{self.where}:{self.line_of(place)}", remedy=remedy)

    def number(self, text: str, place: int) -> float:
        """Read a finite decimal number at this place."""
        value = number(text)
        if value is None:
            self.fail(place, f"{shown(text)} is not a finite decimal number")
        return value

    def limit(self, text: str, place: int) -> float:
        """Read a bound or right-hand side, infinite to some solvers from 1e19 on."""
        value = self.number(text, place)
        if abs(value) >= largest_bound:
            self.fail(
                place,
                f"{shown(text)} is infinite to some solvers",
                "Write PL, MI, FR or inf.",
            )
        return value

    def column(self, name: str, place: int) -> int:
        """Add a column."""
        self._check_name(self.columns, name, "column", place)
        self.columns[name] = len(self.columns)
        return self.columns[name]

    def row(self, name: str, sense: int, place: int) -> int:
        """Add a row: -1 for ``<=``, 0 for ``=``, 1 for ``>=``."""
        self._check_name(self.rows, name, "row", place)
        self.rows[name] = len(self.sense)
        self.sense.append(sense)
        return self.rows[name]

    def other_row(self, name: str, index: int, place: int) -> None:
        """Add the objective (:data:`objective_row`) or a row to forget (:data:`ignored_row`)."""
        self._check_name(self.rows, name, "row", place)
        self.rows[name] = index

    def entry(self, row: int, column: int, value: float, place: int) -> None:
        """Add a coefficient of a row, or of the objective (:data:`objective_row`)."""
        self._entry_rows.append(row)
        self._entry_columns.append(column)
        self._entry_values.append(value)
        self._entry_places.append(place)

    def bound(self, side: dict[int, float], column: int, value: float, place: int) -> None:
        """Set a lower or upper bound, the only one of its side."""
        if column in side:
            self.fail(
                place,
                f"a second {'lower' if side is self.lower else 'upper'} bound",
                "Readers keep the first or the last: state one.",
            )
        if value == (np.inf if side is self.lower else -np.inf):
            self.fail(place, "a bound no value meets")
        side[column] = value
        self.bounded_at[column] = place

    def finish(self) -> Model:
        """Make the model, once everything has been read."""
        rows = np.array(self._entry_rows, dtype=np.int32)
        columns = np.array(self._entry_columns, dtype=np.int32)
        self._refuse_duplicates(rows, columns)
        lower, upper = self._bounds()
        return Model(
            name=self.name,
            columns=Names.listed(self.columns),
            rows=Names.listed(name for name, index in self.rows.items() if index >= 0),
            objective=self._objective(rows, columns),
            lower=lower,
            upper=upper,
            integer=np.isin(np.arange(len(self.columns)), list(self.integer)),
            matrix=self._matrix(rows, columns),
            sense=np.array(self.sense, dtype=np.int8),
            rhs=_dense(self.rhs, len(self.sense), 0.0),
        )

    def _check_name(self, known: dict[str, int], name: str, kind: str, place: int) -> None:
        if name in known:
            self.fail(place, f"a second {kind} {shown(name)}", "Readers differ: rename one.")
        if len(name) > longest_name or name[0] in "$'*":
            self.fail(place, f"{shown(name)} is no name all solvers read", "Rename it.")

    def _refuse_duplicates(self, rows: _Indices, columns: _Indices) -> None:
        order = np.lexsort((columns, rows))
        again = (np.diff(rows[order]) == 0) & (np.diff(columns[order]) == 0)
        again &= rows[order][1:] != ignored_row
        if again.any():
            at = int(order[1:][again].min())
            column = list(self.columns)[columns[at]]
            self.fail(
                self._entry_places[at],
                f"a second coefficient of column {shown(column)} in one row",
                "Readers add them or keep one: state the sum.",
            )

    def _objective(self, rows: _Indices, columns: _Indices) -> Vector:
        objective = np.zeros(len(self.columns))
        mine = rows == objective_row
        objective[columns[mine]] = np.array(self._entry_values)[mine] + 0.0
        return objective

    def _matrix(self, rows: _Indices, columns: _Indices) -> Csr:
        values = np.array(self._entry_values)
        kept = (rows >= 0) & (values != 0)
        shape = (len(self.sense), len(self.columns))
        matrix = sp.csr_array((values[kept], (rows[kept], columns[kept])), shape=shape)
        matrix.sort_indices()
        return matrix

    def _bounds(self) -> tuple[Vector, Vector]:
        lower = _dense(self.lower, len(self.columns), 0.0)
        upper = _dense(self.upper, len(self.columns), np.inf)
        for column, place in self.bounded_at.items():
            low, high = lower[column], upper[column]
            if low > high and column not in self.lower:
                self.fail(
                    place,
                    "an upper bound below 0 and no lower bound",
                    "The lower bound is 0 to some readers, -inf to others: state it.",
                )
            if low > high:
                self.fail(place, f"the lower bound {low} is above the upper bound {high}")
            if column in self.integer and not (_whole(low) and _whole(high)):
                self.fail(place, "a fractional bound of an integer", "Readers round: do it here.")
        return lower, upper


def _dense(given: dict[int, float], length: int, default: float) -> Vector:
    values = np.full(length, default)
    values[list(given)] = list(given.values())
    return values + 0.0


def _whole(value: float) -> bool:
    return math.isinf(value) or value == math.floor(value)
