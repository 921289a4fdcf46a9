"""The sidecar: what the numbers of a model file mean, as JSON beside it.

It tells which column is which neuron, what became of every neuron that has none, and holds the
whole question, so that a solver's answer can be turned back into an input and replayed. The JSON
Schema is `spec/sidecar.schema.json`. It is data, not evidence: a wrong sidecar can lead to a
refusal, never to a verdict.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mipc.errors import InputError, ParseError
from mipc.formulation import Compiled, Layout
from mipc.passes import parse_passes
from mipc.properties.perturbations import BoxOfArrays, LInf
from mipc.properties.query import Question
from mipc.properties.requirements import ArgMax
from mipc.semantics.encode import Block

__all__ = ["Sidecar", "read_sidecar", "schema", "sidecar_bytes"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class NetworkFacts(_Strict):
    """The network the file is about."""

    name: str = Field(description="The file's name, without its folder.")
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    input_name: str
    input_shape: list[int]
    output_name: str
    classes: int
    dtype: Literal["float32", "float64"]
    opset: int


class QuestionFacts(_Strict):
    """The question, complete; rationals are text such as ``1/10``."""

    centre: list[float] | None = Field(description="The input, flattened; exact doubles.")
    perturbation: str = Field(description="linf:RADIUS, or box.")
    lower: list[float] | None = Field(None, description="The corners, where it is a box.")
    upper: list[float] | None = None
    domain: list[str] | None = Field(min_length=2, max_length=2)
    label: int
    targets: list[int] | None
    margin: str
    objective: Literal["feasibility", "closest", "worst"]
    norm: Literal["linf", "l1"]


class DisjunctFacts(_Strict):
    """One way to violate the requirement."""

    target: int
    lower: float = Field(description="Bound of the largest margin in the box, from below.")
    upper: float = Field(description="And from above; negative: this disjunct cannot hold.")
    closed_by_bounds: bool
    file: str | None = Field(description="The model file it is in, if any.")


class ColumnFacts(_Strict):
    """A block of columns ``stem_0, stem_1, ...``, in the order of the file."""

    stem: str
    node: str
    role: str
    neurons: str = Field(description="Which neuron of the node each column is about: 0-3,7.")
    exponents: list[int] | None = Field(
        None, description="True value = column * 2**exponent; absent where all are 0."
    )


class FateFacts(_Strict):
    """Neurons that have no column, and why."""

    node: str
    what: str
    neurons: str


class PassFacts(_Strict):
    """What a pass left: the size of the problem after it."""

    name: str
    options: dict[str, str]
    nodes: int
    neurons: int
    unstable: int
    binaries: int
    nonzeros: int
    note: str


class ModelFacts(_Strict):
    """The model file."""

    file: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="Of its text, uncompressed.")
    columns: int
    binaries: int
    rows: int
    nonzeros: int
    dropped: int = Field(description="Coefficients too small for solvers, accounted for in rows.")
    objective: str = Field(description="What the minimised objective is.")


class Tolerances(_Strict):
    """What solvers are expected to keep to; replay has none."""

    feasibility: float
    integrality: float


class Sidecar(_Strict):
    """Everything beside the model file."""

    format: Literal["mipc-sidecar"]
    version: Literal[1]
    semantics: Literal["real"] = Field(
        description="Parameters and box are exact real numbers; see spec/verdicts.md."
    )
    network: NetworkFacts
    question: QuestionFacts
    disjuncts: list[DisjunctFacts]
    targets: list[int] = Field(min_length=1, description="The disjuncts this model file is about.")
    model: ModelFacts
    columns: list[ColumnFacts]
    eliminated: list[FateFacts]
    passes: list[PassFacts]
    tolerances: Tolerances

    def asked(self) -> Question:
        """The question again."""
        facts = self.question
        lower, upper = np.array(facts.lower or []), np.array(facts.upper or [])
        boxed = facts.perturbation == "box"
        kind = BoxOfArrays(lower, upper) if boxed else LInf.parse(facts.perturbation[5:])
        domain = None
        if facts.domain is not None:
            domain = (Fraction(facts.domain[0]), Fraction(facts.domain[1]))
        targets = None if facts.targets is None else tuple(facts.targets)
        return Question(
            centre=None if facts.centre is None else np.array(facts.centre),
            perturbation=kind,
            requirement=ArgMax(facts.label, targets, Fraction(facts.margin)),
            domain=domain,
            objective=facts.objective,
            norm=facts.norm,
        )

    def layout(self) -> Layout:
        """What each column is."""
        blocks, exponents = [], []
        for facts in self.columns:
            neurons = expand(facts.neurons)
            blocks.append(Block(facts.stem, facts.node, facts.role, neurons))
            exponents.extend(facts.exponents or [0] * len(neurons))
        return Layout(tuple(blocks), np.array(exponents, dtype=np.int64))

    def pipeline(self) -> str:
        """The passes, as ``--passes`` takes them."""
        steps = []
        for step in self.passes:
            options = ",".join(f"{key}={value}" for key, value in step.options.items())
            steps.append(f"{step.name}{{{options}}}")
        return ",".join(steps)

    def column_names(self) -> list[str]:
        """The names of the columns, made again from the blocks."""
        return [
            f"{block.stem}_{i}" for block in self.layout().blocks for i in range(len(block.neurons))
        ]


def sidecar_bytes(
    compiled: Compiled, number: int, file: str, sha256: str, places: Mapping[int, str]
) -> bytes:
    """The sidecar of one model of a compiled question: the same bytes for the same inputs."""
    formulation = compiled.formulations[number]
    network, question = compiled.query.network, compiled.query.question
    closest = question.objective == "closest"
    sidecar = Sidecar(
        format="mipc-sidecar",
        version=1,
        semantics="real",
        network=NetworkFacts(
            name=network.path.name,
            sha256=network.sha256,
            input_name=network.input_name,
            input_shape=list(network.input_shape),
            output_name=network.output_name,
            classes=network.classes,
            dtype=network.dtype,
            opset=network.opset,
        ),
        question=_question(question),
        disjuncts=[
            DisjunctFacts(
                target=part.target,
                lower=part.lower,
                upper=part.upper,
                closed_by_bounds=part.upper < 0,
                file=places.get(part.target),
            )
            for part in compiled.parts
        ],
        targets=list(formulation.targets),
        model=ModelFacts(
            file=file,
            sha256=sha256,
            dropped=formulation.dropped,
            objective="distance" if closest else "-margin",
            **formulation.model.size,
        ),
        columns=_columns(formulation.layout),
        eliminated=[
            FateFacts(node=fate.node, what=fate.what, neurons=ranges(fate.neurons))
            for fate in compiled.problems[number].fates
        ],
        passes=[PassFacts(**record.facts()) for record in compiled.records[number]],
        tolerances=Tolerances(feasibility=1e-6, integrality=1e-6),
    )
    facts = sidecar.model_dump(mode="json", exclude_none=False)
    return _text(facts).encode()


def read_sidecar(path: str | Path) -> Sidecar:
    """Read and check a sidecar.

    Raises
    ------
    ParseError
        It is not one, or not of this version.
    """
    from mipc.milp.files import read_bytes

    data = read_bytes(path)
    try:
        sidecar = Sidecar.model_validate_json(data)
        sidecar.asked()
        sidecar.layout()
        parse_passes(sidecar.pipeline())
        if len(set(sidecar.targets)) < len(sidecar.targets):
            raise ValueError("a target is named twice")
        return sidecar
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ParseError(
            f"this is not a sidecar of mipc: {place + ': ' if place else ''}{first['msg']}",
            where=str(path),
            remedy="give the .json file that mipc compile wrote beside the model",
        ) from error
    except InputError as error:
        raise ParseError(f"this is not a sidecar of mipc: {error.what}", where=str(path)) from error
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        raise ParseError(f"this is not a sidecar of mipc: {error}", where=str(path)) from error


def schema() -> dict[str, Any]:
    """The JSON Schema of sidecars."""
    return Sidecar.model_json_schema()


def ranges(neurons: Sequence[int]) -> str:
    """``(0, 1, 2, 5)`` -> ``0-2,5``; the order is kept."""
    parts: list[str] = []
    start = previous = None
    for neuron in [*neurons, None]:
        if previous is not None and neuron == previous + 1:
            previous = neuron
            continue
        if start is not None:
            parts.append(f"{start}-{previous}" if previous != start else f"{start}")
        start = previous = neuron
    return ",".join(parts)


def expand(text: str) -> tuple[int, ...]:
    """The inverse of :func:`ranges`."""
    neurons: list[int] = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        count = int(last or first) - int(first) + 1
        if not 0 < count <= 100_000_000:
            raise ValueError(f"the range {part!r}")
        neurons.extend(range(int(first), int(first) + count))
    return tuple(neurons)


def _question(question: Question) -> QuestionFacts:
    kind, requirement = question.perturbation, question.requirement
    corners = (kind.lower, kind.upper) if isinstance(kind, BoxOfArrays) else None
    return QuestionFacts(
        centre=None if question.centre is None else _plain(question.centre),
        perturbation=str(kind),
        lower=None if corners is None else _plain(corners[0]),
        upper=None if corners is None else _plain(corners[1]),
        domain=None if question.domain is None else [str(end) for end in question.domain],
        label=requirement.label,
        targets=None if requirement.targets is None else list(requirement.targets),
        margin=str(requirement.margin),
        objective=question.objective,
        norm=question.norm,
    )


def _columns(layout: Layout) -> list[ColumnFacts]:
    facts, start = [], 0
    for block in layout.blocks:
        exponents = layout.exponents[start : start + len(block.neurons)]
        facts.append(
            ColumnFacts(
                stem=block.stem,
                node=block.node,
                role=block.role,
                neurons=ranges(block.neurons),
                exponents=exponents.tolist() if exponents.any() else None,
            )
        )
        start += len(block.neurons)
    return facts


def _plain(numbers: Iterable[float]) -> list[float]:
    return [float(x) + 0.0 for x in numbers]


def _text(facts: dict[str, Any]) -> str:
    """JSON with one line for each entry of the outer object and of its lists of objects."""
    lines = []
    for key, value in facts.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            inner = ",\n".join("  " + json.dumps(entry) for entry in value)
            lines.append(f"{json.dumps(key)}: [\n{inner}\n]")
        else:
            lines.append(f"{json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"
