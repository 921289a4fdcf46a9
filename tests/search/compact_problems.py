"""Random problems in compact form, and what is exactly true of them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from checks import query_of
from exact_runs import exact_run, wobbling
from strategies import Case, points_of

from mipc.compile import bound_case
from mipc.errors import RangeError
from mipc.properties.query import Query
from mipc.search import PASSES, Compact, can_be_compact, compact
from mipc.search.compact import Block
from mipc.search.parts import Parts


def compact_of(query: Query) -> Compact | None:
    """All disjuncts of a question; None where it is not of that kind."""
    (case,) = query.cases
    targets = tuple(disjunct.number for disjunct in case.disjuncts)
    try:
        problem, _ = bound_case(case, PASSES)
        if not can_be_compact(problem):
            return None
        return compact(case, problem, targets)
    except RangeError:
        return None


def asked_of(case: Case, margin: Fraction) -> tuple[Query, Compact | None]:
    query = query_of(case, margin, "feasibility")
    return query, compact_of(query)


def exact_margins(query: Query, case: Case, count: int) -> list[dict[int, Fraction]]:
    """Of some points of the region, the least row of each disjunct, in rationals."""
    (whole,) = query.cases
    found = []
    for point in points_of(case.box, case.rng, count):
        values = exact_run(whole.graph, point, wobbling(case.rng))
        found.append({d.number: min(values[f"violation#{d.number}"]) for d in whole.disjuncts})
    return found


def exact_values(dense: Compact, point: np.ndarray) -> tuple[list[Fraction], list[Fraction]]:
    """Inputs and ReLUs of the stored numbers at a point, and the pre-activations, in rationals."""
    values = [Fraction(x) for x in point.tolist()]
    before: list[Fraction] = []
    for level in dense.levels:
        rows = zip(level.weights.tolist(), level.offset.tolist(), strict=True)
        new = [
            sum((Fraction(w) * v for w, v in zip(row, values, strict=True)), Fraction(b))
            for row, b in rows
        ]
        before += new
        values += [max(z, Fraction(0)) for z in new]
    return values, before


def random_parts(dense: Compact, rng: np.random.Generator, count: int) -> Parts:
    """Parts of the region: smaller boxes, and some neurons split."""
    parts = dense.whole.repeat(count)
    share = np.sort(rng.random((2, *parts.low.shape)), axis=0)
    share[:, rng.random(parts.low.shape) < 0.5] = np.array([[0.0], [1.0]])
    width = parts.high - parts.low
    low, high = parts.low + share[0] * width, np.minimum(parts.low + share[1] * width, parts.high)
    split = rng.integers(0, 4, parts.lower.shape)
    lower = np.where((split == 0) & parts.undecided, 0.0, parts.lower)
    upper = np.where((split == 1) & parts.undecided, 0.0, parts.upper)
    return Parts(lower, upper, low, np.maximum(low, high))


def rows_in(block: Block, values: list[Fraction]) -> list[tuple[Fraction, Fraction]]:
    """What each row gives for the values that it reads, in rationals, and its slack."""
    found = []
    rows = (block.weights.tolist(), block.offset.tolist(), block.slack.tolist())
    for row, offset, slack in zip(*rows, strict=True):
        terms = (Fraction(w) * v for w, v in zip(row, values, strict=True))
        found.append((sum(terms, Fraction(offset)), Fraction(slack)))
    return found


def inside(parts: Parts, point: np.ndarray, before: list[Fraction]) -> np.ndarray:
    """Which parts hold a point, by its exact pre-activations."""
    found = ((parts.low <= point) & (point <= parts.high)).all(axis=1)
    for number in range(len(parts)):
        ends = zip(parts.lower[number].tolist(), parts.upper[number].tolist(), strict=True)
        found[number] &= all(
            Fraction(low) <= z <= Fraction(high)
            for (low, high), z in zip(ends, before, strict=True)
        )
    return found
