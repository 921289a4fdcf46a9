"""``mipc doctor``: what stands in the way of questions about a network."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import typer

from mipc.cli import question as q
from mipc.errors import OptionError

__all__ = ["doctor_command"]


@partial(q.asking, optional=True, alone=("domain", "perturbation", "property"))
def doctor_command(
    ask: q.Ask | None,
    model: Path,
    domain: str | None,
    perturbation: str | None,
    property: Path | None,
    passes: q.Passes = None,
    json: q.Json = False,
) -> None:
    """Examine a network and, given a question, what it takes to answer it; nothing is solved.

    All nodes that mipc cannot read, what inputs and outputs seem to be, numbers that solvers
    cannot be trusted with, neurons by kind; with a question, how many of them bounds decide, and
    the size of its files. Without one, --domain says where input numbers lie.

    Exit code 0 if a question can be asked, perhaps at a risk; 3 if something is in the way.
    """
    from mipc.cli.doctor_text import report_text
    from mipc.cli.show import out, working
    from mipc.doctor.examine import examine

    if ask is None and passes is not None:
        raise OptionError("passes need a question", remedy="give --perturbation")
    steps = q.chosen_passes(passes)
    limits = q.domain_of(domain, perturbation or "") if property is None else None
    with working() as progress:
        report = examine(model, ask, domain=limits, passes=steps, progress=progress)
    out(report.model_dump_json() if json else report_text(report))
    raise typer.Exit(3 if report.light == "red" else 0)
