"""A VNN-LIB property joined to its networks: each of its boxes is a case, its conditions disjuncts.

Several networks stand side by side in one graph, their values prefixed by the network's name. The
point that a replay finds is put to the assertions once more as they were written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.errors import QuestionError
from mipc.ir.graph import Graph
from mipc.ir.network import Network
from mipc.ir.ops import Node
from mipc.properties.binding import Bound, bind, prefix
from mipc.properties.query import Case, Objective, Query, Seen, Tie
from mipc.properties.region import Region
from mipc.properties.requirements import Disjunct, Row
from mipc.properties.vnnlib import Atom, Bounds, Property, Variable, read_hashed

__all__ = ["PropertyQuestion", "ask_property"]

Array: TypeAlias = npt.NDArray[np.float64]

ALWAYS = Row(())
"""A condition without conditions."""


@dataclass(frozen=True, eq=False)
class PropertyQuestion:
    """What a VNN-LIB file asks.

    Attributes
    ----------
    source : Property
    sha256 : str
        Of the file's bytes.
    objective : "feasibility" or "worst"
    """

    source: Property
    sha256: str
    objective: Objective = "feasibility"

    @staticmethod
    def read(path: str | Path, objective: Objective = "feasibility") -> PropertyQuestion:
        """Read a VNN-LIB file, version 1 or 2, plain or gzip.

        Raises
        ------
        InputError
            It cannot be read, is malformed, or asks for what mipc cannot ask.
        """
        source, digest = read_hashed(path)
        return PropertyQuestion(source, digest, objective)


def ask_property(networks: Mapping[str, Network], question: PropertyQuestion) -> Query:
    """Join a property to its networks.

    Parameters
    ----------
    networks : mapping of str to Network
        By the names that the property declares; one that equals another may be left out.

    Raises
    ------
    QuestionError
        They do not fit: names, numbers, types, an input without bounds.
    """
    source = question.source
    if question.objective == "closest":
        raise QuestionError("a property has no centre, and so no closest violation")
    chosen, bound = bind(networks, source)
    named = {atom_tensor for case in source.cases for atom_tensor in _tensors_of(case.alternatives)}
    seen, index = _observed(bound, named, source)
    base = _joined(chosen, [prefix(declared, source) for declared in source.networks], seen)
    cases = []
    number = 0
    for case in source.cases:
        regions = _regions(case.box, bound, source)
        disjuncts = []
        for atoms in case.alternatives:
            rows = tuple(_row(atom, index) for atom in atoms) or (ALWAYS,)
            disjuncts.append(Disjunct(number, f"alternative {number}", rows))
            number += 1
        ties = _ties(case.alternatives, bound)
        cases.append(Case(base, regions, tuple(disjuncts), seen, ties=ties))
    return Query(
        question=question,
        networks=tuple(chosen),
        cases=tuple(cases),
        feeds=tuple((b.port.node, b.network, b.port) for b in bound if b.side == "input"),
        objective=question.objective,
        confirm=lambda observed: source.holds(dict(zip(index, observed, strict=True))),
    )


def _tensors_of(alternatives: Sequence[tuple[Atom, ...]]) -> set[str]:
    return {v.tensor for atoms in alternatives for atom in atoms for v, _ in atom.terms}


def _observed(
    bound: list[Bound], named: set[str], source: Property
) -> tuple[tuple[Seen, ...], dict[str, int]]:
    """The tensors that conditions name, and where each begins among all observed numbers."""
    seen: list[Seen] = []
    index: dict[str, int] = {}
    start = 0
    # all, so that the assertions can be put to what was observed; an arg-max only if it is named
    used = [b for b in bound if not b.port.index or b.tensor.name in named]
    atoms = [atom for case in source.cases for part in case.alternatives for atom in part]
    for b in used:
        mine = [a for a in atoms if any(v.tensor == b.tensor.name for v, _ in a.terms)]
        node = _order_of(b, mine, source)
        seen.append(Seen(node, b.tensor.size, b.network, b.port, b.side))
        index[b.tensor.name] = start
        start += b.tensor.size
    return tuple(seen), index


def _order_of(bound: Bound, atoms: list[Atom], source: Property) -> str:
    """The value to look at: what has the order of the tensor, where only that is asked for."""
    port = bound.port
    if port.order is None:
        return port.node
    alone = all(v.tensor == bound.tensor.name for a in atoms for v, _ in a.terms)
    rows = [Row(tuple((v.place, c) for v, c in a.terms), a.constant) for a in atoms]
    order = alone and all(row.compares for row in rows)
    if port.index:
        raise QuestionError(
            f"the output {port.name!r} is an arg-max, of which a property cannot speak",
            where=source.source,
        )
    scores = alone and port.scores and all(row.balanced for row in rows)
    return port.order if order or scores else port.node


def _ties(alternatives: Sequence[tuple[Atom, ...]], bound: list[Bound]) -> tuple[Tie, ...]:
    """The pairs of input numbers of one type that every alternative says are equal."""
    ports = {b.tensor.name: b.port for b in bound if b.side == "input"}
    order = {name: i for i, name in enumerate(ports)}  # of a = b = c the first first
    common = set.intersection(*(_equalities(atoms, order) for atoms in alternatives))
    return tuple(
        (ports[a.tensor].node, a.place, ports[b.tensor].node, b.place)
        for a, b in sorted(common, key=lambda pair: [(order[v.tensor], v.place) for v in pair])
        if ports[a.tensor].dtype == ports[b.tensor].dtype
    )


def _equalities(atoms: Sequence[Atom], order: Mapping[str, int]) -> set[tuple[Variable, Variable]]:
    """The pairs of inputs of which both ``a - b >= 0`` and ``b - a >= 0`` are asked, in order."""
    above = {
        (first, second)
        for atom in atoms
        if len(atom.terms) == 2 and atom.constant == 0 and not atom.strict
        for (one, c), (other, d) in [atom.terms]
        if c == -d and one.tensor in order and other.tensor in order
        for first, second in [(one, other) if c > 0 else (other, one)]
    }
    return {
        (a, b)
        for a, b in above
        if (b, a) in above and (order[a.tensor], a.place) < (order[b.tensor], b.place)
    }


def _row(atom: Atom, index: Mapping[str, int]) -> Row:
    terms = tuple((index[v.tensor] + v.place, c) for v, c in atom.terms)
    return Row(terms, atom.constant, atom.strict)


def _regions(box: Mapping[str, Bounds], bound: list[Bound], source: Property) -> dict[str, Region]:
    regions = {}
    for b in bound:
        if b.side != "input":
            continue
        known = box[b.tensor.name]
        open_ends = ~np.isfinite(known.lower.below) | ~np.isfinite(known.upper.above)
        if open_ends.any():
            raise QuestionError(
                f"number {int(np.flatnonzero(open_ends)[0])} of the input {b.tensor.name!r} has "
                "no bounds on both sides",
                where=source.source,
                remedy="bound every input from below and above",
            )
        regions[b.port.node] = Region.between(
            known.lower,
            known.upper,
            b.port.dtype,
            open_lower=known.open_below,
            open_upper=known.open_above,
        )
    return regions


def _joined(networks: list[Network], prefixes: list[str], seen: tuple[Seen, ...]) -> Graph:
    """All networks side by side; their inputs are the parameters."""
    nodes: list[Node] = []
    for network, begin in zip(networks, prefixes, strict=True):
        for node in network.graph:
            operands = tuple(begin + name for name in node.operands)
            nodes.append(replace(node, name=begin + node.name, operands=operands))
    return Graph(nodes, dict.fromkeys(s.node for s in seen)).pruned()
