"""The laws as functions: what is drawn at random elsewhere is checked here.

The tests of each law call these on random cases; the test of planted bugs calls them on the same
cases with a bug in mipc, and wants them to fail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from brute_force import Layer, Truth, truth
from exact_runs import Values, assert_between, assert_inside, exact_run, follow, wobbling
from feasible_points import (
    assert_feasible,
    followed,
    formulation_of,
    margin_of,
    point_of,
    query_run,
)
from small_networks import dense_network
from strategies import Case, network_of, points_of

from mipc.decide.stages import STAGES
from mipc.errors import RangeError
from mipc.ir.graph import Graph
from mipc.numerics.domains import Domain
from mipc.numerics.interval import Interval
from mipc.numerics.products import Products
from mipc.passes import Pass, Problem, run
from mipc.properties.perturbations import BoxOfArrays, LInf
from mipc.properties.query import Objective, Query
from mipc.properties.question import Question, ask
from mipc.properties.requirements import ArgMax
from mipc.semantics.bounds import bound_graph
from mipc.verdict import Answer, Robust, Violated

Bounded = dict[str, Interval]


def problem_of(case: Case) -> Problem:
    return Problem(case.graph, {"x": Domain(case.box)})


def stages(problem: Problem, passes: list[Pass]) -> list[Problem]:
    """The problem before the first pass and after each."""
    seen: list[Problem] = []
    run(problem, passes, watch=lambda name, after: seen.append(after))
    return seen


def runs_of(case: Case, count: int = 3) -> list[Values]:
    rng = case.rng
    points = points_of(case.box, rng, count)
    return [exact_run(case.graph, point, wobbling(rng)) for point in points]


def assert_meaning_is_kept(case: Case, passes: list[Pass]) -> None:
    """Every exact run satisfies every equation and all bounds after each pass."""
    try:
        seen = stages(problem_of(case), passes)
    except RangeError:
        return
    for values in runs_of(case):
        assert_inside(seen[0], values)
        for before, after in pairwise(seen):
            values = follow(before, after, values)


def assert_holds(graph: Graph, boxes: Interval, bounds: Bounded, rng: np.random.Generator) -> None:
    """Exact runs from each sample's box lie in that sample's bounds."""
    for sample in range(len(boxes.lower)):
        box = boxes[sample : sample + 1]
        for point in points_of(box, rng, 3):
            values = exact_run(graph, point, wobbling(rng))
            for name, known in bounds.items():
                # a value that depends on no input may have the same bounds for all samples
                at = sample if len(known.lower) > 1 else 0
                assert_between(name, known.lower[at], known.upper[at], values[name])


def bounds_of(graph: Graph, boxes: Interval, method: str, products: Products) -> Bounded | None:
    try:
        return bound_graph(graph, {"x": Domain(boxes)}, method=method, products=products)  # type: ignore[arg-type]
    except RangeError:
        return None


def query_of(
    case: Case,
    margin: Fraction,
    objective: Objective = "worst",
    norm: str = "linf",
    targets: tuple[int, ...] | None = None,
) -> Query:
    """A question about a graph, its label being class 0, its centre the middle of its box."""
    lower, upper = case.box.lower[0], case.box.upper[0]
    question = Question(
        centre=(lower + (upper - lower) / 2),
        perturbation=BoxOfArrays(lower, upper),
        requirement=ArgMax(0, targets, margin),
        domain=None,
        objective=objective,
        norm=norm,  # type: ignore[arg-type]
    )
    return ask(network_of(case.graph), question)


def assert_runs_are_feasible(
    query: Query, passes: Sequence[Pass], combine: bool, case: Case, count: int = 3
) -> None:
    """Each run at some points of the box is a point of each model that is about it."""
    every = tuple(disjunct.number for disjunct in query.disjuncts)
    rng = case.rng
    for targets in [every] if combine else [(target,) for target in every]:
        try:
            formulation, seen = formulation_of(query, passes, targets)
        except RangeError:
            continue
        for point in points_of(case.box, rng, count):
            values = query_run(query, point, wobbling(rng))
            values = followed(seen, values)
            if query.objective != "worst" and margin_of(query, values, targets)[0] < 0:
                continue
            columns = point_of(query, formulation, seen[-1], values)
            assert_feasible(formulation.model, columns)


@dataclass(frozen=True, eq=False)
class Instance:
    """A network, a box and a question, all of it exact."""

    layers: list[tuple[np.ndarray, np.ndarray]]
    lower: list[Fraction]
    upper: list[Fraction]
    question: Question
    dtype: str

    def __repr__(self) -> str:
        layers = [(w.tolist(), b.tolist()) for w, b in self.layers]
        return f"Instance(layers={layers}, {self.question}, {self.dtype})"


def instance(seed: int, objective: str, norm: str, nudge: Fraction) -> Instance:
    """At most 3 inputs and 8 ReLUs; integers or eighths; the threshold lies at a vertex value."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 4))
    hidden = [int(rng.integers(1, 5)) for _ in range(int(rng.integers(1, 3)))]
    classes = int(rng.integers(2, 4))
    sizes = [n, *hidden, classes]
    divisor = int(rng.choice([1, 1, 2, 8]))
    layers = [
        (rng.integers(-3, 4, (b, a)) / divisor, rng.integers(-3, 4, b) / divisor)
        for a, b in pairwise(sizes)
    ]
    lower, upper, centre, perturbation = box_of(rng, n)
    targets = None if rng.random() < 0.6 else (1,) if classes == 2 else (2, 1)
    exact = [Layer.of(w.tolist(), b.tolist()) for w, b in layers]
    others = targets or tuple(range(1, classes))
    plain = truth(exact, lower, upper, 0, others, Fraction(0))
    # mostly the largest margin there is, so that it is reached at one point only
    vertex = plain.margin if rng.random() < 0.7 else plain.margins[rng.integers(len(plain.margins))]
    question = Question(
        centre=centre,
        perturbation=perturbation,
        requirement=ArgMax(0, targets, vertex + nudge),
        domain=None,
        objective=objective,  # type: ignore[arg-type]
        norm=norm,  # type: ignore[arg-type]
    )
    dtype = "float32" if rng.random() < 0.8 else "float64"
    return Instance(layers, lower, upper, question, dtype)


