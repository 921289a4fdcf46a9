"""Functions that are not piecewise linear, each an elementwise operator of one tensor."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.frontend.builder import Constant, Tensor
from mipc.frontend.registry import Call, operator
from mipc.numerics import functions as f
from mipc.numerics.functions import Function
from mipc.numerics.rounding import TINY, UNIT
from mipc.numerics.shapes import MOST_STRETCH

__all__ = ["applied"]

Array: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]

WIDEST = 2.0**-30
"""A folded constant may not be known worse than this, as a share of itself."""


def applied(call: Call, function: Function, step: str = "", x: Tensor | None = None) -> Tensor:
    """A function of the first input, or of ``x``; of constants at once."""
    given = call[0] if x is None else x
    if isinstance(given, Constant):
        return _folded(call, function, given)
    return call.build.smooth(given, function, **call.labels(step))


def _folded(call: Call, function: Function, x: Constant) -> Constant:
    """The function of constants: the middle of what it encloses, and how far that may be off."""
    array = np.asarray(x.array, dtype=np.float64)
    spread = np.abs(array) * (x.relative * (1 + 4 * UNIT))
    spread = np.where(spread > 0, np.nextafter(spread, np.inf), 0.0)
    low, high = f.interval(function, array - spread, array + spread)
    zero = _vanishes(function, array, spread)
    middle = np.where(zero, 0.0, low + (high - low) / 2)
    known = zero | (low == high)
    share = np.where(known, 0.0, (high - low) / np.where(middle == 0, TINY, np.abs(middle)))
    if not (share < WIDEST).all():
        raise call.fail(
            f"{function} of constants cannot be folded: float64 loses too much of it",
            "fold it before exporting the network",
        )
    return Constant(middle, float(share.max(initial=0.0)))


def _vanishes(function: Function, x: Array, spread: Array) -> Flags:
    """Where an argument is exact and its value exactly 0: a share of that says nothing."""
    root = 1.0 if function == f.LOG else 0.0
    return np.asarray((x == root) & (spread == 0) & (function.value(x) == 0))


def _number(call: Call, name: str, default: float) -> float:
    """An attribute that ONNX stores as float32; its default, as a float32, too."""
    return float(call.attribute(name, np.float32(default)))


@operator("Sigmoid")
def sigmoid(call: Call) -> Tensor:
    """``1 / (1 + exp(-x))``."""
    return call.ordered(applied(call, f.SIGMOID))


@operator("Tanh")
def tanh(call: Call) -> Tensor:
    """``tanh(x)``."""
    return call.ordered(applied(call, f.TANH))


@operator("Softplus")
def softplus(call: Call) -> Tensor:
    """``log(1 + exp(x))``."""
    return call.ordered(applied(call, f.SOFTPLUS))


@operator("Softsign")
def softsign(call: Call) -> Tensor:
    """``x / (1 + |x|)``."""
    return call.ordered(applied(call, f.SOFTSIGN))


@operator("Exp")
def exp(call: Call) -> Tensor:
    """``exp(x)``."""
    return call.ordered(applied(call, f.EXP))


@operator("Log")
def log(call: Call) -> Tensor:
    """The natural logarithm, where bounds keep its argument positive.

    Not left out where only order is asked for: it is what has its argument checked.
    """
    return applied(call, f.LOG)


@operator("Sqrt")
def sqrt(call: Call) -> Tensor:
    """The square root, where bounds keep its argument from being negative."""
    return applied(call, f.SQRT)


@operator("Reciprocal")
def reciprocal(call: Call) -> Tensor:
    """``1 / x``, where bounds keep ``x`` away from 0."""
    return applied(call, f.RECIPROCAL)


@operator("Sin", since=7)
def sin(call: Call) -> Tensor:
    """``sin(x)``."""
    return applied(call, f.SIN)


@operator("Cos", since=7)
def cos(call: Call) -> Tensor:
    """``cos(x)``."""
    return applied(call, f.COS)


@operator("Atan", since=7)
def atan(call: Call) -> Tensor:
    """``arctan(x)``."""
    return call.ordered(applied(call, f.ATAN))


@operator("Erf", since=9)
def erf(call: Call) -> Tensor:
    """The error function."""
    return call.ordered(applied(call, f.ERF))


@operator("Gelu", since=20)
def gelu(call: Call) -> Tensor:
    """``x (1 + erf(x / sqrt(2))) / 2``, or its approximation by tanh."""
    call.expect("approximate", "none", "tanh")
    exact = call.attribute("approximate", "none") == "none"
    return applied(call, f.GELU if exact else f.GELU_TANH)


@operator("Elu", since=6)
def elu(call: Call) -> Tensor:
    """``x`` above 0, ``alpha (exp(x) - 1)`` below."""
    return applied(call, f.elu(_number(call, "alpha", 1.0)))


@operator("Selu", since=6)
def selu(call: Call) -> Tensor:
    """``gamma`` times the ELU."""
    alpha = _number(call, "alpha", 1.67326319217681884765625)
    return applied(call, f.selu(alpha, _number(call, "gamma", 1.05070102214813232421875)))


@operator("Celu", since=12)
def celu(call: Call) -> Tensor:
    """``x`` above 0, ``alpha (exp(x / alpha) - 1)`` below."""
    alpha = _number(call, "alpha", 1.0)
    if not 1 / MOST_STRETCH <= alpha <= MOST_STRETCH:
        raise call.fail(f"alpha={alpha}; it has to be positive, and at most {MOST_STRETCH:g}")
    return applied(call, f.celu(alpha))


@operator("HardSwish", since=14)
def hard_swish(call: Call) -> Tensor:
    """``x min(max(x / 6 + 1 / 2, 0), 1)``."""
    return applied(call, f.HARDSWISH)


@operator("Mish", since=18)
def mish(call: Call) -> Tensor:
    """``x tanh(softplus(x))``."""
    return applied(call, f.MISH)


@operator("Sign", since=9)
def sign(call: Call) -> Tensor:
    """-1, 0 or 1."""
    return applied(call, f.SIGN)


@operator("ThresholdedRelu", since=10)
def thresholded_relu(call: Call) -> Tensor:
    """``x`` where it is above ``alpha``, else 0."""
    return applied(call, f.thresholded_relu(_number(call, "alpha", 1.0)))
