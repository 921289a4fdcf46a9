"""The process that decides questions about one network: reads them on standard input.

Run as ``python -m mipc.decide.worker NETWORK``. A message asks for bounds of many questions, or for
one to be decided; see :mod:`mipc.decide.many`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from mipc.batch import closed_by_bounds
from mipc.decide.course import verify
from mipc.errors import InternalError, MipcError
from mipc.frontend.onnx import read_network
from mipc.ir.network import Network
from mipc.properties.query import Query
from mipc.properties.question import ask
from mipc.question_facts import QuestionFacts
from mipc.results import answer_facts
from mipc.solvers.child import answers, confine
from mipc.solvers.highs import Highs
from mipc.solvers.wire import receive, send
from mipc.verdict import Finding, conclude

__all__ = ["bounded", "main"]


def main() -> None:
    """Serve questions until standard input ends."""
    stream = answers()
    confine()
    network: Network | None = None
    with Highs() as solver:
        while (message := receive(sys.stdin.buffer)) is not None:
            header, _ = message
            try:
                if network is None:
                    network = read_network(Path(sys.argv[1]))
                if network.sha256 != header["sha256"]:
                    raise MipcError("the network has changed", where=sys.argv[1])
                reply: dict[str, Any] = {"answers": _answers(network, header, solver)}
            except InternalError as error:
                reply = {"fault": error.what}
            except MipcError as error:
                reply = {"error": [error.what, error.where, error.remedy]}
            send(stream, reply, {})


def _answers(
    network: Network, header: dict[str, Any], solver: Highs
) -> list[dict[str, Any] | None]:
    """The answers to the questions of a message; None for what bounds leave open."""
    facts = [QuestionFacts.model_validate(one) for one in header["questions"]]
    queries = [ask(network, one.question()) for one in facts]
    if header["stage"] == "bounds":
        return bounded(queries)
    found: list[dict[str, Any] | None] = []
    for query in queries:
        answer = verify(query, timeout=header["timeout"], solver=solver)
        found.append(answer_facts(query, answer).model_dump())
    return found


def bounded(queries: list[Query]) -> list[dict[str, Any] | None]:
    """Answers where bounds close every disjunct, with those of several questions at a time."""
    cases = [case for query in queries for case in query.cases]
    closed = iter(closed_by_bounds(cases))
    found: list[dict[str, Any] | None] = []
    for query in queries:
        upper: dict[int, float] = {}
        for _ in query.cases:
            upper |= next(closed)
        if query.objective == "worst" or upper.keys() != {d.number for d in query.disjuncts}:
            found.append(None)
            continue
        findings = [Finding(number, "bounds", most) for number, most in upper.items()]
        answer = conclude(query, findings, [], "bounds")
        found.append(answer_facts(query, answer).model_dump())
    return found


if __name__ == "__main__":
    main()
