"""``mipc-vnnlib vnncomp``: an instance of the competition VNN-COMP, its result in a file."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mipc.cli.vnnlib.decided import Decided, decide, reported
from mipc.cli.vnnlib.supervised import supervised
from mipc.errors import InputError, OptionError

if TYPE_CHECKING:
    from mipc.properties.vnnlib import Property

__all__ = ["vnncomp_command"]


def vnncomp_command(
    onnx: Annotated[Path, typer.Argument(metavar="ONNX", help="The network, plain or .gz.")],
    vnnlib: Annotated[Path, typer.Argument(metavar="VNNLIB", help="The property, plain or .gz.")],
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="Where the result goes.")],
    timeout: Annotated[float, typer.Argument(metavar="S", help="Seconds for everything.", min=0)],
) -> None:
    """Decide an instance.

    The first line of RESULTS is sat, unsat, unknown, timeout or error; after sat follows the
    counterexample.
    """
    deadline = time.monotonic() + timeout

    def work() -> str:
        return _text(decide(_found(vnnlib), partial(_only, _found(onnx)), deadline))

    try:
        text = supervised(partial(reported, work), timeout)
    except SystemExit:
        _write(results, "error")
        raise
    _write(results, "timeout" if text is None else text)


def _found(path: Path) -> Path:
    """The file, or the packed one that the benchmarks of the competition have in its place."""
    packed = Path(f"{path}.gz")
    return packed if packed.exists() and not path.exists() else path


def _text(decided: Decided) -> str:
    if decided.word == "timed-out":
        return "timeout"
    if decided.values is None:
        return decided.word
    from mipc.properties.vnnlib.counterexample import competition_text

    return f"{decided.word}\n{competition_text(decided.source, decided.values)}"


def _only(onnx: Path, source: Property) -> Mapping[str, Path]:
    """The file of an instance, for the only network that needs one."""
    first, *others = [n.name for n in source.networks if n.same_kind != "equal"]
    if others:
        raise OptionError(
            f"the property is about several networks: {', '.join([first, *others])}",
            where=source.source,
            remedy="use mipc-vnnlib verify, which takes --network NAME=FILE for each",
        )
    return {first: onnx}


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text + "\n")
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=str(path)) from error
