"""Whether the assertions of a property hold at a point: each as it is written, in rationals.

It shares no arithmetic with the reading into normal form, which it is the check of; the text has
been read before, so that nothing in it can be wrong.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from mipc.errors import InternalError, QuestionError
from mipc.properties.vnnlib.source import Element, Source, Word, decimal, is_number

if TYPE_CHECKING:
    from mipc.properties.vnnlib.property import Tensor

__all__ = ["holds"]


def holds(text: str, tensors: Mapping[str, Tensor], flat: bool, values: Mapping[str, Any]) -> bool:
    """Whether all assertions of a text hold.

    Parameters
    ----------
    text : str
        A property that has been read.
    tensors : mapping of str to Tensor
        What it declares.
    flat : bool
        Whether elements are written ``X_3``, as in version 1.
    values : mapping of str to arrays

    Raises
    ------
    QuestionError
        A value that is needed is missing, or not a finite number.
    """
    point = _Point(tensors, flat, values)
    source = Source(text, "")
    at = 0
    while (step := source.fold(at, point.reduce)) is not None:
        told, at = step
        if told is False:
            return False
    return True


class _Point:
    """The value of each form at a point: a rational, a truth value, or None for declarations."""

    def __init__(
        self, tensors: Mapping[str, Tensor], flat: bool, values: Mapping[str, Any]
    ) -> None:
        self.tensors = tensors
        self.flat = flat
        self.values = values
        self.lists: dict[str, list[Any]] = {}

    def reduce(self, at: int, items: list[object]) -> object:
        head = items[0] if items else None
        if not isinstance(head, Word) or head.text.startswith(("declare", "vnnlib")):
            return None
        if head.text in ("equal-to", "isomorphic-to"):
            return None
        if head.text in ("assert", "and"):
            return all(items[1:])
        if head.text == "or":
            return any(items[1:])
        return _apply(head.text, [self.number(item) for item in items[1:]])

    def number(self, item: object) -> Fraction:
        """The value of an inner form, a number or a variable."""
        if isinstance(item, Fraction):
            return item
        if isinstance(item, Word) and is_number(item.text):
            value = decimal(item.text)
        elif isinstance(item, Word) and self.flat:
            name, _, index = item.text.partition("_")
            value = self.element(name, (int(index),))
        elif isinstance(item, Word):
            value = self.element(item.text, ())
        elif isinstance(item, Element):
            value = self.element(item.name, item.indices)
        else:
            value = None
        if value is None:
            raise InternalError(f"a property was read that has {item!r} in it")
        return value

    def element(self, name: str, indices: tuple[int, ...]) -> Fraction | None:
        """The value of one element of a tensor."""
        tensor = self.tensors[name]
        if name not in self.lists:
            self.lists[name] = self.flattened(tensor)
        place = tensor.flat(indices)
        if place is None:
            return None
        value = self.lists[name][place]
        if (
            not isinstance(value, int | float | Fraction)
            or value != value
            or abs(value) == math.inf
        ):
            raise QuestionError(f"{name}, number {place}, is {value!r}: not a finite number")
        return Fraction(value)

    def flattened(self, tensor: Tensor) -> list[Any]:
        if tensor.name not in self.values:
            raise QuestionError(
                f"no value is given for {tensor.name!r}",
                remedy=f"The property constrains {', '.join(self.tensors)}.",
            )
        flat = np.asarray(self.values[tensor.name]).reshape(-1)
        if len(flat) != tensor.size:
            raise QuestionError(
                f"{len(flat)} values are given for {tensor.name!r}, which has {tensor.size}"
            )
        return flat.tolist()


def _apply(operator: str, values: list[Fraction]) -> Fraction | bool:
    """One arithmetic operator or comparison."""
    first = values[0]
    match operator:
        case "+":
            return sum(values, Fraction())
        case "-":
            return first - sum(values[1:], Fraction()) if len(values) > 1 else -first
        case "*":
            return math.prod(values, start=Fraction(1))
        case "<=":
            return first <= values[1]
        case ">=":
            return first >= values[1]
        case "<":
            return first < values[1]
        case ">":
            return first > values[1]
        case "=" | "==":
            return first == values[1]
        case "!=":
            return first != values[1]
    raise InternalError(f"a property was read that has the operator {operator!r}")
