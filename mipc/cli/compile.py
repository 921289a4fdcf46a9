"""``mipc compile``: a network and a question to model files and sidecars."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mipc.cli import question as q

if TYPE_CHECKING:
    from mipc.formulation import Compiled
    from mipc.passes import Known

__all__ = ["compile_command"]


@q.asking
def compile_command(
    ask: q.Ask,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="q.mps or q.lp, also with .gz.",
            show_default=False,
        ),
    ],
    combine: Annotated[
        bool, typer.Option("--combine", help="One file for all open disjuncts.")
    ] = False,
    all_disjuncts: Annotated[
        bool, typer.Option("--all-disjuncts", help="Also those that bounds close.")
    ] = False,
    strengthen: Annotated[
        bool,
        typer.Option(
            "--strengthen",
            help="Tighten the bounds of undecided neurons first and add lines over them; takes "
            "minutes on larger networks.",
        ),
    ] = False,
    passes: q.Passes = None,
    explain: Annotated[bool, typer.Option("--explain", help="Print what each pass did.")] = False,
    json: q.Json = False,
) -> None:
    """Compile a question to files: the model, and a sidecar .json beside it.

    Each way to violate the requirement that bounds leave open gets a file of its own
    (q.3.mps for class 3); if there is one, or with --combine, it is q.mps.
    """  # fmt: skip
    from mipc.cli.show import explain as show_records
    from mipc.cli.show import out, stderr, working
    from mipc.compile import compile_query, write_files
    from mipc.milp.files import check_model_path
    from mipc.networks import remember
    from mipc.properties.property_question import PropertyQuestion
    from mipc.search import strengthened

    check_model_path(output)
    steps = q.chosen_passes(passes)
    query = ask()
    with working() as progress:
        progress("compiling")
        compiled = compile_query(
            query, steps, combine=combine, all_disjuncts=all_disjuncts,
            strengthen=partial(strengthened, progress=progress) if strengthen else None,
        )  # fmt: skip
        progress("writing files")
        written = write_files(compiled, output)
    for network in query.networks:
        remember(network.path, network.sha256)
    if isinstance(query.question, PropertyQuestion):
        remember(Path(query.question.source.source), query.question.sha256)
    if explain:
        show_records(compiled.records[0])
        if strengthen:
            stderr().print(_strengthened(compiled.known[0]), markup=False)
    facts = _facts(compiled, written)
    if json:
        from json import dumps

        out(dumps(facts))
        return
    closed, count = len(facts["closed_by_bounds"]), facts["disjuncts"]
    out(f"bounds close {closed} of {count} disjuncts")
    if closed == count:
        out("so the answer is robust; the file is there for a solver to confirm it")
    for entry in facts["files"]:
        out(
            f"{entry['model']}: {entry['columns']} columns ({entry['binaries']} binary), "
            f"{entry['rows']} rows, {entry['nonzeros']} nonzeros"
        )


def _strengthened(known: Known) -> str:
    """What --strengthen has found out."""
    bounds = sum(len(one.neurons) for one in known.tighter)
    lines = sum(len(one.neurons) for one in known.covers)
    return f"  strengthen: tighter bounds of {bounds} neurons, lines over {lines}"


def _facts(compiled: Compiled, written: list[tuple[Path, Path]]) -> dict[str, Any]:
    files = [
        {
            "model": str(model),
            "sidecar": str(sidecar),
            "targets": list(formulation.targets),
            **formulation.model.size,
        }
        for (model, sidecar), formulation in zip(written, compiled.formulations, strict=True)
    ]
    closed = [part.target for part in compiled.parts if part.upper < 0]
    return {"files": files, "disjuncts": len(compiled.parts), "closed_by_bounds": closed}
