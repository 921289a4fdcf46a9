"""Functions of one number that are not piecewise linear: values, ranges, lines around them, cells.

A :class:`Function` is a name and its parameters; what it is stands in one row of
:mod:`mipc.numerics.shapes`, why the bounds hold in :mod:`mipc.numerics.pieces` and
:mod:`mipc.numerics.curves`. All bounds are statements about the exact real function with these
parameters, for real arguments and the stored floats; what they are is the same on every machine.

Arrays ``lower <= upper`` of any one shape hold an interval for each neuron. Every function here
raises :class:`~mipc.errors.RangeError` where an interval leaves the domain, an argument or a value
passes 1e30, or something is not finite; nothing returned is ever infinite or NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.errors import InternalError, RangeError, UnsupportedOperator
from mipc.numerics.cells import partition
from mipc.numerics.curves import Curve, Relaxation, Strips
from mipc.numerics.interval import LARGEST
from mipc.numerics.shapes import SHAPES
from mipc.numerics.slopes import lines as curve_lines

__all__ = [
    "ATAN",
    "COS",
    "ERF",
    "EXP",
    "GELU",
    "GELU_TANH",
    "HARDSWISH",
    "LOG",
    "MISH",
    "RECIPROCAL",
    "SIGMOID",
    "SIGN",
    "SILU",
    "SIN",
    "SOFTPLUS",
    "SOFTSIGN",
    "SQRT",
    "TANH",
    "Function",
    "Relaxation",
    "cell_lines",
    "cells_of",
    "celu",
    "elu",
    "interval",
    "least",
    "lines",
    "most",
    "power",
    "selu",
    "thresholded_relu",
]

Array: TypeAlias = npt.NDArray[np.float64]
Index: TypeAlias = npt.NDArray[np.intp]

BLOCK = 16384
"""Neurons worked on at a time, so that they stay in the processor's cache."""


@dataclass(frozen=True)
class Function:
    """A function of one number, by its name in the table and its parameters, which are exact."""

    name: str
    parameters: tuple[tuple[str, float], ...] = ()

    def __str__(self) -> str:
        if not self.parameters:
            return self.name
        return f"{self.name}{{{','.join(f'{key}={value!r}' for key, value in self.parameters)}}}"

    @property
    def curve(self) -> Curve:
        """What the function is."""
        return _curve(self)

    @property
    def continuous(self) -> bool:
        """Whether it has no jumps."""
        return self.curve.continuous

    def value(self, x: Array) -> Array:
        """The function in float64, not rounded to any side.

        Raises
        ------
        RangeError
            It is not defined at a number, or overflows.
        """
        flat = np.asarray(x, dtype=np.float64)
        with np.errstate(all="ignore"):
            value = _in_blocks(lambda part: (self.curve.value(part),), flat)[0]
            fine = np.isfinite(value) & self.curve.defined(flat, flat)
        if not fine.all():
            raise self._refusal(f"at {flat[~fine].flat[0]!s}", "")
        return value

    def slope(self, x: Array) -> Array:
        """About its derivative; beside a kink or a jump one of the slopes there."""
        flat = np.asarray(x, dtype=np.float64)
        with np.errstate(all="ignore"):
            found = _in_blocks(lambda part: (Strips(self.curve, part, part).tangent[0],), flat)[0]
        return np.nan_to_num(found, nan=0.0, posinf=0.0, neginf=0.0)

    def check(self, lower: Array, upper: Array, where: str = "") -> None:
        """That the function is defined, and of moderate size, on the whole of each interval.

        Raises
        ------
        RangeError
            It is not, or a bound passes 1e30 or is not finite.
        """
        lower, upper = np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64)
        if not ((lower > -LARGEST) & (upper < LARGEST)).all():
            raise RangeError(
                f"an argument of {self} passes 1e30 or is not finite",
                where=where,
                remedy="a bounded input domain and weights of moderate size are needed",
            )
        if not (lower <= upper).all():
            raise InternalError("a lower bound above an upper bound", where=where)
        curve = self.curve
        fine = curve.defined(lower, upper)
        if fine.all() and curve.grows:
            with np.errstate(all="ignore"):
                ends = _in_blocks(lambda *x: tuple(curve.value(part) for part in x), lower, upper)
                fine = (np.abs(ends[0]) < LARGEST) & (np.abs(ends[1]) < LARGEST)
        if not fine.all():
            place = f"on [{lower[~fine].flat[0]!s}, {upper[~fine].flat[0]!s}]"
            raise self._refusal(place, where)

    def _refusal(self, place: str, where: str) -> RangeError:
        domain = self.curve.domain
        limits = [] if domain == "x" else [f"it is defined for {domain}"]
        limits += ["its values may not pass 1e30"] if self.curve.grows else []
        return RangeError(
            f"{self} is not defined, or too large, {place}" + "".join(f"; {x}" for x in limits),
            where=where,
            remedy="ask about a smaller region, or state a domain that keeps the argument away",
        )


@lru_cache(maxsize=1024)
def _curve(function: Function) -> Curve:
    if not all(np.isfinite(value) for _, value in function.parameters):
        raise UnsupportedOperator(f"{function}: a parameter is not finite")
    with np.errstate(all="ignore"):
        return SHAPES[function.name](**dict(function.parameters))


