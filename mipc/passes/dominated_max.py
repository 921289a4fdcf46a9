"""Members of a maximum that never win are left out; a maximum of one member is that member.

Sound: a member whose upper bound does not pass another member's lower bound never exceeds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mipc.ir.ops import Affine, Max, Node
from mipc.numerics.interval import Interval
from mipc.numerics.linear_maps import SelectMap
from mipc.passes.base import Fate, Problem

__all__ = ["DominatedMax"]


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
            groups = _pruned(node.op.groups, problem.of(node.operands[0]))
            dropped = np.flatnonzero(((node.op.groups >= 0) & (groups < 0)).any(axis=1))
            fates.append(Fate(node.name, "dominated", tuple(dropped.tolist())))
            contested = (groups >= 0).sum(axis=1) > 1
            packed = _packed(groups)
            if contested.all():
                op = Max(packed)
                nodes.append(Node(node.name, op, node.operands, node.size, node.origin, node.shape))
                continue
            nodes.extend(_split(node, packed, contested, problem.graph[node.operands[0]].size))
            bounds[f"{node.name}.open"] = problem.of(node.name)[:, np.flatnonzero(contested)]
        return problem.become(
            problem.graph.replaced(nodes), bounds, [fate for fate in fates if fate.neurons]
        )


def _pruned(groups: np.ndarray, bounds: Interval) -> np.ndarray:
    """The groups with dominated members replaced by -1; the one with the best lower bound stays."""
    lower = np.where(groups < 0, -np.inf, bounds.lower[0][groups])
    upper = np.where(groups < 0, -np.inf, bounds.upper[0][groups])
    best = lower.argmax(axis=1)
    kept = upper > lower.max(axis=1, keepdims=True)
    kept[np.arange(len(groups)), best] = True
    return np.where(kept & (groups >= 0), groups, -1)


def _packed(groups: np.ndarray) -> np.ndarray:
    """Members first, then as few -1 as the longest group needs."""
    order = np.argsort(groups < 0, axis=1, kind="stable")
    sorted_groups = np.take_along_axis(groups, order, axis=1)
    return sorted_groups[:, : max(int((groups >= 0).sum(axis=1).max(initial=1)), 1)]


def _split(node: Node, groups: np.ndarray, contested: np.ndarray, width: int) -> list[Node]:
    """``y.open`` for the contested groups, and ``y`` joining it with the decided ones."""
    rows = np.flatnonzero(contested)
    decided = SelectMap(np.where(contested, -1, groups[:, 0]), width)
    operand = node.operands[0]
    if not len(rows):
        op = Affine((decided,), np.zeros(node.size))
        return [Node(node.name, op, (operand,), node.size, node.origin, node.shape)]
    place = np.full(node.size, -1)
    place[rows] = np.arange(len(rows))
    outer = f"{node.name}.open"
    whole = Affine((SelectMap(place, len(rows)), decided), np.zeros(node.size))
    return [
        Node(outer, Max(_packed(groups[rows])), (operand,), len(rows), node.origin),
        Node(node.name, whole, (outer, operand), node.size, node.origin, node.shape),
    ]
