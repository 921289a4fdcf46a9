"""Functions with jumps: rounding, comparison, arg-max. Of constants that nothing has rounded.

A jump makes much of little. What float arithmetic has rounded on the way to a constant may lie on
the other side of it than the exact number, however far that is from the jump, since sums cancel.
So a constant is taken only where the runtime holds the very same number, see ``Call.held``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.frontend.builder import Constant, Tensor, Value
from mipc.frontend.registry import Call, operator

__all__ = ["certain", "settled"]

Array: TypeAlias = npt.NDArray[Any]


def certain(call: Call, index: int) -> Array:
    """A constant input that the runtime holds exactly as it is here."""
    x = call.constant(index)
    if not call.held[index]:
        raise _unsettled(call)
    return x.array


def settled(call: Call, index: int, function: Callable[[Array], Array]) -> Array:
    """A function of a constant input that is certain."""
    return np.asarray(function(certain(call, index)))


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
    a, b = certain(call, 0), certain(call, 1)
    call.broadcast(call.constant(0), call.constant(1))
    if not np.all(b):
        raise call.fail("it divides by zero")
    if function is np.mod and a.dtype.kind == "f":
        raise call.fail("a remainder of floating-point numbers needs fmod=1")
    return Constant(np.asarray(function(a, b)))


@operator("ArgMax")
def arg_max(call: Call) -> Tensor:
    """The place of the largest number along an axis; of constants, or as the last operator."""
    _require_constant(call)
    return _place(call, certain(call, 0))


@operator("ArgMin")
def arg_min(call: Call) -> Tensor:
    """The place of the smallest number along an axis; of constants."""
    _require_constant(call)
    return _place(call, -certain(call, 0).astype(np.float64))


def _require_constant(call: Call) -> None:
    if isinstance(call[0], Value):
        raise call.fail(
            "places inside a network that depend on what it computes",
            "an arg-max is supported of constants, and as the last operator of a network",
        )


def _place(call: Call, x: Array) -> Constant:
    """Where the largest number along an axis stands, the first of equals, or the last."""
    axis = call.axis(int(call.attribute("axis", 0)), x.ndim)
    last = call.flag("select_last_index")
    place = x.shape[axis] - 1 - np.argmax(np.flip(x, axis), axis) if last else np.argmax(x, axis)
    place = np.expand_dims(place, axis)
    keep = call.attribute("keepdims", 1)
    return Constant(np.asarray(place if keep else np.squeeze(place, axis), dtype=np.int64))