SIGMOID = Function("sigmoid")
TANH = Function("tanh")
SOFTPLUS = Function("softplus")
EXP = Function("exp")
LOG = Function("log")
SQRT = Function("sqrt")
RECIPROCAL = Function("reciprocal")
SIN = Function("sin")
COS = Function("cos")
ERF = Function("erf")
GELU = Function("gelu")
GELU_TANH = Function("gelu_tanh")
SILU = Function("silu")
HARDSWISH = Function("hardswish")
MISH = Function("mish")
SOFTSIGN = Function("softsign")
ATAN = Function("atan")
SIGN = Function("sign")


def elu(alpha: float = 1.0) -> Function:
    """``x`` above 0, ``alpha (exp(x) - 1)`` below."""
    return Function("elu", (("alpha", float(alpha)),))


def selu(alpha: float, gamma: float) -> Function:
    """``gamma`` times the ELU."""
    return Function("selu", (("alpha", float(alpha)), ("gamma", float(gamma))))


def celu(alpha: float = 1.0) -> Function:
    """``x`` above 0, ``alpha (exp(x / alpha) - 1)`` below; ``alpha`` positive."""
    return Function("celu", (("alpha", float(alpha)),))


def power(exponent: float) -> Function:
    """``x ** exponent``: for ``x >= 0`` unless that is an integer, ``x != 0`` if it is below 0."""
    return Function("pow", (("exponent", float(exponent)),))


def thresholded_relu(alpha: float = 1.0) -> Function:
    """``x`` where it is above ``alpha``, else 0; it jumps."""
    return Function("thresholded_relu", (("alpha", float(alpha)),))


def interval(f: Function, lower: Array, upper: Array) -> tuple[Array, Array]:
    """Numbers that ``f`` stays between on each interval."""
    low, high = _bounded(f, f.curve.interval, lower, upper)
    return low, high


def least(f: Function, slope: Array, lower: Array, upper: Array) -> Array:
    """Numbers that ``f(x) - slope x`` is never below on each interval."""
    return _extreme(f, 1, slope, lower, upper)


def most(f: Function, slope: Array, lower: Array, upper: Array) -> Array:
    """Numbers that ``f(x) - slope x`` is never above on each interval."""
    return -_extreme(f, -1, -np.asarray(slope, dtype=np.float64), lower, upper)


def _extreme(f: Function, sign: int, slope: Array, lower: Array, upper: Array) -> Array:
    def bound(low: Array, high: Array, tilt: Array) -> tuple[Array]:
        return (Strips(f.curve, low, high).least(sign, tilt),)

    return _bounded(f, bound, lower, upper, np.broadcast_to(slope, np.shape(lower)))[0]


def lines(f: Function, lower: Array, upper: Array) -> Relaxation:
    """A line below and a line above ``f`` on each interval, each leaving about the least area."""
    return Relaxation(*_bounded(f, lambda a, b: _four(curve_lines(f.curve, a, b)), lower, upper))


def cell_lines(f: Function, lower: Array, upper: Array) -> Relaxation:
    """Lines around the closed branch of ``f`` over each cell that :func:`cells_of` gives.

    Where ``f`` jumps at an end of a cell, the value there counts only if the cell is that point.
    """

    def four(low: Array, high: Array) -> tuple[Array, ...]:
        return _four(curve_lines(f.curve, low, high, inside=True))

    return Relaxation(*_bounded(f, four, lower, upper))


def cells_of(f: Function, lower: Array, upper: Array, cells: int) -> tuple[Index, Array, Array]:
    """Closed cells that cover each interval, so that the lines of no cell are far apart.

    Parameters
    ----------
    lower, upper : (n,)
    cells : int
        How many are wanted for each neuron. It gets fewer where more would not help, and more where
        ``f`` has more branches; but one cell, if wanted, wherever ``f`` has no jump.

    Returns
    -------
    neuron, low, high : (k,) int, (k,), (k,)
        Ordered by neuron, then from left to right. With a jump in an interval, the value there has
        a cell of its own that is a point, unless a cell beside it has that value.
    """
    lower, upper = np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64)
    f.check(lower, upper, str(f))
    with np.errstate(all="ignore"):
        return partition(f.curve, lower, upper, cells)


def _four(found: Relaxation) -> tuple[Array, ...]:
    return found.lower_slope, found.lower_offset, found.upper_slope, found.upper_offset


def _bounded(
    f: Function, bound: Callable[..., tuple[Array, ...]], lower: Array, upper: Array, *more: Array
) -> tuple[Array, ...]:
    """What a bound gives, block by block; all of it finite."""
    f.check(lower, upper, str(f))
    with np.errstate(all="ignore"):
        found = _in_blocks(bound, lower, upper, *more)
    if not all(np.isfinite(part).all() for part in found):
        raise RangeError(
            "numbers too large or too small to bound the function with",
            where=str(f),
            remedy="ask about a smaller region",
        )
    return found


def _in_blocks(work: Callable[..., tuple[Array, ...]], *arrays: Array) -> tuple[Array, ...]:
    """A function of flat arrays applied to arrays of any one shape, some numbers at a time."""
    shape = np.shape(arrays[0])
    flat = [np.ascontiguousarray(array, dtype=np.float64).reshape(-1) for array in arrays]
    count = len(flat[0])
    parts = [
        work(*(array[start : start + BLOCK] for array in flat))
        for start in range(0, max(count, 1), BLOCK)
    ]
    return tuple(np.concatenate(column).reshape(shape) for column in zip(*parts, strict=True))
