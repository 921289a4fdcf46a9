"""Upper bounds of a margin by weak duality, for many parts of a region at once.

A part is a box of inputs and an interval for each neuron (a split phase is an interval that ends
at 0). Of the compact form ``z = A x + B r + c`` take any multipliers ``mu`` for its rows. With
``rho`` and ``a`` what then stands before each ``r_j`` and ``x_i``, the margin is at most ::

    c_0 + mu c + sum_j max {rho_j relu(z) - mu_j z : z in its interval} + max {a x : x in the box}

and the inner maximum is at one of three points: the two ends, and 0 if it lies between. This holds
for *every* ``mu``; what search has to do is to find good ones. They are found in the coordinates of
the backward bounds: a slope ``alpha_j`` in [0, 1] under each undecided ReLU (Xu et al. 2021) and a
price ``beta_j`` for each split one (Wang et al. 2021)::

    mu_j = s_j rho_j + beta_j        where rho_j > 0, with the slope s_j of the chord
    mu_j = alpha_j rho_j + beta_j    elsewhere

The gradient of the bound needs no tape: walk forwards once from the corner that attains the
maximum. With ``z*_j`` the point that attains the inner maximum and ``zhat_j`` what the rows give,
it is ``zhat_j - z*_j`` for ``mu_j``; hence for ``beta_j``, and times ``rho_j`` for ``alpha_j``.

Rounding. Each computed number is within a share of ``sum |terms|`` of the exact one, and all such
sums are at most the sum over the rows that enter, each times its multiplier, of
:meth:`~mipc.search.compact.Compact.cost`. One product with those costs pays for all of it, and for
what the stored rows may be off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.numerics.rounding import TINY, surely_above
from mipc.search.compact import Block, Compact
from mipc.search.envelope import Envelope
from mipc.search.parts import Parts, Stacked

__all__ = ["Multipliers", "Rows", "Weighed", "rows_of", "weigh"]

Array: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Multipliers(Stacked):
    """Where the search for good multipliers stands.

    Attributes
    ----------
    slopes : (N, m)
        In [0, 1], under undecided neurons.
    prices : (N, m)
        Of split neurons.
    shares : (N, m)
        In [0, 1]: which part of a neuron's weight rests on its envelope instead of its chord.
    weights : (N, q)
        Nonnegative, of the rows of the disjunct.
    point, pull : (N, n) or (N, 0)
        Where dual averaging stands, see :mod:`mipc.search.hull`: a point and the mean tangent.
    """

    slopes: Array
    prices: Array
    shares: Array
    weights: Array
    point: Array
    pull: Array


@dataclass(frozen=True, eq=False)
class Rows(Stacked):
    """What is bounded: ``weights @ (x, r) + offset``, up to ``error``: (N, n + m), (N,), (N,)."""

    weights: Array
    offset: Array
    error: Array


@dataclass(frozen=True, eq=False)
class Weighed(Stacked):
    """A bound and what it was made of.

    Attributes
    ----------
    bound : (N,)
        At least the rows' value anywhere in the part.
    error : (N,)
        How much of it is for rounding and slack.
    slope : (N, n)
        The bound as a function of the inputs falls from its corner with this slope.
    corner : (N, n)
        About where it is attained.
    over_box : (N,)
        The bound over the whole box of the part, which cuts do not count for.
    values : (N, n + m)
        What inputs and ReLUs are there, in the relaxation.
    before : (N, m)
        And the pre-activations.
    rho, gap : (N, m)
        What stands before each ReLU; what the gradient is made of.
    share_gap : (N, m)
        How much higher the envelope is than the chord.
    """

    bound: Array
    error: Array
    slope: Array
    corner: Array
    over_box: Array
    values: Array
    before: Array
    rho: Array
    gap: Array
    share_gap: Array


def rows_of(compact: Compact, block: Block, weights: Array) -> Rows:
    """The rows of a disjunct, weighed: (N, q) -> N rows.

    Sound: the least of some rows is at most any sum of them with nonnegative weights that are 1
    together or more, where it is not below 0. Weights are made so, whatever rounding did to them.
    """
    width = block.weights.shape[1]
    if weights.shape[1] > 1:
        total = weights.sum(axis=1, keepdims=True)
        weights = np.divide(weights, total, out=weights.copy(), where=total > 0) * (1.0 + 2.0**-40)
    full = np.zeros((len(weights), compact.inputs + compact.neurons))
    full[:, :width] = weights @ block.weights
    return Rows(full, weights @ block.offset, weights @ compact.cost(block))


def weigh(
    compact: Compact,
    rows: Rows,
    parts: Parts,
    multipliers: Multipliers,
    *,
    envelope: Envelope | None = None,
    upto: int | None = None,
    look: bool = True,
) -> Weighed:
    """Upper bounds of rows on parts; see the module.

    Parameters
    ----------
    envelope : Envelope, optional
        Over-estimators of the neurons of the first level.
    upto : int, optional
        Only so many levels are before the rows.
    look : bool
        Whether to walk forwards for the gradient too.
    """
    n = compact.inputs
    levels = compact.levels[:upto]
    chord = parts.chords
    coefficients = rows.weights.copy()
    total = rows.offset.copy()
    error = rows.error.copy()
    rho, chosen = np.zeros_like(parts.lower), np.zeros_like(parts.lower)
    held: Array | None = None
    for number in range(len(levels) - 1, -1, -1):
        level = levels[number]
        place = level.place
        mine = coefficients[:, n + place.start : n + place.stop]
        rho[:, place] = mine
        if number == 0 and envelope is not None:
            held = np.maximum(mine, 0.0) * multipliers.shares[:, place]
            coefficients[:, :n] += held @ envelope.slope
            total += (held * envelope.offset).sum(axis=1)
            error += held @ envelope.cost
            mine = mine - held
        slope = np.where(mine > 0, chord[:, place], multipliers.slopes[:, place])
        mu = slope * mine + multipliers.prices[:, place]
        most, at = _most(mine, mu, parts.lower[:, place], parts.upper[:, place])
        chosen[:, place] = at
        total += most.sum(axis=1) + mu @ level.offset
        error += np.abs(mu) @ compact.costs[place]
        coefficients[:, : n + place.start] += mu @ level.weights
    slope = coefficients[:, :n]
    most, corner, in_box = compact.most(slope, parts)
    paid = error * (1.0 + 2.0**-30) + TINY
    bound = proved(total + most + paid, slope)
    over_box = bound if in_box is most else proved(total + in_box + paid, slope)
    if not look:
        nothing = np.zeros((0, 0))
        return Weighed(
            bound, error, slope, corner, over_box, nothing, nothing, rho, nothing, nothing
        )
    values = np.zeros((len(corner), n + compact.neurons))
    values[:, :n] = corner
    before, gap, higher = (np.zeros_like(rho) for _ in range(3))
    for number, level in enumerate(levels):
        place = level.place
        start = n + place.start
        z = values[:, :start] @ level.weights.T + level.offset
        missing = z - chosen[:, place]
        before[:, place], gap[:, place] = z, missing
        slopes = np.where(rho[:, place] > 0, chord[:, place], multipliers.slopes[:, place])
        relaxed = np.maximum(chosen[:, place], 0.0) + slopes * missing
        if held is not None and number == 0 and envelope is not None:
            over = corner @ envelope.slope.T + envelope.offset
            higher[:, place] = over - relaxed
            shares = np.where(rho[:, place] > 0, multipliers.shares[:, place], 0.0)
            relaxed = relaxed + shares * higher[:, place]
        values[:, start : start + z.shape[1]] = relaxed
    return Weighed(bound, error, slope, corner, over_box, values, before, rho, gap, higher)


def proved(bound: Array, slope: Array) -> Array:
    """Upper bounds (N,), rounded up; none, where numbers on the way (N, n) have overflowed."""
    return surely_above(np.where(np.isfinite(slope).all(axis=1), bound, np.nan))


def _most(rho: Array, mu: Array, lower: Array, upper: Array) -> tuple[Array, Array]:
    """The largest ``rho relu(z) - mu z`` over an interval, and the ``z`` that attains it."""
    middle = np.clip(0.0, lower, upper)
    best = rho * np.maximum(lower, 0.0) - mu * lower
    at = lower
    for z in (middle, upper):
        value = rho * np.maximum(z, 0.0) - mu * z
        higher = value > best
        best, at = np.where(higher, value, best), np.where(higher, z, at)
    return best, at
