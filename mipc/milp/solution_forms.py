"""The forms in which HiGHS, CBC, GLPK and SCIP write a solution, and the words they use.

A status is looked up in a literal table, where only the exact words of the solver count. Values
are read only if that status comes with a point: CBC and GLPK write numbers even when there is none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mipc.milp.reading import Lines, cut_off, shown
from mipc.milp.solution import Status

__all__ = ["SolutionFile", "cbc", "glpk", "highs", "scip"]


@dataclass(frozen=True, eq=False)
class SolutionFile:
    """What stands in a solution file, columns still by name.

    Attributes
    ----------
    solver : str
        ``highs``, ``cbc``, ``glpk`` or ``scip``: whose form the file has.
    status : Status
    detail : str
        The status in the file's own words.
    objective, dual_bound : float or None
    values : dict or (n,) float64
        By name, or by position (GLPK); empty unless the status has a point.
    complete : bool
        Whether every column is listed; if not, those left out are 0.
    where : str
        What the file is called in errors.
    model : str or None
        The SHA-256 of the text of the model that it answers, if the file says so.
    """

    solver: str
    status: Status
    detail: str
    objective: float | None
    dual_bound: float | None
    values: dict[str, float] | npt.NDArray[np.float64]
    complete: bool
    where: str
    model: str | None = None


_highs_words = {
    "Optimal": Status.OPTIMAL,
    "Infeasible": Status.INFEASIBLE,
    "Unbounded": Status.UNBOUNDED,
    "Primal infeasible or unbounded": Status.UNKNOWN,
    "Time limit reached": Status.STOPPED,
    "Iteration limit reached": Status.STOPPED,
    "Solution limit reached": Status.STOPPED,
    "Memory limit reached": Status.STOPPED,
    "Bound on objective reached": Status.STOPPED,
    "Target for objective reached": Status.STOPPED,
    "Interrupted by user": Status.STOPPED,
    "Interrupted by HiGHS": Status.STOPPED,
    "Load error": Status.FAILED,
    "Model error": Status.FAILED,
    "Presolve error": Status.FAILED,
    "Solve error": Status.FAILED,
    "Postsolve error": Status.FAILED,
}


def highs(lines: Lines) -> SolutionFile:
    """``Model status``, the status, then under ``# Primal solution values`` the columns."""
    lines.next()
    detail = lines.next().strip()
    lines.after("")
    lines.after("# Primal solution values")
    point = lines.next().strip()
    status = _highs_words.get(detail, Status.UNKNOWN).seen_with(point == "Feasible")
    objective, values = None, dict[str, float]()
    if status.has_point:
        objective = lines.number(lines.after("Objective"))
        for _ in range(lines.count(lines.after("# Columns"))):
            fields = lines.next().split()
            if len(fields) != 2:
                lines.fail("not a column and its value", cut_off)
            lines.put(values, *fields)
    dual_bound = model = None
    for fields in lines.rest():
        if fields[:3] == ["#", "Dual", "bound"]:
            dual_bound = lines.number(" ".join(fields[3:]))
        elif fields[:2] == ["#", "Model"]:
            model = " ".join(fields[2:])
    return SolutionFile(
        "highs", status, detail, objective, dual_bound, values, True, lines.where, model
    )


_cbc_words = {
    "Optimal": Status.OPTIMAL,
    "Infeasible": Status.INFEASIBLE,
    "Integer infeasible": Status.INFEASIBLE,
    "Unbounded": Status.UNBOUNDED,
    "Stopped on time": Status.FEASIBLE,
    "Stopped on iterations": Status.FEASIBLE,
    "Stopped on difficulties": Status.FEASIBLE,
    "Stopped on ctrl-c": Status.FEASIBLE,
    "Stopped on time (no integer solution - continuous used)": Status.STOPPED,
    "Stopped on iterations (no integer solution - continuous used)": Status.STOPPED,
    "Stopped on difficulties (no integer solution - continuous used)": Status.STOPPED,
    "Stopped on ctrl-c (no integer solution - continuous used)": Status.STOPPED,
    "Status unknown": Status.UNKNOWN,
}


