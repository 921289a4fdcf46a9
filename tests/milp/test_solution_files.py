"""Solution files of four solvers become one type; our own text keeps every bit."""

from __future__ import annotations

from pathlib import Path

import highspy
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from milp_models import small_model

from mipc.errors import MipcError, ParseError
from mipc.milp.files import write_model
from mipc.milp.solution import Solution, Status, write_solution
from mipc.milp.solution_files import read, sniff, to_solution

HIGHS = """\
Model status
{}

# Primal solution values
{}
Objective -4
# Columns 2
x 4
y 0.3333333333333
# Rows 1
cap 4

# Dual solution values
None
"""
HIGHS_NONE = "Model status\n{}\n\n# Primal solution values\nNone\n"
CBC = "{} - objective value -4.00000000\n      0 x     4    -1\n**    1 y   0.33333333  0\n"
CBC_ALL = "Optimal - objective value -4.0\n 0 cap 1.5 0\n 1 x 9 0\n 0 x 4 -1\n 1 y 0 0\n"
GLPK = "c Problem:    small\nc\ns mip 1 2 {} -4\ni 1 1.5\nj 1 4\nj 2 0.333333333333333\ne o f\n"
GLPK_LP = "s bas 1 2 {} {} -4\ni 1 b 1.5 0\nj 1 u 4 -1\nj 2 l 0.333333333333333 0\ne o f\n"
SCIP = "solution status: {}\nobjective value:    -4\nx    4 \t(obj:-1)\n"
SCIP_NONE = "solution status: {}\nno solution available\n"
SCIP_BARE = "objective value:    -4\nx    4 \t(obj:-1)\n"


def solution(text: str) -> Solution:
    return to_solution(read(text.encode(), "s"), ["x", "y"])


@pytest.mark.parametrize(
    ("text", "solver", "status", "detail"),
    [
        (HIGHS.format("Optimal", "Feasible"), "highs", Status.OPTIMAL, "Optimal"),
        (HIGHS.format("Optimal", "Infeasible"), "highs", Status.UNKNOWN, "Optimal"),
        (HIGHS.format("Infeasible", "Feasible"), "highs", Status.UNKNOWN, "Infeasible"),
        (
            HIGHS.format("Time limit reached", "Feasible"),
            "highs",
            Status.FEASIBLE,
            "Time limit reached",
        ),
        (
            HIGHS_NONE.format("Time limit reached"),
            "highs",
            Status.STOPPED,
            "Time limit reached",
        ),
        (HIGHS_NONE.format("Infeasible"), "highs", Status.INFEASIBLE, "Infeasible"),
        (HIGHS_NONE.format("Optimal"), "highs", Status.UNKNOWN, "Optimal"),
        (HIGHS_NONE.format("optimal"), "highs", Status.UNKNOWN, "optimal"),
        (HIGHS_NONE.format("Solve error"), "highs", Status.FAILED, "Solve error"),
        (
            HIGHS_NONE.format("Primal infeasible or unbounded"),
            "highs",
            Status.UNKNOWN,
            "Primal infeasible or unbounded",
        ),
        (CBC.format("Optimal"), "cbc", Status.OPTIMAL, "Optimal"),
        (CBC.format("Infeasible"), "cbc", Status.INFEASIBLE, "Infeasible"),
        (CBC.format("Integer infeasible"), "cbc", Status.INFEASIBLE, "Integer infeasible"),
        (CBC.format("Unbounded"), "cbc", Status.UNBOUNDED, "Unbounded"),
        (CBC.format("Stopped on time"), "cbc", Status.FEASIBLE, "Stopped on time"),
        (CBC.format("Stopped on iterations"), "cbc", Status.FEASIBLE, "Stopped on iterations"),
        (
            CBC.format("Stopped on time (no integer solution - continuous used)"),
            "cbc",
            Status.STOPPED,
            "Stopped on time (no integer solution - continuous used)",
        ),
        (CBC.format("Status unknown"), "cbc", Status.UNKNOWN, "Status unknown"),
        (CBC.format("Optimal-ish"), "cbc", Status.UNKNOWN, "Optimal-ish"),
        (GLPK.format("o"), "glpk", Status.OPTIMAL, "mip o"),
        (GLPK.format("f"), "glpk", Status.FEASIBLE, "mip f"),
        (GLPK.format("n"), "glpk", Status.INFEASIBLE, "mip n"),
        (GLPK.format("u"), "glpk", Status.UNKNOWN, "mip u"),
        (GLPK_LP.format("f", "f"), "glpk", Status.OPTIMAL, "bas f f"),
        (GLPK_LP.format("f", "n"), "glpk", Status.UNBOUNDED, "bas f n"),
        (GLPK_LP.format("n", "f"), "glpk", Status.INFEASIBLE, "bas n f"),
        (SCIP.format("optimal solution found"), "scip", Status.OPTIMAL, "optimal solution found"),
        (SCIP.format("time limit reached"), "scip", Status.FEASIBLE, "time limit reached"),
        (SCIP.format("infeasible"), "scip", Status.UNKNOWN, "infeasible"),
        (SCIP.format("unbounded"), "scip", Status.UNBOUNDED, "unbounded"),
        (SCIP_NONE.format("time limit reached"), "scip", Status.STOPPED, "time limit reached"),
        (SCIP_NONE.format("infeasible"), "scip", Status.INFEASIBLE, "infeasible"),
        (SCIP_BARE, "scip", Status.FEASIBLE, ""),
    ],
)
def test_words_of_solvers(text: str, solver: str, status: Status, detail: str) -> None:
    found = read(text.encode(), "s")
    assert (found.solver, found.status, found.detail) == (solver, status, detail)
    assert sniff(text) == solver
    claim = to_solution(found, ["x", "y"])
    assert (claim.values is not None) == status.has_point
    assert (claim.objective is not None) == status.has_point


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (HIGHS.format("Optimal", "Feasible"), [4, 0.3333333333333]),
        (CBC.format("Optimal"), [4, 0.33333333]),
        (CBC_ALL, [4, 0]),
        (GLPK.format("o"), [4, 0.333333333333333]),
        (GLPK_LP.format("f", "f"), [4, 0.333333333333333]),
        (SCIP_BARE, [4, 0]),
    ],
)
def test_values_stand_in_the_order_of_the_columns(text: str, values: list[float]) -> None:
    assert solution(text).values.tolist() == values
    assert solution(text).objective == -4


