"""The examination: a file is read as far as possible, then looked at from all sides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

from mipc.doctor.advice import advice, light, ranked
from mipc.doctor.asked import Progress, asked
from mipc.doctor.borders import border_findings, inputs, outputs
from mipc.doctor.neurons import neurons, whole
from mipc.doctor.nodes import node_facts, operator_facts, refusal_findings
from mipc.doctor.numbers import layers, number_findings, stored
from mipc.doctor.prologue import prologue_findings, prologues
from mipc.doctor.report import AskedFacts, Finding, Report, WholeFacts
from mipc.frontend.onnx import survey as read_survey
from mipc.frontend.survey import Survey
from mipc.ir.graph import Graph
from mipc.milp.files import readable
from mipc.passes import DEFAULT, Pass
from mipc.properties.query import Query

__all__ = ["UNIT_DOMAIN", "examine"]

Limits: TypeAlias = tuple[Fraction, Fraction]

UNIT_DOMAIN: Limits = (Fraction(0), Fraction(1))


def examine(
    path: str | Path,
    ask: Callable[[], Query] | None = None,
    *,
    domain: Limits | None = UNIT_DOMAIN,
    passes: Sequence[Pass] = DEFAULT,
    progress: Progress = lambda words: None,
) -> Report:
    """Examine a network and, where it can be asked, a question about it.

    Parameters
    ----------
    ask : callable, optional
        Makes the query; it is not called for a network of which something is refused.
    domain : (low, high) or None
        Where every input number lies when the question does not say more.
    passes : sequence of Pass
        The pipeline of the question.
    progress : callable
        Told what is being done.

    Raises
    ------
    ModelError
        There is no ONNX file to examine.
    QuestionError
        The question does not fit the network.
    """
    progress("reading the network")
    survey = read_survey(path)
    found: list[Finding] = list(refusal_findings(survey))
    borders, preludes = inputs(survey), prologues(survey)
    found += [*border_findings(survey, borders), *prologue_findings(preludes)]
    graph = survey.graph
    found_layers, file_numbers = layers(graph) if graph else [], stored(survey)
    found += number_findings(found_layers, file_numbers)
    progress("bounding the whole domain")
    is_asked = ask is not None and survey.is_complete
    reach = _whole(graph, domain, found, asked=is_asked)
    question = _asked(survey, ask, passes, found, progress)
    nodes, colour = node_facts(survey), light(found)
    if colour == "red" and question is not None and question.is_closed:
        colour = "yellow"  # whatever solvers would make of the numbers, none is needed
    listed = {entry.name for entry in survey.model.graph.initializer}
    return Report(
        light=colour,
        file=readable(survey.path),
        bytes=survey.path.stat().st_size,
        sha256=survey.sha256,
        opset=survey.opset or None,
        producer=_text(survey.model.producer_name),
        listed=sum(entry.name in listed for entry in survey.model.graph.input),
        repaired=list(survey.repaired),
        operators=operator_facts(survey),
        nodes=nodes,
        inputs=borders,
        outputs=outputs(survey),
        prologues=preludes,
        stored=file_numbers,
        layers=found_layers,
        neurons=neurons(graph) if graph else None,
        whole=reach,
        question=question,
        findings=ranked(found),
        advice=list(advice(colour, nodes, borders, preludes, question, found)),
    )


def _whole(
    graph: Graph | None, domain: Limits | None, found: list[Finding], *, asked: bool
) -> WholeFacts | None:
    if graph is None or domain is None:
        return None
    facts, more = whole(graph, domain, asked=asked)
    found += more
    return facts


def _asked(
    survey: Survey,
    ask: Callable[[], Query] | None,
    passes: Sequence[Pass],
    found: list[Finding],
    progress: Progress,
) -> AskedFacts | None:
    if ask is None or not survey.is_complete:
        return None
    facts, more = asked(ask(), passes, progress)
    found += more
    return facts


def _text(name: str | bytes) -> str:
    """A text of the file, which protobuf hands out as bytes where it is not UTF-8."""
    return name if isinstance(name, str) else name.decode("utf-8", "replace")
