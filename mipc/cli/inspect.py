"""``mipc inspect``: the graph as text, as imported or after each pass."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mipc.cli import question as q
from mipc.errors import OptionError

if TYPE_CHECKING:
    from mipc.passes import Problem

__all__ = ["inspect_command"]


@partial(q.asking, optional=True)
def inspect_command(ask: q.Ask | None, model: Path, passes: q.Passes = None) -> None:
    """Show a network as mipc sees it and, given a question, after each pass."""
    from mipc.cli.show import out
    from mipc.ir.text import graph_text

    if ask is None:
        from mipc.frontend.onnx import read_network

        if passes is not None:
            raise OptionError("passes need a question", remedy="give --perturbation")
        network = read_network(model)
        inputs = ", ".join(f"{port.name!r} {port.dtype}" for port in network.inputs)
        out(f"opset {network.opset}, input {inputs}")
        for note in network.notes:
            out(note)
        out(graph_text(network.graph).rstrip())
        return
    from mipc.compile import compile_query

    def show(name: str, problem: Problem) -> None:
        out(f"-- {name}")
        out(graph_text(problem.graph, problem.bounds))

    compile_query(ask(), q.chosen_passes(passes), watch=show)
