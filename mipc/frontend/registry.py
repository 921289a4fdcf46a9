"""The ONNX operators mipc reads: an open table, one small function each.

To add one, write a function in `mipc/frontend/operators` that takes a :class:`Call` and returns
a tensor, and register it with the first opset whose meaning it has::

    @operator("Neg", since=1)
    def neg(call: Call) -> Tensor:
        '''``-x``.'''
        return call.scaled(call[0], -1.0)

Bounds, encoding, evaluation, printing and elimination follow by themselves, because the function
spells the operator in the core language. The first sentence of its docstring goes into the
table of supported operators in `spec/operators.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.errors import UnsupportedOperator
from mipc.frontend.builder import Builder, Constant, Tensor, Value
from mipc.ir.ops import Node

__all__ = ["Call", "Operator", "find", "operator", "operators", "supported"]

Array: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Call:
    """One node of an ONNX graph: its operator applied to tensors.

    Attributes
    ----------
    op_type : str
    place : str
        The node, for people: ``Conv 'conv1' (node 3)``.
    inputs : list of Tensor or None
        ``None`` for an optional input left out.
    attributes : dict
        Attribute values as Python numbers, lists, strings (decoded) or arrays.
    output : str
        The name of the first output.
    outputs : int
        How many outputs are used.
    opset : int
    build : Builder
    """

    op_type: str
    place: str
    inputs: list[Tensor | None]
    attributes: dict[str, Any]
    output: str
    outputs: int
    opset: int
    build: Builder
    _made: list[int] = field(default_factory=list)

    def __getitem__(self, index: int) -> Tensor:
        """Input number ``index``, which must be there."""
        tensor = self.inputs[index] if index < len(self.inputs) else None
        if tensor is None:
            raise self.fail(f"input {index} is missing")
        return tensor

    def has(self, index: int) -> bool:
        """Whether an optional input is given."""
        return index < len(self.inputs) and self.inputs[index] is not None

    def value(self, index: int) -> Value:
        """An input that is computed from the network's input."""
        tensor = self[index]
        if isinstance(tensor, Constant):
            raise self.fail(f"input {index} is constant; that is not supported here")
        return tensor

    def constant(self, index: int) -> Constant:
        """An input that must be known when the network is read."""
        tensor = self[index]
        if isinstance(tensor, Value):
            raise self.fail(
                f"input {index} is computed by the network, and has to be constant",
                "products of computed tensors are not piecewise linear",
            )
        return tensor

    def integers(self, index: int) -> list[int]:
        """A constant input that holds integers: axes, shapes, pads."""
        return [int(i) for i in np.ravel(self.constant(index).array)]

    def attribute(self, name: str, default: Any = None) -> Any:
        """An attribute, or its default."""
        return self.attributes.get(name, default)

    def expect(self, name: str, *allowed: Any) -> None:
        """Refuse an attribute whose value is none of those understood (or absent)."""
        if name in self.attributes and self.attributes[name] not in allowed:
            known = ", ".join(repr(value) for value in allowed)
            raise self.fail(f"{name}={self.attributes[name]!r} is not supported, only {known}")

    def axis(self, value: int, rank: int) -> int:
        """An axis counted from the front."""
        if not -rank <= value < rank:
            raise self.fail(f"axis {value} of a tensor of rank {rank}")
        return value % rank

    def labels(self) -> dict[str, str]:
        """Origin and name for a node made for this call; a second node gets a suffix."""
        self._made.append(1)
        suffix = f".{len(self._made)}" if len(self._made) > 1 else ""
        return {"origin": self.place, "name": self.output + suffix}

    def fail(self, what: str, remedy: str = "") -> UnsupportedOperator:
        """An error that names this node, to be raised."""
        return UnsupportedOperator(what, where=self.place, remedy=remedy)

    def made(self, node: Value) -> Node:
        """The node behind a value."""
        return next(n for n in self.build.nodes if n.name == node.name)


Operator: TypeAlias = Callable[[Call], Tensor]
_TABLE: dict[str, list[tuple[int, Operator]]] = {}


def operator(op_type: str, *, since: int = 1) -> Callable[[Operator], Operator]:
    """Register a function for an ONNX operator from opset ``since`` on."""

    def register(function: Operator) -> Operator:
        _TABLE.setdefault(op_type, []).append((since, function))
        _TABLE[op_type].sort(key=lambda entry: entry[0])
        return function

    return register


def find(op_type: str, opset: int) -> Operator | None:
    """The function for an operator at an opset, if there is one."""
    return next((f for since, f in reversed(_TABLE.get(op_type, [])) if since <= opset), None)


def supported() -> list[str]:
    """The names of all operators, sorted."""
    return sorted(_TABLE)


def operators() -> Iterator[tuple[str, int, Operator]]:
    """All entries: name, first opset, function."""
    for name in supported():
        for since, function in _TABLE[name]:
            yield name, since, function
