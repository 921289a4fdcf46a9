"""The ONNX operators mipc reads: an open table, one small function each.

To add one, write a function in `mipc/frontend/operators` that takes a :class:`Call` and returns
a tensor, or a tuple of its outputs, and register it with the first opset whose meaning it has::

    @operator("Neg")
    def neg(call: Call) -> Tensor:
        '''``-x``.'''
        return scaled(call, call[0], Constant(np.array(-1.0)))

Bounds, encoding, evaluation, printing and elimination follow by themselves, because the function
spells the operator in the core language. The first sentence of its docstring goes into the
table of supported operators in `spec/operators.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias, TypedDict

import numpy as np

from mipc.errors import UnsupportedOperator
from mipc.frontend.builder import Builder, Constant, Order, Tensor, Value
from mipc.frontend.limits import MOST_AXES, count

__all__ = ["Call", "Operator", "find", "operator", "operators", "supported"]


class Labels(TypedDict):
    """Where a new node comes from, and its name."""

    origin: str
    name: str


@dataclass(frozen=True)
class Call:
    """One node of an ONNX graph: its operator applied to tensors.

    Attributes
    ----------
    place : str
        The node, for people: ``Conv 'conv1' (node 3)``.
    inputs : list of Tensor or None
        ``None`` for an optional input left out.
    attributes : dict
        Attribute values as Python numbers, lists, strings (decoded) or constants.
    outputs : list of str
        The names of its outputs; where one is left out, empty.
    build : Builder
    types : tuple of str
        What numbers each input holds in the file, as ONNX names them: ``float``, ``int64``.
    target : str
        What numbers its first output holds.
    precision : str
        The widest type of the network's inputs.
    held : tuple of bool
        Of each input whether it is a constant that the runtime holds exactly as it is here: nothing
        on the way to it was rounded.
    """

    place: str
    inputs: list[Tensor | None]
    attributes: dict[str, Any]
    outputs: list[str]
    build: Builder
    types: tuple[str, ...] = ()
    target: str = ""
    precision: str = "float"
    held: tuple[bool, ...] = ()

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
                "a constant is a weight, or computed from weights and from shapes",
            )
        return tensor

    def integers(self, index: int) -> list[int]:
        """A constant input that holds a few integers: axes, shapes, pads."""
        array = self.constant(index).array
        if array.dtype.kind != "i" or array.size > 2 * MOST_AXES:
            raise self.fail(f"input {index} has to hold at most {2 * MOST_AXES} integers")
        return [int(i) for i in array.ravel()]

    def attribute(self, name: str, default: Any = None) -> Any:
        """An attribute, or its default."""
        return self.attributes.get(name, default)

    def flag(self, name: str) -> bool:
        """An attribute that is 0, its default, or 1."""
        self.expect(name, 0, 1)
        return bool(self.attribute(name, 0))

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

    def room(self, *shape: int) -> tuple[int, ...]:
        """A shape, refused if its numbers would take too much memory; ask before taking it."""
        count(shape, self.place)
        return shape

    def broadcast(self, *tensors: Tensor) -> tuple[int, ...]:
        """The shape that tensors have together, as numpy broadcasts."""
        return self.room(*np.broadcast_shapes(*(tensor.shape for tensor in tensors)))

    def ordered(self, result: Tensor) -> Tensor:
        """A result whose numbers have the same order as those of the first input."""
        x = self[0]
        if isinstance(x, Value) and isinstance(result, Value):
            self.build.order[result.name] = Order(x.name)
        return result

    def labels(self, step: str = "", number: int = 0) -> Labels:
        """Origin and name for a node made for this call: an output, or a named step before it."""
        name = self.outputs[number] or f"output {number}"
        return {"origin": self.place, "name": f"{name}.{step}" if step else name}

    def fail(self, what: str, remedy: str = "") -> UnsupportedOperator:
        """An error that names this node, to be raised."""
        return UnsupportedOperator(what, where=self.place, remedy=remedy)


Operator: TypeAlias = Callable[[Call], Tensor | tuple[Tensor, ...]]
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
