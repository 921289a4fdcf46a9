"""Neurons that nothing depends on are left out.

Walking backwards from the outputs, a neuron is needed if a needed neuron has a nonzero entry for
it. A value of which only some neurons are needed becomes a shorter one, named ``<name>#live``.
Inputs stay whole: a witness needs all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, TypeAlias, assert_never

import numpy as np
import numpy.typing as npt

from mipc.ir.graph import Graph
from mipc.ir.ops import Affine, Input, Max, Node, Relu, Smooth
from mipc.numerics.interval import Interval
from mipc.numerics.linear_maps import LinearMap, SelectMap, SparseMap
from mipc.passes.base import Fate, Problem

__all__ = ["DeadNeurons"]

Mask: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class DeadNeurons:
    """After it, every neuron but those of inputs can make a difference to an output."""

    name: ClassVar[str] = "dead-neurons"

    def apply(self, problem: Problem) -> Problem:
        """Shorten each value to its needed neurons."""
        needed = _needed(problem.graph)
        names: dict[str, str] = {}
        nodes: list[Node] = []
        bounds: dict[str, Interval] = {}
        fates: list[Fate] = []
        for node in problem.graph:
            live = needed[node.name]
            if not live.any():
                fates.append(Fate.of(node, "unused", np.arange(node.size)))
                continue
            made = _shortened(problem.graph, node, names, needed)
            nodes.extend(made)
            names[node.name] = made[-1].name
            if not live.all():
                fates.append(Fate.of(node, "unused", np.flatnonzero(~live)))
                if node.name in problem.bounds:
                    bounds[made[-1].name] = problem.bounds[node.name][:, np.flatnonzero(live)]
            for pick in made[:-1]:
                source = node.operands[_picked(pick)]
                if source in problem.bounds:
                    bounds[pick.name] = problem.bounds[source][:, np.flatnonzero(live)]
        return problem.become(problem.graph.replaced(nodes), bounds, fates)


def _needed(graph: Graph) -> dict[str, Mask]:
    """For each value, which neurons an output depends on."""
    needed = {node.name: np.zeros(node.size, dtype=bool) for node in graph}
    for name in (*graph.outputs, *(node.name for node in graph.inputs)):
        needed[name][:] = True
    for node in reversed(tuple(graph)):
        live = needed[node.name]
        if not live.any():
            continue
        match node.op:
            case Input():
                pass
            case Relu() | Smooth():
                for name in node.operands:
                    needed[name] |= live
            case Max(groups):
                members = groups[live]
                needed[node.operands[0]][members[members >= 0]] = True
            case Affine(maps):
                for name, linear in zip(node.operands, maps, strict=True):
                    needed[name][_columns_used(linear, live)] = True
            case _ as never:
                assert_never(never)
    return needed


def _columns_used(linear: LinearMap, rows: Mask) -> npt.NDArray[np.intp]:
    if isinstance(linear, SelectMap):
        used = linear.source[rows]
        return used[used >= 0]
    matrix = linear.tocsr()
    kept = matrix if rows.all() else matrix[np.flatnonzero(rows), :]
    columns: npt.NDArray[np.intp] = kept.indices
    return columns


def _shortened(
    graph: Graph, node: Node, names: dict[str, str], needed: dict[str, Mask]
) -> list[Node]:
    """The node over shortened operands, itself shortened; a ReLU may need a selection first."""
    live = needed[node.name]
    rows = np.flatnonzero(live)
    whole = bool(live.all())
    name = node.name if whole else f"{node.name}#live"
    part = node.part_of if whole else node.neurons(rows)
    operands = tuple(names[operand] for operand in node.operands if operand in names)
    short = replace(
        node,
        name=name,
        operands=operands,
        size=len(rows),
        shape=node.shape if whole else (len(rows),),
        part_of=part,
    )
    match node.op:
        case Input():
            return [node]
        case Relu() | Smooth():
            picks: list[Node] = []
            names_of: list[str] = []
            for port, operand in enumerate(node.operands):
                known = needed[operand]
                if (known == live).all():
                    names_of.append(names[operand])
                    continue
                place = (np.cumsum(known) - 1)[rows]
                pick = Affine((SelectMap(place, int(known.sum())),), np.zeros(len(rows)))
                before = graph[operand].neurons(rows)
                title, source = f"{name}#pick{port}", (names[operand],)
                picks.append(Node(title, pick, source, len(rows), node.origin, part_of=before))
                names_of.append(title)
            return [*picks, replace(short, operands=tuple(names_of))]
        case Max(groups):
            place = np.cumsum(needed[node.operands[0]]) - 1
            kept = groups[rows]
            return [replace(short, op=Max(np.where(kept < 0, -1, place[kept])))]
        case Affine(maps, offset, relative, radius):
            linear = tuple(
                _restricted(m, rows, needed[operand])
                for operand, m in zip(node.operands, maps, strict=True)
                if operand in names
            )
            left = None if radius is None else radius[rows]
            return [replace(short, op=Affine(linear, offset[rows], relative, left))]
        case _ as never:
            assert_never(never)


def _picked(pick: Node) -> int:
    """Which operand a selection before an elementwise node belongs to."""
    return int(pick.name[-1])


def _restricted(linear: LinearMap, rows: npt.NDArray[np.intp], columns: Mask) -> LinearMap:
    """The map between the rows and columns that are left; columns left out meet only zeros."""
    if columns.all() and len(rows) == linear.shape[0]:
        return linear
    if isinstance(linear, SelectMap):
        place = np.where(columns, np.cumsum(columns) - 1, -1)
        source = linear.source[rows]
        return SelectMap(np.where(source < 0, -1, place[source]), int(columns.sum()))
    matrix = linear.tocsr()
    if len(rows) < matrix.shape[0]:
        matrix = matrix[rows, :]
    if not columns.all():
        matrix = matrix[:, np.flatnonzero(columns)]
    matrix.sort_indices()
    return SparseMap(matrix)
