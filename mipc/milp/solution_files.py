"""Solution files of HiGHS, CBC, GLPK and SCIP, from bytes to a claim about the model."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mipc.errors import ParseError
from mipc.milp.reading import Lines, ascii_text, cut_off, shown
from mipc.milp.solution import Solution
from mipc.milp.solution_forms import SolutionFile, cbc, glpk, highs, scip

__all__ = ["SolutionFile", "read", "sniff", "to_solution"]

_beginnings = (
    ("highs", re.compile(r"Model status *\n")),
    ("glpk", re.compile(r"(?:c(?: [^\n]*)?\n)*s (?:mip|bas) ")),
    ("scip", re.compile(r"(?:solution status|objective value):")),
    ("cbc", re.compile(r"[A-Z][^\n]* - objective value ")),
)
_readers = {"highs": highs, "cbc": cbc, "glpk": glpk, "scip": scip}


def sniff(text: str) -> str | None:
    """Tell whose solution file this is: ``highs``, ``cbc``, ``glpk``, ``scip`` or None."""
    return next((solver for solver, begins in _beginnings if begins.match(text)), None)


def read(data: bytes, where: str) -> SolutionFile:
    """Read the solution file of any solver known here.

    Parameters
    ----------
    data : bytes
        The file.
    where : str
        What to call it in errors.

    Raises
    ------
    ParseError
        With the line, if the file is malformed, cut off, or of no known form.
    """
    text = ascii_text(data, where)
    solver = sniff(text)
    if solver is None:
        raise ParseError(
            "no solution file of HiGHS, CBC, GLPK or SCIP",
            where=where,
            remedy="Write it with HiGHS style 0, cbc -solution, glpsol -w or scip write solution.",
        )
    if not text.endswith("\n"):
        raise ParseError("the last line has no end", where=where, remedy=cut_off)
    return _readers[solver](Lines(text, where))


def to_solution(file: SolutionFile, column_names: Sequence[str]) -> Solution:
    """Put the values of a file in the order of the model's columns.

    Raises
    ------
    ParseError
        If the file has other columns than the model, or lacks some and should not.
    """
    values = _ordered(file, column_names) if file.status.has_point else None
    return Solution(file.status, file.objective, file.dual_bound, values, 0.0, file.detail)


def _ordered(file: SolutionFile, names: Sequence[str]) -> npt.NDArray[np.float64]:
    if not isinstance(file.values, dict):
        if len(file.values) != len(names):
            what = f"{len(file.values)} columns, but the model has {len(names)}"
            raise ParseError(what, where=file.where, remedy=_other_model)
        return file.values
    known = set(names)
    for name in file.values:
        if name not in known:
            what = f"the model has no column {shown(name)}"
            raise ParseError(what, where=file.where, remedy=_other_model)
    if file.complete and len(file.values) != len(known):
        missing = next(name for name in names if name not in file.values)
        raise ParseError(f"no value of {missing}", where=file.where, remedy=_other_model)
    return np.array([file.values.get(name, 0.0) for name in names], dtype=np.float64)


_other_model = "Is it the solution of another model?"
