"""Better multipliers by descent: the bound of a part is convex and piecewise linear in them.

Adam (Kingma and Ba 2015) on slopes, prices and shares, with a step for each part of its own. A
price is measured in what stands before its neuron, so that one step length fits all of them. The
weights of several rows are kept nonnegative with sum 1. The best found is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc import clock
from mipc.numerics.relaxation import steep_slopes
from mipc.search.compact import Block, Compact
from mipc.search.dual import Multipliers, Rows, Weighed, rows_of, weigh
from mipc.search.envelope import Envelope
from mipc.search.parts import Parts

__all__ = ["Descent", "descend", "first_multipliers"]

Array: TypeAlias = npt.NDArray[np.float64]
Index: TypeAlias = npt.NDArray[np.intp]

STEP, PRICE_STEP, WEIGHT_STEP = 0.1, 0.05, 0.1
"""The first step of slopes and shares, of prices, and of weights of rows."""

FINER, LITTLE, FEW = (0.1, 0.01), 0.5, 10
"""First steps, as shares of the usual ones, of descents that go on from the best that was found
where the one before brought little: where the margin is nearly 0 all over a part, long steps only
miss it. After few steps there are none."""

SHORTER = 0.97
"""Each step is this share of the one before."""

MOST_ROWS = 16
"""Rows that are tried alone."""

MEMORY = (0.9, 0.999)
"""How much of the past the two averages of Adam keep."""


@dataclass(frozen=True, eq=False)
class Descent:
    """What a descent came to.

    Attributes
    ----------
    bound : (N,)
        The best found.
    multipliers : Multipliers
        Theirs.
    mean : (N, n)
        Of all corners.
    first : (N,)
        What the bounds were at first.
    """

    bound: Array
    multipliers: Multipliers
    mean: Array
    first: Array

    def put(self, which: Index, better: Descent) -> None:
        """Take over what was found for some parts, where it is better; in place."""
        mine = np.flatnonzero(better.bound < self.bound[which])
        self.bound[which[mine]] = better.bound[mine]
        self.multipliers.put(which[mine], better.multipliers.take(mine))


class _Adam:
    """The direction of a step from gradients: each number divided by its usual size."""

    def __init__(self) -> None:
        self.mean: Array | float = 0.0
        self.square: Array | float = 0.0
        self.count = 0

    def direction(self, gradient: Array) -> Array:
        self.count += 1
        first, second = MEMORY
        self.mean = first * self.mean + (1 - first) * gradient
        self.square = second * self.square + (1 - second) * gradient * gradient
        size = np.sqrt(self.square / (1 - second**self.count))
        return np.asarray(self.mean / (1 - first**self.count) / (size + 1e-30))


def first_multipliers(parts: Parts, rows: int, *, inputs: int = 0) -> Multipliers:
    """Where to begin: the slopes of the smaller triangles, no prices, equal weights, no point.

    ``inputs`` is how many numbers points have, where they are needed.
    """
    slopes = steep_slopes(parts.lower, parts.upper)
    weights = np.full((len(parts), rows), 1.0 / rows)
    nothing = np.zeros((len(parts), inputs))
    return Multipliers(
        slopes, np.zeros_like(slopes), np.zeros_like(slopes), weights, nothing, nothing
    )


def descend(
    compact: Compact,
    aim: Block | Rows,
    parts: Parts,
    start: Multipliers,
    steps: int,
    *,
    envelope: Envelope | None = None,
    upto: int | None = None,
    goal: float = 0.0,
) -> Descent:
    """Improve the bounds of rows on parts.

    Parameters
    ----------
    aim : Block or Rows
        The rows of a disjunct, whose weights are looked for too, or one row for each part.
    steps : int
        At most so many; 0 only bounds.
    goal : float
        It ends when all bounds are below.
    """
    if isinstance(aim, Rows):
        return _descent(compact, aim, parts, start, steps, envelope, upto, goal)
    start = _best_start(compact, aim, parts, start, envelope)
    found = _descent(compact, aim, parts, start, steps, envelope, upto, goal)
    for shorter in FINER if steps >= FEW else ():
        some = np.flatnonzero((found.bound >= goal) & (found.bound > LITTLE * found.first))
        if not len(some):
            break
        lines = None if envelope is None else envelope.take(some)
        again = _descent(
            compact, aim, parts.take(some), found.multipliers.take(some), steps, lines, upto,
            goal, shorter,
        )  # fmt: skip
        found.put(some, again)
    return found


def _descent(
    compact: Compact,
    aim: Block | Rows,
    parts: Parts,
    start: Multipliers,
    steps: int,
    envelope: Envelope | None,
    upto: int | None,
    goal: float,
    shorter: float = 1.0,
) -> Descent:
    """One descent, whose first step is a share of the usual one."""
    search = _Search(compact, aim, parts, start, envelope, upto)
    search.shorter = shorter
    first = search.best
    for step in range(steps + 1):
        clock.check()
        found = search.look()
        if step == 0:
            first = search.best.copy()
        if step == steps or bool((search.best < goal).all()):
            break
        search.move(found)
    return Descent(search.best, search.chosen, search.corners / search.looks, first)


def _best_start(
    compact: Compact, block: Block, parts: Parts, start: Multipliers, envelope: Envelope | None
) -> Multipliers:
    """What was handed down, or fresh slopes without prices; all weight on one row, if that helps.

    Both often do on small parts, where the prices of a larger one cost more than they gain.
    """

    def bound(multipliers: Multipliers) -> Array:
        rows = rows_of(compact, block, multipliers.weights)
        return weigh(compact, rows, parts, multipliers, envelope=envelope, look=False).bound

    best = bound(start)
    fresh = first_multipliers(parts, len(block.offset))
    fresh = replace(start, slopes=fresh.slopes, prices=fresh.prices)
    found = bound(fresh)
    lower = (found < best)[:, None]
    best = np.minimum(best, found)
    slopes = np.where(lower, fresh.slopes, start.slopes)
    start = replace(start, slopes=slopes, prices=np.where(lower, fresh.prices, start.prices))
    count = len(block.offset)
    if count == 1:
        return start
    weights = start.weights.copy()
    for row in range(min(count, MOST_ROWS)):
        alone = np.zeros_like(weights)
        alone[:, row] = 1.0
        found = bound(replace(start, weights=alone))
        weights[found < best] = alone[0]
        best = np.minimum(best, found)
    return replace(start, weights=weights)


class _Search:
    def __init__(
        self,
        compact: Compact,
        aim: Block | Rows,
        parts: Parts,
        start: Multipliers,
        envelope: Envelope | None,
        upto: int | None,
    ) -> None:
        self.compact, self.aim, self.parts = compact, aim, parts
        self.envelope, self.upto = envelope, upto
        self.undecided = parts.undecided
        decided = (parts.lower >= 0).astype(np.float64)
        self.now = replace(
            start,
            slopes=np.where(self.undecided, start.slopes, decided),
            shares=np.where(self.undecided, start.shares, 0.0),
        )
        self.chosen = replace(
            self.now, slopes=self.now.slopes.copy(), prices=start.prices.copy(),
            shares=self.now.shares.copy(), weights=start.weights.copy(),
        )  # fmt: skip
        self.best = np.full(len(parts), np.inf)
        self.corners = np.zeros((len(parts), compact.inputs))
        self.looks = 0
        self.adam = [_Adam() for _ in range(4)]
        self.shorter = 1.0
        self.unit: Array | None = None

    def look(self) -> Weighed:
        """Bound with the multipliers as they are; keep them where they are the best."""
        aim = self.aim
        rows = aim if isinstance(aim, Rows) else rows_of(self.compact, aim, self.now.weights)
        found = weigh(
            self.compact, rows, self.parts, self.now, envelope=self.envelope, upto=self.upto
        )
        self.corners += found.corner
        self.looks += 1
        better = found.bound < self.best
        self.best[better] = found.bound[better]
        for kept, tried in (
            (self.chosen.slopes, self.now.slopes), (self.chosen.prices, self.now.prices),
            (self.chosen.shares, self.now.shares), (self.chosen.weights, self.now.weights),
        ):  # fmt: skip
            kept[better] = tried[better]
        return found

    def move(self, found: Weighed) -> None:
        """One step down."""
        now, rho = self.now, found.rho
        if self.unit is None:
            typical = np.abs(rho).sum(axis=1, keepdims=True) / max(rho.shape[1], 1)
            self.unit = np.maximum(np.abs(rho), 0.1 * typical) + 1e-300
        slopes, prices, shares, weights = now.slopes, now.prices, now.shares, now.weights
        downhill = np.where(self.undecided, np.minimum(rho, 0.0) * found.gap, 0.0)
        step = STEP * self.shorter
        slopes = np.clip(slopes - step * self.adam[0].direction(downhill), 0.0, 1.0)
        slopes = np.where(self.undecided, slopes, now.slopes)
        if not self.undecided.all():
            downhill = np.where(self.undecided, 0.0, found.gap * self.unit)
            step = PRICE_STEP * self.shorter
            prices = prices - step * self.unit * self.adam[1].direction(downhill)
        if self.envelope is not None:
            downhill = np.where(self.undecided, np.maximum(rho, 0.0) * found.share_gap, 0.0)
            step = STEP * self.shorter
            shares = np.clip(shares - step * self.adam[2].direction(downhill), 0.0, 1.0)
        if isinstance(self.aim, Block) and weights.shape[1] > 1:
            width = self.aim.weights.shape[1]
            value = found.values[:, :width] @ self.aim.weights.T + self.aim.offset
            downhill = value - (weights * value).sum(axis=1, keepdims=True)
            step = WEIGHT_STEP * self.shorter
            moved = np.maximum(weights - step * self.adam[3].direction(downhill), 0.0)
            total = moved.sum(axis=1, keepdims=True)
            weights = np.where(total > 0, moved / np.where(total > 0, total, 1.0), weights)
        self.now = replace(now, slopes=slopes, prices=prices, shares=shares, weights=weights)
        self.shorter *= SHORTER
