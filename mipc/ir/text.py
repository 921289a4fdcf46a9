"""A graph as text, one line a value: for people, and for tests that keep it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

import numpy as np

from mipc.ir.graph import Graph
from mipc.ir.ops import Affine, Input, Max, Node, Op, Relu, Smooth
from mipc.numerics.convolution import ConvMap
from mipc.numerics.interval import Interval
from mipc.numerics.linear_maps import (
    DenseMap,
    LinearMap,
    ScaleMap,
    SelectMap,
    SparseMap,
)

__all__ = ["graph_text"]


def graph_text(graph: Graph, bounds: Mapping[str, Interval] | None = None) -> str:
    """One line a value: name, operator, operands, shape, origin; and bounds, if there are any.

    Of several samples the first is shown.
    """
    known = bounds or {}
    rows = [_cells(graph, node, known.get(node.name)) for node in graph]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _cells(graph: Graph, node: Node, bounds: Interval | None) -> list[str]:
    mark = "*" if node.name in graph.outputs else " "
    shape = "x".join(str(size) for size in node.shape)
    return [
        f"{mark} {node.name}",
        f"{_op(node.op)}({', '.join(node.operands)})",
        shape,
        _range(bounds),
        node.origin,
    ]


def _op(op: Op) -> str:
    match op:
        case Input():
            return "input"
        case Affine(maps, _, relative, radius):
            inexact = "" if relative == 0.0 and radius is None else "~"
            return f"affine{inexact}[{' + '.join(_map(m) for m in maps) or 'constant'}]"
        case Relu():
            return "relu"
        case Max(groups):
            return f"max[{groups.shape[1]}]"
        case Smooth(function, cells):
            return f"{function}" if cells == 1 else f"{function}/{cells}"
        case _ as never:
            assert_never(never)


def _map(linear: LinearMap) -> str:
    match linear:
        case DenseMap():
            return "dense"
        case ConvMap():
            kernel = "x".join(str(size) for size in linear.weight.shape)
            return f"conv {kernel} /{linear.strides[0]},{linear.strides[1]}"
        case SparseMap():
            return f"sparse {linear.nonzeros}"
        case ScaleMap():
            return "scale"
        case SelectMap():
            return "same" if linear.is_identity else "select"
        case _:
            return type(linear).__name__


def _range(bounds: Interval | None) -> str:
    if bounds is None:
        return ""
    lower, upper = bounds.lower[0], bounds.upper[0]
    if not len(lower):
        return ""
    undecided = int(np.count_nonzero((lower < 0) & (upper > 0)))
    return f"in [{lower.min():.4g}, {upper.max():.4g}], {undecided} change sign"
