"""A question as a model, and the way back from a solver's numbers to an input."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.ir.graph import Graph
from mipc.milp.conditioning import condition
from mipc.milp.model import Expr, Model, ModelBuilder
from mipc.numerics.interval import Interval
from mipc.numerics.rounding import up
from mipc.passes import Problem, Record
from mipc.properties.query import Query
from mipc.semantics.encode import Block, Coded, encode

__all__ = ["Compiled", "Formulation", "Layout", "Part", "formulate"]

Array: TypeAlias = npt.NDArray[np.float64]

GUARD = 2.0**-16
"""How far short of a violation the margin of a file may fall, in the units of :func:`_unit`."""


@dataclass(frozen=True, eq=False)
class Layout:
    """What each column is: blocks in the order of the file.

    ``exponents`` (n,) undo the scaling: a column's true value is its number times ``2**exponent``.
    """

    blocks: tuple[Block, ...]
    exponents: npt.NDArray[np.int64]

    def lift(self, values: Array) -> Array:
        """The network's input at a solver's point: (columns,) -> (n,) float64."""
        return self.true("input", values)

    def true(self, role: str, values: Array) -> Array:
        """The true values of the columns with a role, at a solver's point."""
        columns = self.places(role)
        return np.ldexp(values[columns], self.exponents[columns])

    def places(self, role: str) -> npt.NDArray[np.intp]:
        """The columns of the blocks with a role."""
        found, start = [np.zeros(0, dtype=np.intp)], 0
        for block in self.blocks:
            stop = start + len(block.neurons)
            if block.role == role:
                found.append(np.arange(start, stop))
            start = stop
        return np.concatenate(found)


@dataclass(frozen=True, eq=False)
class Formulation:
    """A model of one or several disjuncts of a question.

    Attributes
    ----------
    model : Model
        Minimises ``-margin`` (objectives ``feasibility`` and ``worst``) or ``distance``.
    layout : Layout
    targets : tuple of int
        Which disjuncts it is about, by target class.
    dropped : int
        Coefficients too small for solvers, left out and accounted for.
    guard : float
        In units of the margin: how far below a violation a solver's bound must be to be believed.
    """

    model: Model
    layout: Layout
    targets: tuple[int, ...]
    dropped: int
    guard: float


@dataclass(frozen=True)
class Part:
    """What bounds say of one disjunct.

    Attributes
    ----------
    target : int
    lower, upper : float
        Bounds of its largest margin over the box.
    is_open : bool
        Whether a model is needed to answer the question.
    """

    target: int
    lower: float
    upper: float
    is_open: bool


@dataclass(frozen=True, eq=False)
class Compiled:
    """A question, compiled.

    Attributes
    ----------
    query : Query
    parts : tuple of Part
        All disjuncts, in the order of the query.
    formulations : tuple of Formulation
        The models that are needed; at least one.
    problems : tuple of Problem
        The simplified graph behind each.
    records : tuple of Record
        What each pass did, for the first model.
    """

    query: Query
    parts: tuple[Part, ...]
    formulations: tuple[Formulation, ...]
    problems: tuple[Problem, ...]
    records: tuple[tuple[Record, ...], ...]


def formulate(
    query: Query, graph: Graph, bounds: Mapping[str, Interval], targets: tuple[int, ...], name: str
) -> Formulation:
    """Write a graph whose outputs are disjuncts of a query as a model.

    Every exact run of the network in the box at which a disjunct holds (for ``worst``: every
    run) is a feasible point, whose ``margin`` column may take the exact margin, and whose
    ``distance`` column the exact distance.
    """
    builder = ModelBuilder(name)
    coded, blocks = encode(graph, bounds, builder)
    tails = [coded[output] for output in graph.outputs]
    spans = [bounds[output] for output in graph.outputs]
    margin = _margin(query, builder, blocks, tails, spans, targets)
    if query.question.objective == "closest":
        distance = _distance(query, builder, blocks, coded[graph.inputs[0].name].expr)
        builder.minimise(distance)
    else:
        builder.minimise(-margin)
    conditioned = condition(builder.build())
    layout = Layout(tuple(blocks), conditioned.exponents)
    guard = _unit(tails) * GUARD
    return Formulation(conditioned.model, layout, targets, conditioned.dropped, guard)


def _margin(
    query: Query,
    builder: ModelBuilder,
    blocks: list[Block],
    tails: list[Coded],
    spans: list[Interval],
    targets: tuple[int, ...],
) -> Expr:
    """A column at most the margin of the disjunct, or of one selected disjunct.

    ``margin <= row`` for each row of the conjunction; with several disjuncts each row holds only
    where its selector is 1, and at least one is.
    """
    most = max(float(span.upper.min()) for span in spans)
    least = min(float(span.lower.min()) for span in spans)
    if query.question.objective != "worst":
        # only violations count, and what comes within a guard of one: an infeasible file then
        # says so with room to spare for the tolerances of solvers
        unit = _unit(tails)
        least = -unit * GUARD
        most = max(most, unit)
    margin = builder.columns("margin", [least], [most])
    blocks.append(Block("margin", "", "margin", (0,)))
    if len(tails) == 1:
        rows = tails[0]
        builder.at_most("margin", margin.repeat(len(rows.expr)) - rows.expr, rows.slack)
        return margin
    selector = builder.binaries("pick", len(tails))
    blocks.append(Block("pick", "", "selector", targets))
    builder.at_most("any", -selector.total(), -1.0)
    for i, (rows, span) in enumerate(zip(tails, spans, strict=True)):
        count = len(rows.expr)
        reach = np.maximum(up(most - span.lower[0]), 0.0)
        # margin <= row + reach (1 - selector)
        loose = margin.repeat(count) - rows.expr + selector[[i]].repeat(count).scale(reach)
        builder.at_most(f"margin{targets[i]}", loose, up(rows.slack + reach))
    return margin


def _unit(tails: list[Coded]) -> float:
    """The largest coefficient of a margin's rows, rounded up to a power of two; at least 1.

    Solvers call a region empty that is thinner than their tolerance, 1e-6 of a row. The margin may
    fall short of a violation by a guard, sixteen times that in these units (four times that was
    not enough for HiGHS). Nor is its column ever narrower than one unit; the rows limit it anyway.
    """
    largest = max(float(np.abs(rows.expr.matrix.data).max(initial=1.0)) for rows in tails)
    return float(2.0 ** math.ceil(math.log2(max(largest, 1.0))))


def _distance(query: Query, builder: ModelBuilder, blocks: list[Block], x: Expr) -> Expr:
    """A column (or a sum of columns) at least the distance of ``x`` from the centre."""
    centre = query.question.centre
    assert centre is not None
    reach = np.maximum(up(query.box.upper - centre), up(centre - query.box.lower))
    if query.question.norm == "linf":
        d = builder.columns("distance", [0.0], [max(float(reach.max()), 0.0)])
        blocks.append(Block("distance", "", "distance", (0,)))
        away = d.repeat(len(x))
    else:
        d = builder.columns("distance", np.zeros(len(x)), np.maximum(reach, 0.0))
        blocks.append(Block("distance", "", "distance", tuple(range(len(x)))))
        away = d
    builder.at_most("over", x - away, centre)
    builder.at_most("under", -x - away, -centre)
    return d if query.question.norm == "linf" else d.total()
