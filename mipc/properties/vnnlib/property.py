"""What a property says, in normal form: boxes of inputs, and in each what else must hold.

A property is satisfiable if some case is; a case holds if the inputs lie in its box and all atoms
of one of its alternatives hold. Numbers are exact. The text is kept, so that a point can be put to
the assertions as they were written.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.numerics.rationals import Enclosed, around
from mipc.properties.vnnlib import evaluation

__all__ = [
    "Atom",
    "Bounds",
    "Case",
    "Declared",
    "Property",
    "Range",
    "Region",
    "Tensor",
    "Variable",
]

Flags: TypeAlias = npt.NDArray[np.bool_]


class Variable(NamedTuple):
    """One number of a declared tensor; names of tensors are unique in a property."""

    tensor: str
    place: int
    """Where it is in the tensor, flattened row by row."""


@dataclass(frozen=True)
class Tensor:
    """A declared input, output or hidden value of a network.

    Attributes
    ----------
    name : str
    shape : tuple of int
        Empty for a scalar.
    dtype : str
        An element type of ONNX such as ``float32``, or ``real``.
    onnx_name : str or None
        What the network's file calls it, if the property says so.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str = "real"
    onnx_name: str | None = None

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)

    def flat(self, indices: tuple[int, ...]) -> int | None:
        """The place of an element, or None where there is none."""
        if len(indices) != len(self.shape):
            return None
        place = 0
        for index, length in zip(indices, self.shape, strict=True):
            if not 0 <= index < length:
                return None
            place = place * length + index
        return place


@dataclass(frozen=True)
class Declared:
    """A network as the property declares it; version 1 has one, "N" with "X" and "Y".

    Attributes
    ----------
    name : str
    inputs, outputs, hidden : tuple of Tensor
        In the order of the text.
    same_as : str or None
        An earlier network that this one is said to equal, or to have the structure of.
    same_kind : {"equal", "isomorphic"} or None
    """

    name: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    hidden: tuple[Tensor, ...] = ()
    same_as: str | None = None
    same_kind: Literal["equal", "isomorphic"] | None = None


class Atom(NamedTuple):
    """``sum of coefficient * variable + constant >= 0``, or ``> 0`` if strict."""

    terms: tuple[tuple[Variable, Fraction], ...]
    constant: Fraction
    strict: bool


class Range(NamedTuple):
    """Where one input variable may lie; None is no bound, open sides exclude their bound."""

    lower: Fraction | None = None
    upper: Fraction | None = None
    open_below: bool = False
    open_above: bool = False

    def meet(self, other: Range) -> Range | None:
        """What both allow, or None if that is nothing."""
        lower, open_below = self.lower, self.open_below
        upper, open_above = self.upper, self.open_above
        if other.lower is not None:
            if lower is None or other.lower > lower:
                lower, open_below = other.lower, other.open_below
            elif other.lower == lower:
                open_below = open_below or other.open_below
        if other.upper is not None:
            if upper is None or other.upper < upper:
                upper, open_above = other.upper, other.open_above
            elif other.upper == upper:
                open_above = open_above or other.open_above
        if lower is None or upper is None or lower < upper:
            return Range(lower, upper, open_below, open_above)
        if lower > upper or open_below or open_above:
            return None
        return Range(lower, upper)


@dataclass(frozen=True, eq=False)
class Bounds:
    """Where the numbers of one input tensor may lie, flattened.

    Attributes
    ----------
    lower, upper : Enclosed of (n,) float64
        The floats around each exact bound; infinite on both sides where there is none.
    open_below, open_above : (n,) bool
        Whether the bound itself is excluded.
    """

    lower: Enclosed
    upper: Enclosed
    open_below: Flags
    open_above: Flags


