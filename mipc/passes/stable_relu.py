"""ReLUs that bounds decide vanish: ``relu(z) = S relu(S' z) + D z``.

``S'`` picks the undecided neurons, ``D`` keeps the active ones. Sound and complete: where
``l >= 0`` the ReLU is the identity on every point of the domain, where ``u <= 0`` it is 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mipc.ir.ops import Affine, Node, Relu
from mipc.numerics.interval import Interval
from mipc.numerics.linear_maps import SelectMap
from mipc.passes.base import Fate, Problem

__all__ = ["StableRelu"]


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
            nodes.extend(_split(node, active, undecided))
            open_neurons = np.flatnonzero(undecided)
            bounds[f"{node.name}.in"] = known[:, open_neurons]
            bounds[f"{node.name}.open"] = problem.of(node.name)[:, open_neurons]
            fates.append(Fate(node.name, "active", tuple(np.flatnonzero(active).tolist())))
            dead = np.flatnonzero(~active & ~undecided)
            fates.append(Fate(node.name, "inactive", tuple(dead.tolist())))
        return problem.become(
            problem.graph.replaced(nodes), bounds, [fate for fate in fates if fate.neurons]
        )


def _split(node: Node, active: np.ndarray, undecided: np.ndarray) -> list[Node]:
    """The nodes ``z.in``, ``y.open`` and ``y`` for ``y = relu(z)``; the first two if needed."""
    operand = node.operands[0]
    neurons = np.flatnonzero(undecided)
    keep = np.where(active, np.arange(node.size), -1)
    passed = SelectMap(keep, node.size)
    if not len(neurons):
        op = Affine((passed,), np.zeros(node.size))
        return [Node(node.name, op, (operand,), node.size, node.origin, node.shape)]
    place = np.full(node.size, -1)
    place[neurons] = np.arange(len(neurons))
    inner, outer = f"{node.name}.in", f"{node.name}.open"
    pick = Affine((SelectMap(neurons, node.size),), np.zeros(len(neurons)))
    spread = SelectMap(place, len(neurons))
    whole = Affine((spread, passed), np.zeros(node.size))
    return [
        Node(inner, pick, (operand,), len(neurons), node.origin),
        Node(outer, Relu(), (inner,), len(neurons), node.origin),
        Node(node.name, whole, (outer, operand), node.size, node.origin, node.shape),
    ]
