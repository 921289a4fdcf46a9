"""Lines over the ReLUs of a first level, as functions of all their inputs.

Over ``relu(w x + b)`` on a box the chord is the least over-estimator that depends on ``w x + b``
alone. Functions of the single inputs lie lower: the concave envelope (Anderson et al. 2020;
Tjandraatmadja et al. 2020). In ``t``, the inputs scaled to [0, 1] so that ``w x + b`` grows with
each, the ReLU is supermodular on corners and its envelope the Lovasz extension: sort ``t`` from
high to low, and add inputs in that order until the sum gets positive, at input ``h``; then ::

    relu(z) <= z(inputs up to h at 1, others at 0) t_h + sum_{i after h} |w_i| width_i t_i

No line is trusted to be one. Whatever slope ``g`` is proposed, it is raised until it lies over both
0 and ``w x + b`` on the box, which is all that lying over the ReLU means::

    relu(w x + b) <= g x + h   with   h = max(-min g x, b - min (g - w) x)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.numerics.interval import Interval
from mipc.numerics.rounding import up

if TYPE_CHECKING:
    from mipc.search.compact import Compact

__all__ = ["Envelope", "Tangents", "envelope_over"]

Array: TypeAlias = npt.NDArray[np.float64]

THIN = 2.0**-60
"""Along an input that varies by less, lines do not rise: in 32 bits their slopes would overflow."""


@dataclass(frozen=True, eq=False)
class Envelope:
    """``relu(z_j) <= slope_j x + offset_j`` for the neurons of the first level, on parts.

    Attributes
    ----------
    slope : (k, n)
    offset : (N, k)
        For each of ``N`` boxes.
    cost : (k,)
        What rounding may add where a unit of it is used.
    """

    slope: Array
    offset: Array
    cost: Array

    def take(self, which: npt.NDArray[np.intp]) -> Envelope:
        """The same lines over some of the boxes."""
        return Envelope(self.slope, self.offset[which], self.cost)


def envelope_over(compact: Compact, slope: Array, low: Array, high: Array) -> Envelope:
    """The least offsets for given slopes over boxes (N, n), rounded up."""
    level = compact.levels[0]
    middle, radius = Interval(low, high).centred()
    rest = slope - level.weights
    above_zero = radius @ np.abs(slope).T - middle @ slope.T
    above_line = radius @ np.abs(rest).T - middle @ rest.T + level.offset + level.slack
    reach = compact.reach[: compact.inputs]
    sizes = (np.abs(slope) + np.abs(rest) + np.abs(level.weights)) @ reach + np.abs(level.offset)
    error = compact.rounding * (sizes + level.slack)
    offset = up(np.maximum(above_zero, above_line) + error)
    cost = compact.rounding * (
        sizes + np.abs(offset).max(axis=0) + compact.bounds.magnitude[level.place]
    )
    return Envelope(slope, offset, cost)


class Tangents:
    """The concave envelopes of some neurons of a first level over a box: their slopes at points.

    Worked out in 32 bits: slopes are proposals, see :func:`envelope_over`.
    """

    def __init__(self, compact: Compact, low: Array, high: Array, neurons: npt.NDArray[np.intp]):
        level = compact.levels[0]
        weights = level.weights[neurons]
        width = high - low
        rising = weights > 0
        steps = np.abs(weights) * width
        least = (weights * np.where(rising, low, high)).sum(axis=1) + level.offset[neurons]
        self._low, self._least = low, least.astype(np.float32)
        self._scale = np.divide(1.0, width, out=np.zeros_like(width), where=width > THIN)
        self._signs = np.where(rising, self._scale, -self._scale).T.astype(np.float32)
        self._rising = np.ascontiguousarray(rising.T)
        self._steps = np.ascontiguousarray(steps.T.astype(np.float32))
        either = (np.where(rising, steps, 0.0).T, np.where(rising, 0.0, steps).T)
        self._both = np.concatenate(either).astype(np.float32)

    def at(self, point: Array) -> npt.NDArray[np.float32]:
        """The slopes at a point of the box: (n,) -> (n, k)."""
        n = len(point)
        share = np.clip((point - self._low) * self._scale, 0.0, 1.0)
        order = np.argsort(np.concatenate([-share, share - 1.0]))
        reached = np.cumsum(self._both[order], axis=0)
        last = (reached <= -self._least).sum(axis=0)
        last = np.minimum(last, 2 * n - 1)
        rank = np.empty(2 * n, dtype=np.int32)
        rank[order] = np.arange(2 * n, dtype=np.int32)
        ranks = np.where(self._rising, rank[:n, None], rank[n:, None])
        steps = np.where(ranks > last, self._steps, np.float32(0.0))
        every = np.arange(len(last))
        steps[order[last] % n, every] = self._least + reached[last, every]
        return steps * self._signs
