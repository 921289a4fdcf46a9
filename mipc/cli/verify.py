"""``mipc verify``: decide a question in process."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Annotated

import typer

from mipc.cli import question as q

__all__ = ["verify_command"]


@q.asking
def verify_command(
    ask: q.Ask,
    timeout: Annotated[
        float | None,
        typer.Option(metavar="S", help="Seconds for everything.", min=0.0, show_default=False),
    ] = None,
    jobs: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Processes at work: they branch together, and solve one disjunct each.",
            min=1,
        ),
    ] = 1,
    passes: q.Passes = None,
    witness: q.WitnessFile = None,
    json: q.Json = False,
) -> None:
    """Decide a question: exit code 0 robust, 1 violated, 3 unknown, 2 error."""
    from mipc.cli.show import tell, working
    from mipc.decide import verify
    from mipc.witness_files import check_witness_path

    begin = time.perf_counter()
    if witness is not None:
        check_witness_path(witness)
    steps = q.chosen_passes(passes)
    query = ask()
    if witness is not None:
        check_witness_path(witness, query)
    if timeout is not None:  # reading counts
        timeout = max(timeout - (time.perf_counter() - begin), 0.0)
    with working() as progress:
        answer = verify(query, timeout=timeout, passes=steps, progress=progress, jobs=jobs)
    answer = replace(answer, seconds=time.perf_counter() - begin)
    tell(query, answer, witness=witness, json=json)
