"""Version 1, as the competitions of verifiers use it: ``X_0, X_1, ...`` in, ``Y_0, ...`` out."""

from __future__ import annotations

import re

from mipc.errors import UnsupportedProperty
from mipc.properties.vnnlib.formulas import FormulaReader, command
from mipc.properties.vnnlib.normal_form import cases
from mipc.properties.vnnlib.property import Declared, Property, Range, Tensor, Variable
from mipc.properties.vnnlib.source import Element, Source, Word, blank, decimal

__all__ = ["read"]

_name = re.compile(r"([XY])_(0|[1-9][0-9]{0,17})").fullmatch
_line = re.compile(
    blank + r"\((?:declare-const ([XY]_[0-9]+) Real|assert \((<=|>=) (X_[0-9]+) ([-+.0-9eE]+)\))\)"
).match


def read(source: Source) -> Property:
    """Read a property of version 1.

    Raises
    ------
    PropertyError
        With the place, for what is malformed or not supported.
    """
    reader = _Reader(source)
    reader.read_all()
    network = reader.network()
    found = cases(reader.whole, network.inputs, source)
    return Property("1", (network,), found, source.where, source.text)


class _Reader(FormulaReader):
    """The declarations and assertions so far."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.inputs = {"X"}
        self.variables: dict[str, tuple[Variable, str]] = {}
        self.places: dict[Variable, int] = {}
        self.forms |= {"declare-const": self._constant, "declare-fun": self._function}

    def read_line(self, at: int) -> int | None:
        """Read the commonest forms at once, to the same effect; the offset behind, if it was one.

        Whatever is not as it should be is left to the general reading, which says so.
        """
        line = _line(self.source.text, at)
        if line is None:
            return None
        name, sense, variable, number = line.groups()
        if name:
            self._declare(Word(line.start(1), name))
            return line.end()
        known, value = self.variables.get(variable), decimal(number)
        if known is None or value is None:
            return None
        asked = Range(value) if sense == ">=" else Range(None, value)
        self.whole.narrow(known[0], asked)
        self.asserts += 1
        return line.end()

    def variable(self, item: Word | Element) -> tuple[Variable, str]:
        """The variable called so, which must be declared before."""
        if isinstance(item, Element):
            self.source.fail(item.at, "brackets belong to version 2", _version)
        known = self.variables.get(item.text)
        if known is None:
            self.source.fail(item.at, "a name that is not declared before", _names)
        return known

    def network(self) -> Declared:
        """The declared network; an error if there are gaps, or no inputs or outputs."""
        tensors = {}
        for name, what in (("X", "inputs"), ("Y", "outputs")):
            indices = {variable.place for variable in self.places if variable.tensor == name}
            if not indices:
                self.source.fail(len(self.source.text), f"no {what} are declared", _names)
            last = Variable(name, max(indices))
            if len(indices) <= last.place:
                gap = next(i for i in range(len(indices) + 1) if i not in indices)
                self.source.fail(self.places[last], f"declared without {name}_{gap}", _names)
            tensors[name] = Tensor(name, (len(indices),))
        return Declared("N", (tensors["X"],), (tensors["Y"],))

    def _constant(self, at: int, head: str, items: list[object]) -> object:
        if len(items) != 3:
            self.source.fail(at, "a declaration has a name and a type", _declared)
        return self._typed(at, items[1], items[2])

    def _function(self, at: int, head: str, items: list[object]) -> object:
        if len(items) != 4 or items[2] is not None:
            self.source.fail(at, "a declaration has a name, () and a type", _declared)
        return self._typed(at, items[1], items[3])

    def _typed(self, at: int, name: object, dtype: object) -> object:
        if not isinstance(name, Word) or not isinstance(dtype, Word):
            self.source.fail(at, "a declaration has a name and a type", _declared)
        if dtype.text != "Real":
            self.source.fail(dtype.at, "not the type Real", _declared, UnsupportedProperty)
        self._declare(name)
        return command

    def _declare(self, name: Word) -> None:
        match = _name(name.text)
        if match is None:
            self.source.fail(name.at, "no name of a variable", _names)
        if name.text in self.variables:
            self.source.fail(name.at, "declared a second time", "Remove one of them.")
        variable = Variable(match[1], int(match[2]))
        self.variables[name.text] = variable, "real"
        self.places[variable] = name.at


_names = "Inputs are X_0, X_1, ... and outputs Y_0, Y_1, ..., without gaps; declare them first."
_declared = "Write (declare-const X_0 Real)."
_version = "Write X_0, or begin with (vnnlib-version <2.0>)."
