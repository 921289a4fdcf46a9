"""Where to split: filtered strong branching.

On the short list are the neurons whose relaxation costs most: by the height of the chord, as in
BaBSR (Bunel et al. 2020), and by how far the relaxation is from the ReLU at the corner. Both
children of each are bounded by a few steps; the neuron that gains most is split, where the gains of
the two children are multiplied.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.search.compact import Block, Compact
from mipc.search.descent import descend
from mipc.search.dual import Weighed
from mipc.search.envelope import Envelope
from mipc.search.parts import chords
from mipc.search.store import Opened

__all__ = ["chosen_neurons"]

Array: TypeAlias = npt.NDArray[np.float64]
Index: TypeAlias = npt.NDArray[np.intp]

SHORT_LIST = 3
"""Neurons of each kind that are tried."""

TRIAL_STEPS = 2
"""Steps of descent for a trial."""

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
    of = np.repeat(np.arange(len(opened)), 2 * width)
    parts, multipliers = opened.parts.take(of), opened.multipliers.take(of)
    every = np.arange(0, len(of), 2)
    neurons = listed.reshape(-1)
    parts.lower[every, neurons] = np.maximum(parts.lower[every, neurons], 0.0)
    parts.upper[every + 1, neurons] = np.minimum(parts.upper[every + 1, neurons], 0.0)
    envelope = None if envelope is None else envelope.take(of)
    tried = descend(
        compact, block, parts, multipliers, TRIAL_STEPS, envelope=envelope, goal=-np.inf
    ).bound.reshape(len(opened), width, 2)
    known = opened.bound[:, None, None]
    gain = np.maximum(known - np.maximum(tried, 0.0), LEAST_GAIN * known + 1e-30)
    worth = gain.prod(axis=2)
    worth[~np.take_along_axis(undecided, listed, axis=1)] = -1.0
    best = worth.argmax(axis=1)
    return np.asarray(listed[np.arange(len(opened)), best])


def _costs(
    compact: Compact, opened: Opened, found: Weighed, envelope: Envelope | None
) -> tuple[Array, Array]:
    """What the relaxation of each neuron costs: by the chord's height, and at the corner."""
    parts, rho = opened.parts, found.rho
    height = np.maximum(rho, 0.0) * chords(parts) * np.maximum(-parts.lower, 0.0)
    relaxed = found.values[:, compact.inputs :]
    distance = np.abs(rho) * np.abs(relaxed - np.maximum(found.before, 0.0))
    if envelope is not None:
        shares = opened.multipliers.shares
        height = (1.0 - shares) * height + shares * distance
    return height, distance
