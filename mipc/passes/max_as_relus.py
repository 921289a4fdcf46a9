"""Maxima are written with ReLUs: ``max(a, b) = b + relu(a - b)``.

The members of a maximum are put against each other in pairs, the winners again, so that a maximum
of ``k`` members becomes ``k - 1`` ReLUs, one behind the other at most ``log2 k`` deep. Whatever
decides ReLUs then decides which member wins.

Sound and complete: nothing is rounded, and each new value is bounded as any other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from mipc.ir.ops import Affine, Max, Node, Relu
from mipc.numerics.linear_maps import SelectMap, SparseMap
from mipc.numerics.products import REPRODUCIBLE
from mipc.passes.base import Problem
from mipc.semantics.bounds import bound_graph

__all__ = ["MaxAsRelus"]

Index: TypeAlias = npt.NDArray[np.intp]


@dataclass(frozen=True)
class MaxAsRelus:
    """After it, there are no maxima."""

    name: ClassVar[str] = "max-as-relus"

    def apply(self, problem: Problem) -> Problem:
        """Write out each Max and bound what is new."""
        if not any(isinstance(node.op, Max) for node in problem.graph):
            return problem
        nodes: list[Node] = []
        for node in problem.graph:
            if isinstance(node.op, Max):
                nodes.extend(_written_out(node, node.op.groups, problem.graph[node.operands[0]]))
            else:
                nodes.append(node)
        graph = problem.graph.replaced(nodes)
        found = bound_graph(graph, problem.domain, products=REPRODUCIBLE, known=problem.bounds)
        return problem.become(graph, found)


def _written_out(node: Node, groups: Index, members: Node) -> list[Node]:
    """Rounds of ReLUs, the last of which gives the maximum under its own name."""
    nodes: list[Node] = []
    count = 0
    while groups.shape[1] > 1:
        count += 1
        winners, groups = _round(f"{node.name}#round{count}", groups, members, node.origin)
        nodes.extend(winners)
        members = nodes[-1]
    last = Affine((SelectMap(groups[:, 0], members.size),), np.zeros(node.size))
    return [*nodes, replace(node, op=last, operands=(members.name,))]


def _round(name: str, groups: Index, members: Node, origin: str) -> tuple[list[Node], Index]:
    """The members of each group in pairs: the winners of all, and the groups that they form."""
    if groups.shape[1] % 2:
        groups = np.pad(groups, ((0, 0), (0, 1)), constant_values=-1)
    first, second = groups[:, 0::2], groups[:, 1::2]
    place = np.full(first.shape, -1)
    place[first >= 0] = np.arange(np.count_nonzero(first >= 0))
    here = first >= 0
    one, other = first[here], second[here]  # (w,): who meets whom; -1 meets nobody
    pairs = np.flatnonzero(other >= 0)
    rest, width = np.where(other >= 0, other, one), len(one)
    staying = SelectMap(rest, members.size)
    if not len(pairs):
        op = Affine((staying,), np.zeros(width))
        return [Node(name, op, (members.name,), width, origin)], place
    k = np.arange(len(pairs))
    entries = np.concatenate([np.ones(len(k)), -np.ones(len(k))])
    where = np.concatenate([k, k]), np.concatenate([one[pairs], other[pairs]])
    lead = SparseMap(sp.csr_array((entries, where), shape=(len(k), members.size)))
    won = np.full(width, -1)
    won[pairs] = k
    ahead, gained = f"{name}#lead", f"{name}#gain"
    winners = Affine((SelectMap(won, len(k)), staying), np.zeros(width))
    return [
        Node(ahead, Affine((lead,), np.zeros(len(k))), (members.name,), len(k), origin),
        Node(gained, Relu(), (ahead,), len(k), origin),
        Node(name, winners, (gained, members.name), width, origin),
    ], place
