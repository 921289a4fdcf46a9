"""A VNN-LIB query decided: the verdict in the words of the standard, and the point found."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

from mipc.errors import MipcError, OptionError

if TYPE_CHECKING:
    from mipc.assignment import Values
    from mipc.ir.network import Network
    from mipc.properties.property_question import PropertyQuestion
    from mipc.properties.vnnlib import Property
    from mipc.verdict import Answer

__all__ = ["Decided", "Word", "decide", "files_of", "reported"]

REACH = Fraction(100)
"""How far from their other bound, or from 0, inputs without bounds are looked at."""

Word = Literal["sat", "unsat", "unknown", "timed-out"]


@dataclass(frozen=True, eq=False)
class Decided:
    """What is known of a query.

    Attributes
    ----------
    word : str
    source : Property
    values : mapping from the names of all declared tensors to arrays, or None
        A point that satisfies the query, if ``sat``.
    """

    word: Word
    source: Property
    values: Values | None = None


def decide(
    path: Path, files: Callable[[Property], Mapping[str, Path]], deadline: float | None
) -> Decided:
    """Decide a query.

    Parameters
    ----------
    path : Path
        A VNN-LIB file of version 1 or 2, plain or ``.gz``.
    files : callable
        The ONNX file of each declared network that needs one.
    deadline : float, optional
        On the clock of ``time.monotonic``.

    Raises
    ------
    MipcError
        Something cannot be read, or does not fit.
    """
    from mipc.frontend.onnx import read_network
    from mipc.properties.property_question import PropertyQuestion

    question = PropertyQuestion.read(path)
    source = question.source
    with TemporaryDirectory(prefix="mipc-") as folder:
        networks = {
            name: read_network(_unpacked(place, Path(folder) / f"{i}.onnx"))
            for i, (name, place) in enumerate(files(source).items())
        }
        return _decide(question, networks, deadline)


def _unpacked(path: Path, place: Path) -> Path:
    """A network's file, or a copy of what is in it if it is packed."""
    if path.suffix != ".gz":
        return path
    from mipc.milp.files import read_bytes

    place.write_bytes(read_bytes(path))
    return place


def _decide(
    question: PropertyQuestion, networks: Mapping[str, Network], deadline: float | None
) -> Decided:
    from mipc.assignment import assignment
    from mipc.decide import verify
    from mipc.properties.property_question import ask_property
    from mipc.properties.vnnlib.narrowing import is_bounded, narrowed
    from mipc.verdict import Violated

    source = question.source
    whole = is_bounded(source)
    if not whole:
        question = replace(question, source=narrowed(source, REACH))
    query = ask_property(networks, question)
    left = None if deadline is None else max(deadline - time.monotonic(), 0.0)
    answer = verify(query, timeout=left)
    if isinstance(answer.verdict, Violated):
        return Decided("sat", source, assignment(query, answer.verdict.witness))
    return Decided(_word(answer, source, whole=whole), source)


def _word(answer: Answer, source: Property, *, whole: bool) -> Word:
    """The verdict as the standard calls it; on standard error, what else there is to know.

    "unsat" needs all inputs: where some have no bounds, only those near were looked at.
    """
    from mipc.verdict import Unknown

    verdict = answer.verdict
    if not isinstance(verdict, Unknown):
        if not whole:
            print(
                "mipc-vnnlib: unknown: some inputs have no bounds, and near those that there are "
                "nothing satisfies the query",
                file=sys.stderr,
            )
            return "unknown"
        if any(tensor.dtype != "real" for tensor in source.tensors.values()):
            print(
                "mipc-vnnlib: unsat in exact arithmetic; what rounding inside the network may "
                "add is not accounted for",
                file=sys.stderr,
            )
        return "unsat"
    if verdict.reason == "timeout":
        return "timed-out"
    print(f"mipc-vnnlib: unknown: {verdict.reason} {verdict.detail}".rstrip(), file=sys.stderr)
    return "unknown"


def files_of(given: Mapping[str, Path]) -> Callable[[Property], Mapping[str, Path]]:
    """The files given for networks by name: one for each that is not said to equal another."""

    def chosen(source: Property) -> Mapping[str, Path]:
        needed = [network.name for network in source.networks if network.same_kind != "equal"]
        if source.version == "1" and len(given) == 1:
            return {needed[0]: next(iter(given.values()))}
        _check_names(given, needed, source)
        return given

    return chosen


def _check_names(given: Mapping[str, Path], needed: list[str], source: Property) -> None:
    missing = [name for name in needed if name not in given]
    if missing:
        raise OptionError(
            f"no file is given for the network {missing[0]!r} of {source.source}",
            where="--network",
            remedy=f"add --network {missing[0]}=FILE.onnx",
        )
    surplus = [name for name in given if name not in needed]
    if surplus:
        raise OptionError(
            f"the property needs no file for a network {surplus[0]!r}",
            where="--network",
            remedy=f"it needs one for {', '.join(needed)}",
        )


def reported(work: Callable[[], str]) -> str:
    """The result of some work whose errors are said on standard error, with exit code 2."""
    try:
        return work()
    except MipcError as error:
        print(f"mipc-vnnlib: {error}", file=sys.stderr)
    except Exception:  # a defect of mipc must not look like an answer
        traceback.print_exc()
        print("mipc-vnnlib: this is a defect of mipc, not of your input", file=sys.stderr)
    raise SystemExit(2)
