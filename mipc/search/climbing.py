"""Climbing from points of a compact problem: what bounds suggest, tried.

Steps along the gradient of the least row, as in :mod:`mipc.search.attack`, but on the compact form,
where a step costs little. What is found is a guess until it is replayed.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.search.compact import Block, Compact

__all__ = ["climbed", "steepest"]

Array: TypeAlias = npt.NDArray[np.float64]

STEPS = 16
"""Steps of a climb."""

STRIDES = (0.3, 0.1, 0.03)
"""First steps, in shares of the reach: each third of the starting points has its own."""

SHORTER = 0.85
"""Each step is this share of the one before."""


def climbed(compact: Compact, block: Block, points: Array, reach: Array) -> tuple[Array, float]:
    """The highest point that is reached from several, and its margin: (B, n) -> (n,), float.

    ``reach``, (n,) or (B, n), is how far away points are looked for.
    """
    strides = np.resize(STRIDES, len(points))[:, None]
    best, at = -np.inf, points[0]
    for _ in range(STEPS):
        margins, uphill = steepest(compact, block, points)
        top = int(margins.argmax())
        if margins[top] > best:
            best, at = float(margins[top]), points[top].copy()
        points = compact.inside(points + strides * compact.step(uphill, reach))
        strides = strides * SHORTER
    return at, best


def steepest(compact: Compact, block: Block, points: Array) -> tuple[Array, Array]:
    """The least row at points (B, n) and its gradient: (B,), (B, n)."""
    values, before = compact.values(points)
    width = block.weights.shape[1]
    rows = values[:, :width] @ block.weights.T + block.offset
    seeds = np.zeros_like(values)
    seeds[:, :width] = block.weights[rows.argmin(axis=1)]
    return rows.min(axis=1), compact.pulled(seeds, before)
