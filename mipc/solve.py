"""Model file in, solution file out: with HiGHS in a worker, or any solver of the table."""

from __future__ import annotations

import time
from pathlib import Path

from mipc.milp import files
from mipc.milp.solution import Solution, Status, write_solution
from mipc.milp.solution_files import read, to_solution
from mipc.solvers.base import Limits
from mipc.solvers.command import run_command
from mipc.solvers.highs import Highs

__all__ = ["solve_file"]


def solve_file(
    model_path: Path, solution_path: Path, solver: str, seconds: float | None
) -> Solution:
    """Solve a model file and write the solution file, which is always there afterwards.

    Raises
    ------
    ParseError
        The model file, or what the solver wrote, is malformed.
    SolverError
        The solver is not known, not installed, or fails its self-test.
    """
    model = files.read_model(model_path)
    names = model.columns.texts()
    limits = Limits(seconds=seconds)
    if solver == "highs":
        with Highs() as highs:
            solution = highs.solve(model, limits)
        files.write_atomic(solution_path, write_solution(solution, names))
        return solution
    begin = time.perf_counter()
    trouble = run_command(solver, model_path, solution_path, limits)
    if trouble:
        solution = Solution(Status.FAILED, None, None, None, time.perf_counter() - begin, trouble)
        files.write_atomic(solution_path, write_solution(solution, names))
        return solution
    claim = to_solution(read(files.read_bytes(solution_path), str(solution_path)), names)
    elapsed = time.perf_counter() - begin
    return Solution(
        claim.status, claim.objective, claim.dual_bound, claim.values, elapsed, claim.detail
    )
