"""Inputs and outputs: their types and shapes, what the axes seem to mean, what the output is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mipc.doctor.report import BorderFacts, Finding
from mipc.doctor.walk import behind
from mipc.frontend.layout import channels_first
from mipc.frontend.survey import Survey, type_name
from mipc.properties.pictures import channels_last

__all__ = ["border_findings", "inputs", "outputs"]

ORDERED = {
    "Softmax": "only questions of which class wins are asked of its scores; with a margin, or in "
    "numbers of outputs, the softmax itself is enclosed",
    "LogSoftmax": "differences of outputs are those of its scores, so questions of which class "
    "wins, with a margin too, are asked of the scores",
    "Sigmoid": "questions of which output is larger are asked of its scores; with a margin, or in "
    "numbers of outputs, the sigmoid itself is enclosed",
    "ArgMax": "it can only be asked which class wins, and that is asked of the scores",
}


def inputs(survey: Survey) -> list[BorderFacts]:
    """The inputs of the network: those of the graph that no initializer gives."""
    given = {entry.name for entry in survey.model.graph.initializer}
    read = {port.name: list(port.shape) for port in survey.inputs}
    return [
        _border(entry, read.get(entry.name), _layout(survey, entry.name, read.get(entry.name)))
        for entry in survey.model.graph.input
        if entry.name not in given
    ]


def outputs(survey: Survey) -> list[BorderFacts]:
    """The outputs, by their names in the file."""
    read = {port.name: list(port.shape) for port in survey.outputs}
    found = []
    for entry in survey.model.graph.output:
        name = survey.indexed.get(entry.name, entry.name)
        kind = _last(survey, entry.name)
        facts = _border(entry, read.get(name), f"of a {kind}" if kind else "")
        found.append(facts.model_copy(update={"name": name}))
    return found


def border_findings(survey: Survey, found: list[BorderFacts]) -> Iterator[Finding]:
    """What is worth knowing of the borders; ``found`` are the inputs."""
    ends = survey.model.graph.output
    for kind, names in (
        ("inputs", [entry.name for entry in found]),
        ("outputs", [entry.name for entry in ends]),
    ):
        if len(names) > 1:
            yield _note(
                f"{len(names)} {kind}: {', '.join(names)}",
                remedy="ask with a VNN-LIB property, which names its tensors",
            )
    for entry in found:
        yield from _batch(entry)
    for entry in ends:
        kind = _last(survey, entry.name)
        if kind:
            where = f"output '{survey.indexed.get(entry.name, entry.name)}'"
            yield _note(f"it ends with {kind}: {_meaning(survey, entry.name)}", where)
    for name in survey.repaired:
        what = "declared double over float weights, which no runtime accepts; read as float"
        yield _note(what, f"input '{name}'")


def _batch(entry: BorderFacts) -> Iterator[Finding]:
    where = f"input '{entry.name}'"
    shape, declared = entry.shape, entry.declared
    if shape is None or not declared:
        return
    if len(shape) > 1 and not isinstance(declared[0], int):
        yield _note("the batch dimension is open; one sample is asked about", where)
    elif len(shape) > 1 and shape[0] > 1:
        yield Finding(
            level="yellow",
            topic="borders",
            what=f"the first dimension is {shape[0]}: if it is a batch, all samples are asked about"
            " together",
            where=where,
            remedy="export the network with a batch of 1",
        )
    if len(shape) == 1:
        yield _note("it has one dimension, and so no batch dimension", where)


def _note(what: str, where: str = "", remedy: str = "") -> Finding:
    return Finding(level="note", topic="borders", what=what, where=where, remedy=remedy)


def _border(entry: Any, shape: list[int] | None, layout: str) -> BorderFacts:
    tensor = entry.type.tensor_type
    declared = [_size(d) for d in tensor.shape.dim] if tensor.HasField("shape") else None
    return BorderFacts(
        name=entry.name,
        type=type_name(tensor.elem_type),
        declared=declared,
        shape=shape,
        layout=layout,
    )


def _size(dimension: Any) -> int | str | None:
    name = dimension.dim_param
    if isinstance(name, bytes):  # not UTF-8
        name = name.decode("utf-8", "replace")
    return dimension.dim_value or name or None


def _last(survey: Survey, name: str) -> str:
    """The operator of :data:`ORDERED` that an output is made by, or nothing."""
    if name in survey.indexed:
        return "ArgMax"
    node = behind(survey.model.graph, name)
    return node.op_type if node is not None and node.op_type in ORDERED else ""


def _meaning(survey: Survey, name: str) -> str:
    """What the last operator means for questions."""
    kind = _last(survey, name)
    ports = {port.name: port for port in survey.outputs}
    port = ports.get(survey.indexed.get(name, name))
    if port is None or port.order is not None:
        return ORDERED[kind]
    return "its numbers are not in one order with its scores, so it is enclosed"


def _layout(survey: Survey, name: str, shape: list[int] | None) -> str:
    """What the axes seem to mean: by the operators that follow, else by the sizes."""
    if shape is None:
        return ""
    if len(shape) >= 2 and sum(size > 1 for size in shape[1:]) <= 1:
        return "a batch of vectors"
    if len(shape) < 2:
        return "a vector without batch dimension" if shape else "a single number"
    if len(shape) not in (3, 4):
        return "not clear"
    known = channels_first(survey.model.graph, name)
    if known is not None:
        first = "NCHW" if len(shape) == 4 else "NCL"
        return first if known else "NHWC: a Transpose makes it NCHW"
    guess = "HWC" if channels_last(shape) else "CHW"
    return f"{'N' if len(shape) == 4 else ''}{guess} by its sizes"
