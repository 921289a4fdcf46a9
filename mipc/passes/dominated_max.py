"""Members of a maximum that never win are left out; a maximum of one member is that member.

Sound: a member whose upper bound does not pass another member's lower bound never exceeds it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.ir.ops import Affine, Max, Node
from mipc.numerics.interval import Interval
from mipc.numerics.linear_maps import SelectMap
from mipc.passes.base import Fate, Problem

__all__ = ["DominatedMax", "pruned"]

Index: TypeAlias = npt.NDArray[np.intp]
Mask: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class DominatedMax:
    """After it, every maximum has two or more members that may win."""

    name: ClassVar[str] = "dominated-max"

    def apply(self, problem: Problem) -> Problem:
        """Prune each Max and split off the groups that one member decides."""
        nodes: list[Node] = []
        bounds: dict[str, Interval] = {}
        fates: list[Fate] = []
        for node in problem.graph:
            if not isinstance(node.op, Max):
                nodes.append(node)
                continue
            groups = pruned(node.op.groups, problem.of(node.operands[0]))
            dropped = np.flatnonzero(((node.op.groups >= 0) & (groups < 0)).any(axis=1))
            fates.append(Fate.of(node, "dominated", dropped))
            contested = (groups >= 0).sum(axis=1) > 1
            packed = _packed(groups)
            if contested.all():
                nodes.append(replace(node, op=Max(packed)))
                continue
            nodes.extend(_split(node, packed, contested, problem.graph[node.operands[0]].size))
            bounds[f"{node.name}#open"] = problem.of(node.name)[:, np.flatnonzero(contested)]
        return problem.become(
            problem.graph.replaced(nodes), bounds, [fate for fate in fates if fate.neurons]
        )


def pruned(groups: Index, bounds: Interval) -> Index:
    """The groups with dominated members replaced by -1; the one with the best lower bound stays."""
    lower = np.where(groups < 0, -np.inf, bounds.lower[0][groups])
    upper = np.where(groups < 0, -np.inf, bounds.upper[0][groups])
    best = lower.argmax(axis=1)
    kept = upper > lower.max(axis=1, keepdims=True)
    kept[np.arange(len(groups)), best] = True
    return np.where(kept & (groups >= 0), groups, -1)


def _packed(groups: Index) -> Index:
    """Members first, then as few -1 as the longest group needs."""
    order = np.argsort(groups < 0, axis=1, kind="stable")
    sorted_groups = np.take_along_axis(groups, order, axis=1)
    return sorted_groups[:, : max(int((groups >= 0).sum(axis=1).max(initial=1)), 1)]


def _split(node: Node, groups: Index, contested: Mask, width: int) -> list[Node]:
    """``y#open`` for the contested groups, and ``y`` joining it with the decided ones."""
    rows = np.flatnonzero(contested)
    decided = SelectMap(np.where(contested, -1, groups[:, 0]), width)
    if not len(rows):
        return [replace(node, op=Affine((decided,), np.zeros(node.size)))]
    place = np.full(node.size, -1)
    place[rows] = np.arange(len(rows))
    outer, op = f"{node.name}#open", Max(_packed(groups[rows]))
    whole = Affine((SelectMap(place, len(rows)), decided), np.zeros(node.size))
    return [
        Node(outer, op, node.operands, len(rows), node.origin, part_of=node.neurons(rows)),
        replace(node, op=whole, operands=(outer, node.operands[0])),
    ]
