"""Bounds alone, for many inputs at once: how far can any class get ahead of each label?"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.ir.network import Network
from mipc.numerics.interval import Interval
from mipc.numerics.windows import Rows
from mipc.semantics.bounds import bound_graph, bound_margins

__all__ = ["margins_by_bounds"]

Array: TypeAlias = npt.NDArray[np.float64]


def margins_by_bounds(
    network: Network, lower: Array, upper: Array, labels: npt.NDArray[Any], *, batch: int = 50
) -> Array:
    """Upper bounds of ``y_t - y_label`` over a box for each input, rounded outward.

    Parameters
    ----------
    lower, upper : (N, n) float64
        A box for each input.
    labels : (N,) int
    batch : int
        How many inputs are bounded together; more need more memory.

    Returns
    -------
    (N, classes) float64
        0 at the label. An input all of whose other entries are negative is robust.
    """
    graph, classes = network.graph, network.classes
    result = np.zeros((len(labels), classes))
    for start in range(0, len(labels), batch):
        part = slice(start, start + batch)
        truth = np.asarray(labels[part], dtype=np.intp)
        box = Interval(np.asarray(lower[part]), np.asarray(upper[part]))
        bounds = bound_graph(graph, {graph.inputs[0].name: box}, outputs=False)
        sample, target = np.nonzero(np.arange(classes) != truth[:, None])
        rows = np.zeros((len(sample), classes))
        rows[np.arange(len(sample)), truth[sample]] = 1.0
        rows[np.arange(len(sample)), target] = -1.0
        result[start + sample, target] = -bound_margins(graph, bounds, Rows(rows, classes, sample))
    return result
