"""A report of the doctor in lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mipc.doctor.report import AskedFacts, BorderFacts, Finding, Report

__all__ = ["report_text"]

SHOWN = 12
"""So many places of one finding are printed; --json has all."""

WIDEST = 6
"""So many operators are named in a line."""


def report_text(report: Report) -> str:
    """The light, what the file is, what was found, and advice."""
    lines = [f"{report.light}: {report.advice[0]}", *_file(report), *_sizes(report)]
    if report.question is not None:
        lines += _question(report.question)
    lines += _findings(report.findings)
    lines += report.advice[1:]
    return "\n".join(line.rstrip() for line in lines)


def _file(report: Report) -> Iterator[str]:
    made = f" by {report.producer}" if report.producer else ""
    opset = f"opset {report.opset}" if report.opset else "no supported opset"
    yield f"  file        {report.file}, {report.bytes} bytes, {opset}{made}"
    names = [f"{o.operator} {o.count}{'' if o.supported else ' (!)'}" for o in report.operators]
    for start in range(0, len(names), WIDEST):
        title = "operators" if start == 0 else ""
        yield f"  {title:<10}  {', '.join(names[start : start + WIDEST])}"
    nodes = report.nodes
    yield (
        f"  nodes       {nodes.read} of {nodes.total} read, {nodes.refused} refused, "
        f"{nodes.blocked} behind them, {nodes.unneeded} not needed"
    )
    if report.listed:
        yield f"  listed      {report.listed} initializers are listed as inputs too"
    for kind, borders in (("input", report.inputs), ("output", report.outputs)):
        for border in borders:
            yield f"  {kind:<10}  {_border(border)}"


def _border(border: BorderFacts) -> str:
    declared = "?" if border.declared is None else _shape(border.declared)
    read = "" if border.shape is None else _shape(border.shape)
    differs = f" read as {read}" if read else " not read"
    shape = declared if declared == read else declared + differs
    layout = f", {border.layout}" if border.layout else ""
    return f"{border.name} {border.type} {shape}{layout}"


def _shape(sizes: Sequence[int | str | None]) -> str:
    return f"[{', '.join('?' if size is None else str(size) for size in sizes)}]"


def _sizes(report: Report) -> Iterator[str]:
    if report.stored is not None:
        stored = report.stored
        yield (
            f"  weights     {stored.numbers} numbers, magnitudes {stored.smallest:.3g} to "
            f"{stored.largest:.3g}"
        )
    if report.neurons is not None:
        n = report.neurons
        kinds = [f"{n.relu} ReLU"] if n.relu else []
        kinds += [f"{n.maxima} maxima of {n.members} members"] if n.maxima else []
        kinds += [f"{count} {name}" for name, count in n.smooth.items()]
        kinds += [f"{n.products} products"] if n.products else []
        partly = report.nodes.refused + report.nodes.blocked > 0
        none = "none" if partly else "none: the network is affine"
        part = " in what could be read" if partly else ""
        yield f"  neurons     {', '.join(kinds) or none}{part}"
    if report.whole is not None and report.whole.largest:
        whole = report.whole
        yield (
            f"  reach       {whole.largest:.4g}: the largest bound of a pre-activation over the "
            f"domain {whole.low:g}:{whole.high:g}"
        )


def _question(asked: AskedFacts) -> Iterator[str]:
    cases = f" in {asked.cases} cases" if asked.cases > 1 else ""
    seen = f" in the first {asked.examined}" if asked.examined < asked.cases else ""
    yield f"  question    {asked.disjuncts} disjuncts{cases}, bounds close {asked.closed}{seen}"
    yield (
        f"  ReLUs       {asked.active} active, {asked.inactive} inactive, {asked.unstable} "
        f"undecided; pre-activations within {asked.largest:.4g}"
    )
    for model in asked.models:
        name = ", ".join(map(str, model.targets))
        yield (
            f"  file {name:<6} {model.columns} columns ({model.binaries} binary), "
            f"{model.rows} rows, {model.nonzeros} nonzeros, about {_bytes(model.bytes)}"
        )
    if asked.files > len(asked.models):
        yield f"  files       {asked.files} in all"


def _bytes(count: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    """Those that say the same are one, with all places."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for finding in findings:
        key = (finding.level, finding.what, finding.remedy)
        groups.setdefault(key, []).append(finding.where)
    for (level, what, remedy), places in groups.items():
        named = ", ".join(filter(None, places[:SHOWN]))
        more = f" and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
        yield f"{level:<6}  {named}{more}{': ' if named else ''}{what}"
        if remedy:
            yield f"        -> {remedy}"