@pytest.mark.parametrize(
    ("text", "columns", "words"),
    [
        (HIGHS.format("Optimal", "Feasible"), ["x", "y", "z"], "no value of z"),
        (HIGHS.format("Optimal", "Feasible"), ["x"], "no column 'y'"),
        (CBC_ALL, ["x", "y", "z"], "no value of z"),
        (GLPK.format("o"), ["x"], "2 columns, but the model has 1"),
        (SCIP_BARE, ["y"], "no column 'x'"),
    ],
)
def test_solution_of_another_model(text: str, columns: list[str], words: str) -> None:
    with pytest.raises(ParseError, match=words):
        to_solution(read(text.encode(), "s"), columns)


@pytest.mark.parametrize("text", [CBC.format("Optimal"), SCIP_BARE])
def test_columns_left_out_are_zero_where_zeros_are_dropped(text: str) -> None:
    claim = to_solution(read(text.encode(), "s"), ["w", "x", "y"])
    assert claim.values[0] == 0


FILES = [HIGHS.format("Optimal", "Feasible"), CBC_ALL, GLPK.format("o"), SCIP.format("infeasible")]


@given(data=st.data())
def test_damaged_file_is_a_claim_or_an_error_with_words(data: st.DataObject) -> None:
    words = data.draw(st.sampled_from(FILES)).split(" ")
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(words) - 1))
        other = data.draw(st.sampled_from(words) | st.text(max_size=4))
        words[at : at + data.draw(st.integers(0, 2))] = [other]
    error = refusal(" ".join(words))
    assert error is None or (error.what and error.where.startswith("s"))


def refusal(text: str) -> MipcError | None:
    """The error of reading, if there is one; any other kind of error goes through."""
    try:
        solution(text)
    except MipcError as error:
        return error
    return None


numbers = st.floats(allow_nan=False, allow_infinity=False)


@given(
    values=st.lists(numbers, min_size=1, max_size=5),
    objective=numbers,
    bound=st.none() | numbers,
    status=st.sampled_from([Status.OPTIMAL, Status.FEASIBLE]),
)
def test_point_written_and_read_is_the_same_point(
    values: list[float], objective: float, bound: float | None, status: Status
) -> None:
    names = [f"x_{i}" for i in range(len(values))]
    claim = Solution(status, objective, bound, np.array(values), 1.0, "")
    found = to_solution(read(write_solution(claim, names), "s"), names)
    assert (found.status, found.objective, found.dual_bound) == (status, objective, bound)
    assert found.values.tobytes() == claim.values.tobytes()


@pytest.mark.parametrize("status", [status for status in Status if not status.has_point])
def test_claim_without_a_point_written_and_read(status: Status) -> None:
    claim = Solution(status, None, -1.5, None, 0.0, "")
    found = to_solution(read(write_solution(claim, ["x"]), "s"), ["x"])
    assert (found.status, found.values, found.dual_bound) == (status, None, -1.5)


def test_own_text_to_look_at() -> None:
    claim = Solution(Status.OPTIMAL, -4.0, -4.25, np.array([4.0, 1 / 3]), 0.0, "")
    assert write_solution(claim, ["x", "y"]).decode() == (
        "Model status\nOptimal\n\n# Primal solution values\nFeasible\nObjective -4.0\n"
        "# Columns 2\nx 4.0\ny 0.3333333333333333\n\n# Dual bound -4.25\n"
    )


def test_highs_reads_our_text_and_we_read_its(tmp_path: Path) -> None:
    model = small_model()
    write_model(model, tmp_path / "m.mps")
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.readModel(str(tmp_path / "m.mps"))
    highs.run()
    highs.writeSolution(str(tmp_path / "theirs.sol"), 0)
    names = model.columns.texts()
    theirs = to_solution(read((tmp_path / "theirs.sol").read_bytes(), "theirs"), names)
    assert theirs.status is Status.OPTIMAL
    np.testing.assert_allclose(theirs.values, highs.getSolution().col_value, atol=1e-12)

    exact = np.array(highs.getSolution().col_value) + 1e-13
    ours = Solution(Status.FEASIBLE, theirs.objective, -10.5, exact, 0.0, "")
    (tmp_path / "ours.sol").write_bytes(write_solution(ours, names))
    assert highs.readSolution(str(tmp_path / "ours.sol"), 0) == highspy.HighsStatus.kOk
    assert np.array(highs.getSolution().col_value).tobytes() == exact.tobytes()
