"""``mipc inspect``: the graph as text, as imported or after each pass."""

from __future__ import annotations

from typing import Annotated

import typer

from mipc.cli import question as q

__all__ = ["inspect_command"]


def inspect_command(
    model: q.Model,
    perturbation: Annotated[
        str | None,
        typer.Option(
            metavar="P",
            help="With a question, show the graph after each pass: linf:RADIUS, or box:L,U.",
            show_default=False,
        ),
    ] = None,
    dataset: q.Dataset = None,
    index: q.Index = None,
    centre: q.Centre = None,
    label: q.Label = None,
    target: q.Target = None,
    margin: q.Margin = "0",
    objective: q.ObjectiveOption = "feasibility",
    norm: q.Norm = "linf",
    domain: q.Domain = None,
    passes: q.Passes = None,
) -> None:
    """Show a network as mipc sees it and, given a question, after each pass."""
    from mipc.errors import OptionError
    from mipc.frontend.onnx import read_network
    from mipc.ir.text import graph_text

    if perturbation is None:
        if passes is not None or dataset is not None or centre is not None:
            raise OptionError("passes need a question", remedy="give --perturbation")
        network = read_network(model)
        print(f"opset {network.opset}, input {network.input_name!r} {network.dtype}")
        print(graph_text(network.graph), end="")
        return
    from mipc.compile import compile_query
    from mipc.passes import DEFAULT, Problem, parse_passes

    steps = DEFAULT if passes is None else parse_passes(passes)
    query = q.asked(
        model, dataset=dataset, index=index, centre=centre, label=label,
        perturbation=perturbation, target=target, margin=margin, objective=objective,
        norm=norm, domain=domain,
    )  # fmt: skip

    def show(name: str, problem: Problem) -> None:
        print(f"-- {name}")
        print(graph_text(problem.graph, problem.bounds))

    compile_query(query, steps, watch=show)