def box_of(
    rng: np.random.Generator, n: int
) -> tuple[list[Fraction], list[Fraction], np.ndarray, BoxOfArrays | LInf]:
    """A ball with a rational radius, or a box of eighths that may be a point in some direction."""
    centre = rng.integers(-8, 9, n) / 8
    if rng.random() < 0.5:
        radius = Fraction(int(rng.integers(0, 8)), int(rng.choice([1, 2, 3, 10])))
        middle = [Fraction(c) for c in centre.tolist()]
        return [c - radius for c in middle], [c + radius for c in middle], centre, LInf(radius)
    low = centre - rng.integers(0, 9, n) / 8
    high = centre + rng.integers(0, 9, n) / 8
    corners = [[Fraction(v) for v in side.tolist()] for side in (low, high)]
    return corners[0], corners[1], centre, BoxOfArrays(low, high)


def truth_of(case: Instance) -> Truth:
    question = case.question
    classes = len(case.layers[-1][1])
    layers = [Layer.of(w.tolist(), b.tolist()) for w, b in case.layers]
    targets = question.requirement.targets or tuple(range(1, classes))
    assert question.centre is not None
    return truth(
        layers, case.lower, case.upper, 0, targets, question.requirement.margin,
        [Fraction(c) for c in question.centre.tolist()], question.norm,
    )  # fmt: skip


def asked(case: Instance, folder: Path) -> Query:
    return ask(dense_network(folder / "tiny.onnx", case.layers, case.dtype), case.question)


def assert_right(answer: Answer, exact: Truth, query: Query) -> None:
    """No wrong verdict, and every bracket holds what it brackets."""
    match answer.verdict:
        case Robust():
            assert exact.margin < 0, f"called robust; the largest margin is {exact.margin}"
        case Violated(witness):
            assert exact.margin >= 0, f"called violated; the largest margin is {exact.margin}"
            assert 0 <= witness.exact_margin[0] <= exact.margin
    if answer.margin is not None:
        low, high = answer.margin
        assert low <= exact.margin <= high, (
            f"the largest margin {float(exact.margin)!r} is not in [{low!r}, {high!r}]"
        )
    if answer.distance is not None:
        nearest = float("inf") if exact.nearest is None else exact.nearest
        low, high = answer.distance
        assert low <= nearest <= high, (
            f"the least distance {float(nearest)!r} is not in [{low!r}, {high!r}]"
        )


def skip(patch: pytest.MonkeyPatch, *stages: str) -> None:
    """Let stages of a decision do nothing; their order, which is part of the table, stays."""
    for stage in stages:
        patch.setitem(STAGES, stage, lambda *_: None)
