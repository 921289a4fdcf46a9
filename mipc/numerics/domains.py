"""Where an input may lie: a box, and possibly a ball or a plane that cuts through it.

Bounds need the least value of a linear function over such a set. With a multiplier ``m`` for the
cutting constraint ``g(x) <= r`` (or ``= r``) it is at least ::

    min over the box of  a x + m (g(x) - r)

for *every* ``m >= 0`` (for an equation: every ``m``), which falls apart into one small problem for
each number (weak duality). So a multiplier found in rounded arithmetic costs tightness only; the
best one is that of a fractional knapsack (L1, plane) or follows from which numbers the box stops
(L2): those leave the others less of the radius, and so on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.numerics.interval import Interval
from mipc.numerics.rounding import TINY, down, gamma, up

__all__ = ["Ball", "Domain", "Plane"]

Array: TypeAlias = npt.NDArray[np.float64]
Index: TypeAlias = npt.NDArray[np.intp]
Lowest: TypeAlias = tuple[Array, Array]

ROUNDS = 20
"""Steps at most for the multiplier of an L2 ball."""


@dataclass(frozen=True, eq=False)
class Ball:
    """``||x - centre|| <= radius`` in the L1 or L2 norm.

    Attributes
    ----------
    norm : 1 or 2
    centre : (B, n) float64, exact
    radius : (B,) float64, at least the exact radius
    tangents : int
        How closely a file cuts an L2 ball from outside: tangents an octave.
    """

    norm: Literal[1, 2]
    centre: Array
    radius: Array
    tangents: int = 2

    def __getitem__(self, samples: Any) -> Ball:
        return replace(self, centre=self.centre[samples], radius=self.radius[samples])

    def pulled_in(self, points: Array) -> Array:
        """The nearest points of the ball, up to rounding: (B, n).

        On the sphere of an L1 ball all numbers that still differ from the centre's do so by the
        same amount less than before (Duchi et al. 2008).
        """
        away = points - self.centre
        length = np.linalg.norm(away, self.norm, axis=1, keepdims=True)
        radius = np.broadcast_to(self.radius[:, None], length.shape)
        if self.norm == 1:
            size = np.abs(away)
            ranked = -np.sort(-size, axis=1)
            rank = np.arange(1, size.shape[1] + 1)
            less = (np.cumsum(ranked, axis=1) - radius) / rank
            count = np.maximum((ranked > less).sum(axis=1, keepdims=True), 1)
            amount = np.maximum(np.take_along_axis(less, count - 1, axis=1), 0.0)
            return np.asarray(self.centre + np.sign(away) * np.maximum(size - amount, 0.0))
        share = np.divide(radius, length, out=np.ones_like(length), where=length > radius)
        return np.asarray(self.centre + away * share)

    def step(self, uphill: Array) -> Array:
        """A step as long as the ball is wide, along gradients: (B, n) -> (B, n)."""
        length = np.linalg.norm(uphill, 2, axis=1, keepdims=True)
        return np.asarray(2.0 * self.radius[:, None] * uphill / np.maximum(length, 1e-300))

    def lowest(self, rows: Array, low: Array, high: Array, sample: Index) -> Lowest:
        """Lower bounds of ``rows @ x`` over boxes and the ball, and about where."""
        centre, radius = self.centre[sample], self.radius[sample][:, None]
        low, high = down(low - centre), up(high - centre)
        if self.norm == 1:
            cost = _knapsack(np.abs(rows), np.where(rows > 0, -low, high), radius)
            away = np.where(rows > 0, low, high)
            move = np.where(np.abs(rows) > cost, away, np.clip(0.0, low, high))
            penalty, limit = cost * np.abs(move), cost * radius
            terms = rows * move
            left = radius - np.abs(move).sum(axis=1, keepdims=True)
            rest = np.clip(-np.sign(rows) * left, low, high)
            point = centre + np.where(np.abs(rows) == cost, rest, move)
        else:
            cost = _quadratic_cost(rows, low, high, radius)
            # a rounded minimiser gives cost * (its error)^2 too much, 4 u^2 of the penalty: well
            # within the share that the sum is off; and nothing that underflows is multiplied up,
            # as cost >= 1e-160
            move = np.clip(-rows / (2.0 * cost), low, high)
            terms, penalty = rows * move, cost * move * move
            limit = cost * radius * radius
            point = centre + move
        sizes = (rows * centre, terms, penalty, -limit)
        total = sum((size.sum(axis=1) for size in sizes), np.zeros(len(rows)))
        reach = sum((np.abs(size).sum(axis=1) for size in sizes), np.zeros(len(rows)))
        error = gamma(4 * rows.shape[1] + 16) * reach * (1.0 + 2.0**-30) + TINY
        return down(total - error), point


@dataclass(frozen=True)
class Plane:
    """``x_1 + ... + x_n = total``, the total exact."""

    total: float

    def lowest(self, rows: Array, low: Array, high: Array, sample: Index) -> Lowest:
        """Lower bounds of ``rows @ x`` over boxes and the plane, and about where."""
        budget = self.total - low.sum(axis=1, keepdims=True)
        price = _knapsack(-rows, high - low, np.maximum(budget, 0.0))
        shifted = rows + price
        move = np.where(shifted > 0, low, high)
        sizes = (rows * move, price * move, -price * self.total)
        total = sum((size.sum(axis=1) for size in sizes), np.zeros(len(rows)))
        reach = sum((np.abs(size).sum(axis=1) for size in sizes), np.zeros(len(rows)))
        error = gamma(4 * rows.shape[1] + 16) * reach * (1.0 + 2.0**-30) + TINY
        left = self.total - move.sum(axis=1, keepdims=True)
        point = np.where(shifted == 0, np.clip(move + left, low, high), move)
        return down(total - error), point


@dataclass(frozen=True, eq=False)
class Domain:
    """Where an input may lie, for ``B`` samples.

    Attributes
    ----------
    box : Interval
        (B, n), rounded outward.
    ball : Ball or None
    plane : Plane or None
    integer : bool
        Whether the numbers have to be integers.
    """

    box: Interval
    ball: Ball | None = None
    plane: Plane | None = None
    integer: bool = False

    @property
    def is_box(self) -> bool:
        """Whether nothing cuts the box."""
        return self.ball is None and self.plane is None

    def __getitem__(self, samples: Any) -> Domain:
        ball = None if self.ball is None else self.ball[samples]
        return Domain(self.box[samples], ball, self.plane, self.integer)

    def least(self, rows: Array, sample: Index) -> Array:
        """Lower bounds of ``rows @ x`` that the cuts give: (T, n), (T,) -> (T,)."""
        return self.lowest(rows, self.box.lower[sample], self.box.upper[sample], sample)[0]

    def lowest(self, rows: Array, low: Array, high: Array, sample: Index) -> Lowest:
        """The same over boxes of their own, (T, n), and about where: (T,), (T, n)."""
        found = np.full(len(rows), -np.inf)
        point = np.where(rows > 0, low, high)
        for cut in (self.ball, self.plane):
            if cut is not None:
                with np.errstate(over="ignore", invalid="ignore"):
                    least, at = cut.lowest(rows, low, high, sample)
                better = least > found  # what is no number proves nothing
                found = np.where(better, least, found)
                point = np.where(better[:, None], at, point)
        return found, point


def _knapsack(worth: Array, room: Array, budget: Array) -> Array:
    """The worth at which a budget runs out, dearest first; (T, n), (T, n), (T, 1) -> (T, 1).

    Of a budget that never runs out: 0, or the least worth where that is wanted (it does no harm).
    """
    order = np.argsort(-worth, axis=1)
    filled = np.cumsum(np.take_along_axis(np.maximum(room, 0.0), order, axis=1), axis=1)
    ranked = np.take_along_axis(worth, order, axis=1)
    enough: npt.NDArray[np.bool_] = np.asarray(filled >= budget)
    first = enough.argmax(axis=1)[:, None]
    at = np.take_along_axis(ranked, first, axis=1)
    return np.where(np.asarray(enough.any(axis=1))[:, None], at, np.minimum(ranked[:, -1:], 0.0))


def _quadratic_cost(rows: Array, low: Array, high: Array, radius: Array) -> Array:
    """The multiplier at which the best move just reaches the sphere: (T, 1), positive."""
    square = rows * rows
    radius = np.maximum(radius, 1e-150)
    first = np.maximum(np.sqrt(square.sum(axis=1, keepdims=True)) / (2.0 * radius), 1e-150)
    cost = first
    for _ in range(ROUNDS):
        move = -rows / (2.0 * cost)
        inside = (low < move) & (move < high)
        held = np.where(inside, 0.0, np.clip(move, low, high))
        left = radius * radius - (held * held).sum(axis=1, keepdims=True)
        free = np.where(inside, square, 0.0).sum(axis=1, keepdims=True)
        lower = np.sqrt(np.divide(free, left, out=np.zeros_like(free), where=left > 0)) / 2.0
        lower = np.clip(lower, first * 2.0**-30, cost)
        settled = bool((lower >= cost * (1.0 - 2.0**-20)).all())
        cost = lower
        if settled:
            break
    return np.asarray(cost)
