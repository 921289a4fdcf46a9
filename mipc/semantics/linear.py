"""The backward linear meaning: a value bounded by an affine function of the input.

To bound ``a z`` from below, write it over the value before: through an affine operator exactly,
through a ReLU by the line under it where the coefficient is positive and the line over it where
it is negative; at the input, take the least over its domain. This is CROWN (Zhang et al. 2018) or
DeepPoly (Singh et al. 2019). Rows walk backwards together, for many samples at once.

Rounding. All rows are candidates: the walk keeps, for each row, a number that is at least the
sum of all its rounding errors. A step from rows ``a`` to rows ``a M`` is off by at most
``e(M) sum|a| max|x|`` over the interval of ``x``, and a relaxed ReLU by a few units of
``sum|a| max|z|``; so one sum of absolute values a step pays for soundness.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

import numpy as np
import numpy.typing as npt

from mipc import clock
from mipc.ir.graph import Graph
from mipc.ir.ops import Affine, Input, Max, Node, Relu, Smooth
from mipc.numerics import functions
from mipc.numerics.domains import Domain
from mipc.numerics.functions import Function, Relaxation
from mipc.numerics.interval import Interval
from mipc.numerics.products import Products
from mipc.numerics.relaxation import Lines, Product, product_tangent, relu_lines
from mipc.numerics.rounding import TINY, UNIT, down, gamma, sum_up
from mipc.numerics.windows import Rows
from mipc.semantics.interval import affine_slack

__all__ = ["Context", "bound_neurons", "bound_rows"]

Array: TypeAlias = npt.NDArray[np.float64]
Index: TypeAlias = npt.NDArray[np.intp]

_CHUNK = 1 << 18
"""Coefficients worked on at a time, so that they stay in the processor's cache."""


@dataclass(frozen=True, eq=False)
class Context:
    """What a walk needs to know: the graph, its domain, the bounds so far, for ``B`` samples."""

    graph: Graph
    bounds: Mapping[str, Interval]
    products: Products
    domain: Mapping[str, Domain] = field(default_factory=dict)
    _lines: dict[str, Lines] = field(default_factory=dict, repr=False)
    _curves: dict[str, Relaxation] = field(default_factory=dict, repr=False)

    def lines(self, name: str) -> Lines:
        """The lines around the ReLU whose operand has that name."""
        if name not in self._lines:
            self._lines[name] = relu_lines(self.bounds[name])
        return self._lines[name]

    def curves(self, node: Node, function: Function) -> Relaxation:
        """The lines around a smooth node."""
        if node.name not in self._curves:
            x = self.bounds[node.operands[0]]
            self._curves[node.name] = functions.lines(function, x.lower, x.upper)
        return self._curves[node.name]


def bound_rows(context: Context, name: str, rows: Rows) -> Array:
    """A lower bound of each ``row @ value(name)``: (T,).

    ``rows.sample`` must be sorted. For an upper bound, bound the negated rows from below.
    """
    step = _rows_at_a_time(context, name, rows)
    found = [np.zeros(0)]
    for start in range(0, len(rows), step):
        part = rows.take(slice(start, start + step))
        walk = _Walk(context, part.sample)
        walk.arrive(name, Rows(part.values, part.width, walk.sample, part.window), None)
        found.append(walk.finish())
    return np.concatenate(found)


def bound_neurons(context: Context, name: str, sample: Index, neuron: Index, sign: Array) -> Array:
    """A lower bound of ``sign * neuron`` of an affine value: (T,); ``sample`` sorted."""
    node = context.graph[name]
    assert isinstance(node.op, Affine)
    found = [np.zeros(0)]
    shown = [m.unit_rows(neuron[:1], sample[:1]) for m in node.op.maps]
    step = min(_rows_at_a_time(context, name, rows) for rows in shown)
    for start in range(0, len(neuron), step):
        part = slice(start, start + step)
        walk = _Walk(context, sample[part])
        walk.begin(node, node.op, neuron[part], sign[part])
        found.append(walk.finish())
    return np.concatenate(found)


