"""Small questions about an ONNX graph: what uses a tensor, what stands in a straight line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mipc.frontend.repair import SHAPING

__all__ = ["behind", "line", "users"]

PASSING = (*SHAPING, "Dropout", "Transpose")
"""Operators that hand on the numbers of their first input."""


def users(graph: Any) -> dict[str, list[int]]:
    """Tensor -> the numbers of the nodes that use it."""
    found: dict[str, list[int]] = {}
    for number, node in enumerate(graph.node):
        for name in dict.fromkeys(filter(None, node.input)):
            found.setdefault(name, []).append(number)
    return found


def line(graph: Any, name: str) -> Iterator[tuple[int, str]]:
    """The nodes after a tensor, and their operand, while each result is used by one node only."""
    used = users(graph)
    seen: set[int] = set()
    while len(used.get(name, [])) == 1:
        (number,) = used[name]
        node = graph.node[number]
        if number in seen or not node.output:
            return
        seen.add(number)
        yield number, name
        name = node.output[0]


def behind(graph: Any, name: str) -> Any | None:
    """The node that makes a tensor, looked at through operators that only hand it on."""
    makers = {made: node for node in graph.node for made in node.output}
    node = makers.get(name)
    for _ in range(len(graph.node)):
        if node is None or node.op_type not in PASSING or not node.input:
            break
        node = makers.get(node.input[0])
    return node