def cbc(lines: Lines) -> SolutionFile:
    """``Optimal - objective value 1.0``, then ``index name value dual`` lines.

    Columns that are 0 are left out, unless all rows stand before them, with an index that
    begins anew for the columns. ``**`` before a line marks a violated bound.
    """
    detail, _, objective = lines.next().rpartition(" - objective value ")
    status = _cbc_words.get(detail, Status.UNKNOWN)
    value = lines.number(objective.strip()) if status.has_point else None
    blocks: list[dict[str, float]] = [{}]
    previous = -1
    for fields in lines.rest() if status.has_point else ():
        cells = fields[1:] if fields[0] == "**" else fields
        if len(cells) != 4:
            lines.fail("not an index, a name, a value and a dual value", cut_off)
        index = lines.count(cells[0])
        if index <= previous:
            blocks.append({})
        if len(blocks) > 2:
            lines.fail("indices that begin anew more than once")
        lines.put(blocks[-1], cells[1], cells[2])
        previous = index
    complete = len(blocks) == 2
    return SolutionFile("cbc", status, detail, value, None, blocks[-1], complete, lines.where)


_glpk_words = {
    "mip o": Status.OPTIMAL,
    "mip f": Status.FEASIBLE,
    "mip n": Status.INFEASIBLE,
    "mip u": Status.UNKNOWN,
    "bas f f": Status.OPTIMAL,
    "bas f i": Status.FEASIBLE,
    "bas f u": Status.FEASIBLE,
    "bas f n": Status.UNBOUNDED,
    "bas i f": Status.STOPPED,
    "bas i i": Status.STOPPED,
    "bas i u": Status.STOPPED,
    "bas n f": Status.INFEASIBLE,
    "bas n i": Status.INFEASIBLE,
    "bas n u": Status.INFEASIBLE,
    "bas n n": Status.INFEASIBLE,
}


def glpk(lines: Lines) -> SolutionFile:
    """``s mip ROWS COLUMNS o OBJECTIVE``, then ``j index value`` lines, then ``e o f``."""
    header = lines.next().split()
    while header[:1] == ["c"]:
        header = lines.next().split()
    if len(header) != (6 if header[1] == "mip" else 7):
        lines.fail("not 's', a kind, two counts, a status and an objective")
    detail = " ".join([header[1], *header[4:-1]])
    status = _glpk_words.get(detail, Status.UNKNOWN)
    count = lines.count(header[3])
    objective = lines.number(header[-1]) if status.has_point else None
    values: dict[int, float] = {}
    value_at = 2 if header[1] == "mip" else 3
    for fields in lines.rest():
        if fields == ["e", "o", "f"]:
            break
        if fields[0] == "j" and status.has_point:
            if len(fields) <= value_at:
                lines.fail("not 'j', an index and a value")
            index = lines.count(fields[1])
            if index in values or index == 0:
                lines.fail(f"a second value of column {index}, or a column 0")
            values[index] = lines.number(fields[value_at])
    else:
        lines.fail("no 'e o f'", cut_off)
    if status.has_point and (len(values) != count or max(values, default=0) != count):
        lines.fail(f"not one value of each of {count} columns")
    column_values = np.array([values[index] for index in sorted(values)], dtype=np.float64)
    return SolutionFile("glpk", status, detail, objective, None, column_values, True, lines.where)


_scip_words = {
    "optimal solution found": Status.OPTIMAL,
    "infeasible": Status.INFEASIBLE,
    "unbounded": Status.UNBOUNDED,
    "infeasible or unbounded": Status.UNKNOWN,
    "user interrupt": Status.STOPPED,
    "node limit reached": Status.STOPPED,
    "total node limit reached": Status.STOPPED,
    "stall node limit reached": Status.STOPPED,
    "time limit reached": Status.STOPPED,
    "memory limit reached": Status.STOPPED,
    "gap limit reached": Status.STOPPED,
    "primal limit reached": Status.STOPPED,
    "dual limit reached": Status.STOPPED,
    "solution limit reached": Status.STOPPED,
    "solution improvement limit reached": Status.STOPPED,
    "restart limit reached": Status.STOPPED,
    "termination signal received": Status.STOPPED,
    "": Status.FEASIBLE,
}


def scip(lines: Lines) -> SolutionFile:
    """``solution status:`` (may be missing), ``objective value:``, then the nonzero columns."""
    line = lines.next()
    detail = ""
    if line.startswith("solution status:"):
        detail = line.removeprefix("solution status:").strip()
        line = lines.next()
    begins, _, objective = line.partition(":")
    if begins != "objective value" and line.strip() != "no solution available":
        lines.fail(f"{shown(line)} where the objective value should be", cut_off)
    status = _scip_words.get(detail, Status.UNKNOWN).seen_with(begins == "objective value")
    value = lines.number(objective.strip()) if status.has_point else None
    values: dict[str, float] = {}
    for fields in lines.rest() if status.has_point else ():
        if len(fields) != 3 or not fields[2].startswith("(obj:"):
            lines.fail("not a column, its value and its objective", cut_off)
        lines.put(values, fields[0], fields[1])
    return SolutionFile("scip", status, detail, value, None, values, False, lines.where)
