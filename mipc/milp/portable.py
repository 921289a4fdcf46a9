"""What may be written at all: the models every solver reads the same way.

Solvers drop coefficients below 1e-9, refuse those of 1e15, take 1e20 for infinity, and differ
over names that look like numbers or keywords. A model that meets none of these is read alike by
all of them; any other is refused here, before a byte is written.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import NoReturn

import numpy as np
import numpy.typing as npt
import polars as pl

from mipc.errors import RangeError
from mipc.milp.model import Model, Names

__all__ = ["binaries", "check", "column_names", "row_names"]

largest_coefficient = 1e15
smallest_coefficient = 1e-9
largest_bound = 1e19
longest_name = 100

_keywords = """
    bin binaries binary bound bounds columns end endata exp free gen general general_constraints
    generals genconstr inf infinity int integer integers lazy log marker max maximise maximize
    maximum min minimise minimize minimum name nan obj objsense pwlobj range ranges rhs rows
    scenario sec secs semi semi_continuous semis sin sos sos1 sos2 sqrt st subject such that to
"""
"""Words with a meaning in some solver's LP or MPS format, in lower case."""

_rename = "Rename it: a letter or _, then letters, digits and _, at most 100 in all."
_rescale = "Rescale the model, or drop the entry and widen the row so that it stays sound."
_no_bound = "Use inf for no bound at all, and a smaller number for one."
_Doubles = npt.NDArray[np.float64]


def check(model: Model) -> None:
    """Refuse a model name or numbers that solvers drop, refuse or read differently.

    Raises
    ------
    RangeError
        Naming the first column or row in the way.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,31}", model.name):
        raise RangeError("no name all solvers read", where=f"model {model.name!r}", remedy=_rename)
    if len(model.objective) == 0:
        raise RangeError("a model without columns", where=model.name, remedy="Solvers differ.")
    _check_bounds(model)
    _check_coefficients(model)


def column_names(model: Model, *, lp: bool = False) -> pl.Series:
    """Make the column names; for LP, none may begin like an exponent."""
    return _checked(_text(model.columns), "column", r"[A-DF-Za-df-z_]" if lp else r"[A-Za-z_]")


def row_names(model: Model, *, lp: bool = False) -> pl.Series:
    """Make the row names, none of them that of the objective."""
    return _checked(_text(model.rows), "row", r"[A-DF-Za-df-z_]" if lp else r"[A-Za-z_]")


def binaries(model: Model) -> npt.NDArray[np.bool_]:
    """Which columns are 0 or 1, the integers that every format has a word for."""
    return np.asarray(model.integer & (model.lower == 0) & (model.upper == 1))


def _check_bounds(model: Model) -> None:
    low, high, rhs = model.lower, model.upper, model.rhs
    for bad, what, remedy in (
        (np.isnan(low) | np.isnan(high), "a bound that is not a number", _no_bound),
        ((low == np.inf) | (high == -np.inf), "a bound that no value meets", _no_bound),
        (low > high, "a lower bound above the upper one", "No point is feasible: say so instead."),
        (_far(low) | _far(high), "a finite bound of 1e19 or more", _no_bound),
        (
            model.integer & (_split(low) | _split(high)),
            "an integer with a fractional bound",
            "Round the bound inwards.",
        ),
    ):
        _refuse(bad, what, "column", model.columns, remedy)
    _refuse(~(abs(rhs) < largest_bound), "a right-hand side not below 1e19", "row", model.rows)


def _far(bound: _Doubles) -> npt.NDArray[np.bool_]:
    return np.asarray(np.isfinite(bound) & (abs(bound) >= largest_bound))


def _split(bound: _Doubles) -> npt.NDArray[np.bool_]:
    return np.asarray(np.floor(bound) != bound)


def _check_coefficients(model: Model) -> None:
    if (bad := _unsafe(model.objective)).any():
        what = _why(model.objective, bad, "objective coefficient")
        _refuse(bad, what, "column", model.columns)
    if (bad := _unsafe(model.matrix.data)).any():
        entry = int(np.argmax(bad))
        row = int(np.searchsorted(model.matrix.indptr, entry, side="right")) - 1
        column = model.columns.texts()[model.matrix.indices[entry]]
        what = _why(model.matrix.data, bad, f"coefficient of column {column}")
        _stop(what, "row", model.rows, row)


def _unsafe(values: _Doubles) -> npt.NDArray[np.bool_]:
    size = abs(values)
    return np.asarray(
        ~(size < largest_coefficient) | ((size <= smallest_coefficient) & (size != 0))
    )


def _why(values: _Doubles, bad: npt.NDArray[np.bool_], noun: str) -> str:
    value = float(values[np.argmax(bad)])
    reason = "1e-9 or less" if abs(value) < 1 else "1e15 or more, or not finite"
    return f"the {noun} is {value!r}, in size {reason}"


def _refuse(
    bad: npt.NDArray[np.bool_], what: str, kind: str, names: Names, remedy: str = _rescale
) -> None:
    if bad.any():
        _stop(what, kind, names, int(np.argmax(bad)), remedy)


def _stop(what: str, kind: str, names: Names, index: int, remedy: str = _rescale) -> NoReturn:
    raise RangeError(what, where=f"{kind} {names.texts()[index]}", remedy=remedy)


def _checked(names: pl.Series, kind: str, first: str) -> pl.Series:
    bad = (
        ~names.str.contains(f"^{first}[A-Za-z0-9_]*$")
        | (names.str.len_bytes() > longest_name)
        | names.str.to_lowercase().is_in(_keywords.split())
    )
    if bad.any():
        raise RangeError(
            "solvers would not all read this name",
            where=f"{kind} {names.filter(bad)[0]!r}",
            remedy=_rename,
        )
    if names.n_unique() != len(names):
        twice = names.filter(names.is_duplicated())[0]
        raise RangeError("two of this name", where=f"{kind} {twice}", remedy="Rename one.")
    return names


def _text(names: Names) -> pl.Series:
    parts = [pl.Series([], dtype=pl.String)]
    for single, blocks in groupby(names.blocks, key=lambda block: block[1] < 0):
        if single:
            parts.append(pl.Series([stem for stem, _ in blocks], dtype=pl.String))
        else:
            parts.extend(f"{stem}_" + _counted(count) for stem, count in blocks)
    return pl.concat(parts).rename("")


def _counted(count: int) -> pl.Series:
    return pl.Series(np.arange(count, dtype=np.int64)).cast(pl.String)
