"""Solvers on the command line: a row of a table each. They read the file and write an answer."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mipc.errors import SolverError
from mipc.solvers.base import Limits

__all__ = ["COMMANDS", "Command", "run_command"]

GRACE = 5.0
"""Seconds after its time limit at which a program is killed: it writes its solution file then."""

Arguments = Callable[[str, str, Limits], list[str]]


@dataclass(frozen=True)
class Command:
    """How a solver is called.

    Attributes
    ----------
    program : str
        Looked for on the PATH.
    arguments : callable
        ``(model path, solution path, limits)`` to what follows the program.
    package : str
        What to install where it is missing.
    """

    program: str
    arguments: Arguments
    package: str


def _cbc(model: str, solution: str, limits: Limits) -> list[str]:
    time = [] if limits.seconds is None else ["-sec", f"{limits.seconds:g}", "-timeMode", "elapsed"]
    gaps = ["-ratio", "0", "-allow", "0"]
    every = ["-printingOptions", "all"]
    return [model, *time, *gaps, *every, "-solve", "-solution", solution]


def _glpk(model: str, solution: str, limits: Limits) -> list[str]:
    inner = Path(model.removesuffix(".gz")).suffix
    form = "--lp" if inner == ".lp" else "--freemps"
    time = [] if limits.seconds is None else ["--tmlim", f"{max(round(limits.seconds), 1)}"]
    return [form, model, *time, "-w", solution]


def _scip(model: str, solution: str, limits: Limits) -> list[str]:
    time = [] if limits.seconds is None else ["-c", f"set limits time {limits.seconds:g}"]
    steps = [f'read "{model}"', "optimize", f'write solution "{solution}"', "quit"]
    return ["-q", *time, *(part for step in steps for part in ("-c", step))]


COMMANDS: dict[str, Command] = {
    "cbc": Command("cbc", _cbc, "coinor-cbc"),
    "glpk": Command("glpsol", _glpk, "glpk-utils"),
    "scip": Command("scip", _scip, "scip"),
}
"""Name -> how it is called."""


def run_command(name: str, model: Path, solution: Path, limits: Limits) -> str:
    """Let a solver read a model file and write its solution file.

    Both paths are given to it absolute. It runs in a folder of its own and a process group of its
    own, which is killed :data:`GRACE` seconds after the time limit.

    Returns
    -------
    str
        Why there is no solution file, or the empty string.

    Raises
    ------
    SolverError
        It is not known or not installed.
    """
    if name not in COMMANDS:
        raise SolverError(
            f"solver {name!r} is not known",
            where="--solver",
            remedy=f"known: highs, {', '.join(COMMANDS)}",
        )
    command = COMMANDS[name]
    program = shutil.which(command.program)
    if program is None:
        raise SolverError(
            f"{command.program} is not on the PATH",
            where=f"--solver {name}",
            remedy=f"install it, for example the package {command.package}",
        )
    with suppress(FileNotFoundError):
        solution.unlink()
    with tempfile.TemporaryDirectory(prefix="mipc-") as folder:
        given = command.arguments(str(model.resolve()), str(solution.resolve()), limits)
        process = subprocess.Popen(
            [program, *given],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(None if limits.seconds is None else limits.seconds + GRACE)
        except subprocess.TimeoutExpired:
            return f"{name} was killed: it did not stop at its time limit"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if not solution.exists():
        return f"{name} wrote no solution (exit code {process.returncode})"
    return ""
