"""The nodes of a file: which operators they have, and which cannot be read, all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from mipc.doctor.report import Finding, NodeFacts, OperatorFacts
from mipc.frontend.refusals import Refusal
from mipc.frontend.registry import find
from mipc.frontend.survey import Survey

__all__ = ["node_facts", "operator_facts", "refusal_findings"]


def operator_facts(survey: Survey) -> list[OperatorFacts]:
    """The operators of the file, by name; the arg-max that is taken away is supported."""
    counts = Counter(_name(node) for node in survey.model.graph.node)
    first = {_name(node): node for node in survey.model.graph.node}
    indexed = {"ArgMax"} if survey.indexed else set()
    return [
        OperatorFacts(
            operator=name,
            count=counts[name],
            supported=name in indexed or _supported(first[name], survey.opset),
        )
        for name in sorted(counts)
    ]


def node_facts(survey: Survey) -> NodeFacts:
    """What became of the nodes."""
    nodes = survey.model.graph.node
    refused = {r.node for r in survey.refusals.found if r.node is not None}
    blocked = set(survey.refusals.blocked) - refused
    done = {i for i, node in enumerate(nodes) if set(node.output[:1]) & set(survey.tensors)}
    read = len(done - blocked - refused)
    rest = len(nodes) - read - len(refused) - len(blocked)
    return NodeFacts(
        total=len(nodes), read=read, refused=len(refused), blocked=len(blocked), unneeded=rest
    )


def refusal_findings(survey: Survey) -> Iterator[Finding]:
    """One for each refusal, with its place inside the file."""
    head = f"{survey.path}: "
    for refusal in survey.refusals.found:
        error = refusal.error
        yield Finding(
            level="red",
            topic="operators" if refusal.node is not None else "borders",
            what=error.what,
            where=error.where.removeprefix(head),
            remedy=_remedy(survey, refusal),
        )


def _remedy(survey: Survey, refusal: Refusal) -> str:
    """What helps; not the list of all operators, once for each."""
    if refusal.error.remedy.startswith("supported: "):
        return "see spec/operators.md; simplify the graph or export it without this operator"
    if refusal.error.remedy or refusal.node is None:
        return refusal.error.remedy
    kind = survey.model.graph.node[refusal.node].op_type
    return f"see {kind} in spec/operators.md; export the network without it"


def _supported(node: Any, opset: int) -> bool:
    return node.domain in ("", "ai.onnx") and find(node.op_type, opset) is not None


def _name(node: Any) -> str:
    return node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"
