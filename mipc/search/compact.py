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
from mipc.ir.ops import Affine, Input, Max, Node, Relu
from mipc.numerics.domains import Domain
from mipc.numerics.interval import Interval
from mipc.numerics.rounding import UNIT, up
from mipc.passes import Pass, Problem
from mipc.passes.affine_fusion import AffineFusion
from mipc.passes.bounds import Bounds
from mipc.passes.dead_neurons import DeadNeurons
from mipc.passes.dominated_max import DominatedMax, pruned
from mipc.passes.max_as_relus import MaxAsRelus
from mipc.passes.stable_relu import StableRelu
from mipc.properties.query import Case
from mipc.search.parts import Parts
from mipc.semantics.interval import affine_slack

__all__ = ["PASSES", "Block", "Compact", "Level", "can_be_compact", "compact"]

Array: TypeAlias = npt.NDArray[np.float64]

PASSES: tuple[Pass, ...] = (
    Bounds(),
    DominatedMax(),
    MaxAsRelus(),
    StableRelu(),
    DeadNeurons(),
    AffineFusion(keep="none"),
)
"""What makes a problem compact: the default passes, with every maximum written as ReLUs and every
affine value written out."""

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
    cuts : mapping of input name to Domain
        What cuts the box of some inputs: a ball, a plane.
    """

    parameters: Mapping[str, slice]
    box: Interval
    levels: tuple[Level, ...]
    bounds: Interval
    disjuncts: Mapping[int, Block]
    cuts: Mapping[str, Domain] = field(default_factory=dict)
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
        rows = max((len(block.offset) for block in self.disjuncts.values()), default=1)
        terms = self.inputs + self.neurons + rows
        return (8 * terms + 64 * (len(self.levels) + 1)) * UNIT

    def most(self, slope: Array, parts: Parts) -> tuple[Array, Array, Array]:
        """The largest ``slope @ x`` on the boxes of parts: (N, n) -> (N,), (N, n), (N,).

        At least the largest one that cuts leave, and about where it is attained; and the largest
        one on the whole box. Rounded as all sums here.

        Sound: what is left by cuts of one parameter is bounded by its box too. Where cuts bound it
        by less than the box could ever give, nothing of the box is left, and any bound holds.
        """
        corner = np.where(slope > 0, parts.high, parts.low)
        in_box = np.einsum("ij,ij->i", slope, corner)
        if not self.cuts:
            return in_box, corner, in_box
        total = np.zeros(len(slope))
        for name, place in self.parameters.items():
            mine = slope[:, place]
            most = np.einsum("ij,ij->i", mine, corner[:, place])
            if name in self.cuts:
                nowhere = np.zeros(len(mine), dtype=np.intp)
                least, point = self.cuts[name].lowest(
                    -mine, parts.low[:, place], parts.high[:, place], nowhere
                )
                cut = -least < most
                corner[:, place] = np.where(cut[:, None], point, corner[:, place])
                most = np.where(cut, -least, most)
            total += most
        return total, corner, in_box

    def step(self, uphill: Array, reach: Array) -> Array:
        """Steps along gradients, as long as ``reach`` or as a ball is wide: (B, n) -> (B, n)."""
        steps = reach * np.sign(uphill)
        for name, cut in self.cuts.items():
            if cut.ball is not None:
                place = self.parameters[name]
                steps[:, place] = cut.ball.step(uphill[:, place])
        return np.asarray(steps)

    def inside(self, points: Array) -> Array:
        """Points moved into the region, up to rounding: (B, n)."""
        points = np.clip(points, self.box.lower, self.box.upper)
        for name, cut in self.cuts.items():
            if cut.ball is not None:
                place = self.parameters[name]
                points[:, place] = cut.ball.pulled_in(points[:, place])
        return points

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
    """Whether a bounded problem is piecewise linear and not too large."""
    graph = problem.graph
    kinds = all(isinstance(node.op, Input | Affine | Relu | Max) for node in graph)
    width = 0
    for node in graph:
        match node.op:
            case Input():
                width += node.size
            case Relu():
                bounds = problem.of(node.operands[0])
                width += int(np.count_nonzero((bounds.lower < 0) & (bounds.upper > 0)))
            case Max(groups):
                members = (pruned(groups, problem.of(node.operands[0])) >= 0).sum(axis=1)
                width += int((members - 1).sum())
            case _:
                pass
    return kinds and width * width <= 2 * MOST_NUMBERS


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
        {name: domain for name, domain in problem.domain.items() if not domain.is_box},
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
