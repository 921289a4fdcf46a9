"""The linear relaxation of a part, and the linear programs over it.

Over the inputs and the undecided ReLUs of a part, each in its triangle (Ehlers 2017), every other
neuron and the rows of a disjunct are affine. Where nothing is undecided the relaxation is the
network itself. Its optimum has the best multipliers that a bound of the part can have; descent
comes near them, but where the margin is nearly 0 all over a part that is not near enough. What
they prove is for :func:`~mipc.search.dual.weigh` to say, whatever a solver thinks of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from mipc import clock
from mipc.search.compact import Block, Compact
from mipc.search.dual import Multipliers, rows_of, weigh
from mipc.search.parts import Parts
from mipc.search.store import Opened

__all__ = ["Optimum", "Relaxation", "best_multipliers", "is_small", "sharpened"]

Array: TypeAlias = npt.NDArray[np.float64]
Index: TypeAlias = npt.NDArray[np.intp]

EXCESS = 2.0
"""How often walls that exclude each other are counted; 1 would do, were there no rounding."""

MOST_NUMBERS = 2_000_000
"""Of neurons times values; linear programs over larger problems are not solved."""

MOST_SECONDS = 10.0
"""Of one linear program."""


def is_small(compact: Compact) -> bool:
    """Whether linear programs over a problem are worth their time."""
    return compact.neurons * (compact.inputs + compact.neurons) <= MOST_NUMBERS


def sharpened(compact: Compact, block: Block, opened: Opened) -> tuple[Opened, Array]:
    """Open parts with the bounds and multipliers of linear programs, where those are better.

    Returns
    -------
    the parts, and the points (k, n) where relaxations attain their optima
    """
    bound, multipliers, points = opened.bound.copy(), opened.multipliers.take(slice(None)), []
    for i in range(len(opened)):
        one = np.array([i])
        part, start = opened.parts.take(one), multipliers.take(one)
        best = best_multipliers(compact, block, part, start)
        if best is None:
            continue
        points.append(best[1])
        rows = rows_of(compact, block, best[0].weights)
        found = weigh(compact, rows, part, best[0], look=False).bound
        if found[0] < bound[i]:
            bound[i] = found[0]
            multipliers.put(one, best[0])
    every = np.array(points).reshape(len(points), compact.inputs)
    return replace(opened, bound=bound, multipliers=multipliers), every


def best_multipliers(
    compact: Compact, block: Block, part: Parts, start: Multipliers
) -> tuple[Multipliers, Array] | None:
    """The best multipliers for a part, and the point where the relaxation attains its optimum.

    Of an empty part, multipliers that prove it: those that say how far its walls exclude each
    other are added to ``start`` as often as it takes to come below 0.

    Returns
    -------
    multipliers of one part and a point (n,); None where a solver finds none.
    """
    if not is_small(compact):
        return None
    shape = Relaxation.of(compact, block, part)
    start = replace(
        start,
        slopes=np.where(part.undecided, start.slopes, (part.lower >= 0).astype(np.float64)),
        shares=np.zeros_like(start.shares),
    )
    found = shape.highest()
    if found is not None and found.weights.sum() > 0:
        total = found.weights.sum()
        start = replace(start, weights=found.weights[None] / total)
        given = shape.multipliers(found) / total
        return _as_slopes(compact, block, part, start, given), found.point
    found = shape.least_excess()
    if found is None or found.value <= 0:
        return None
    rows = rows_of(compact, block, start.weights)
    base = weigh(compact, rows, part, start, look=False)
    slope = np.where(base.rho > 0, part.chords, start.slopes)
    given = np.where(part.undecided, slope * base.rho, 0.0) + start.prices
    times = EXCESS * max(float(base.bound[0]), 0.0) / found.value
    given = given[0] + times * shape.multipliers(found)
    return _as_slopes(compact, block, part, start, given), found.point


def _as_slopes(
    compact: Compact, block: Block, part: Parts, start: Multipliers, given: Array
) -> Multipliers:
    """What pre-activations (m,) weigh, as slopes and prices.

    ``given`` is all of it for undecided neurons, and for decided ones what is added to what they
    pass on.
    """
    n = compact.inputs
    coefficients = rows_of(compact, block, start.weights).weights[0]
    chord, undecided = part.chords[0], part.undecided[0]
    slopes, prices = start.slopes[0].copy(), given.copy()
    for level in reversed(compact.levels):
        place = level.place
        rho, free = coefficients[n + place.start : n + place.stop], undecided[place]
        under = free & (rho < 0)
        share = np.divide(given[place], rho, out=slopes[place].copy(), where=under)
        slopes[place] = np.clip(share, 0.0, 1.0)
        passed = np.where(rho > 0, chord[place], slopes[place]) * rho
        prices[place] = given[place] - np.where(free, passed, 0.0)
        coefficients[: n + place.start] += (passed + prices[place]) @ level.weights
    return replace(start, slopes=slopes[None], prices=prices[None])


@dataclass(frozen=True, eq=False)
class Optimum:
    """Of a linear program.

    Attributes
    ----------
    value : float
    point : (n,)
        The inputs.
    walls, weights : (k,), (q,)
        What the walls and the rows of the disjunct weigh there.
    """

    value: float
    point: Array
    walls: Array
    weights: Array


@dataclass(frozen=True, eq=False)
class Relaxation:
    """Where ``walls @ v <= most`` in a box of inputs and undecided ReLUs, and rows there.

    Attributes
    ----------
    inputs : int
        How many of the ``v`` are inputs.
    owner, factor : (k,)
        The neuron whose pre-activation a wall bounds, and how often it enters the wall.
    walls, most : (k, v), (k,)
    rows, offset : (q, v), (q,)
        ``rows @ v + offset`` of the disjunct.
    low, high : (v,)
    neurons : int
        Of the problem.
    """

    inputs: int
    owner: Index
    factor: Array
    walls: Array
    most: Array
    rows: Array
    offset: Array
    low: Array
    high: Array
    neurons: int

    @staticmethod
    def of(compact: Compact, block: Block, part: Parts) -> Relaxation:
        """The relaxation of one part."""
        n, m = compact.inputs, compact.neurons
        lower, upper, undecided = part.lower[0], part.upper[0], part.undecided[0]
        free = np.flatnonzero(undecided)
        own = np.full(m, -1)
        own[free] = n + np.arange(len(free))
        low = np.concatenate([part.low[0], np.zeros(len(free))])
        high = np.concatenate([part.high[0], upper[free]])
        affine, offset = np.zeros((n + m, n + len(free))), np.zeros(n + m)
        affine[:n, :n] = np.eye(n)
        before, at = np.zeros((m, n + len(free))), np.zeros(m)
        for level in compact.levels:
            start, stop, place = n + level.place.start, n + level.place.stop, level.place
            before[place] = level.weights @ affine[:start]
            at[place] = level.weights @ offset[:start] + level.offset
            on = lower[place] >= 0
            affine[start:stop] = np.where(on[:, None], before[place], 0.0)
            offset[start:stop] = np.where(on, at[place], 0.0)
            mine = np.flatnonzero(undecided[place])
            affine[start + mine, own[place][mine]] = 1.0
        middle, half = (low + high) / 2, (high - low) / 2
        centre, reach = before @ middle + at, np.abs(before) @ half
        above = np.flatnonzero(upper < centre + reach)  # the others follow from the box
        below = np.flatnonzero(lower > centre - reach)
        slope = part.chords[0]
        relu = np.zeros((len(free), n + len(free)))
        relu[:, n:] = np.eye(len(free))
        owner = np.concatenate([above, below, free, free])
        factor = np.concatenate([np.ones(len(above)), -np.ones(len(below)), np.ones(len(free)),
                                 -slope[free]])  # fmt: skip
        walls = factor[:, None] * before[owner]
        walls[len(above) + len(below) :] += np.concatenate([-relu, relu])
        ends = [upper[above], -lower[below], np.zeros(len(free)), -slope[free] * lower[free]]
        width = block.weights.shape[1]
        return Relaxation(
            n, owner, factor, walls, np.concatenate(ends) - factor * at[owner],
            block.weights @ affine[:width], block.weights @ offset[:width] + block.offset,
            low, high, m,
        )  # fmt: skip

    def multipliers(self, best: Optimum) -> Array:
        """What the walls of each pre-activation weigh at an optimum: (m,)."""
        found = np.zeros(self.neurons)
        np.add.at(found, self.owner, -self.factor * best.walls)
        return found

    def highest(self) -> Optimum | None:
        """The largest that the least row gets."""
        walls = np.hstack([self.walls, np.zeros((len(self.walls), 1))])
        rows = np.hstack([-self.rows, np.ones((len(self.rows), 1))])
        return self._best(-1.0, np.vstack([walls, rows]), np.concatenate([self.most, self.offset]))

    def least_excess(self) -> Optimum | None:
        """How far, at least, some wall is passed; more than 0 where the part is empty."""
        rows = np.hstack([self.walls, -np.ones((len(self.walls), 1))])
        return self._best(1.0, rows, self.most) if len(rows) else None

    def nearest(self, centre: Array, margin: float) -> Optimum | None:
        """The least distance from a centre at which all rows reach a margin."""
        eye = sp.eye_array(len(centre), format="csr")
        rest = sp.csr_array((len(centre), self.walls.shape[1] - len(centre)))
        one = sp.csr_array(np.ones((len(centre), 1)))
        ball = sp.block_array([[eye, rest, -one], [-eye, rest, -one]])
        rows = np.vstack([self.walls, -self.rows])
        wide = sp.csr_array(np.hstack([rows, np.zeros((len(rows), 1))]))
        most = np.concatenate([self.most, self.offset - margin, centre, -centre])
        return self._best(1.0, sp.vstack([wide, ball]), most)

    def _best(self, sign: float, rows: Any, most: Array) -> Optimum | None:
        """The least ``sign w`` with ``rows @ (v, w) <= most``, walls and rows first among them."""
        from scipy.optimize import linprog  # slow to import, and most questions do not need it

        clock.check()
        left = clock.left()
        if not all(
            np.isfinite(a).all() for a in (self.walls, self.rows, most, self.low, self.high)
        ):
            return None
        found = linprog(
            np.append(np.zeros(len(self.low)), sign),
            A_ub=rows,
            b_ub=most,
            bounds=[*zip(self.low, self.high, strict=True), (None, None)],
            method="highs",
            options={"time_limit": MOST_SECONDS if left is None else min(left, MOST_SECONDS)},
        )
        if found.x is None:
            return None
        own = np.abs(found.ineqlin.marginals)
        count = len(self.walls)
        point = found.x[: self.inputs]
        return Optimum(float(found.x[-1]), point, own[:count], own[count : count + len(self.rows)])
