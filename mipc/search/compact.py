"""A problem in its compact form: its undecided ReLUs, as rows over inputs and earlier ReLUs.

Once bounds have decided most neurons, what is left of a network is small. With ``x`` the inputs
and ``r = relu(z)`` the undecided neurons, level by level::

    z_k = A_k x + B_k r_{<k} + c_k        one dense block a level
    rows = A x + B r + c                  of each disjunct, whose margin is the least of them

Whatever the layers were (convolutions, residual sums, normalisation), the search sees these
blocks only, and many parts of the region at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.compile import simplify
from mipc.ir.graph import Graph
from mipc.ir.ops import Affine, Input, Node, Relu
from mipc.numerics.interval import Interval
from mipc.numerics.rounding import UNIT, up
from mipc.passes import DEFAULT, Pass, Problem
from mipc.passes.affine_fusion import AffineFusion
from mipc.properties.query import Case
from mipc.search.parts import Parts
from mipc.semantics.interval import affine_slack

__all__ = ["PASSES", "Block", "Compact", "Level", "can_be_compact", "compact"]

Array: TypeAlias = npt.NDArray[np.float64]

PASSES: tuple[Pass, ...] = (*DEFAULT[:-1], AffineFusion(keep="none"))
"""What makes a problem compact: the default pipeline, with every affine value written out."""

MOST_NUMBERS = 60_000_000
"""Numbers of all blocks together, beyond which a problem is not written out densely."""


@dataclass(frozen=True, eq=False)
class Block:
    """Rows ``weights @ (x, r) + offset``, up to ``slack``.

    Attributes
    ----------
    weights : (k, n + earlier neurons) float64
    offset, slack : (k,) float64
    """

    weights: Array
    offset: Array
    slack: Array


@dataclass(frozen=True, eq=False)
class Level(Block):
    """The pre-activations of neurons none of which feeds another.

    Attributes
    ----------
    node : str
        The value of the graph that holds the pre-activations.
    place : slice
        Which of the neurons they are.
    """

    node: str
    place: slice


@dataclass(frozen=True, eq=False)
class Compact:
    """A problem in its compact form.

    Attributes
    ----------
    parameters : mapping of input name to slice
        Where its numbers are among the ``n`` inputs.
    box : Interval
        (n,) of the inputs.
    levels : tuple of Level
    bounds : Interval
        (m,) of the pre-activations of all neurons.
    disjuncts : mapping of disjunct number to Block
    """

    parameters: Mapping[str, slice]
    box: Interval
    levels: tuple[Level, ...]
    bounds: Interval
    disjuncts: Mapping[int, Block]
    _known: dict[int, tuple[Block, Array]] = field(default_factory=dict, repr=False)

    @property
    def whole(self) -> Parts:
        """The region as the only part."""
        box, bounds = self.box, self.bounds
        return Parts(bounds.lower[None], bounds.upper[None], box.lower[None], box.upper[None])

    @property
    def inputs(self) -> int:
        """``n``."""
        return len(self.box.lower)

    @property
    def neurons(self) -> int:
        """``m``."""
        return len(self.bounds.lower)

    @cached_property
    def reach(self) -> Array:
        """At least the largest absolute value of each input and of each ReLU: (n + m,)."""
        return np.concatenate([self.box.magnitude, np.maximum(self.bounds.upper, 0.0)])

    @cached_property
    def costs(self) -> Array:
        """What a unit of multiplier on ``z_j = rows`` may cost in rounding and slack: (m,).

        See :func:`mipc.search.dual.weigh`.
        """
        parts = [self._cost(level, self.bounds.magnitude[level.place]) for level in self.levels]
        return np.concatenate([np.zeros(0), *parts])

    def cost(self, block: Block) -> Array:
        """Of each row, what rounding may add to a sum that it enters with weight 1: (k,)."""
        if id(block) not in self._known:  # the block is kept, so that its id stays its own
            self._known[id(block)] = block, self._cost(block, 0.0)
        return self._known[id(block)][1]

    def _cost(self, block: Block, own: Array | float) -> Array:
        seen = self.reach[: block.weights.shape[1]]
        size = np.abs(block.weights) @ seen + np.abs(block.offset) + own
        return np.asarray(up((self.rounding * size + block.slack) * (1.0 + 2.0**-30)))

    @cached_property
    def rounding(self) -> float:
        """More than the relative error of any sum that is formed here."""
        return (8 * (self.inputs + self.neurons) + 64 * (len(self.levels) + 1)) * UNIT

    def split(self, points: Array) -> dict[str, Array]:
        """Points by parameter: (..., n) -> name -> (..., size)."""
        return {name: points[..., place] for name, place in self.parameters.items()}

    def values(self, points: Array) -> tuple[Array, Array]:
        """At points (B, n): inputs and ReLUs (B, n + m); pre-activations (B, m). Not rounded."""
        values = np.empty((len(points), self.inputs + self.neurons))
        before = np.empty((len(points), self.neurons))
        values[:, : self.inputs] = points
        for level in self.levels:
            start = self.inputs + level.place.start
            z = values[:, :start] @ level.weights.T + level.offset
            before[:, level.place] = z
            values[:, start : start + z.shape[1]] = np.maximum(z, 0.0)
        return values, before

    def pulled(self, rows: Array, before: Array) -> Array:
        """The gradient of ``rows @ (x, r)`` at points with these pre-activations: (B, n)."""
        rows = rows.copy()
        for level in reversed(self.levels):
            start = self.inputs + level.place.start
            stop = self.inputs + level.place.stop
            on = np.where(before[:, level.place] > 0, rows[:, start:stop], 0.0)
            rows[:, :start] += on @ level.weights
        return rows[:, : self.inputs]


def can_be_compact(problem: Problem) -> bool:
    """Whether a bounded problem is piecewise linear without maxima, over boxes, not too large."""
    graph = problem.graph
    kinds = all(isinstance(node.op, Input | Affine | Relu) for node in graph)
    boxes = all(domain.is_box for domain in problem.domain.values())
    width = sum(node.size for node in graph if isinstance(node.op, Input))
    for node in graph:
        if isinstance(node.op, Relu):
            bounds = problem.of(node.operands[0])
            width += int(np.count_nonzero((bounds.lower < 0) & (bounds.upper > 0)))
    return kinds and boxes and width * width <= 2 * MOST_NUMBERS


def compact(case: Case, bounded: Problem, targets: tuple[int, ...]) -> Compact:
    """Write out some disjuncts of a case whose values are bounded."""
    problem, _ = simplify(case, bounded, targets, PASSES)
    graph = problem.graph
    inputs = [node for node in graph if isinstance(node.op, Input)]
    places: dict[str, slice] = {}
    count = 0
    for node in inputs:
        places[node.name] = slice(count, count + node.size)
        count += node.size
    width = count
    levels: list[Level] = []
    for relu in (node for node in graph if isinstance(node.op, Relu)):
        node = graph[relu.operands[0]]
        place = slice(count - width, count - width + node.size)
        block = _block(problem, graph, node, places, count)
        levels.append(Level(block.weights, block.offset, block.slack, node.name, place))
        places[relu.name] = slice(count, count + node.size)
        count += node.size
    known = [problem.of(level.node) for level in levels]
    return Compact(
        {node.name: places[node.name] for node in inputs},
        _joined([problem.of(node.name) for node in inputs]),
        tuple(levels),
        _joined(known),
        {
            target: _block(problem, graph, graph[f"violation#{target}"], places, count)
            for target in targets
        },
    )


def _block(
    problem: Problem, graph: Graph, node: Node, places: Mapping[str, slice], width: int
) -> Block:
    """The rows of an affine value, or of an input or a ReLU itself."""
    op = node.op
    weights = np.zeros((node.size, width))
    if not isinstance(op, Affine):
        weights[:, places[node.name]] = np.eye(node.size)
        return Block(weights, np.zeros(node.size), np.zeros(node.size))
    for name, linear in zip(node.operands, op.maps, strict=True):
        weights[:, places[name]] += linear.tocsr().toarray()
    largest = [problem.of(name).largest()[:, None] for name in node.operands]
    slack = np.broadcast_to(affine_slack(op, largest), (1, node.size))[0]
    return Block(weights, op.offset, np.array(slack))


def _joined(parts: list[Interval]) -> Interval:
    lower = [part.lower[0] for part in parts]
    upper = [part.upper[0] for part in parts]
    return Interval(np.concatenate([np.zeros(0), *lower]), np.concatenate([np.zeros(0), *upper]))