def _rows_at_a_time(context: Context, name: str, rows: Rows) -> int:
    """How many rows to walk with together: dense rows grow as wide as the widest value."""
    width = 2 * int(rows.values.shape[1])
    if rows.window is None:
        width = max(context.graph[other].size for other in context.graph.before(name))
    return max(_CHUNK // width, 8)


class _Walk:
    """Rows on their way to the inputs, and what they have collected: a constant and an error."""

    def __init__(self, context: Context, sample: Index) -> None:
        self.context = context
        self.products = context.products
        self.samples = slice(int(sample[0]), int(sample[-1]) + 1)
        self.sample = sample - sample[0]
        self.adds = 2 * len(context.graph) + 8  # how often a constant is added to, at most
        self.constant = np.zeros(len(sample))
        self.error = np.zeros(len(sample))
        self.pending: dict[str, tuple[Rows, Array | None]] = {}

    def begin(self, node: Node, op: Affine, neuron: Index, sign: Array) -> None:
        """Start with single neurons of an affine value, whose rows are entries of its maps."""
        self.constant += sign * op.offset[neuron]
        slack = self._slack(node, op)
        self.error += slack[self.sample if len(slack) > 1 else 0, neuron]
        for operand, linear in zip(node.operands, op.maps, strict=True):
            rows = linear.unit_rows(neuron, self.sample)
            signed = rows.with_values(rows.values * sign[:, None])
            self.arrive(operand, signed, np.full(len(neuron), linear.row_sum))

    def finish(self) -> Array:
        """Walk to the inputs and return the lower bounds, (T,)."""
        for node in reversed(tuple(self.context.graph)):
            if node.name in self.pending:
                clock.check()
                rows, norm = self.pending.pop(node.name)
                match node.op:
                    case Input():
                        self._leave(node, rows, norm)
                    case Affine():
                        self._affine(node, node.op, rows, norm)
                    case Relu():
                        self._relu(node, rows, norm)
                    case Max(groups):
                        self._max(node, groups, rows, norm)
                    case Smooth(function):
                        self._smooth(node, function, rows, norm)
                    case _ as never:
                        assert_never(never)
        # a partial sum of the constant is at most the final one and the terms added after it
        error = self.error * (1.0 + 2**-30) + np.abs(self.constant) * (self.adds * UNIT) + TINY
        return down(self.constant - error)

    def arrive(self, name: str, rows: Rows, norm: Array | None) -> None:
        """Rows arrive at a value; ``norm`` is at least the sum of their absolute values."""
        if name in self.pending:
            other, _ = self.pending[name]
            total = rows.plus(other)
            # each sum of two coefficients rounds once: part of what the next step charges
            self.pending[name] = (total, None)
            self.error += 2 * UNIT * _norm(total, None) * self._largest(name)
        else:
            self.pending[name] = (rows, norm)

    def _largest(self, name: str) -> Array:
        """The largest absolute value of a value, for the sample of each row."""
        largest = self.context.bounds[name][self.samples].largest()
        return np.asarray(largest[self.sample]) * (1.0 + 2**-40)

    def _slack(self, node: Node, op: Affine) -> Array:
        bounds = self.context.bounds
        largest = [bounds[name][self.samples].largest()[:, None] for name in node.operands]
        samples = self.samples.stop - self.samples.start
        return np.broadcast_to(affine_slack(op, largest), (samples, node.size))

    def _leave(self, node: Node, rows: Rows, norm: Array | None) -> None:
        """The least over the box: positive coefficients at lower bounds, negative at upper.

        Where a ball or a plane cuts the box, what it gives, if that is more.
        """
        box = self.context.bounds[node.name][self.samples]
        lower, upper = rows.look(box.lower), rows.look(box.upper)
        least = self.products.dot(rows.values, np.where(rows.values > 0, lower, upper))
        terms = rows.values.shape[1] + self.adds
        error = gamma(terms) * _norm(rows, norm) * self._largest(node.name)
        region = self.context.domain.get(node.name)
        if region is not None and not region.is_box:
            least = np.maximum(least, region[self.samples].least(rows.dense(), self.sample))
        self.constant += least
        self.error += error

    def _affine(self, node: Node, op: Affine, rows: Rows, norm: Array | None) -> None:
        """``a (M x + b) = (a M) x + a b``."""
        norm = _norm(rows, norm)
        self.constant += self.products.dot(rows.values, rows.look(op.offset[None, :]))
        terms = rows.values.shape[1] + self.adds
        self.error += gamma(terms) * norm * float(np.abs(op.offset).max(initial=0.0))
        if not op.is_exact:
            self.error += norm * self._slack(node, op).max(axis=1)[self.sample]
        for operand, linear in zip(node.operands, op.maps, strict=True):
            loss = linear.error(self.products, rows.window)
            self.error += loss * norm * self._largest(operand)
            self.arrive(operand, linear.pull(rows, self.products), None)

    def _relu(self, node: Node, rows: Rows, norm: Array | None) -> None:
        """Positive coefficients take the line below, negative ones the line above."""
        operand = node.operands[0]
        lines = self.context.lines(operand)
        slopes = rows.look(lines.upper_slope[self.samples])
        norm = _norm(rows, norm)
        if lines.undecided[self.samples].any():
            below = rows.look(lines.lower_slope[self.samples])
            offset = rows.look(lines.upper_offset[self.samples])
            slopes = np.where(rows.values > 0, below, slopes)
            self.constant += self.products.dot(np.minimum(rows.values, 0.0), offset)
        terms = rows.values.shape[1] + self.adds
        self.error += gamma(terms) * norm * self._largest(operand)
        self.arrive(operand, rows.with_values(rows.values * slopes), norm)

    def _smooth(
        self, node: Node, function: Function | Product, rows: Rows, norm: Array | None
    ) -> None:
        if isinstance(function, Product):
            self._product(node, rows, norm)
        else:
            self._curve(node, function, rows, norm)

    def _curve(self, node: Node, function: Function, rows: Rows, norm: Array | None) -> None:
        """As at a ReLU: positive coefficients take the line below, negative ones that above."""
        operand = node.operands[0]
        lines = self.context.curves(node, function)
        mine = [
            np.asarray(part[self.samples])
            for part in (
                lines.lower_slope, lines.upper_slope, lines.lower_offset, lines.upper_offset
            )
        ]  # fmt: skip
        positive = rows.values > 0
        slope = np.where(positive, rows.look(mine[0]), rows.look(mine[1]))
        offset = np.where(positive, rows.look(mine[2]), rows.look(mine[3]))
        self.constant += self.products.dot(rows.values, offset)
        steepest, farthest = _largest_of(mine[:2]), _largest_of(mine[2:])
        size = steepest[self.sample] * self._largest(operand) + farthest[self.sample]
        terms = rows.values.shape[1] + self.adds
        self.error += gamma(terms) * _norm(rows, norm) * size * (1.0 + 2.0**-40)
        self.arrive(operand, rows.with_values(rows.values * slope), None)

    def _product(self, node: Node, rows: Rows, norm: Array | None) -> None:
        """The tangent plane at the middle of the box, lowered or raised."""
        left, right = node.operands
        x, y = (self.context.bounds[name][self.samples] for name in (left, right))
        plane = product_tangent(x, y)
        offset = np.where(rows.values > 0, rows.look(plane.below), rows.look(plane.above))
        self.constant += self.products.dot(rows.values, offset)
        size = _largest_of([plane.below, plane.above])[self.sample]
        for name, slope in ((left, plane.first), (right, plane.second)):
            size = size + _largest_of([slope])[self.sample] * self._largest(name)
        terms = rows.values.shape[1] + self.adds
        self.error += gamma(terms) * _norm(rows, norm) * size * (1.0 + 2.0**-40)
        for name, slope in ((left, plane.first), (right, plane.second)):
            self.arrive(name, rows.with_values(rows.values * rows.look(slope)), None)

    def _max(self, node: Node, groups: Index, rows: Rows, norm: Array | None) -> None:
        """Below: the member with the largest lower bound. Above: it, if it dominates, or a number.

        Sound: a maximum is at least each member, and at most the largest upper bound.
        """
        operand = node.operands[0]
        bounds = self.context.bounds[operand][self.samples]
        lower = np.where(groups < 0, -np.inf, bounds.lower[:, groups])
        upper = np.where(groups < 0, -np.inf, bounds.upper[:, groups])
        best = lower.argmax(axis=2)[:, :, None]
        others = upper.copy()
        np.put_along_axis(others, best, -np.inf, axis=2)
        dominates = np.take_along_axis(lower, best, axis=2)[:, :, 0] >= others.max(axis=2)
        member = np.take_along_axis(np.broadcast_to(groups, lower.shape), best, axis=2)[:, :, 0]
        values = rows.dense()
        positive = np.maximum(values, 0.0)
        negative = values - positive
        kept = positive + np.where(dominates[self.sample], negative, 0.0)
        given = np.where(dominates[self.sample], 0.0, negative)
        self.constant += self.products.dot(given, upper.max(axis=2)[self.sample])
        width = self.context.graph[operand].size
        flat = np.arange(len(rows))[:, None] * width + member[self.sample]
        spread = np.bincount(flat.ravel(), kept.ravel(), len(rows) * width).astype(np.float64)
        norm = _norm(rows, norm)
        terms = values.shape[1] + self.adds
        self.error += 2 * gamma(terms) * norm * self._largest(operand)
        result = Rows(spread.reshape(len(rows), width), width, self.sample)
        self.arrive(operand, result, norm)


def _norm(rows: Rows, known: Array | None) -> Array:
    """At least the sum of absolute coefficients of each row."""
    return sum_up(np.abs(rows.values)) if known is None else known


def _largest_of(parts: list[Array]) -> Array:
    """The largest absolute value of each sample among several (B, n) arrays: (B,)."""
    largest = [np.abs(part).max(axis=1, initial=0.0) for part in parts]
    return np.asarray(np.maximum.reduce(largest))
