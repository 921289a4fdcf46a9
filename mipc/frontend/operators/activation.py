"""Piecewise linear activations of one argument, each with one ReLU a number.

A line with a bend at 0 is ``below x + (above - below) relu(x)``: the same relaxation as a ReLU, for
slopes of any size and sign.
"""

from __future__ import annotations

import numpy as np

from mipc.frontend.builder import Constant, Tensor, Value
from mipc.frontend.operators.folding import product, total
from mipc.frontend.registry import Call, operator
from mipc.numerics.linear_maps import ScaleMap

__all__ = ["bent", "magnitude"]

ONE = Constant(np.array(1.0))


@operator("Relu")
def relu(call: Call) -> Tensor:
    """``max(x, 0)``."""
    x = call[0]
    if isinstance(x, Constant):
        return Constant(np.maximum(x.array, 0), x.relative)
    return call.build.relu(x, **call.labels())


@operator("Abs")
def abs_(call: Call) -> Tensor:
    """``|x|``."""
    return magnitude(call, call[0])


@operator("LeakyRelu", since=6)
def leaky_relu(call: Call) -> Tensor:
    """``x`` above 0, ``alpha x`` below, for any ``alpha``."""
    alpha = float(call.attribute("alpha", np.float32(0.01)))
    return bent(call, call[0], Constant(np.array(alpha)))


@operator("PRelu", since=7)
def prelu(call: Call) -> Tensor:
    """``x`` above 0, ``slope x`` below, for slopes of any size and sign, broadcast to ``x``."""
    x, slope = call[0], call.constant(1)
    if call.broadcast(x, slope) != x.shape:
        raise call.fail(
            f"slopes of shape {list(slope.shape)} do not fit an input of shape {list(x.shape)}"
        )
    return bent(call, x, slope)


def magnitude(call: Call, x: Tensor, step: str = "") -> Tensor:
    """``|x|``."""
    if isinstance(x, Constant):
        return Constant(np.abs(x.array), x.relative)
    return bent(call, x, Constant(np.array(-1.0)), step)


def bent(call: Call, x: Tensor, below: Constant, step: str = "") -> Tensor:
    """``x`` where it is positive and ``below x`` elsewhere: ``below x + (1 - below) relu(x)``.

    The second slope is rounded where it has more digits than float64; the node states it.
    """
    if isinstance(x, Constant):
        negative = product(call, x, below)
        array = np.where(x.array >= 0, x.array, negative.array)
        return Constant(array, max(x.relative, negative.relative))
    if not below.relative and bool((below.array == 1.0).all()):
        return x
    above = call.build.relu(x, **call.labels(f"{step}.relu" if step else "relu"))
    return _leaning(call, x, above, below, step)


def _leaning(call: Call, x: Value, above: Value, below: Constant, step: str) -> Value:
    """``below x + (1 - below) above``."""
    rest = total(call, ONE, below, -1.0)
    maps = [
        ScaleMap(np.broadcast_to(c.array.astype(np.float64), x.shape).reshape(-1).copy())
        for c in (below, rest)
    ]
    relative = max(below.relative, rest.relative)
    return call.build.affine(maps, [x, above], 0.0, x.shape, relative=relative, **call.labels(step))
