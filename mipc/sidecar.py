"""The sidecar: what the numbers of a model file mean, as JSON beside it.

It tells which column is which neuron, what became of every neuron that has none, and holds the
whole question, so that a solver's answer can be turned back into an input and replayed. The JSON
Schema is `spec/sidecar.schema.json`. It is data, not evidence: a wrong sidecar can lead to a
refusal, never to a verdict.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mipc.errors import InputError, ParseError
from mipc.formulation import Compiled, Layout
from mipc.ir.network import Port
from mipc.milp.files import readable
from mipc.passes import Cover, Known, Tighter, parse_passes
from mipc.properties.property_question import PropertyQuestion
from mipc.properties.query import Query
from mipc.properties.question import Question
from mipc.question_facts import PropertyFacts, QuestionFacts
from mipc.semantics.encode import Block

__all__ = ["Sidecar", "read_sidecar", "schema", "sidecar_bytes"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class TensorFacts(_Strict):
    """A tensor at the border of a network."""

    name: str
    shape: list[int]
    dtype: Literal["float32", "float64", "int64"]


class NetworkFacts(_Strict):
    """A network the file is about."""

    called: str = Field(description="What the property calls it; empty for the only one.")
    name: str = Field(description="The file's name, without its folder.")
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    inputs: list[TensorFacts]
    outputs: list[TensorFacts]
    opset: int


class DisjunctFacts(_Strict):
    """One way to violate the requirement."""

    target: int = Field(description="Its number.")
    name: str
    case: int = Field(description="The case, or region, it belongs to.")
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


class EnvelopeFacts(_Strict):
    """What is not piecewise linear, and how closely the file encloses it."""

    node: str
    function: str
    cells: int
    error: float = Field(description="No point of the file is farther from the function.")


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


class TighterFacts(_Strict):
    """Bounds of some neurons of a value of the network."""

    node: str
    neurons: str
    lower: list[float]
    upper: list[float]


class CoverFacts(_Strict):
    """``relu <= slope @ input + offset`` for some neurons of a value of the network."""

    node: str
    neurons: str
    target: int
    slope: list[list[float]]
    offset: list[float]


class Tolerances(_Strict):
    """What solvers are expected to keep to; replay has none."""

    feasibility: float
    integrality: float


class Sidecar(_Strict):
    """Everything beside the model file."""

    format: Literal["mipc-sidecar"]
    version: Literal[2]
    semantics: Literal["real"] = Field(
        description="Parameters and box are exact real numbers; see spec/verdicts.md."
    )
    networks: list[NetworkFacts] = Field(min_length=1)
    question: QuestionFacts | PropertyFacts
    disjuncts: list[DisjunctFacts]
    targets: list[int] = Field(min_length=1, description="The disjuncts this model file is about.")
    model: ModelFacts
    columns: list[ColumnFacts]
    eliminated: list[FateFacts]
    envelopes: list[EnvelopeFacts]
    passes: list[PassFacts]
    tighter: list[TighterFacts] = Field(
        default=[], description="Bounds of neurons beside those of the passes, see spec/files.md."
    )
    covers: list[CoverFacts] = Field(
        default=[], description="Lines over ReLUs that are rows of the file, see spec/files.md."
    )
    tolerances: Tolerances

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

    def known(self) -> Known:
        """What the file holds beside what the passes found out.

        Raises
        ------
        ValueError
            Lists that do not belong together.
        """
        tighter = [
            Tighter(facts.node, _numbers(facts.neurons), *map(np.array, (facts.lower, facts.upper)))
            for facts in self.tighter
        ]
        covers = [
            Cover(facts.node, _numbers(facts.neurons), facts.target, np.array(facts.slope),
                  np.array(facts.offset))
            for facts in self.covers
        ]  # fmt: skip
        sizes = [one.lower.shape == one.upper.shape == one.neurons.shape for one in tighter]
        sizes += [one.slope.ndim == 2 and one.offset.shape == one.neurons.shape for one in covers]
        sizes += [len(one.slope) == len(one.neurons) for one in covers]
        if not all(sizes):
            raise ValueError("bounds or lines of neurons that do not belong together")
        return Known(tuple(tighter), tuple(covers))

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
    query = compiled.query
    closest = query.objective == "closest"
    names = {disjunct.number: disjunct.name for disjunct in query.disjuncts}
    sidecar = Sidecar(
        format="mipc-sidecar",
        version=2,
        semantics="real",
        networks=_networks(query),
        question=_question(query.question),
        disjuncts=[
            DisjunctFacts(
                target=part.target,
                name=names[part.target],
                case=query.home[part.target],
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
        envelopes=[EnvelopeFacts(**asdict(envelope)) for envelope in formulation.envelopes],
        passes=[PassFacts(**record.facts()) for record in compiled.records[number]],
        tighter=[
            TighterFacts(
                node=one.node,
                neurons=ranges(tuple(one.neurons.tolist())),
                lower=one.lower.tolist(),
                upper=one.upper.tolist(),
            )
            for one in compiled.known[number].tighter
        ],
        covers=[
            CoverFacts(
                node=one.node,
                neurons=ranges(tuple(one.neurons.tolist())),
                target=one.target,
                slope=one.slope.tolist(),
                offset=one.offset.tolist(),
            )
            for one in compiled.known[number].covers
            if one.target in formulation.targets
        ],
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
        if isinstance(sidecar.question, QuestionFacts):
            sidecar.question.question()
        sidecar.layout()
        parse_passes(sidecar.pipeline())
        sidecar.known()
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


def _numbers(text: str) -> npt.NDArray[np.intp]:
    return np.array(expand(text), dtype=np.intp)


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


def _networks(query: Query) -> list[NetworkFacts]:
    names = [""] * len(query.networks)
    if isinstance(query.question, PropertyQuestion):
        names = [declared.name for declared in query.question.source.networks]
    return [
        NetworkFacts(
            called=name,
            name=readable(network.path),
            sha256=network.sha256,
            inputs=[_tensor(port) for port in network.inputs],
            outputs=[_tensor(port) for port in network.outputs],
            opset=network.opset,
        )
        for name, network in zip(names, query.networks, strict=True)
    ]


def _question(question: Question | PropertyQuestion) -> QuestionFacts | PropertyFacts:
    if isinstance(question, PropertyQuestion):
        return PropertyFacts.of(question)
    return QuestionFacts.of(question)


def _tensor(port: Port) -> TensorFacts:
    return TensorFacts(name=port.name, shape=list(port.shape), dtype=port.dtype)


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
