"""``mipc solve``: let a solver solve a model file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mipc.cli import question as q

__all__ = ["solve_command"]


def solve_command(
    model: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="q.mps or q.lp, also with .gz.", show_default=False),
    ],
    solver: Annotated[str, typer.Option(metavar="NAME", help="highs, cbc, glpk, scip.")] = "highs",
    time_limit: Annotated[float | None, typer.Option(metavar="S", help="Seconds.", min=0.0)] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="The solution file. Default: q.sol."),
    ] = None,
    json: q.Json = False,
) -> None:
    """Solve a model file and write a solution file that decode reads.

    Exit code 0 if the solver finished (optimal or infeasible), 3 if it did not.
    """
    from mipc.cli.show import out, working
    from mipc.errors import InputError
    from mipc.solve import solve_file

    if not model.name:
        raise InputError("is a folder, not a file", where=str(model), remedy="Name a file.")
    place = output or Path(str(model).removesuffix(".gz")).with_suffix(".sol")
    with working() as progress:
        progress(f"{solver} is solving {model.name}")
        solution = solve_file(model, place, solver, time_limit)
    facts = {
        "solver": solver,
        "status": solution.status.value,
        "objective": solution.objective,
        "dual_bound": solution.dual_bound,
        "seconds": round(solution.seconds, 6),
        "detail": solution.detail,
        "solution": str(place),
    }
    if json:
        from json import dumps

        out(dumps(facts))
    else:
        value = "" if solution.objective is None else f", objective {solution.objective:.10g}"
        out(f"{solution.status.value}{value}  ({solution.detail}, {solution.seconds:.2f} s)")
        out(f"{place}")
    raise typer.Exit(0 if solution.status.value in ("optimal", "infeasible") else 3)
