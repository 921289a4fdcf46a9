"""Looks for a violation by projected gradient ascent on the margin (Madry et al. 2018).

Many points climb together, each towards one disjunct: steps along the sign of the gradient of the
disjunct's least row, as wide as the region in each direction, getting shorter; in a ball along the
gradient itself, as it is wide. Whatever is found is a guess: it counts only when a replay confirms
it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.properties.query import Case
from mipc.properties.region import Region
from mipc.semantics.evaluate import evaluate
from mipc.semantics.gradient import gradient

__all__ = ["Climber", "climb", "margins_of", "projected", "seeds_of"]

Array: TypeAlias = npt.NDArray[np.float64]
Points: TypeAlias = dict[str, Array]

STEPS = 24
"""Steps of a round."""

SHORTER = 0.85
"""Each step is this share of the one before."""

MOST_NUMBERS = 4_000_000
"""Numbers of all values of all points that climb together."""


@dataclass(frozen=True, eq=False)
class Climber:
    """A point that climbed, and how far it came."""

    point: Mapping[str, Array]
    target: int
    margin: float


def climb(
    case: Case, targets: Sequence[int], *, turn: int = 0, go_on: Callable[[], bool] = lambda: True
) -> Iterator[Climber]:
    """One round: many points climb; whenever one gets higher than all before it, it is given.

    Parameters
    ----------
    targets : sequence of int
        Numbers of the disjuncts to climb for, the most promising first.
    turn : int
        Later turns begin elsewhere; the first one begins where nothing is perturbed.
    go_on : callable
        False ends the round.

    Raises
    ------
    RangeError
        A function is not defined at some point.
    """
    rng = np.random.default_rng(turn)
    graph, regions = case.graph, case.regions
    size = sum(node.size for node in graph)
    count = int(np.clip(MOST_NUMBERS // size, 2, 32))
    aim = [targets[i % len(targets)] for i in range(count)]
    points = _starts(case, rng, count, keep=turn == 0)
    best = -np.inf
    stride = 0.5
    for _ in range(STEPS):
        if not go_on():
            return
        values = evaluate(graph, points)
        margins = margins_of(values, targets)
        top = int(margins.max(axis=1).argmax())
        if margins[top].max() > best:
            best = float(margins[top].max())
            chosen = targets[int(margins[top].argmax())]
            yield Climber({name: x[top].copy() for name, x in points.items()}, chosen, best)
        uphill = gradient(graph, values, seeds_of(values, aim))
        for name, region in regions.items():
            ball, width = region.domain.ball, region.upper - region.lower
            step = width * np.sign(uphill[name]) if ball is None else ball.step(uphill[name])
            points[name] = projected(region, points[name] + stride * step)
        case.tie(points)
        stride *= SHORTER


def projected(region: Region, points: Array) -> Array:
    """Points (B, n) moved into a region, up to rounding."""
    inside = np.clip(points, region.lower, region.upper)
    if region.total is not None:
        inside = _balanced(region, inside)
    ball = region.domain.ball
    return inside if ball is None else ball.pulled_in(inside)


def _balanced(region: Region, points: Array) -> Array:
    """The nearest points of the box with the prescribed sum, by bisection of the shift."""
    assert region.total is not None
    reach = float(np.max(region.upper - region.lower, initial=0.0)) + np.abs(points).max(
        initial=0.0
    )
    low, high = (np.full((len(points), 1), end) for end in (-2.0 * reach, 2.0 * reach))
    for _ in range(60):
        middle = (low + high) / 2
        total = np.clip(points - middle, region.lower, region.upper).sum(axis=1, keepdims=True)
        over = np.asarray(total > region.total)
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    balanced: Array = np.clip(points - high, region.lower, region.upper)
    return balanced


def _starts(case: Case, rng: np.random.Generator, count: int, *, keep: bool) -> Points:
    """Where to begin: where nothing is perturbed, then points inside, then corners."""
    points = {}
    middle = case.start()
    for name, region in case.regions.items():
        share = rng.random((count, len(region.lower)))
        share[count // 2 :] = np.rint(share[count // 2 :])
        drawn = region.lower + share * (region.upper - region.lower)
        if keep:
            drawn[0] = middle[name]
        points[name] = projected(region, drawn)
    case.tie(points)
    return points


def margins_of(values: Mapping[str, Array], targets: Sequence[int]) -> Array:
    """(B, targets): the least row of each disjunct."""
    return np.stack([values[f"violation#{target}"].min(axis=1) for target in targets], axis=1)


def seeds_of(values: Mapping[str, Array], aim: Sequence[int]) -> dict[str, Array]:
    """1 at the least row of the disjunct that each point climbs for."""
    seeds: dict[str, Array] = {}
    for sample, target in enumerate(aim):
        name = f"violation#{target}"
        rows = values[name]
        seed = seeds.setdefault(name, np.zeros_like(rows))
        seed[sample, rows[sample].argmin()] = 1.0
    return seeds
