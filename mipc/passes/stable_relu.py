"""ReLUs that bounds decide vanish: ``relu(z) = S relu(S' z) + D z``.

``S'`` picks the undecided neurons, ``D`` keeps the active ones. Sound and complete: where
``l >= 0`` the ReLU is the identity on every point of the domain, where ``u <= 0`` it is 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.ir.ops import Affine, Node, Relu
from mipc.numerics.interval import Interval
from mipc.numerics.linear_maps import SelectMap
from mipc.passes.base import Fate, Problem

__all__ = ["StableRelu"]

Mask: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class StableRelu:
    """After it, every neuron under a ReLU is undecided."""

    name: ClassVar[str] = "stable-relu"

    def apply(self, problem: Problem) -> Problem:
        """Split each ReLU into an undecided one and an affine rest."""
        nodes: list[Node] = []
        bounds: dict[str, Interval] = {}
        fates: list[Fate] = []
        for node in problem.graph:
            if not isinstance(node.op, Relu):
                nodes.append(node)
                continue
            known = problem.of(node.operands[0])
            lower, upper = known.lower[0], known.upper[0]
            active = lower >= 0
            undecided = ~active & (upper > 0)
            if undecided.all():
                nodes.append(node)
                continue
            nodes.extend(_split(node, problem.graph[node.operands[0]], active, undecided))
            open_neurons = np.flatnonzero(undecided)
            if len(open_neurons):
                bounds[f"{node.name}#in"] = known[:, open_neurons]
                bounds[f"{node.name}#open"] = problem.of(node.name)[:, open_neurons]
            fates.append(Fate.of(node, "active", np.flatnonzero(active)))
            fates.append(Fate.of(node, "inactive", np.flatnonzero(~active & ~undecided)))
        return problem.become(
            problem.graph.replaced(nodes), bounds, [fate for fate in fates if fate.neurons]
        )


def _split(node: Node, before: Node, active: Mask, undecided: Mask) -> list[Node]:
    """The nodes ``y#in``, ``y#open`` and ``y`` for ``y = relu(z)``; the first two if needed."""
    neurons = np.flatnonzero(undecided)
    passed = SelectMap(np.where(active, np.arange(node.size), -1), node.size)
    if not len(neurons):
        op = Affine((passed,), np.zeros(node.size))
        return [replace(node, op=op)]
    place = np.full(node.size, -1)
    place[neurons] = np.arange(len(neurons))
    inner, outer, count = f"{node.name}#in", f"{node.name}#open", len(neurons)
    pick = Affine((SelectMap(neurons, node.size),), np.zeros(count))
    whole = Affine((SelectMap(place, count), passed), np.zeros(node.size))
    parts = before.neurons(neurons), node.neurons(neurons)
    return [
        Node(inner, pick, (before.name,), count, node.origin, part_of=parts[0]),
        Node(outer, Relu(), (inner,), count, node.origin, part_of=parts[1]),
        replace(node, op=whole, operands=(outer, before.name)),
    ]
