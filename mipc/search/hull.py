"""Bounds over the concave envelopes of a first level, by dual averaging.

Of a network with one dense level, take for each undecided neuron of positive weight its concave
envelope over the box (:mod:`mipc.search.envelope`), for one of negative weight the ReLU itself, and
for each split neuron a price times its pre-activation. The margin is at most the maximum of this
concave function of the inputs. It is climbed by dual averaging (Nesterov 2009): each point gives
tangents, the next one follows from their sum; prices take steps of their own against it. The mean
of the tangents of a neuron is one line over it, and the means together are multipliers for a bound
that comes near the maximum after a few points, where a linear program needs thousands of cuts.

Children of a part go on from its point, its mean tangent and its prices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc import clock
from mipc.search.compact import Compact
from mipc.search.dual import Multipliers
from mipc.search.envelope import Envelope, Tangents, envelope_over
from mipc.search.parts import Parts

__all__ = ["Hull", "hull", "is_dense"]

Array: TypeAlias = npt.NDArray[np.float64]
Index: TypeAlias = npt.NDArray[np.intp]

DENSE = 0.5
"""A first level with so many of its weights not 0 is dense: chords lose much there."""

COVERED = 0.99
"""The share of the heights of all chords that is replaced by envelopes, highest first."""

STRIDE, WARM_STRIDE = 0.3, 0.03
"""How far points move, in widths of the box: from scratch, and from a parent's point."""

BELIEF = 30.0
"""For how many looks a parent's mean tangent counts."""

PRICE_STEP = 0.4
"""A step of a price, in what stands before its neuron."""


@dataclass(frozen=True, eq=False)
class Hull:
    """Multipliers (one) with the point and the mean tangent in them, and the lines: an envelope."""

    multipliers: Multipliers
    envelope: Envelope


def is_dense(compact: Compact) -> bool:
    """Whether there is a first level and it is dense."""
    if not compact.levels:
        return False
    weights = compact.levels[0].weights
    return bool(np.count_nonzero(weights) >= DENSE * weights.size)


def hull(
    compact: Compact, rho: Array, direct: Array, part: Parts, start: Multipliers, looks: int
) -> Hull:
    """Envelopes of the first level that fit a margin on one part.

    Parameters
    ----------
    rho : (k,)
        What stands before each neuron of the first level.
    direct : (n,)
        What stands before the inputs, beside the neurons.
    start : Multipliers
        One. A ``pull`` of zeros means that there is no point yet.
    """
    return _Averaging(compact, rho, direct, part, start).run(looks)


class _Averaging:
    def __init__(
        self, compact: Compact, rho: Array, direct: Array, part: Parts, start: Multipliers
    ) -> None:
        level = compact.levels[0]
        place = level.place
        self.compact, self.part, self.start, self.rho = compact, part, start, rho
        self.weights, self.offset = level.weights, level.offset
        self.low, self.high = part.low[0], part.high[0]
        self.lower, self.upper = part.lower[0, place], part.upper[0, place]
        undecided = part.undecided[0, place]
        self.chord = part.chords[0, place]
        height = np.where(undecided, np.maximum(rho, 0.0) * self.chord * -self.lower, 0.0)
        self.over = _largest(height)
        self.under = np.flatnonzero(undecided & (rho < 0))
        self.split = np.flatnonzero((self.lower == 0) | (self.upper == 0))
        self.prices = start.prices[0, place].copy()
        plain = np.where(rho > 0, self.chord, (self.lower >= 0)) * rho
        plain[self.over] = plain[self.under] = 0.0
        self.fixed = direct + plain @ self.weights
        self.tangents = Tangents(compact, self.low, self.high, self.over)
        self.lines = np.zeros((len(self.low), len(self.over)), dtype=np.float32)
        self.active = np.zeros(len(self.under))
        self.paid = np.zeros_like(self.prices)
        self.points = np.zeros_like(self.low)

    def run(self, looks: int) -> Hull:
        half = (self.high - self.low) / 2
        middle = self.low + half
        pull = self.start.pull[0]
        warm = bool(pull.any())
        belief = BELIEF if warm else 0.0
        point = np.clip(self.start.point[0], self.low, self.high) if warm else middle
        total = pull * belief
        stride = WARM_STRIDE if warm else STRIDE
        size = 0.0
        for look in range(looks):
            clock.check()
            total += self._tangent(point)
            self.points += point
            if look == 0:
                size = float(np.abs(total * half).mean()) / (belief + 1.0) + 1e-300
            self._pay(point, look)
            length = 2 * stride / (size * np.sqrt(belief + look + 1.0))
            point = np.clip(middle + length * half * half * total, self.low, self.high)
        return self._result(looks, total / (belief + looks))

    def _tangent(self, point: Array) -> Array:
        """The tangent of the whole function at a point, and of each envelope."""
        here = self.tangents.at(point)
        self.lines += here
        before = self.weights @ point + self.offset
        self.before = before
        on = before[self.under] > 0
        self.active += on
        rows = np.zeros_like(self.rho)
        rows[self.under] = self.rho[self.under] * on
        rows[self.split] += self.prices[self.split]
        return np.asarray(self.fixed + here @ self.rho[self.over] + rows @ self.weights)

    def _pay(self, point: Array, look: int) -> None:
        """Prices go up where a split is violated, and down where it has room."""
        self.paid += self.prices
        split = self.split
        price, before = self.prices[split], self.before[split]
        lower, upper = self.lower[split], self.upper[split]
        rest = np.where(
            price == 0, np.clip(before, lower, upper), np.where(price > 0, lower, upper)
        )
        unit = np.maximum(np.abs(self.rho[split]), 0.1 * np.abs(self.rho).mean())
        scale = np.abs(before) + 0.05 * (self.upper - self.lower).max(initial=0.0)
        gap = (before - rest) / (scale + 1e-300)
        self.prices[split] = price - PRICE_STEP / np.sqrt(look + 1.0) * unit * gap

    def _result(self, looks: int, pull: Array) -> Hull:
        place = self.compact.levels[0].place
        slope = self.chord[:, None] * self.weights
        slope[self.over] = self.lines.T / np.float32(looks)
        slopes, prices = self.start.slopes.copy(), self.start.prices.copy()
        shares = np.zeros_like(self.start.shares)
        slopes[0, place.start + self.under] = self.active / looks
        prices[0, place.start + self.split] = self.paid[self.split] / looks
        shares[0, place.start + self.over] = 1.0
        multipliers = Multipliers(
            slopes, prices, shares, self.start.weights, self.points[None] / looks, pull[None]
        )
        return Hull(multipliers, envelope_over(self.compact, slope, self.part.low, self.part.high))


def _largest(height: Array) -> Index:
    """The neurons whose heights are most of the sum, in order."""
    order = np.argsort(-height, kind="stable")
    sums = np.cumsum(height[order])
    if not len(sums) or sums[-1] <= 0:
        return np.zeros(0, dtype=np.intp)
    count = int(np.searchsorted(sums, COVERED * sums[-1])) + 1
    chosen = order[:count]
    return np.sort(chosen[height[chosen] > 0])
