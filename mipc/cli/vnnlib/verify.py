"""``mipc-vnnlib verify``: a query decided, the verdict on the first line of standard output."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from mipc.cli.show import out
from mipc.cli.vnnlib.decided import Decided, decide, files_of, reported
from mipc.cli.vnnlib.supervised import supervised
from mipc.errors import OptionError

__all__ = ["verify_command"]


def verify_command(
    query: Annotated[Path, typer.Argument(metavar="QUERY", help="A VNN-LIB file, plain or .gz.")],
    network: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FILE",
            help="The ONNX file of a declared network; once for each.",
            show_default=False,
        ),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(metavar="S", help="Seconds for everything.", min=0.0, show_default=False),
    ] = None,
    serialise_assignments: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Write a satisfying assignment there, a TensorProto NAME.pb each, instead of "
            "printing it.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Decide a query: sat with an assignment, unsat, unknown or timed-out."""
    given = _by_name(network or [])
    deadline = None if timeout is None else time.monotonic() + timeout

    def work() -> str:
        return _text(decide(query, files_of(given), deadline), serialise_assignments)

    text = supervised(partial(reported, work), timeout)
    out("timed-out" if text is None else text)


def _by_name(entries: list[str]) -> dict[str, Path]:
    named: dict[str, Path] = {}
    for entry in entries:
        name, equals, file = entry.partition("=")
        if not (name and equals and file):
            raise OptionError(
                f"{entry!r} is not understood", where="--network", remedy="write NAME=FILE.onnx"
            )
        if name in named:
            raise OptionError(f"{name!r} is given twice", where="--network")
        named[name] = Path(file)
    return named


def _text(decided: Decided, folder: Path | None) -> str:
    if decided.values is None:
        return decided.word
    if folder is not None:
        from mipc.assignment import write_tensors

        write_tensors(folder, decided.values)
        return decided.word
    from mipc.properties.vnnlib.counterexample import assignment_text

    return f"{decided.word}\n{assignment_text(decided.source, decided.values)}"
