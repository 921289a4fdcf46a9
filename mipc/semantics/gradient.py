"""The derivative meaning: how an output changes with each input, walking backwards.

At a kink or a jump one of the slopes beside it is taken. Searches go by it; nothing is ever proved
from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, assert_never

import numpy as np
import numpy.typing as npt

from mipc.ir.graph import Graph
from mipc.ir.ops import Affine, Input, Max, Node, Relu, Smooth
from mipc.numerics.products import FAST
from mipc.numerics.relaxation import Product
from mipc.numerics.windows import Rows

__all__ = ["gradient"]

Array: TypeAlias = npt.NDArray[np.float64]


def gradient(
    graph: Graph, values: Mapping[str, Array], seeds: Mapping[str, Array]
) -> dict[str, Array]:
    """The derivative of ``sum seed * value`` with respect to each input.

    Parameters
    ----------
    values : mapping of name to (B, size) float64
        As :func:`~mipc.semantics.evaluate.evaluate` gives them.
    seeds : mapping of name to (B, size) float64

    Returns
    -------
    dict of input name to (B, n) float64
    """
    waiting = dict(seeds)
    found: dict[str, Array] = {}
    for node in reversed(tuple(graph)):
        change = waiting.pop(node.name, None)
        if isinstance(node.op, Input):
            batch = len(values[node.name])
            found[node.name] = np.zeros((batch, node.size)) if change is None else change
        elif change is not None:
            for name, part in zip(node.operands, _pulled(node, values, change), strict=True):
                waiting[name] = waiting[name] + part if name in waiting else part
    return found


def _pulled(node: Node, values: Mapping[str, Array], change: Array) -> list[Array]:
    """What a change of a node's value means for each of its operands."""
    arguments = [values[name] for name in node.operands]
    match node.op:
        case Input():
            return []
        case Affine(maps):
            rows = Rows(change, node.size, np.arange(len(change)))
            return [linear.pull(rows, FAST).dense() for linear in maps]
        case Relu():
            return [np.where(arguments[0] > 0, change, 0.0)]
        case Max(groups):
            return [_won(arguments[0], groups, change)]
        case Smooth(function):
            if isinstance(function, Product):
                return [change * arguments[1], change * arguments[0]]
            return [change * function.slope(arguments[0])]
        case _ as never:
            assert_never(never)


def _won(members: Array, groups: npt.NDArray[np.intp], change: Array) -> Array:
    """The change of each maximum, given to the member that wins it."""
    winner = np.where(groups < 0, -np.inf, members[:, groups]).argmax(axis=2)
    place = np.take_along_axis(np.broadcast_to(groups, (len(members), *groups.shape)),
                               winner[:, :, None], axis=2)[:, :, 0]  # fmt: skip
    result = np.zeros_like(members)
    sample = np.broadcast_to(np.arange(len(members))[:, None], place.shape)
    np.add.at(result, (sample, place), change)
    return result
