"""Bounds alone, for many inputs or many cases at once: what surely cannot happen?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, islice
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.errors import RangeError
from mipc.ir.network import Network
from mipc.ir.ops import Input
from mipc.numerics.domains import Ball, Domain
from mipc.numerics.interval import Interval
from mipc.numerics.rounding import up
from mipc.numerics.windows import Rows
from mipc.properties.query import Case, Query
from mipc.properties.requirements import Disjunct, Row
from mipc.semantics.bounds import bound_graph, bound_margins

__all__ = ["closed_by_bounds", "margins_by_bounds", "screen"]

Array: TypeAlias = npt.NDArray[np.float64]

TOGETHER = 64
"""Cases that are bounded together."""


def margins_by_bounds(
    network: Network, lower: Array, upper: Array, labels: npt.NDArray[Any], *, batch: int = 50
) -> Array:
    """Upper bounds of ``y_t - y_label`` over a box for each input, rounded outward.

    Parameters
    ----------
    lower, upper : (N, n) float64
        A box for each input.
    labels : (N,) int
    batch : int
        How many inputs are bounded together; more need more memory.

    Returns
    -------
    (N, classes) float64
        0 at the label. An input all of whose other entries are negative is robust.
    """
    graph, classes = network.graph, network.output.size
    result = np.zeros((len(labels), classes))
    for start in range(0, len(labels), batch):
        part = slice(start, start + batch)
        truth = np.asarray(labels[part], dtype=np.intp)
        box = Interval(np.asarray(lower[part]), np.asarray(upper[part]))
        domain = {network.input.node: Domain(box)}
        bounds = bound_graph(graph, domain, outputs=False)
        sample, target = np.nonzero(np.arange(classes) != truth[:, None])
        rows = np.zeros((len(sample), classes))
        rows[np.arange(len(sample)), truth[sample]] = 1.0
        rows[np.arange(len(sample)), target] = -1.0
        margins = Rows(rows, classes, sample)
        result[start + sample, target] = -bound_margins(graph, domain, bounds, margins)
    return result


def screen(query: Query, *, go_on: Callable[[int], bool] = lambda done: True) -> dict[int, float]:
    """Disjuncts that bounds close, of all cases; several cases are bounded together.

    Parameters
    ----------
    go_on : callable
        Told how many cases are done; False ends it.

    Returns
    -------
    dict of disjunct number to float
        An upper bound of its margin, negative: it cannot hold.
    """
    closed: dict[int, float] = {}
    done = 0
    for cases in _batches(query.cases):
        if not go_on(done):
            break
        for found in closed_by_bounds(cases):
            closed |= found
        done += len(cases)
    return closed


def closed_by_bounds(cases: Sequence[Case]) -> list[dict[int, float]]:
    """Of each case the disjuncts that bounds close, with upper bounds of their margins.

    Cases that differ only in where their parameters lie are bounded together.
    """
    found: list[dict[int, float]] = []
    for batch in _batches(cases):
        try:
            found += _closed(batch)
        except RangeError:  # each case will say so itself
            found += [{} for _ in batch]
    return found


def _batches(cases: Sequence[Case]) -> Iterator[list[Case]]:
    """Consecutive cases that can be bounded together, some at a time."""
    for _, alike in groupby(cases, key=_form):
        while batch := list(islice(alike, TOGETHER)):
            yield batch


def _form(case: Case) -> tuple[Any, ...]:
    """What cases must have in common to be bounded together: the graph, and kinds of regions."""
    nodes = tuple(
        (node.name, node.size) if isinstance(node.op, Input) else (node.name, id(node))
        for node in case.base
    )
    regions = tuple(
        (name, None if domain.ball is None else domain.ball.norm, domain.plane)
        for name, domain in case.domain.items()
    )
    return nodes, regions


def _closed(cases: list[Case]) -> list[dict[int, float]]:
    """A row that is surely negative closes its disjunct.

    Sound: the coefficients of a row that is looked at are floats as they are, over one value; the
    constant is rounded up.
    """
    domain = {name: _stacked([case.regions[name].domain for case in cases])
              for name in cases[0].regions}  # fmt: skip
    base = cases[0].base
    bounds = bound_graph(base, domain, outputs=False)
    asked: dict[str, list[tuple[int, Disjunct, Array, float]]] = {}
    for sample, case in enumerate(cases):
        for disjunct in case.disjuncts:
            for row in disjunct.rows:
                seen = _seen(case, row)
                if seen is not None:
                    name, values, constant = seen
                    asked.setdefault(name, []).append((sample, disjunct, values, constant))
    closed: list[dict[int, float]] = [{} for _ in cases]
    for name, entries in asked.items():
        values = -np.array([values for _, _, values, _ in entries])
        samples = np.array([sample for sample, _, _, _ in entries], dtype=np.intp)
        rows = Rows(values, values.shape[1], samples)
        least = bound_margins(base, domain, bounds, rows, name=name)
        most = up(up(-least) + np.array([constant for _, _, _, constant in entries]))
        for (sample, disjunct, _, _), upper in zip(entries, most.tolist(), strict=True):
            if upper < 0:
                known = closed[sample].get(disjunct.number, 0.0)
                closed[sample][disjunct.number] = min(known, upper)
    return closed


def _seen(case: Case, row: Row) -> tuple[str, Array, float] | None:
    """A row over one value, in floats; None if it is not of that kind."""
    start = 0
    for seen in case.seen:
        mine = [(i - start, c) for i, c in row.terms if start <= i < start + seen.size]
        if mine and len(mine) == len(row.terms):
            values = np.zeros(seen.size)
            for place, coefficient in mine:
                values[place] = float(coefficient)
                if values[place] != coefficient:
                    return None
            return seen.node, values, float(up(float(row.constant)))
        start += seen.size
    return None


def _stacked(domains: list[Domain]) -> Domain:
    """The domains of several cases as one batch."""
    box = Interval(
        np.concatenate([domain.box.lower for domain in domains]),
        np.concatenate([domain.box.upper for domain in domains]),
    )
    balls = [domain.ball for domain in domains]
    first = domains[0]
    ball = None
    if all(other is not None for other in balls):
        known = [other for other in balls if other is not None]
        ball = Ball(
            known[0].norm,
            np.concatenate([other.centre for other in known]),
            np.concatenate([other.radius for other in known]),
        )
    plane = first.plane if all(d.plane == first.plane for d in domains) else None
    return Domain(box, ball, plane, first.integer)
