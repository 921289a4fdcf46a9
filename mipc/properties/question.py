"""A robustness question as a user asks it, and how it is joined to a network.

An image, how it may be perturbed, and what would violate the requirement there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from mipc.errors import QuestionError
from mipc.ir.graph import Graph
from mipc.ir.network import Network, Port
from mipc.ir.ops import Input
from mipc.numerics.rationals import Enclosed
from mipc.properties.normalisation import Normalisation
from mipc.properties.perturbations import Head, Perturbation
from mipc.properties.query import Case, Norm, Objective, Query, Seen
from mipc.properties.requirements import ArgMax, Disjunct, Requirement

__all__ = ["Question", "ask"]

Array: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Question:
    """What a user asks, before it meets a network.

    Attributes
    ----------
    centre : (n,) float64 or None
        The input that is perturbed. :func:`ask` rounds it to the network's input type, as the
        network would receive it; those numbers are exact.
    perturbation : Perturbation
    requirement : Requirement
    domain : (low, high) of Fraction, or None
        Every input number lies between them.
    objective : "feasibility", "closest" or "worst"
        Any violation; the least distance to one; the largest margin there is.
    norm : "linf" or "l1"
        The distance that ``closest`` means.
    normalisation : Normalisation or None
        What happens to an image before the network receives it.
    """

    centre: Array | None
    perturbation: Perturbation
    requirement: Requirement
    domain: tuple[Fraction, Fraction] | None = (Fraction(0), Fraction(1))
    objective: Objective = "feasibility"
    norm: Norm = "linf"
    normalisation: Normalisation | None = None

    def __post_init__(self) -> None:
        if self.objective not in get_args(Objective) or self.norm not in get_args(Norm):
            raise QuestionError(
                f"objective {self.objective!r} with norm {self.norm!r}",
                remedy="objectives: feasibility, closest, worst; norms: linf, l1",
            )
        if self.centre is not None:
            centre = np.asarray(self.centre, dtype=np.float64).reshape(-1)
            if not np.isfinite(centre).all():
                raise QuestionError("some numbers of the input are NaN or infinite")
            object.__setattr__(self, "centre", centre)

    @property
    def label(self) -> int | None:
        """The class that should win, where there is one."""
        return self.requirement.label


def ask(network: Network, question: Question) -> Query:
    """Join a question to a network.

    Raises
    ------
    QuestionError
        They do not fit: sizes, classes, an empty box.
    """
    port, output = network.input, network.output
    question = _received(question, port.dtype)
    _check_domain(question)
    if question.objective == "closest" and question.centre is None:
        raise QuestionError("the closest violation needs a centre", remedy="give --input")
    disjuncts = question.requirement.disjuncts(output.size)
    seen = _observed(network, output, disjuncts, question.requirement)
    start = Head(
        port.node,
        port.shape,
        port.dtype,
        question.domain,
        question.centre,
        channels_first=port.channels_first,
    )
    heads = question.perturbation.apply(start)
    cases, image = [], port.node
    for number, head in enumerate(heads):
        whole, image = _normalised(head, question.normalisation)
        body = [node for node in network.graph if not isinstance(node.op, Input)]
        base = Graph([*whole.nodes, *body], dict.fromkeys([seen.node, image])).pruned()
        measured = question.objective == "closest" and image not in whole.regions
        kept = (image,) if measured else ()
        mine = tuple(replace(d, number=d.number + number * _stride(disjuncts)) for d in disjuncts)
        cases.append(Case(base, whole.regions, mine, (seen,), kept))
    return Query(
        question=question,
        networks=(network,),
        cases=tuple(cases),
        feeds=((port.node, 0, port),),
        objective=question.objective,
        norm=question.norm,
        centre=question.centre,
        image=image,
        label=question.label,
        asked=float(getattr(question.requirement, "margin", 0)),
    )


def _stride(disjuncts: tuple[Disjunct, ...]) -> int:
    """How far apart the numbers of a disjunct in two cases are."""
    return max(disjunct.number for disjunct in disjuncts) + 1


def _observed(
    network: Network, output: Port, disjuncts: tuple[Disjunct, ...], requirement: Requirement
) -> Seen:
    """The output, or what has its order, where only the order is asked for."""
    rows = [row for disjunct in disjuncts for row in disjunct.rows]
    order = all(row.compares for row in rows)
    scores = output.scores and all(row.balanced for row in rows)
    if output.index and not (order and isinstance(requirement, ArgMax)):
        raise QuestionError(
            f"the output {output.name!r} is an arg-max: it can only be asked which class wins",
            where=str(network.path),
        )
    if output.order is not None and (order or scores):
        return Seen(output.order, output.size, 0, output, "output")
    return Seen(output.node, output.size, 0, output, "output")


def _normalised(head: Head, normalisation: Normalisation | None) -> tuple[Head, str]:
    """The head with what the network receives under its input's name; and the image's name."""
    if normalisation is None:
        whole = head.named()
        return whole, head.name
    if head.image == head.name:  # the parameter gives its name to what is made of it
        head = head.aside()
    assert head.image is not None
    image = head.image
    return normalisation.apply(head).named(), image


def _received(question: Question, dtype: str) -> Question:
    """The question with its centre as the network receives it: rounded to its input type."""
    if question.centre is None:
        return question
    with np.errstate(over="ignore"):
        centre = question.centre.astype(dtype).astype(np.float64)
    if not np.isfinite(centre).all():
        i = int(np.flatnonzero(~np.isfinite(centre))[0])
        raise QuestionError(
            f"input number {i} is {float(question.centre[i])!r}, which {dtype} does not hold"
        )
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
