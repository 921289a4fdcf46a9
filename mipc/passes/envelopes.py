"""How closely a file follows what is not piecewise linear.

The more cells a smooth function or a product has in a file, the tighter its envelope, and the more
binaries there are; the more tangents cut an L2 ball, the more rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from mipc.ir.ops import Smooth
from mipc.passes.base import Problem

__all__ = ["Envelopes"]


@dataclass(frozen=True)
class Envelopes:
    """After it, smooth nodes and L2 balls ask for the given fineness.

    Attributes
    ----------
    cells : int
        For each smooth neuron; 1 needs no binaries.
    tangents : int
        An octave, on each axis of an L2 ball.
    """

    name: ClassVar[str] = "envelopes"
    ranges: ClassVar[dict[str, tuple[int, int]]] = {"cells": (1, 1000), "tangents": (1, 100)}
    cells: int = 2
    tangents: int = 2

    def apply(self, problem: Problem) -> Problem:
        """The same values and the same set, to be written more finely."""
        nodes = [
            replace(node, op=replace(node.op, cells=self.cells))
            if isinstance(node.op, Smooth)
            else node
            for node in problem.graph
        ]
        domain = {
            name: replace(region, ball=replace(region.ball, tangents=self.tangents))
            if region.ball is not None
            else region
            for name, region in problem.domain.items()
        }
        return problem.become(problem.graph.replaced(nodes), {}, domain=domain)
