"""Version 2.0 of the standard: networks with typed tensors, elements ``X[0,1]``."""

from __future__ import annotations

import math
import re
from collections.abc import Container
from dataclasses import dataclass, replace
from typing import Literal

from mipc.errors import UnsupportedProperty
from mipc.properties.vnnlib.formulas import FormulaReader, command, floats, integers
from mipc.properties.vnnlib.normal_form import cases
from mipc.properties.vnnlib.property import Declared, Property, Range, Tensor, Variable
from mipc.properties.vnnlib.source import Element, Quoted, Source, Word, blank, decimal

__all__ = ["read"]

largest_tensor = 1 << 26
most_dimensions = 32

_without_order = {"bool", "string", "complex64", "complex128"}
_keywords = ("and", "or")
_name = re.compile(r"[A-Za-z][A-Za-z0-9_]*").fullmatch
_numbers = re.compile(r"<([0-9]{1,4})\.([0-9]{1,4})>").fullmatch
_line = re.compile(
    blank + r"\(assert \((<=|>=) ([A-Za-z][A-Za-z0-9_]*) ?\[([0-9]{1,18}(?:, ?[0-9]{1,18})*)\] "
    r"([-+.0-9eE]+)\)\)"
).match


def read(source: Source) -> Property:
    """Read a property of version 2.

    Raises
    ------
    PropertyError
        With the place, for what is malformed or not supported.
    """
    reader = _Reader(source)
    reader.read_all()
    networks = tuple(reader.networks.values())
    inputs = tuple(tensor for network in networks for tensor in network.inputs)
    found = cases(reader.whole, inputs, source)
    return Property(reader.version, networks, found, source.where, source.text)


@dataclass
class _Declaration:
    """One tensor, as a part of a network."""

    at: int
    kind: Literal["input", "hidden", "output"]
    tensor: Tensor


@dataclass
class _Relation:
    """What a network says of an earlier one."""

    at: int
    kind: Literal["equal", "isomorphic"]
    name: Word


