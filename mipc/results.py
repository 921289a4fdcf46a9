"""An answer as JSON: what ``--json`` prints, with its schema in `spec/answer.schema.json`."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from mipc.properties.query import Query
from mipc.replay import named_inputs
from mipc.verdict import Answer, Robust, Unknown, Violated, rounded_down

__all__ = ["AnswerFacts", "answer_facts", "schema"]


class WitnessFacts(BaseModel):
    """A replayed violation."""

    model_config = ConfigDict(extra="forbid")

    input: list[float] = Field(description="Flattened; floats of the network's input type.")
    shape: list[int]
    image: list[float] | None = Field(
        description="The image before it was normalised; null where it is the input itself."
    )
    inputs: dict[str, list[float]] | None = Field(
        description="Each input by name, where there are several."
    )
    output: list[float] = Field(description="Of ONNX Runtime on the original file.")
    predicted: int | None = Field(
        description="The class with the largest output; the first, if tied."
    )
    target: int | None = Field(description="The class whose margin is largest in exact arithmetic.")
    disjunct: str = Field(description="The way in which it violates the requirement.")
    runtime_margin: float = Field(
        description="Beyond the margin asked for, in ONNX Runtime; not negative."
    )
    exact_margin: float = Field(
        description="The same in exact arithmetic, rounded down; not negative. Where a network "
        "ends in a softmax, sigmoid or arg-max, of the scores it is applied to."
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
    stage: str = Field(
        description="What settled it: input, bounds, attack, halving, branching, solver, none."
    )
    seconds: float
    label: int | None
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
        label=query.label,
        margin=_range(answer.margin),
        distance=_range(answer.distance),
        witness=witness,
    )


def schema() -> dict[str, Any]:
    """The JSON Schema of answers."""
    return AnswerFacts.model_json_schema()


def _witness(query: Query, verdict: Violated) -> WitnessFacts:
    run = verdict.witness
    disjunct = next(d for d in query.disjuncts if d.number == run.target)
    named = {name: _plain(point) for name, point in named_inputs(query, run).items()}
    return WitnessFacts(
        input=_plain(run.point),
        image=None if run.image is None else _plain(run.image),
        shape=list(query.feeds[0][2].shape),
        inputs=named if len(named) > 1 else None,
        output=_plain(run.output),
        predicted=int(run.output.argmax()) if query.label is not None else None,
        target=disjunct.target,
        disjunct=disjunct.name,
        runtime_margin=rounded_down(run.runtime_margin),
        exact_margin=rounded_down(run.exact_margin[0]),
        distance=run.distance,
    )


def _plain(numbers: npt.NDArray[Any]) -> list[float]:
    return [float(x) for x in numbers.reshape(-1)]


def _range(pair: tuple[float, float] | None) -> list[float | None] | None:
    return None if pair is None else [x if math.isfinite(x) else None for x in pair]
