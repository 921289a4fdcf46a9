"""What the doctor found, as plain data: what ``--json`` prints, with its schema in `spec/`."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "AskedFacts",
    "BorderFacts",
    "Finding",
    "LayerFacts",
    "Light",
    "ModelFacts",
    "NeuronFacts",
    "NodeFacts",
    "OperatorFacts",
    "PrologueFacts",
    "Report",
    "StoredFacts",
    "WholeFacts",
    "schema",
]

Light: TypeAlias = Literal["green", "yellow", "red"]


class _Facts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Finding(_Facts):
    """Something to know before a question is asked."""

    level: Literal["red", "yellow", "note"] = Field(
        description="red: it cannot be asked, or no answer could be trusted; yellow: a risk."
    )
    topic: Literal["operators", "borders", "numbers", "size"]
    what: str
    where: str = ""
    remedy: str = ""


class OperatorFacts(_Facts):
    """An operator of the file."""

    operator: str
    count: int
    supported: bool = Field(description="Whether the operator is known at this opset.")


class NodeFacts(_Facts):
    """What became of the nodes of the file."""

    total: int
    read: int
    refused: int
    blocked: int = Field(description="Not refused, but behind something that is, and not read.")
    unneeded: int = Field(description="Not read, since no output depends on them.")


class BorderFacts(_Facts):
    """An input or an output of the network."""

    name: str
    type: str
    declared: list[int | str | None] | None = Field(description="null: an unknown size, or shape.")
    shape: list[int] | None = Field(description="As mipc reads it; null where it was refused.")
    layout: str = Field(description="What the axes seem to mean, or what the output seems to be.")


class PrologueFacts(_Facts):
    """A normalisation of the input inside the network: ``(x - mean) / std``."""

    input: str
    nodes: list[str]
    mean: list[float] = Field(description="One number, one a channel, or [least, largest].")
    std: list[float]
    ranges: bool = Field(description="Whether the two are [least, largest] of many numbers.")


class LayerFacts(_Facts):
    """The coefficients of an affine layer, as mipc sees it."""

    where: str
    coefficients: int
    largest: float = Field(description="Magnitudes; 0 stands for no nonzero coefficient.")
    smallest: float
    median: float
    offset: float = Field(description="Largest magnitude of a bias.")
    exact: bool = Field(description="Whether float64 holds its numbers exactly.")


class StoredFacts(_Facts):
    """Floating-point constants of the file, as they are stored."""

    numbers: int
    largest: float
    smallest: float = Field(description="Of those that are not 0.")
    ratio: float
    denormal: int = Field(description="Numbers below the normal range of their own type.")
    beyond_float32: int = Field(description="Numbers of wider types that float32 does not hold.")


class NeuronFacts(_Facts):
    """What of the network is not affine."""

    relu: int
    maxima: int
    members: int = Field(description="Of all maxima that have more than one.")
    smooth: dict[str, int] = Field(description="Function -> neurons.")
    products: int


class WholeFacts(_Facts):
    """Intervals of all values while every input number lies in a range."""

    low: float
    high: float
    largest: float | None = Field(description="Largest |bound| of a pre-activation; null: unknown.")
    where: str


class ModelFacts(_Facts):
    """A file that ``compile`` would write."""

    targets: list[int]
    columns: int
    binaries: int
    rows: int
    nonzeros: int
    dropped: int = Field(description="Coefficients too small for solvers.")
    enclosed: int = Field(description="Smooth neurons and products, which it only encloses.")
    bytes: int = Field(description="Estimated, of plain MPS.")


class AskedFacts(_Facts):
    """What bounds say of a question, and the files it needs."""

    cases: int
    examined: int = Field(description="How many of the cases were bounded; the rest is not known.")
    disjuncts: int
    closed: int = Field(description="Disjuncts of the examined cases that bounds close.")
    active: int = Field(description="ReLU neurons of the worst case that are the identity.")
    inactive: int = Field(description="... that are 0.")
    unstable: int = Field(description="... that bounds do not decide: a binary each.")
    largest: float = Field(description="Largest |bound| of a pre-activation.")
    files: int = Field(description="How many the examined cases need.")
    models: list[ModelFacts] = Field(description="The first of them.")

    @property
    def is_closed(self) -> bool:
        """Whether bounds alone decide the question."""
        return self.examined == self.cases and self.closed == self.disjuncts


class Report(_Facts):
    """The examination of a network and, if one was given, of a question."""

    light: Light
    file: str
    bytes: int
    sha256: str
    opset: int | None = Field(description="null where none is supported.")
    producer: str
    listed: int = Field(description="Initializers that are listed as inputs too.")
    repaired: list[str] = Field(description="Inputs whose declared type was put right.")
    operators: list[OperatorFacts]
    nodes: NodeFacts
    inputs: list[BorderFacts]
    outputs: list[BorderFacts]
    prologues: list[PrologueFacts]
    stored: StoredFacts | None
    layers: list[LayerFacts]
    neurons: NeuronFacts | None = Field(description="Of what could be read; null: nothing.")
    whole: WholeFacts | None = Field(description="Over the domain; null without one.")
    question: AskedFacts | None
    findings: list[Finding] = Field(description="Most serious first.")
    advice: list[str] = Field(description="In sentences.")


def schema() -> dict[str, Any]:
    """The JSON Schema of reports."""
    return Report.model_json_schema()
