"""A question as a model, and the way back from a solver's numbers to an input."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from mipc.ir.graph import Graph
from mipc.ir.ops import Relu
from mipc.milp.conditioning import condition, scale_exponents
from mipc.milp.model import Expr, Model, ModelBuilder
from mipc.numerics.interval import Interval
from mipc.numerics.rounding import up
from mipc.passes import Cover, Known, Problem, Record
from mipc.properties.query import Query
from mipc.semantics.encode import Block, Coded, Encoded, encode
from mipc.semantics.encode_smooth import Envelope

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

    def lift(self, values: Array) -> dict[str, Array]:
        """The parameters at a solver's point: (columns,) -> name -> (n,) float64."""
        true = np.ldexp(values, self.exponents)
        return {block.node: true[place] for block, place in self._placed() if block.role == "input"}

    def places(self, role: str) -> npt.NDArray[np.intp]:
        """The columns of the blocks with a role."""
        found = [place for block, place in self._placed() if block.role == role]
        return np.concatenate([np.zeros(0, dtype=np.intp), *found])

    def _placed(self) -> Iterator[tuple[Block, npt.NDArray[np.intp]]]:
        """The blocks and their columns."""
        start = 0
        for block in self.blocks:
            stop = start + len(block.neurons)
            yield block, np.arange(start, stop)
            start = stop


@dataclass(frozen=True, eq=False)
class Formulation:
    """A model of one or several disjuncts of a question.

    Attributes
    ----------
    model : Model
        Minimises ``-margin`` (objectives ``feasibility`` and ``worst``) or ``distance``.
    layout : Layout
    targets : tuple of int
        Which disjuncts it is about, by number.
    dropped : int
        Coefficients too small for solvers, left out and accounted for.
    unit : float
        The largest coefficient of the margin as the solver sees it; see :func:`_unit`.
    envelopes : tuple of Envelope
        What the model only encloses, and how closely.
    """

    model: Model
    layout: Layout
    targets: tuple[int, ...]
    dropped: int
    unit: float
    envelopes: tuple[Envelope, ...] = ()

    @property
    def guard(self) -> float:
        """How far below a violation a solver's bound on the margin must be to be believed."""
        return self.unit * GUARD


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
    records : tuple of tuple of Record
        What each pass did, for each model.
    known : tuple of Known
        What was found beside the passes, of each model's case.
    """

    query: Query
    parts: tuple[Part, ...]
    formulations: tuple[Formulation, ...]
    problems: tuple[Problem, ...]
    records: tuple[tuple[Record, ...], ...]
    known: tuple[Known, ...]


def formulate(
    query: Query,
    problem: Problem,
    targets: tuple[int, ...],
    name: str,
    covers: Sequence[Cover] = (),
) -> Formulation:
    """Write a graph whose first outputs are disjuncts of a query as a model.

    Every exact run of the network in the region at which a disjunct holds (for ``worst``: every
    run) is a feasible point, whose ``margin`` column may take the exact margin, and whose
    ``distance`` column the exact distance.
    """
    builder = ModelBuilder(name)
    graph, bounds = problem.graph, problem.bounds
    encoded = encode(graph, problem.domain, bounds, builder)
    for cover in covers:
        if cover.target in targets:
            _cover(builder, graph, encoded, cover)
    blocks = encoded.blocks
    outputs = graph.outputs[: len(targets)]
    tails = [encoded.values[output] for output in outputs]
    spans = [bounds[output] for output in outputs]
    unit = _unit(tails, builder.reach)
    margin = _margin(query, builder, blocks, tails, spans, targets, unit)
    if query.objective == "closest":
        assert query.image is not None
        image, known = encoded.values[query.image], bounds[query.image]
        builder.minimise(_distance(query, builder, blocks, image, known))
    else:
        builder.minimise(-margin)
    conditioned = condition(builder.build())
    layout = Layout(tuple(blocks), conditioned.exponents)
    envelopes = tuple(encoded.envelopes)
    return Formulation(conditioned.model, layout, targets, conditioned.dropped, unit, envelopes)


def _cover(builder: ModelBuilder, graph: Graph, encoded: Encoded, cover: Cover) -> None:
    """Rows ``relu <= slope @ x + offset`` for the neurons that still have columns."""
    (source,) = graph.inputs
    x = encoded.values[source.name].expr
    for node in graph:
        name, neurons = node.neurons(np.arange(node.size))
        if isinstance(node.op, Relu) and name == cover.node:
            _, here, there = np.intersect1d(neurons, cover.neurons, return_indices=True)
            lines = x.through(sp.csr_array(cover.slope[there]))
            y = encoded.values[node.name].expr[here]
            builder.at_most(f"cover{cover.target}", y - lines, cover.offset[there])


def _margin(
    query: Query,
    builder: ModelBuilder,
    blocks: list[Block],
    tails: list[Coded],
    spans: list[Interval],
    targets: tuple[int, ...],
    unit: float,
) -> Expr:
    """A column at most the margin of the disjunct, or of one selected disjunct.

    ``margin <= row`` for each row of the conjunction; with several disjuncts each row holds only
    where its selector is 1, and at least one is.
    """
    most = max(float(span.upper.min()) for span in spans)
    least = min(float(span.lower.min()) for span in spans)
    if query.objective != "worst":
        # only violations count, and what comes within a guard of one: an infeasible file then
        # says so with room to spare for the tolerances of solvers
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


def _unit(tails: list[Coded], reach: Array) -> float:
    """The largest coefficient of a margin's rows, rounded up to a power of two; at least 1.

    It is that of the columns as the solver sees them: what a column is scaled down by, because it
    reaches far, its coefficient is scaled up by.

    Solvers call a region empty that is thinner than their tolerance, 1e-6 of a row. The margin may
    fall short of a violation by a guard, sixteen times that in these units (four times that was
    not enough for HiGHS). Nor is its column ever narrower than one unit; the rows limit it anyway.
    """
    scale = np.ldexp(1.0, np.maximum(scale_exponents(reach), 0))
    sizes = [np.abs(m.data) * scale[m.indices] for m in (rows.expr.matrix for rows in tails)]
    largest = max(float(size.max(initial=1.0)) for size in sizes)
    return float(2.0 ** math.ceil(math.log2(max(largest, 1.0))))


def _distance(
    query: Query, builder: ModelBuilder, blocks: list[Block], image: Coded, known: Interval
) -> Expr:
    """A column (or a sum of columns) at least the distance of the image from the centre."""
    centre = query.centre
    assert centre is not None
    x = image.expr
    reach = np.maximum(up(known.upper[0] - centre), up(centre - known.lower[0]))
    if query.norm == "linf":
        d = builder.columns("distance", [0.0], [max(float(reach.max()), 0.0)])
        blocks.append(Block("distance", "", "distance", (0,)))
        away = d.repeat(len(x))
    else:
        d = builder.columns("distance", np.zeros(len(x)), np.maximum(reach, 0.0))
        blocks.append(Block("distance", "", "distance", tuple(range(len(x)))))
        away = d
    slack = image.slack
    builder.at_most("over", x - away, up(centre + slack) if slack.any() else centre)
    builder.at_most("under", -x - away, up(slack - centre) if slack.any() else -centre)
    return d if query.norm == "linf" else d.total()
