"""Functions with jumps: rounding, comparison, arg-max. Of constants only, and away from the jumps.

A jump makes much of little: where a constant is not known exactly, or float arithmetic might have
rounded it, it must lie on the same side of the jump whatever the rounding, or the file is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.frontend.builder import Constant, Tensor, Value
from mipc.frontend.element_types import rounded
from mipc.frontend.registry import Call, operator
from mipc.numerics.rounding import UNIT

__all__ = ["ends", "settled"]

Array: TypeAlias = npt.NDArray[Any]

ROUNDING = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float": 2.0**-24, "double": UNIT}
"""Unit roundoff of each floating-point type."""

STEPS = 16
"""How many roundings may lie behind a number that its type does not hold exactly."""


def ends(call: Call, index: int) -> tuple[Array, Array]:
    """The least and the largest numbers that a constant input may hold.

    They are the same where it is exact and its type holds it: then ONNX computes with it too.
    Else they lie so far apart that their own rounding does not matter.
    """
    x = call.constant(index)
    if x.array.dtype.kind in "bi":
        return x.array, x.array
    kind = call.types[index]
    if kind not in ROUNDING:
        raise call.fail(f"numbers of the type {kind or '?'} are not supported")
    held = (rounded(x.array, kind) == x.array) & (x.relative == 0)
    share = x.relative + STEPS * ROUNDING[kind]
    reach = np.where(held, 0.0, np.abs(x.array) * (share * (1 + 4 * UNIT)))
    return x.array - reach, x.array + reach


def settled(call: Call, index: int, function: Callable[[Array], Array]) -> Array:
    """A monotone function of a constant input, the same at both ends."""
    low, high = ends(call, index)
    below, above = function(low), function(high)
    if not np.array_equal(below, above):
        raise _unsettled(call)
    return np.asarray(below)


def _unsettled(call: Call) -> Exception:
    return call.fail(
        "it depends on how constants are rounded what comes out",
        "fold it before exporting the network",
    )


@operator("Floor")
def floor(call: Call) -> Tensor:
    """The integer below; of constants."""
    return Constant(settled(call, 0, np.floor))


@operator("Ceil")
def ceil(call: Call) -> Tensor:
    """The integer above; of constants."""
    return Constant(settled(call, 0, np.ceil))


@operator("Round", since=11)
def round_(call: Call) -> Tensor:
    """The nearest integer, halves to even; of constants."""
    return Constant(settled(call, 0, np.rint))


@operator("Mod", since=10)
def mod(call: Call) -> Tensor:
    """The remainder of constants, with the sign of the divisor, or with fmod of the dividend."""
    function = np.fmod if call.flag("fmod") else np.mod
    (a, a_high), (b, b_high) = ends(call, 0), ends(call, 1)
    call.broadcast(call.constant(0), call.constant(1))
    if not (np.array_equal(a, a_high) and np.array_equal(b, b_high)):
        raise _unsettled(call)
    if not np.all(b):
        raise call.fail("it divides by zero")
    if function is np.mod and a.dtype.kind == "f":
        raise call.fail("a remainder of floating-point numbers needs fmod=1")
    return Constant(np.asarray(function(a, b)))


@operator("ArgMax")
def arg_max(call: Call) -> Tensor:
    """The place of the largest number along an axis; of constants, or as the last operator."""
    _require_constant(call)
    return _place(call, *ends(call, 0))


@operator("ArgMin")
def arg_min(call: Call) -> Tensor:
    """The place of the smallest number along an axis; of constants."""
    _require_constant(call)
    low, high = (-end.astype(np.float64) for end in ends(call, 0))
    return _place(call, high, low)


def _require_constant(call: Call) -> None:
    if isinstance(call[0], Value):
        raise call.fail(
            "places inside a network that depend on what it computes",
            "an arg-max is supported of constants, and as the last operator of a network",
        )


def _place(call: Call, low: Array, high: Array) -> Constant:
    """Where the largest number along an axis stands, the first of equals, or the last."""
    axis = call.axis(int(call.attribute("axis", 0)), low.ndim)
    last = call.flag("select_last_index")
    place = (
        low.shape[axis] - 1 - np.argmax(np.flip(low, axis), axis) if last else np.argmax(low, axis)
    )
    place = np.expand_dims(place, axis)
    if not np.array_equal(low, high):
        rivals = high >= np.take_along_axis(low, place, axis)
        if (np.count_nonzero(rivals, axis=axis) > 1).any():
            raise _unsettled(call)
    keep = call.attribute("keepdims", 1)
    return Constant(np.asarray(place if keep else np.squeeze(place, axis), dtype=np.int64))
