"""What people see, on standard error: tables, a line that says what is being done."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from mipc.errors import MipcError

if TYPE_CHECKING:
    from rich.console import Console

    from mipc.decide import Progress
    from mipc.passes import Record
    from mipc.properties.query import Query
    from mipc.results import AnswerFacts, WitnessFacts
    from mipc.verdict import Answer

__all__ = ["EXIT", "answer_text", "explain", "out", "prepare", "stderr", "tell", "working"]

EXIT = {"robust": 0, "violated": 1, "unknown": 3}
"""Verdict -> exit code; 2 is a usage or input error."""


def stderr() -> Console:
    """A console on standard error."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


@contextmanager
def working() -> Iterator[Progress]:
    """A spinner with words and elapsed time, where standard error is a terminal."""
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    console = stderr()
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda words: bar.update(task, description=words)


def prepare() -> None:
    """Let any character be printed, and keep to mipc's own words about numbers that are refused."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    warnings.simplefilter("ignore", RuntimeWarning)


def out(text: str) -> None:
    """Print on standard output; what cannot be written is an error, not a verdict."""
    try:
        print(text, flush=True)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is buffered still wants to go somewhere
        raise MipcError(f"standard output cannot be written: {error.strerror}") from error


def tell(query: Query, answer: Answer, *, witness: Path | None, json: bool) -> NoReturn:
    """Print an answer, write its witness, and leave with the verdict's exit code."""
    import typer

    from mipc.results import answer_facts
    from mipc.verdict import Violated
    from mipc.witness_files import write_witness

    facts = answer_facts(query, answer)
    if witness is not None and isinstance(answer.verdict, Violated):
        write_witness(witness, query, answer.verdict.witness)
    elif witness is not None:
        before = ", which is from before" if witness.exists() else ""
        stderr().print(f"no witness: nothing is written to {witness}{before}", markup=False)
    out(facts.model_dump_json() if json else answer_text(facts, query.asked))
    raise typer.Exit(EXIT[facts.verdict])


def explain(records: Sequence[Record]) -> None:
    """The table of ``--explain``: what each pass left, and how long it took."""
    from rich.table import Table

    table = Table("pass", box=None, pad_edge=False)
    for name in ("nodes", "neurons", "unstable", "binaries", "nonzeros", "seconds"):
        table.add_column(name, justify="right")
    for record in records:
        sizes = (record.nodes, record.neurons, record.unstable, record.binaries, record.nonzeros)
        table.add_row(record.name, *(f"{size:,}" for size in sizes), f"{record.seconds:.3f}")
    console = stderr()
    console.print(table)
    for record in records:
        for note in filter(None, record.note.split("; ")):
            console.print(f"  {record.name}: {note}", markup=False)


def answer_text(facts: AnswerFacts, asked: float) -> str:
    """An answer in a few lines; ``asked`` is the margin that a violation needs."""
    first: str = facts.verdict
    if facts.reason:
        first += f": {facts.reason}"
    if facts.detail:
        first += f" ({facts.detail})"
    words = {"bounds": "proved by bounds", "solver": "on the solver's word", "replay": "replayed"}
    if facts.trust:
        first += f"  ({words[facts.trust]})"
    lines = [first]
    if facts.margin:
        lines.append(f"  largest margin  {_between(facts.margin)}")
    if facts.distance:
        lines.append(f"  distance        {_between(facts.distance)}")
    if facts.witness:
        lines.append(f"  witness         {_witness_text(facts.witness, facts.label, asked)}")
    lines.append(f"  settled by      {facts.stage}, in {facts.seconds:.2f} s")
    return "\n".join(lines)


def _witness_text(witness: WitnessFacts, label: int | None, asked: float) -> str:
    runtime, exact = witness.runtime_margin, witness.exact_margin
    if witness.target is None or label is None:
        return f"{witness.disjunct} holds by {runtime:.6g} in ONNX Runtime, {exact:.6g} exactly"
    return (
        f"class {witness.target} leads by {runtime + asked:.6g} in ONNX Runtime, "
        f"{exact + asked:.6g} exactly; the label is {label}"
    )


def _between(ends: Sequence[float | None]) -> str:
    low, high = ("?" if end is None else f"{end:.7g}" for end in ends)
    return f"in [{low}, {high}]"
