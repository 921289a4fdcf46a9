"""``mipc verify``: decide a question in process."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mipc.cli import question as q

__all__ = ["verify_command"]


def verify_command(
    model: q.Model,
    perturbation: q.Perturbed,
    dataset: q.Dataset = None,
    index: q.Index = None,
    centre: q.Centre = None,
    label: q.Label = None,
    target: q.Target = None,
    margin: q.Margin = "0",
    objective: q.ObjectiveOption = "feasibility",
    norm: q.Norm = "linf",
    domain: q.Domain = None,
    timeout: Annotated[
        float | None, typer.Option(metavar="S", help="Seconds for everything.", min=0.0)
    ] = None,
    passes: q.Passes = None,
    witness: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the violating input: .npy or .png."),
    ] = None,
    json: q.Json = False,
) -> None:
    """Decide a question: exit code 0 robust, 1 violated, 3 unknown, 2 error."""
    from mipc.cli.show import EXIT, answer_text, working
    from mipc.decide import verify
    from mipc.passes import DEFAULT, parse_passes
    from mipc.results import answer_facts
    from mipc.verdict import Violated
    from mipc.witness_files import check_witness_path, write_witness

    if witness is not None:
        check_witness_path(witness)
    steps = DEFAULT if passes is None else parse_passes(passes)
    query = q.asked(
        model, dataset=dataset, index=index, centre=centre, label=label,
        perturbation=perturbation, target=target, margin=margin, objective=objective,
        norm=norm, domain=domain,
    )  # fmt: skip
    with working() as progress:
        answer = verify(query, timeout=timeout, passes=steps, progress=progress)
    if witness is not None and isinstance(answer.verdict, Violated):
        write_witness(witness, answer.verdict.witness.point, query.network.input_shape)
    facts = answer_facts(query, answer)
    print(facts.model_dump_json() if json else answer_text(facts))
    raise typer.Exit(EXIT[facts.verdict])
