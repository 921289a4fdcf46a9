"""Numbers kept between two ends, by one ReLU for each end.

The lower end comes first, ``t = low + relu(x - low)``, then ``high - relu(high - t)``: as in ONNX,
the upper end decides where the two are in the wrong order, and bounds of the result never leave
the ends.
"""

from __future__ import annotations

import numpy as np

from mipc.frontend.builder import Constant, Tensor, Value
from mipc.frontend.operators.folding import product, total
from mipc.frontend.registry import Call, operator
from mipc.numerics.linear_maps import LinearMap, ScaleMap, identity

__all__ = ["clipped", "shifted"]

FARTHEST = float(np.finfo(np.float32).max)
"""What ONNX gives for "no end": no float32 lies beyond it, but doubles do."""

ZERO, ONE = Constant(np.array(0.0)), Constant(np.array(1.0))


@operator("Clip", since=11)
def clip(call: Call) -> Tensor:
    """``min(max(x, low), high)``; either end may be missing."""
    return clipped(call, call[0], _end(call, 1, -1.0), _end(call, 2, 1.0))


@operator("Clip", since=6)
def clip_attributes(call: Call) -> Tensor:
    """``min(max(x, low), high)``; either end may be missing."""
    low, high = (call.attribute(name) for name in ("min", "max"))
    if None not in (low, high) and low > high:
        raise call.fail(f"min={low} is above max={high}")
    return clipped(call, call[0], _open(call, low, -1.0), _open(call, high, 1.0))


@operator("HardSigmoid", since=6)
def hard_sigmoid(call: Call) -> Tensor:
    """``min(max(alpha x + beta, 0), 1)``."""
    alpha, beta = (
        Constant(np.array(float(call.attribute(name, np.float32(default)))))
        for name, default in (("alpha", 0.2), ("beta", 0.5))
    )
    x = call[0]
    if isinstance(x, Constant):
        line: Tensor = total(call, product(call, x, alpha), beta, 1.0)
    else:
        line = shifted(call, x, float(alpha.array), beta, "line")
    return clipped(call, line, ZERO, ONE)


def clipped(call: Call, x: Tensor, low: Constant | None, high: Constant | None) -> Tensor:
    """``min(max(x, low), high)``, where ``None`` is no end.

    Of constants: both steps are monotone and keep a share of rounding, as each number lies
    between one end and itself.
    """
    if isinstance(x, Constant):
        return _clipped_constant(x, low, high)
    if high is None:
        return x if low is None else _raised(call, x, low)
    if low is None:
        room = shifted(call, x, -1.0, high, "room")
    else:
        gap = total(call, high, low, -1.0)
        room = shifted(call, _above(call, x, low), -1.0, gap, "room")
    return shifted(call, call.build.relu(room, **call.labels("below")), -1.0, high)


def shifted(call: Call, x: Value, factor: float, offset: Constant, step: str = "") -> Value:
    """``factor x + offset``, for an offset that broadcasts to ``x``."""
    linear: LinearMap = identity(x.size)
    if factor != 1.0:
        linear = ScaleMap(np.full(x.size, factor))
    radius = 2 * offset.relative * np.abs(offset.array)
    return call.build.affine(
        [linear], [x], offset.array, x.shape, radius=radius, **call.labels(step)
    )


def _raised(call: Call, x: Value, low: Constant) -> Value:
    """``max(x, low)``."""
    if not np.any(low.array):
        return call.build.relu(x, **call.labels())
    return shifted(call, _above(call, x, low), 1.0, low)


def _above(call: Call, x: Value, low: Constant) -> Value:
    """``max(x, low) - low``."""
    if np.any(low.array):
        x = shifted(call, x, 1.0, Constant(-low.array, low.relative), "over")
    return call.build.relu(x, **call.labels("above"))


def _clipped_constant(x: Constant, low: Constant | None, high: Constant | None) -> Constant:
    array, relative = x.array, x.relative
    if low is not None:
        array, relative = np.maximum(array, low.array), max(relative, low.relative)
    if high is not None:
        array, relative = np.minimum(array, high.array), max(relative, high.relative)
    return Constant(array, relative)


def _end(call: Call, index: int, sign: float) -> Constant | None:
    """An end given as an input: one number."""
    if not call.has(index):
        return None
    end = call.constant(index)
    if end.array.size != 1:
        raise call.fail(f"an end of shape {list(end.shape)}; one number is needed")
    if _is_none(call, float(end.array.reshape(-1)[0]), sign):
        return None
    return Constant(end.array.reshape(()), end.relative)


def _open(call: Call, value: float | None, sign: float) -> Constant | None:
    """An end given as an attribute."""
    if value is None or _is_none(call, float(value), sign):
        return None
    return Constant(np.array(float(value)))


def _is_none(call: Call, value: float, sign: float) -> bool:
    """Whether an end cuts nothing off, because no number of the type lies beyond it."""
    return sign * value >= FARTHEST and call.types[0] != "double"
