"""The plain meaning: what each value is at given inputs, in float64."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, assert_never

import numpy as np
import numpy.typing as npt

from mipc.ir.graph import Graph
from mipc.ir.ops import Affine, Input, Max, Relu, Smooth
from mipc.numerics.products import FAST
from mipc.numerics.relaxation import Product

__all__ = ["evaluate"]

Array: TypeAlias = npt.NDArray[np.float64]


def evaluate(graph: Graph, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Every value of the graph.

    Parameters
    ----------
    inputs : mapping of input name to (B, n) float64

    Returns
    -------
    dict of name to (B, size) float64
        Rounded as float64 rounds; for exact values see :mod:`mipc.semantics.exact`.
    """
    values: dict[str, Array] = {}
    batch = max((len(np.atleast_2d(x)) for x in inputs.values()), default=1)
    for node in graph:
        arguments = [values[name] for name in node.operands]
        match node.op:
            case Input():
                values[node.name] = np.asarray(inputs[node.name], dtype=np.float64)
            case Affine(maps, offset):
                parts = (m.apply(x, FAST) for m, x in zip(maps, arguments, strict=True))
                values[node.name] = sum(parts, np.broadcast_to(offset, (batch, node.size)))
            case Relu():
                values[node.name] = np.maximum(arguments[0], 0.0)
            case Max(groups):
                members = arguments[0][:, groups]
                values[node.name] = np.where(groups < 0, -np.inf, members).max(axis=2)
            case Smooth(function):
                values[node.name] = (
                    arguments[0] * arguments[1]
                    if isinstance(function, Product)
                    else function.value(arguments[0])
                )
            case _ as never:
                assert_never(never)
    return values
