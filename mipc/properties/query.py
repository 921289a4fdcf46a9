"""A question as a graph: is there a point of the box at which some disjunct holds?

Head, network and tail are one graph. Each disjunct is an affine value over the output, named
``violation#<target>``; passes, bounds and encoding never learn what a perturbation or a
requirement is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from mipc.errors import QuestionError
from mipc.ir.graph import Graph
from mipc.ir.network import Network
from mipc.ir.ops import Affine, Node
from mipc.numerics.linear_maps import DenseMap, SelectMap
from mipc.numerics.rationals import Enclosed
from mipc.properties.box import Box
from mipc.properties.perturbations import Perturbation
from mipc.properties.requirements import ArgMax, Disjunct

__all__ = ["Objective", "Query", "Question", "ask"]

Array: TypeAlias = npt.NDArray[np.float64]
Objective: TypeAlias = Literal["feasibility", "closest", "worst"]


@dataclass(frozen=True, eq=False)
class Question:
    """What a user asks, before it meets a network.

    Attributes
    ----------
    centre : (n,) float64 or None
        The input that is perturbed. :func:`ask` rounds it to the network's input type, as the
        network would receive it; those numbers are exact.
    perturbation : Perturbation
    requirement : ArgMax
    domain : (low, high) of Fraction, or None
        Every input number lies between them.
    objective : "feasibility", "closest" or "worst"
        Any violation; the least distance to one; the largest margin there is.
    norm : "linf" or "l1"
        The distance that ``closest`` means.
    """

    centre: Array | None
    perturbation: Perturbation
    requirement: ArgMax
    domain: tuple[Fraction, Fraction] | None = (Fraction(0), Fraction(1))
    objective: Objective = "feasibility"
    norm: Literal["linf", "l1"] = "linf"

    def __post_init__(self) -> None:
        if self.objective not in get_args(Objective) or self.norm not in ("linf", "l1"):
            raise QuestionError(
                f"objective {self.objective!r} with norm {self.norm!r}",
                remedy="objectives: feasibility, closest, worst; norms: linf, l1",
            )
        if self.centre is not None:
            centre = np.asarray(self.centre, dtype=np.float64).reshape(-1)
            if not np.isfinite(centre).all():
                raise QuestionError("some numbers of the input are NaN or infinite")
            object.__setattr__(self, "centre", centre)


@dataclass(frozen=True, eq=False)
class Query:
    """A question about a network, as a graph with one output a disjunct.

    Attributes
    ----------
    network : Network
    question : Question
    box : Box
    disjuncts : tuple of Disjunct
    graph : Graph
        The network and the tail; ``graph.outputs`` follow ``disjuncts``.
    """

    network: Network
    question: Question
    box: Box
    disjuncts: tuple[Disjunct, ...]
    graph: Graph


def ask(network: Network, question: Question) -> Query:
    """Join a question to a network.

    Raises
    ------
    QuestionError
        They do not fit: sizes, classes, an empty box.
    """
    question = _received(question, network.dtype)
    lower, upper = question.perturbation.corners(question.centre)
    size = network.input_size
    if len(lower.below) != size:
        raise QuestionError(
            f"the input has {len(lower.below)} numbers, the network takes {size} "
            f"(shape {list(network.input_shape)})"
        )
    _check_domain(question)
    if question.objective == "closest" and question.centre is None:
        raise QuestionError("the closest violation needs a centre", remedy="give --input")
    box = Box.between(*_clipped(lower, upper, question.domain), network.dtype)
    disjuncts = question.requirement.disjuncts(network.classes)
    tail = _tail(network, disjuncts)
    graph = Graph([*network.graph, *tail], [node.name for node in tail[1:]])
    return Query(network, question, box, disjuncts, graph)


def _received(question: Question, dtype: str) -> Question:
    """The question with its centre as the network receives it: rounded to its input type."""
    if question.centre is None:
        return question
    centre = question.centre.astype(dtype).astype(np.float64)
    return replace(question, centre=centre + 0.0)


def _check_domain(question: Question) -> None:
    """Refuse an input outside the domain: a ball around it would be cut to a corner of itself."""
    if question.domain is None or question.centre is None:
        return
    low, high = (Enclosed.of(end) for end in question.domain)
    outside = (question.centre < low.below) | (question.centre > high.above)
    if outside.any():
        i = int(np.flatnonzero(outside)[0])
        raise QuestionError(
            f"input number {i} is {float(question.centre[i])!r}, outside the domain "
            f"{question.domain[0]}:{question.domain[1]}",
            remedy="give the domain with --domain LOW:HIGH, or --domain none",
        )


def _clipped(
    lower: Enclosed, upper: Enclosed, domain: tuple[Fraction, Fraction] | None
) -> tuple[Enclosed, Enclosed]:
    if domain is None:
        return lower, upper
    low, high = Enclosed.of(domain[0]), Enclosed.of(domain[1])
    return (
        Enclosed(np.maximum(lower.below, low.below), np.maximum(lower.above, low.above)),
        Enclosed(np.minimum(upper.below, high.below), np.minimum(upper.above, high.above)),
    )


def _tail(network: Network, disjuncts: tuple[Disjunct, ...]) -> list[Node]:
    """All rows of all disjuncts as one value, so that they are bounded together; then each."""
    rows = np.concatenate([disjunct.rows for disjunct in disjuncts])
    offset = np.concatenate([disjunct.offset[0] for disjunct in disjuncts])
    gaps = [gap for disjunct in disjuncts if (gap := disjunct.offset[1]) is not None]
    radius = np.concatenate(gaps) if gaps else None
    op = Affine((DenseMap(rows),), offset, 0.0, radius)
    nodes = [Node("#margins", op, (network.graph.outputs[0],), len(rows), "requirement")]
    start = 0
    for disjunct in disjuncts:
        count = len(disjunct.rows)
        pick = SelectMap(np.arange(start, start + count), len(rows))
        name = f"violation#{disjunct.target}"
        part = Affine((pick,), np.zeros(count))
        nodes.append(Node(name, part, ("#margins",), count, f"disjunct {disjunct.name}"))
        start += count
    return nodes
