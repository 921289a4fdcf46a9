"""Where to split: filtered strong branching.

On the short list are the neurons whose relaxation costs most: by the height of the chord, as in
BaBSR (Bunel et al. 2020), and by how far the relaxation is from the ReLU at the corner. Both
children of each are bounded by a few steps; the neuron that gains most is split, where the gains of
the two children are multiplied.

Where few inputs vary, the boxes themselves are halved, and what that says of every neuron is worked
out. On the short list are the inputs that matter most by the gradient at the middle and by the
slope of the bound; the better of the two is halved.

A split is a number: of a neuron, or ``m`` and up, of an input.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.search.climbing import steepest
from mipc.search.compact import Block, Compact
from mipc.search.descent import descend, first_multipliers
from mipc.search.dual import Weighed, rows_of, weigh
from mipc.search.envelope import Envelope
from mipc.search.parts import Parts
from mipc.search.refine import refined
from mipc.search.store import Opened

__all__ = ["chosen_neurons", "halved", "split", "thin"]

Array: TypeAlias = npt.NDArray[np.float64]
Index: TypeAlias = npt.NDArray[np.intp]

SHORT_LIST = 3
"""Neurons of each kind that are tried."""

TRIAL_STEPS = 2
"""Steps of descent for a trial."""

THIN = 2.0**-21
"""A box is not halved along an input that is known as closely: it is kept in 32 bits."""

LEAST_GAIN = 1e-4
"""A gain counts as at least this share of the bound, so that one child alone can decide."""


def chosen_neurons(
    compact: Compact, block: Block, opened: Opened, found: Weighed, envelope: Envelope | None
) -> Index:
    """An undecided neuron of each part, -1 where there is none: (N,)."""
    undecided = opened.parts.undecided
    chosen = np.full(len(opened), -1, dtype=np.intp)
    some = np.flatnonzero(undecided.any(axis=1))
    if len(some):
        part = None if envelope is None else envelope.take(some)
        chosen[some] = _tried(compact, block, opened.take(some), found.take(some), part)
    return chosen


def _tried(
    compact: Compact, block: Block, opened: Opened, found: Weighed, envelope: Envelope | None
) -> Index:
    """The one of the short list that gains most."""
    height, distance = _costs(compact, opened, found, envelope)
    undecided = opened.parts.undecided
    count = min(SHORT_LIST, undecided.shape[1])
    lists = [
        np.argpartition(-np.where(undecided, cost, -1.0), count - 1, axis=1)[:, :count]
        for cost in (height, distance)
    ]
    listed = np.concatenate(lists, axis=1)
    width = listed.shape[1]
    of = np.repeat(np.arange(len(opened)), width)
    children = split(replace(opened, split=listed.reshape(-1)), of=of)
    envelope = None if envelope is None else envelope.take(np.repeat(of, 2))
    tried = descend(
        compact, block, children.parts, children.multipliers, TRIAL_STEPS, envelope=envelope,
        goal=-np.inf,
    ).bound  # fmt: skip
    worth = _gains(opened.bound, tried.reshape(len(opened), width, 2))
    worth[~np.take_along_axis(undecided, listed, axis=1)] = -1.0
    best = worth.argmax(axis=1)
    return np.asarray(listed[np.arange(len(opened)), best])


def thin(parts: Parts) -> npt.NDArray[np.bool_]:
    """Which boxes are as small as can be told, so that they are not halved: (N,)."""
    size = np.maximum(np.abs(parts.low), np.abs(parts.high))
    return np.asarray((parts.high - parts.low <= THIN * size).all(axis=1))


def halved(compact: Compact, block: Block, opened: Opened) -> tuple[Opened, npt.NDArray[np.bool_]]:
    """Two children of each part, refined and bounded; and which of them are not empty."""
    width = opened.parts.high - opened.parts.low
    lists = [
        np.where(worth.max(axis=1, keepdims=True) == 0, width, worth).argmax(axis=1)
        for worth in (width * slope for slope in _slopes(compact, block, opened))
    ]
    every = np.arange(len(opened))
    other = np.flatnonzero(lists[0] != lists[1])
    of = np.concatenate([every, other])
    listed = compact.neurons + np.concatenate([lists[0], lists[1][other]])
    children = split(replace(opened, split=listed), of=of)
    smaller, filled = refined(compact, children.parts, len(compact.levels))
    bound = np.full(len(children), -np.inf)
    some = np.flatnonzero(filled)
    multipliers = children.multipliers
    if len(some):
        bound[some] = descend(
            compact, block, smaller.take(some), multipliers.take(some), 1, goal=-np.inf
        ).bound
    bound = np.minimum(bound, children.bound)
    gains = _gains(opened.bound[of][:, None], bound.reshape(len(of), 1, 2))[:, 0]
    best = every.copy()
    second = len(every) + np.arange(len(other))
    better = gains[second] > gains[other]
    best[other[better]] = second[better]
    both = np.stack([2 * best, 2 * best + 1], axis=1).reshape(-1)
    return replace(children, parts=smaller, bound=bound).take(both), filled[both]


def _slopes(compact: Compact, block: Block, opened: Opened) -> tuple[Array, Array]:
    """How the margin changes with each input, twice: at the middle; in a bound without prices."""
    parts = opened.parts
    _, uphill = steepest(compact, block, parts.low + (parts.high - parts.low) / 2)
    weights = opened.multipliers.weights
    fresh = replace(first_multipliers(parts, len(block.offset)), weights=weights)
    found = weigh(compact, rows_of(compact, block, weights), parts, fresh, look=False)
    return np.abs(uphill), np.abs(found.slope)


def split(opened: Opened, of: Index | None = None) -> Opened:
    """Two children of each part: the active or the upper one first.

    With ``of``, ``opened.split`` has a split for each of these parts instead of one for each part.
    """
    splits = opened.split
    if of is not None:
        phases = [opened.phases[place] for place in of]
        opened = Opened(
            opened.bound[of], opened.parts.take(of), opened.multipliers.take(of), phases, splits
        )
    parts = opened.parts.repeat(2)
    count = parts.lower.shape[1]
    first = 2 * np.arange(len(opened))
    neurons = splits < count
    at, which = first[neurons], splits[neurons]
    parts.lower[at, which] = np.maximum(parts.lower[at, which], 0.0)
    parts.upper[at + 1, which] = np.minimum(parts.upper[at + 1, which], 0.0)
    at, which = first[~neurons], splits[~neurons] - count
    middle = parts.low[at, which] + (parts.high[at, which] - parts.low[at, which]) / 2
    parts.low[at, which] = middle
    parts.high[at + 1, which] = middle
    phases = [
        (*before, (int(number), side))
        for before, number in zip(opened.phases, splits, strict=True)
        for side in (True, False)
    ]
    bound, splits = np.repeat(opened.bound, 2), np.repeat(splits, 2)
    return Opened(bound, parts, opened.multipliers.repeat(2), phases, splits)


def _gains(bound: Array, tried: Array) -> Array:
    """How much a split gains: (N,), (N, k, 2) -> (N, k)."""
    known = bound.reshape(-1, 1, 1)
    gain = np.maximum(known - np.maximum(tried, 0.0), LEAST_GAIN * known + 1e-30)
    return np.asarray(gain.prod(axis=2))


def _costs(
    compact: Compact, opened: Opened, found: Weighed, envelope: Envelope | None
) -> tuple[Array, Array]:
    """What the relaxation of each neuron costs: by the chord's height, and at the corner."""
    parts, rho = opened.parts, found.rho
    height = np.maximum(rho, 0.0) * parts.chords * np.maximum(-parts.lower, 0.0)
    relaxed = found.values[:, compact.inputs :]
    distance = np.abs(rho) * np.abs(relaxed - np.maximum(found.before, 0.0))
    if envelope is not None:
        shares = opened.multipliers.shares
        height = (1.0 - shares) * height + shares * distance
    return height, distance
