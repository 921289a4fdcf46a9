"""The exact meaning: what each value is at one input, in integers times a power of two.

Every float is such a number, so sums and products need no rounding. Where the graph itself holds
rounded numbers (an :class:`~mipc.ir.ops.Affine` that is not exact) or a function that has no exact
value (a sigmoid) the result carries a radius, and the exact value lies within it. Integers are
Python's own, in numpy object arrays.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias, assert_never

import numpy as np
import numpy.typing as npt

from mipc import clock
from mipc.errors import RangeError
from mipc.ir.graph import Graph
from mipc.ir.ops import Affine, Input, Max, Relu, Smooth
from mipc.numerics import functions
from mipc.numerics.relaxation import Product

__all__ = ["Dyadic", "evaluate_exactly"]

FINER = 64
"""Bits below an operator's own unit in which its stated error is counted."""

Integers: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Dyadic:
    """``(number +- radius) * 2**exponent``, elementwise; (n,) arrays of Python integers."""

    number: Integers
    radius: Integers
    exponent: int

    @staticmethod
    def of(values: npt.NDArray[np.float64]) -> Dyadic:
        """Floats, exactly."""
        mantissa, exponent = np.frexp(np.asarray(values, dtype=np.float64))
        whole = np.ldexp(mantissa, 53).astype(np.int64)
        used = whole != 0
        if not used.any():
            zeros = np.zeros(whole.shape, dtype=object)
            return Dyadic(zeros, zeros, 0)
        # the lowest set bit of each tells how far its power of two can be raised
        lowest = whole & -whole
        trailing = np.where(used, np.frexp(lowest.astype(np.float64))[1] - 1, 0)
        powers = exponent.astype(np.int64) - 53 + trailing
        common = int(powers[used].min())
        shifts = np.where(used, powers - common, 0)
        number = (whole >> trailing).astype(object) * (1 << shifts.astype(object))
        return Dyadic(number, np.zeros(whole.shape, dtype=object), common)

    def at(self, exponent: int) -> Dyadic:
        """The same numbers at a lower or equal exponent."""
        factor = 1 << (self.exponent - exponent)
        return Dyadic(self.number * factor, self.radius * factor, exponent)

    def floats(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Floats at or below, and at or above, the exact range of each number."""
        low = _to_float(self.number - self.radius, self.exponent, -math.inf)
        return low, _to_float(self.number + self.radius, self.exponent, math.inf)

    def bounds(self, index: int) -> tuple[Fraction, Fraction]:
        """The exact range of one number."""
        unit = Fraction(2) ** self.exponent
        number, radius = int(self.number[index]), int(self.radius[index])
        return (number - radius) * unit, (number + radius) * unit


def evaluate_exactly(
    graph: Graph, point: npt.NDArray[np.float64] | Mapping[str, npt.NDArray[np.float64]]
) -> dict[str, Dyadic]:
    """Every value at one input.

    Parameters
    ----------
    point : (n,) float64, or mapping of input name to (n,) float64
        The value of the only input, or of each; taken as exact.

    Raises
    ------
    RangeError
        A function is not defined there.
    TimeUp
        The time limit came first; see :mod:`mipc.clock`.
    """
    values: dict[str, Dyadic] = {}
    for node in graph:
        clock.check()
        arguments = [values[name] for name in node.operands]
        match node.op:
            case Input():
                given = point if isinstance(point, np.ndarray) else point[node.name]
                values[node.name] = Dyadic.of(given)
            case Affine():
                values[node.name] = _affine(node.op, arguments)
            case Relu():
                values[node.name] = _relu(arguments[0])
            case Max(groups):
                values[node.name] = _max(groups, arguments[0])
            case Smooth(function):
                values[node.name] = (
                    _product(*arguments)
                    if isinstance(function, Product)
                    else _function(function, arguments[0], node.name)
                )
            case _ as never:
                assert_never(never)
    return values


def _affine(op: Affine, arguments: list[Dyadic]) -> Dyadic:
    parts = [Dyadic.of(op.offset)]
    for linear, x in zip(op.maps, arguments, strict=True):
        matrix = linear.tocsr()
        entries = Dyadic.of(matrix.data)
        if op.relative:
            entries = entries.at(entries.exponent - FINER)
        exponent = entries.exponent + x.exponent
        number = _rows(entries.number * x.number[matrix.indices], matrix.indptr)
        radius = np.zeros(len(number), dtype=object)
        if x.radius.any():
            radius = _rows(abs(entries.number) * x.radius[matrix.indices], matrix.indptr)
        if op.relative:
            reach = abs(x.number) + x.radius
            size = _rows(abs(entries.number) * reach[matrix.indices], matrix.indptr)
            radius = radius + _share(size, op.relative)
        parts.append(Dyadic(number, radius, exponent))
    if op.relative:
        parts[0] = parts[0].at(parts[0].exponent - FINER)
        share = _share(abs(parts[0].number), op.relative)
        parts[0] = Dyadic(parts[0].number, share, parts[0].exponent)
    if op.radius is not None:
        extra = Dyadic.of(op.radius)
        parts.append(Dyadic(extra.number * 0, extra.number, extra.exponent))
    exponent = min(part.exponent for part in parts)
    aligned = [part.at(exponent) for part in parts]
    number = sum((part.number for part in aligned[1:]), aligned[0].number)
    radius = sum((part.radius for part in aligned[1:]), aligned[0].radius)
    return Dyadic(number, radius, exponent)


def _product(x: Dyadic, y: Dyadic) -> Dyadic:
    """``x y``; its radius is ``|x| s + |y| r + r s``."""
    radius = abs(x.number) * y.radius + abs(y.number) * x.radius + x.radius * y.radius
    return Dyadic(x.number * y.number, radius, x.exponent + y.exponent)


def _function(function: functions.Function, x: Dyadic, name: str) -> Dyadic:
    """The enclosure of a function over what is known of its argument."""
    low, high = x.floats()
    function.check(low, high, name)
    least, most = functions.interval(function, low, high)
    if not (np.isfinite(least).all() and np.isfinite(most).all()):
        raise RangeError("a function overflows", where=name)
    ends = Dyadic.of(np.concatenate([least, most]))
    return _between(ends.number[: len(least)], ends.number[len(least) :], ends.exponent)


def _to_float(numbers: Integers, exponent: int, towards: float) -> npt.NDArray[np.float64]:
    """The floats at the numbers or next to them on one side.

    Raises
    ------
    RangeError
        They overflow.
    """
    unit = Fraction(2) ** exponent
    rounded = []
    for number in numbers.tolist():
        exact = int(number) * unit
        try:
            near = float(exact)
        except OverflowError:
            raise RangeError("a number passes what float64 holds") from None
        wrong = Fraction(near) > exact if towards < 0 else Fraction(near) < exact
        rounded.append(math.nextafter(near, towards) if wrong else near)
    return np.array(rounded)


def _share(sizes: Integers, share: float) -> Integers:
    """``share * sizes`` rounded up to an integer."""
    top, bottom = share.as_integer_ratio()
    return -((-sizes * top) // bottom)


def _rows(products: Integers, indptr: npt.NDArray[Any]) -> Integers:
    """Sums over the rows of a csr matrix whose entries were multiplied."""
    sums = np.zeros(len(indptr) - 1, dtype=object)
    filled = np.flatnonzero(np.diff(indptr))
    if len(filled):
        sums[filled] = np.add.reduceat(products, indptr[:-1][filled])
    return sums


def _relu(x: Dyadic) -> Dyadic:
    """Both ends of each range, cut off at 0."""
    if not x.radius.any():
        return Dyadic(np.maximum(x.number, 0), x.radius, x.exponent)
    low, high = np.maximum(x.number - x.radius, 0), np.maximum(x.number + x.radius, 0)
    return _between(low, high, x.exponent)


def _between(low: Integers, high: Integers, exponent: int) -> Dyadic:
    """Ranges by their ends: in halves of the unit their middles are integers too."""
    return Dyadic(low + high, high - low, exponent - 1)


def _max(groups: npt.NDArray[np.intp], x: Dyadic) -> Dyadic:
    """The largest of each group; its radius is at most the largest of the group's."""
    first = groups[:, :1]
    members = np.where(groups < 0, first, groups)
    return Dyadic(x.number[members].max(axis=1), x.radius[members].max(axis=1), x.exponent)
