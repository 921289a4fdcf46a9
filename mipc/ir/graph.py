"""An immutable graph of nodes. The only file that knows networkx.

The edge key is the operand's port, so a value added to itself is two edges; iteration is
topological with ties broken by the order of insertion: the same on every run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import networkx as nx

from mipc.errors import InternalError
from mipc.ir.ops import Affine, Input, Max, Node, Op, Relu, Smooth
from mipc.numerics.relaxation import Product

__all__ = ["Graph"]


class Graph:
    """Nodes in an order in which each comes after its operands.

    Parameters
    ----------
    nodes : iterable of Node
    outputs : iterable of str
        The names that matter; at least one.

    Raises
    ------
    InternalError
        A name is used twice or not defined, there is a cycle, or sizes do not fit.
    """

    def __init__(self, nodes: Iterable[Node], outputs: Iterable[str]) -> None:
        self.outputs: tuple[str, ...] = tuple(outputs)
        graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
        for order, node in enumerate(nodes):
            if node.name in graph:
                raise InternalError("a name is given twice", where=node.name)
            graph.add_node(node.name, node=node, order=order)
        for name in list(graph):
            for port, operand in enumerate(graph.nodes[name]["node"].operands):
                if operand not in graph.nodes:
                    raise InternalError(f"operand {operand!r} is not defined", where=name)
                graph.add_edge(operand, name, key=port)
        if missing := [name for name in self.outputs if name not in graph.nodes]:
            raise InternalError(f"outputs {missing} are not defined")
        self.networkx: nx.MultiDiGraph[str] = nx.freeze(graph)
        self._ordered: tuple[Node, ...] = tuple(_sorted(graph))
        for node in self._ordered:
            _check(node, [self[operand].size for operand in node.operands])

    def __iter__(self) -> Iterator[Node]:
        return iter(self._ordered)

    def __len__(self) -> int:
        return len(self._ordered)

    def __contains__(self, name: object) -> bool:
        return name in self.networkx

    def __getitem__(self, name: str) -> Node:
        node: Node = self.networkx.nodes[name]["node"]
        return node

    @cached_property
    def inputs(self) -> tuple[Node, ...]:
        """The nodes the question ranges over."""
        return tuple(node for node in self if isinstance(node.op, Input))

    def consumers(self, name: str) -> list[Node]:
        """The nodes that use a value, each once, in graph order of insertion."""
        return [self[other] for other in dict.fromkeys(self.networkx.successors(name))]

    def before(self, name: str) -> set[str]:
        """The names a value depends on, and its own."""
        return {name, *nx.ancestors(self.networkx, name)}

    def replaced(self, nodes: Iterable[Node]) -> Graph:
        """A graph of other nodes with the same outputs, without what no output needs."""
        return Graph(nodes, self.outputs).pruned()

    def pruned(self) -> Graph:
        """Without the nodes that no output needs; inputs stay, since a witness needs them."""
        needed = {*self.outputs, *(node.name for node in self.inputs)}
        for name in self.outputs:
            needed |= nx.ancestors(self.networkx, name)
        if len(needed) == len(self):
            return self
        return Graph((node for node in self if node.name in needed), self.outputs)


def _sorted(graph: Any) -> Iterator[Node]:
    try:
        names = list(
            nx.lexicographical_topological_sort(graph, key=lambda n: graph.nodes[n]["order"])
        )
    except nx.NetworkXUnfeasible as error:
        raise InternalError("the graph has a cycle") from error
    for name in names:
        yield graph.nodes[name]["node"]


def _check(node: Node, sizes: list[int]) -> None:
    """The legal shape of each operator: how many operands, of which sizes."""
    legal = _legal(node.op, node.size, sizes)
    if not legal:
        raise InternalError(
            f"{type(node.op).__name__} of size {node.size} on operands of sizes {sizes}",
            where=f"{node.name} ({node.origin})",
        )


def _legal(op: Op, size: int, sizes: list[int]) -> bool:
    match op:
        case Input():
            return not sizes
        case Relu():
            return sizes == [size]
        case Smooth(function, cells):
            count = 2 if isinstance(function, Product) else 1
            return sizes == [size] * count and cells >= 1
        case Affine(maps, offset, _, radius):
            shapes = [m.shape for m in maps]
            fits = shapes == [(size, n) for n in sizes] and offset.shape == (size,)
            return fits and (radius is None or radius.shape == (size,))
        case Max(groups):
            fits = len(sizes) == 1 and groups.ndim == 2 and len(groups) == size
            return bool(fits and (groups[:, 0] >= 0).all() and (groups < sizes[0]).all())