class _Reader(FormulaReader):
    """The version, networks and assertions so far."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.version = ""
        self.networks: dict[str, Declared] = {}
        self.tensors: dict[str, Tensor] = {}
        self.forms |= {
            "vnnlib-version": self._version,
            "declare-network": self._network,
            "declare-input": self._tensor,
            "declare-hidden": self._tensor,
            "declare-output": self._tensor,
            "equal-to": self._relation,
            "isomorphic-to": self._relation,
        }

    def read_line(self, at: int) -> int | None:
        """Read the commonest form at once, to the same effect; the offset behind, if it was one.

        Whatever is not as it should be is left to the general reading, which says so.
        """
        line = _line(self.source.text, at)
        if line is None or line[2] not in self.inputs:
            return None
        sense, name, indices, number = line.groups()
        tensor, value = self.tensors[name], decimal(number)
        place = tensor.flat(tuple(map(int, indices.split(","))))
        if value is None or place is None or tensor.dtype not in floats:
            return None
        asked = Range(value) if sense == ">=" else Range(None, value)
        self.whole.narrow(Variable(name, place), asked)
        self.asserts += 1
        return line.end()

    def variable(self, item: Word | Element) -> tuple[Variable, str]:
        """The element called so, which must be declared before and exist."""
        name, indices = (item.text, ()) if isinstance(item, Word) else (item.name, item.indices)
        tensor = self.tensors.get(name)
        if tensor is None:
            self.source.fail(item.at, "a name that is not declared before", _elements)
        place = tensor.flat(indices)
        if place is None or (isinstance(item, Element) and not indices):
            self.source.fail(item.at, f"no element of {name}, of shape {_shown(tensor)}", _elements)
        return Variable(name, place), tensor.dtype

    def _version(self, at: int, head: str, items: list[object]) -> object:
        word = items[1] if len(items) == 2 else None
        match = _numbers(word.text) if isinstance(word, Word) else None
        if match is None:
            self.source.fail(at, "no version", "Write (vnnlib-version <2.0>).")
        if self.version:
            self.source.fail(at, "a second version", "Remove one of them.")
        major, minor = int(match[1]), int(match[2])
        if major != 2:
            what = f"version {major}.{minor} cannot be read"
            self.source.fail(at, what, "Read are 2.x and, without this form, 1.", _unsupported)
        self.version = f"{major}.{minor}"
        return command

    def _network(self, at: int, head: str, items: list[object]) -> object:
        name = self._new_name(at, items, self.networks)
        if self.asserts:
            self.source.fail(at, "a network after an assertion", "Declare all networks first.")
        parts = items[2:]
        relation = parts.pop(0) if parts and isinstance(parts[0], _Relation) else None
        network = self._declared(at, name.text, parts)
        if isinstance(relation, _Relation):
            network = self._related(network, relation)
        self.networks[name.text] = network
        return command

    def _declared(self, at: int, name: str, parts: list[object]) -> Declared:
        """A network with its tensors, which must be in order."""
        tensors: dict[str, list[Tensor]] = {"input": [], "hidden": [], "output": []}
        order = list(tensors)
        reached = 0
        for part in parts:
            if not isinstance(part, _Declaration) or order.index(part.kind) < reached:
                where = part.at if isinstance(part, _Declaration | _Relation) else at
                self.source.fail(where, "not where it belongs in a network", _in_order)
            reached = order.index(part.kind)
            tensors[part.kind].append(part.tensor)
        inputs, hidden, outputs = (tuple(tensors[kind]) for kind in order)
        if not inputs or not outputs:
            self.source.fail(at, "a network without inputs or outputs", _in_order)
        if len({tensor.onnx_name is None for tensor in inputs + outputs}) > 1:
            self.source.fail(at, "names in the network's file for some tensors only", _named)
        self.inputs.update(tensor.name for tensor in inputs)
        return Declared(name, inputs, outputs, hidden)

    def _related(self, network: Declared, relation: _Relation) -> Declared:
        """The network with what it says of an earlier one, which must be alike."""
        other = self.networks.get(relation.name.text)
        if other is None:
            self.source.fail(relation.name.at, "no network that is declared before", _relations)
        if other.same_as is not None:
            self.source.fail(relation.name.at, "a network that refers to another one", _relations)
        typed = relation.kind == "equal"
        if _interface(network, typed) != _interface(other, typed):
            what = f"tensors unlike those of {other.name}"
            self.source.fail(relation.at, what, "Declare the same shapes and types in order.")
        return replace(network, same_as=other.name, same_kind=relation.kind)

    def _relation(self, at: int, head: str, items: list[object]) -> _Relation:
        name = items[1] if len(items) == 2 else None
        if not isinstance(name, Word):
            self.source.fail(at, "one network is named here", _relations)
        return _Relation(at, "equal" if head == "equal-to" else "isomorphic", name)

    def _tensor(self, at: int, head: str, items: list[object]) -> _Declaration:
        name = self._new_name(at, items, self.tensors)
        typed = items[2] if len(items) > 2 else None
        if not isinstance(typed, Element):
            self.source.fail(at, "a tensor has a name, a type and a shape", _tensors)
        onnx_name = None
        if len(items) > 3:
            quoted = items[3]
            if isinstance(quoted, Word) and quoted.text == "initialized":
                self.source.fail(quoted.at, "inputs of this kind cannot be asked", "", _unsupported)
            if not isinstance(quoted, Quoted) or len(items) > 4:
                self.source.fail(at, "more than a name, a type and a shape", _tensors)
            onnx_name = quoted.text
        kind = _kinds[head]
        if kind == "hidden" and onnx_name is None:
            self.source.fail(at, "a hidden tensor without its name in the network", _tensors)
        self._check_shape(typed)
        tensor = Tensor(name.text, typed.indices, self._dtype(typed), onnx_name)
        self.tensors[tensor.name] = tensor
        return _Declaration(at, kind, tensor)

    def _check_shape(self, typed: Element) -> None:
        if 0 in typed.indices:
            self.source.fail(typed.at, "a shape with a zero", "Every length is at least 1.")
        if len(typed.indices) > most_dimensions or math.prod(typed.indices) > largest_tensor:
            self.source.fail(typed.at, "a tensor too large for mipc", "", _unsupported)

    def _dtype(self, typed: Element) -> str:
        dtype = "real" if typed.name == "Real" else typed.name
        if dtype in _without_order:
            self.source.fail(typed.at, "no conditions on this type", _types, _unsupported)
        if dtype not in floats and dtype not in integers:
            self.source.fail(typed.at, "no element type", _types)
        return dtype

    def _new_name(self, at: int, items: list[object], taken: Container[str]) -> Word:
        name = items[1] if len(items) > 1 else None
        if not isinstance(name, Word):
            self.source.fail(at, "a declaration begins with a name", _tensors)
        if not _name(name.text) or name.text in _keywords:
            self.source.fail(name.at, "not a name", "Names are letters, digits and _.")
        if name.text in taken:
            self.source.fail(name.at, "declared a second time", "Names are unique in a property.")
        return name


def _interface(network: Declared, typed: bool) -> list[list[object]]:
    """The shapes and types of what goes in and comes out."""
    return [
        [(tensor.shape, tensor.dtype if typed else "") for tensor in tensors]
        for tensors in (network.inputs, network.outputs)
    ]


def _shown(tensor: Tensor) -> str:
    return f"[{','.join(map(str, tensor.shape))}]"


_kinds: dict[str, Literal["input", "hidden", "output"]] = {
    "declare-input": "input",
    "declare-hidden": "hidden",
    "declare-output": "output",
}
_unsupported = UnsupportedProperty
_elements = "Write an index from 0 for each dimension, as in X[0,2]; scalars have no brackets."
_in_order = "The order is (equal-to N) or (isomorphic-to N), inputs, hidden tensors, outputs."
_named = "Name all inputs and outputs, or none: then their order decides."
_relations = "Name a network that is declared before and refers to no other."
_tensors = 'Write (declare-input X float32 [1,10]) or (declare-hidden H float32 [5] "its name").'
_types = f"Types are {', '.join(sorted(floats | integers))}."