@dataclass(frozen=True, eq=False)
class Region:
    """A box of inputs, exact.

    Attributes
    ----------
    inputs : tuple of Tensor
    ranges : mapping from Variable to Range
        Variables that are bounded, and more tightly than in the region around.
    around : Region or None
        A region that this one is a part of.
    """

    inputs: tuple[Tensor, ...]
    ranges: Mapping[Variable, Range]
    around: Region | None = None

    def range_of(self, variable: Variable) -> Range:
        """Where one variable may lie."""
        own = self.ranges.get(variable)
        if own is not None:
            return own
        return self.around.range_of(variable) if self.around else Range()

    def box(self) -> dict[str, Bounds]:
        """The bounds of each input tensor, by its name."""
        return self._box if self.around is None else self._tightened(self.around.box())

    @cached_property
    def _box(self) -> dict[str, Bounds]:
        return self._tightened({tensor.name: _unbounded(tensor.size) for tensor in self.inputs})

    def _tightened(self, box: dict[str, Bounds]) -> dict[str, Bounds]:
        by_tensor: dict[str, list[tuple[int, Range]]] = {}
        for variable, found in self.ranges.items():
            by_tensor.setdefault(variable.tensor, []).append((variable.place, found))
        return box | {name: _put(box[name], found) for name, found in by_tensor.items()}


@dataclass(frozen=True, eq=False)
class Case:
    """A box of inputs and what else must hold there.

    Attributes
    ----------
    region : Region
        The box, exact.
    alternatives : tuple of tuples of Atom
        The case holds where all atoms of one of them do; an empty one has no further condition.
    """

    region: Region
    alternatives: tuple[tuple[Atom, ...], ...]

    @property
    def box(self) -> dict[str, Bounds]:
        """The bounds of each input tensor, by its name; made anew when asked for."""
        return self.region.box()


@dataclass(frozen=True, eq=False)
class Property:
    """A question about networks: is there an input for which one of the cases holds?

    Attributes
    ----------
    version : str
        "1", or the version of the text such as "2.0".
    networks : tuple of Declared
    cases : tuple of Case
        Their boxes differ and are not empty; no case at all means that nothing can hold.
    source : str
        The file, or what the text was called.
    text : str
        The property as it was written.
    """

    version: str
    networks: tuple[Declared, ...]
    cases: tuple[Case, ...] = field(repr=False)
    source: str
    text: str = field(repr=False)

    @property
    def tensors(self) -> dict[str, Tensor]:
        """All declared tensors by their names."""
        return {
            tensor.name: tensor
            for network in self.networks
            for tensor in (*network.inputs, *network.hidden, *network.outputs)
        }

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether all assertions hold at a point, in exact arithmetic, as they were written.

        Parameters
        ----------
        values : mapping from tensor names to arrays
            Floats, integers or Fractions, of any shape with as many numbers as the tensor has, row
            by row. Tensors that no assertion names may be left out.

        Raises
        ------
        QuestionError
            A tensor is missing, has another size, or a number that is not finite.
        """
        return evaluation.holds(self.text, self.tensors, self.version == "1", values)


def _unbounded(size: int) -> Bounds:
    below, above = np.full(size, -np.inf), np.full(size, np.inf)
    none = np.zeros(size, dtype=bool)
    return _sealed(Bounds(Enclosed(below, below), Enclosed(above, above), none, none))


def _put(bounds: Bounds, ranges: list[tuple[int, Range]]) -> Bounds:
    """The bounds with those of some numbers replaced."""
    lower = Enclosed(bounds.lower.below.copy(), bounds.lower.above.copy())
    upper = Enclosed(bounds.upper.below.copy(), bounds.upper.above.copy())
    open_below, open_above = bounds.open_below.copy(), bounds.open_above.copy()
    for index, found in ranges:
        if found.lower is not None:
            lower.below[index], lower.above[index] = around(found.lower)
            open_below[index] = found.open_below
        if found.upper is not None:
            upper.below[index], upper.above[index] = around(found.upper)
            open_above[index] = found.open_above
    return _sealed(Bounds(lower, upper, open_below, open_above))


def _sealed(bounds: Bounds) -> Bounds:
    """The same, not to be written to: cases share arrays."""
    for array in (
        bounds.lower.below,
        bounds.lower.above,
        bounds.upper.below,
        bounds.upper.above,
        bounds.open_below,
        bounds.open_above,
    ):
        array.flags.writeable = False
    return bounds
