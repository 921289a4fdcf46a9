"""``mipc compile``: a network and a question to model files and sidecars."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mipc.cli import question as q

__all__ = ["compile_command"]


def compile_command(
    model: q.Model,
    perturbation: q.Perturbed,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FILE", help="q.mps or q.lp, also with .gz."),
    ],
    dataset: q.Dataset = None,
    index: q.Index = None,
    centre: q.Centre = None,
    label: q.Label = None,
    target: q.Target = None,
    margin: q.Margin = "0",
    objective: q.ObjectiveOption = "feasibility",
    norm: q.Norm = "linf",
    domain: q.Domain = None,
    combine: Annotated[
        bool, typer.Option("--combine", help="One file for all open disjuncts.")
    ] = False,
    all_disjuncts: Annotated[
        bool, typer.Option("--all-disjuncts", help="Also those that bounds close.")
    ] = False,
    passes: q.Passes = None,
    explain: Annotated[bool, typer.Option("--explain", help="Print what each pass did.")] = False,
    json: q.Json = False,
) -> None:
    """Compile a question to files: the model, and a sidecar .json beside it.

    Each way to violate the requirement that bounds leave open gets a file of its own
    (q.3.mps for class 3); if there is one, or with --combine, it is q.mps.
    """
    from mipc.cli.show import explain as show_records
    from mipc.cli.show import working
    from mipc.compile import compile_query, write_files
    from mipc.milp.files import check_model_path
    from mipc.networks import remember
    from mipc.passes import DEFAULT, parse_passes

    check_model_path(output)
    steps = DEFAULT if passes is None else parse_passes(passes)
    query = q.asked(
        model, dataset=dataset, index=index, centre=centre, label=label,
        perturbation=perturbation, target=target, margin=margin, objective=objective,
        norm=norm, domain=domain,
    )  # fmt: skip
    with working() as progress:
        progress("compiling")
        compiled = compile_query(query, steps, combine=combine, all_disjuncts=all_disjuncts)
        progress("writing files")
        written = write_files(compiled, output)
    remember(query.network)
    if explain:
        show_records(compiled.records[0])
    facts = {
        "files": [
            {
                "model": str(model_path),
                "sidecar": str(sidecar_path),
                "targets": list(formulation.targets),
                **formulation.model.size,
            }
            for (model_path, sidecar_path), formulation in zip(
                written, compiled.formulations, strict=True
            )
        ],
        "disjuncts": len(compiled.parts),
        "closed_by_bounds": [part.target for part in compiled.parts if not part.is_open],
    }
    if json:
        from json import dumps

        print(dumps(facts))
        return
    closed = sum(not part.is_open for part in compiled.parts)
    print(f"bounds close {closed} of {len(compiled.parts)} disjuncts")
    for entry in facts["files"]:  # type: ignore[attr-defined]
        print(
            f"{entry['model']}: {entry['columns']} columns ({entry['binaries']} binary), "
            f"{entry['rows']} rows, {entry['nonzeros']} nonzeros"
        )
