"""Matrix products of constants, in twice the digits of float64."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.frontend.builder import Constant
from mipc.frontend.operators.contraction import contraction
from mipc.frontend.operators.folding import CANCELLED, held
from mipc.frontend.registry import Call
from mipc.numerics.rounding import gamma, product_loss, two_sum

__all__ = ["folded_product"]

Array: TypeAlias = npt.NDArray[Any]


def folded_product(call: Call, a: Constant, b: Constant) -> Constant:
    """``A @ B`` of constants of any rank, and its share of rounding; exact if nothing rounds."""
    left, right, _, shape = contraction(call, a, b)
    if a.array.dtype.kind in "bi" and b.array.dtype.kind in "bi":
        return Constant(np.asarray(a.array @ b.array).reshape(shape))
    x, y = (np.asarray(c.array, dtype=np.float64) for c in (a, b))
    result, lost = _summed(call, x.reshape(left), y.reshape(right))
    inexact = a.relative + b.relative + a.relative * b.relative
    if inexact:
        whole = np.abs(x.reshape(left)) @ np.abs(y.reshape(right))
        lost = lost + 2 * inexact * whole * (1 + gamma(left[-1]))
    if not np.all(lost <= CANCELLED * np.abs(result)):
        raise call.fail(
            "a product of two constant matrices whose terms cancel",
            "fold it before exporting the network",
        )
    share = np.max(lost / np.where(result == 0, 1.0, np.abs(result)), initial=0.0)
    return Constant(result.reshape(shape), 2 * float(share))


def _summed(call: Call, x: Array, y: Array) -> tuple[Array, Array]:
    """Sums of products, and how far each may be off: the Dot2 of Ogita, Rump and Oishi (2005).

    Each product and each sum is split into what float64 holds and what it loses; what is lost is
    summed apart, and only that sum rounds.
    """
    shape = (*np.broadcast_shapes(x.shape[:-2], y.shape[:-2]), x.shape[-2], y.shape[-1])
    near, rest, size = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for k in range(x.shape[-1]):
        a, b = x[..., :, k, None], y[..., None, k, :]
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            product = held(call, a * b, (a != 0) & (b != 0))
        near, lost = two_sum(near, product)
        for part in (lost, _lost(a, b, product)):
            rest, size = rest + part, size + np.abs(part)
    result, last = two_sum(near, rest)
    return result, np.abs(last) + gamma(2 * x.shape[-1]) * size


def _lost(a: Array, b: Array, near: Array) -> Array:
    """What rounding took from the products ``a * b``, exactly."""
    x, p = np.frexp(a)
    y, q = np.frexp(b)
    lost = product_loss(x, y, np.ldexp(near, -(p + q)))
    return np.asarray(np.ldexp(lost, p + q))
