"""What of a network is not affine, and how large its values can get over a whole domain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

import numpy as np

from mipc.doctor.report import Finding, NeuronFacts, WholeFacts
from mipc.errors import RangeError
from mipc.ir.graph import Graph
from mipc.ir.ops import Affine, Input, Max, Relu, Smooth
from mipc.milp.conditioning import LARGEST
from mipc.numerics.domains import Domain
from mipc.numerics.interval import Interval
from mipc.numerics.rationals import Enclosed
from mipc.numerics.relaxation import Product
from mipc.semantics.bounds import bound_graph

__all__ = ["largest", "neurons", "whole"]

RISKY = 1e6
"""Beyond this, a binary that is 1e-6 away from an integer moves a neuron by a whole unit."""


def neurons(graph: Graph) -> NeuronFacts:
    """Count neurons by kind."""
    relu = maxima = members = products = 0
    smooth: dict[str, int] = {}
    for node in graph:
        match node.op:
            case Relu():
                relu += node.size
            case Max(groups):
                sizes = (groups >= 0).sum(axis=1)
                maxima += int(np.count_nonzero(sizes > 1))
                members += int(sizes[sizes > 1].sum())
            case Smooth(Product()):
                products += node.size
            case Smooth(function):
                smooth[str(function)] = smooth.get(str(function), 0) + node.size
            case Affine() | Input():
                pass
    return NeuronFacts(relu=relu, maxima=maxima, members=members, smooth=smooth, products=products)


def largest(graph: Graph, bounds: Mapping[str, Interval]) -> tuple[float, str]:
    """The largest |bound| of an operand of what is not affine, and where; 0 if there is none."""
    found = (0.0, "")
    for node in graph:
        if isinstance(node.op, Affine | Input):
            continue
        most = max(float(bounds[name].magnitude.max(initial=0.0)) for name in node.operands)
        found = max(found, (most, node.origin or node.name))
    return found


def whole(
    graph: Graph, limits: tuple[Fraction, Fraction], *, asked: bool
) -> tuple[WholeFacts, list[Finding]]:
    """Intervals of all values over a domain, and what they mean.

    Parameters
    ----------
    limits : (low, high)
        Where every number of every input lies.
    asked : bool
        Whether a question says more, so that nothing here is more than a note.
    """
    low, high = float(Enclosed.of(limits[0]).below), float(Enclosed.of(limits[1]).above)
    domain = {
        node.name: Domain(Interval(np.full((1, node.size), low), np.full((1, node.size), high)))
        for node in graph.inputs
    }
    name = f"{limits[0]}:{limits[1]}"
    try:
        bounds = bound_graph(graph, domain, method="interval", outputs=False)
    except RangeError as error:
        facts = WholeFacts(low=low, high=high, largest=None, where=error.where)
        words = f"over the domain {name} there are no bounds: {error.what}"
        return facts, list(_finding(words, error.where, asked=asked))
    most, where = largest(graph, bounds)
    facts = WholeFacts(low=low, high=high, largest=most, where=where)
    words = f"over the domain {name} a pre-activation is bounded by {most:.3g} only"
    if most > LARGEST:
        words += f"; files with numbers beyond {LARGEST:.0e} are refused"
    elif most > RISKY:
        words += ": a big-M of that size makes the tolerances of solvers count"
    else:
        return facts, []
    return facts, list(_finding(words, where, asked=asked))


def _finding(what: str, where: str, *, asked: bool) -> Iterator[Finding]:
    yield Finding(
        level="note" if asked else "yellow",
        topic="numbers",
        what=what,
        where=where,
        remedy="" if asked else "ask about small boxes, and examine the question with it",
    )
