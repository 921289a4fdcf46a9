"""An answer as JSON: what ``--json`` prints, with its schema in `spec/answer.schema.json`."""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mipc.properties.query import Query
from mipc.verdict import Answer, Robust, Unknown, Violated, distance, rounded_down

__all__ = ["AnswerFacts", "answer_facts", "schema"]


class WitnessFacts(BaseModel):
    """A replayed violation."""

    model_config = ConfigDict(extra="forbid")

    input: list[float] = Field(description="Flattened; floats of the network's input type.")
    shape: list[int]
    output: list[float] = Field(description="Of ONNX Runtime on the original file.")
    predicted: int = Field(description="The class with the largest output; the first, if tied.")
    target: int = Field(description="The class whose margin is largest in exact arithmetic.")
    runtime_margin: float = Field(
        description="Beyond the margin asked for, in ONNX Runtime; not negative."
    )
    exact_margin: float = Field(
        description="The same in exact arithmetic, rounded down; not negative."
    )
    distance: float | None = Field(description="From the centre, in the question's norm.")


class AnswerFacts(BaseModel):
    """The answer to a question."""

    model_config = ConfigDict(extra="forbid")

    verdict: Literal["robust", "violated", "unknown"]
    reason: str | None = Field(description="Why unknown: a code of spec/verdicts.md.")
    detail: str | None
    trust: Literal["bounds", "solver", "replay"] | None = Field(
        description="What the verdict rests on."
    )
    stage: str = Field(description="What settled it: input, bounds, solver, none.")
    seconds: float
    label: int
    margin: list[float | None] | None = Field(
        description="[lower, upper] of the largest margin in the box; null: not known."
    )
    distance: list[float | None] | None = Field(
        description="[lower, upper] of the least distance of a violation."
    )
    witness: WitnessFacts | None


def answer_facts(query: Query, answer: Answer) -> AnswerFacts:
    """The facts of an answer."""
    verdict = answer.verdict
    word: Literal["robust", "violated", "unknown"]
    reason = detail = None
    trust: Literal["bounds", "solver", "replay"] | None = None
    witness = None
    match verdict:
        case Robust():
            word, trust = "robust", verdict.trust
        case Violated():
            word, trust, witness = "violated", "replay", _witness(query, verdict)
        case Unknown():
            word, reason, detail = "unknown", verdict.reason, verdict.detail or None
    return AnswerFacts(
        verdict=word,
        reason=reason,
        detail=detail,
        trust=trust,
        stage=answer.stage,
        seconds=round(answer.seconds, 6),
        label=query.question.requirement.label,
        margin=_range(answer.margin),
        distance=_range(answer.distance),
        witness=witness,
    )


def schema() -> dict[str, Any]:
    """The JSON Schema of answers."""
    return AnswerFacts.model_json_schema()


def _witness(query: Query, verdict: Violated) -> WitnessFacts:
    run = verdict.witness
    return WitnessFacts(
        input=[float(x) for x in run.point],
        shape=list(query.network.input_shape),
        output=[float(y) for y in run.output],
        predicted=int(run.output.argmax()),
        target=run.target,
        runtime_margin=float(run.runtime_margin),
        exact_margin=rounded_down(run.exact_margin[0]),
        distance=distance(query, run),
    )


def _range(pair: tuple[float, float] | None) -> list[float | None] | None:
    return None if pair is None else [x if math.isfinite(x) else None for x in pair]
