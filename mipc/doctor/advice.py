"""A traffic light, and advice in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mipc.doctor.report import AskedFacts, BorderFacts, Finding, Light, NodeFacts, PrologueFacts

__all__ = ["advice", "light", "ranked"]

LEVELS = ("red", "yellow", "note")
IMAGES = ("NCHW", "NHWC", "CHW", "HWC")


def ranked(findings: Sequence[Finding]) -> list[Finding]:
    """Most serious first, else in order."""
    return sorted(findings, key=lambda finding: LEVELS.index(finding.level))


def light(findings: Sequence[Finding]) -> Light:
    """The colour of the most serious finding."""
    levels = {finding.level for finding in findings}
    return "red" if "red" in levels else "yellow" if "yellow" in levels else "green"


def advice(
    colour: Light,
    nodes: NodeFacts,
    inputs: Sequence[BorderFacts],
    prologues: Sequence[PrologueFacts],
    asked: AskedFacts | None,
    findings: Sequence[Finding],
) -> Iterator[str]:
    """What follows from a report."""
    yield _verdict(colour, nodes, findings)
    images = any(entry.layout.startswith(IMAGES) for entry in inputs)
    if images and not prologues:
        yield (
            "The network has no normalisation of its own: if it was trained on normalised images, "
            "give --mean and --std."
        )
    if asked is not None:
        yield from _of_question(asked)


def _verdict(colour: Light, nodes: NodeFacts, findings: Sequence[Finding]) -> str:
    if colour == "green":
        return "Nothing stands in the way of a question."
    if colour == "yellow":
        return "Questions can be asked; look at the risks first."
    if nodes.refused or nodes.blocked:
        text = f"No question can be asked: {nodes.refused} of {nodes.total} nodes are refused"
        return text + (f", and {nodes.blocked} stand behind." if nodes.blocked else ".")
    if any(finding.level == "red" and finding.topic == "borders" for finding in findings):
        return "No question can be asked: the file is refused."
    return "Answers about these numbers would often be unknown; change the network or the question."


def _of_question(asked: AskedFacts) -> Iterator[str]:
    if asked.is_closed:
        yield "Bounds alone decide the question: it is robust, and no solver is needed."
        return
    if asked.examined < asked.cases:
        yield f"Only {asked.examined} of {asked.cases} cases were examined."
    binaries = max((model.binaries for model in asked.models), default=0)
    if len(asked.models) == asked.files and not binaries:
        yield "The files have no binaries: they are linear programs, solved at once."
    elif asked.models and asked.files > 1:
        yield (
            f"{asked.files} files are needed, one for each disjunct that bounds leave open; "
            "--combine makes one of each case, and verify reads none."
        )
    if any(model.enclosed for model in asked.models):
        yield (
            "The files only enclose what is not piecewise linear: a solver's point may be no "
            "violation. mipc verify refines them."
        )
