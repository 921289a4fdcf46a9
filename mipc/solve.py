"""Model file in, solution file out: with HiGHS in a worker, or any solver of the table.

The solution file is always mipc's own, whoever solved: it says which model it answers, so that it
cannot be taken for the answer to another.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from mipc.errors import OptionError
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
    OptionError
        The solution would be written over a model or a sidecar.
    """
    if solution_path.suffix.lower() in (".mps", ".lp", ".gz", ".json"):
        raise OptionError(
            f"{solution_path.name!r} is the name of a model or a sidecar",
            where="--output",
            remedy="name a solution file, like q.sol",
        )
    data = files.read_bytes(model_path)  # read once: what is solved is what the answer names
    model = files.parse_model(data, model_path)
    limits = Limits(seconds=seconds)
    begin = time.perf_counter()
    if solver == "highs":
        with Highs() as highs:
            solution = highs.solve(model, limits)
    else:
        solution = _by_command(solver, data, model_path, model.columns.texts(), limits)
    digest = hashlib.sha256(data).hexdigest()
    text = write_solution(solution, model.columns.texts(), digest)
    files.write_atomic(solution_path, text)
    return replace(solution, seconds=time.perf_counter() - begin)


def _by_command(
    solver: str, data: bytes, model_path: Path, names: list[str], limits: Limits
) -> Solution:
    """What a program says of a copy of the model; the file it writes is thrown away."""
    with tempfile.TemporaryDirectory(prefix="mipc-") as folder:
        copy = Path(folder) / f"model{Path(model_path.name.removesuffix('.gz')).suffix}"
        copy.write_bytes(data)
        place = Path(folder) / "answer.sol"
        trouble = run_command(solver, copy, place, limits)
        if trouble:
            return Solution(Status.FAILED, None, None, None, 0.0, trouble)
        claim = to_solution(read(files.read_bytes(place), f"the solution of {solver}"), names)
    return replace(claim, detail=f"{solver}: {claim.detail}")
