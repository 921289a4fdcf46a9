"""Matrix products, fast or the same to the last bit everywhere, each with its error bound.

Bounds only have to be sound, but what is written to a file also has to be the same bytes on
every machine, and a BLAS sums in an order that depends on its threads and on the processor.
:data:`REPRODUCIBLE` therefore cuts both factors into two slices of few bits each, so that every
partial product and every partial sum is an exact multiple of a common unit below ``2**53`` of
them: whatever order they are added in, no rounding happens (Ozaki, Ogita, Oishi, Rump 2012).

Both kinds state one number ``e`` for a factor ``M`` that holds for every vector:

* forwards: each entry of the computed ``M x`` is off by at most ``e * max|x|``;
* backwards: for the computed ``a M`` and any ``x``, ``|(a M) x - a (M x)| <= e * sum|a| * max|x|``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.numerics.rounding import TINY, gamma

__all__ = ["FAST", "REPRODUCIBLE", "Factor", "Products"]

Array: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Factor:
    """The constant factor of a product: a (k, n) matrix, its transpose and its slices kept.

    ``row_sum`` and ``fan`` describe the whole linear map this factor is part of: the largest
    sum of ``|entries|`` over a row of the map, and the largest number of entries of a row or a
    column of it.
    """

    matrix: Array
    row_sum: float
    fan: int
    _slices: dict[tuple[bool, int], tuple[Array, Array]] = field(default_factory=dict, repr=False)

    @cached_property
    def transposed(self) -> Array:
        """The (n, k) transpose, contiguous."""
        return np.ascontiguousarray(self.matrix.T)

    @cached_property
    def largest(self) -> float:
        """The largest absolute entry."""
        return float(np.abs(self.matrix).max(initial=0.0))

    def oriented(self, transpose: bool) -> Array:
        """The matrix, or its transpose."""
        return self.transposed if transpose else self.matrix

    def slices(self, transpose: bool, bits: int) -> tuple[Array, Array]:
        """The two leading slices of ``bits`` bits, cut against the largest entry."""
        key = (transpose, bits)
        if key not in self._slices:
            self._slices[key] = _cut(self.oriented(transpose), np.array(self.largest), bits)
        return self._slices[key]


class Products(Protocol):
    """A way to multiply."""

    def matmul(self, a: Array, factor: Factor, *, transpose: bool = False) -> Array:
        """``a @ matrix`` (or its transpose) for ``a`` of shape (..., k)."""
        ...

    def left(self, factor: Factor, x: Array, *, transpose: bool = False) -> Array:
        """``matrix @ x`` (or its transpose) for ``x`` of shape (k, n): columns are vectors."""
        ...

    def dot(self, a: Array, b: Array) -> Array:
        """Row by row ``sum_i a_i b_i``; off by at most ``gamma(terms) * sum |a_i b_i|``."""
        ...

    def error(self, factor: Factor) -> float:
        """The number ``e`` of the module docstring."""
        ...


class _Fast:
    """The BLAS of this machine, whatever order it sums in."""

    def matmul(self, a: Array, factor: Factor, *, transpose: bool = False) -> Array:
        return np.asarray(a @ factor.oriented(transpose))

    def left(self, factor: Factor, x: Array, *, transpose: bool = False) -> Array:
        return np.asarray(factor.oriented(transpose) @ x)

    def dot(self, a: Array, b: Array) -> Array:
        return np.asarray(np.einsum("...i,...i->...", a, b))

    def error(self, factor: Factor) -> float:
        return gamma(factor.fan) * factor.row_sum + TINY


class _Reproducible:
    """Exact partial sums: the same bits under every BLAS, thread count and processor."""

    def matmul(self, a: Array, factor: Factor, *, transpose: bool = False) -> Array:
        bits = _slice_bits(a.shape[-1])
        high, low = _cut(a, np.abs(a).max(axis=-1, keepdims=True, initial=0.0), bits)
        head, tail = factor.slices(transpose, bits)
        # Each product is exact; the three sums below are elementwise, so their order is fixed.
        return np.asarray((high @ head + (high @ tail + low @ head)) + low @ tail)

    def left(self, factor: Factor, x: Array, *, transpose: bool = False) -> Array:
        bits = _slice_bits(x.shape[0])
        high, low = _cut(x, np.abs(x).max(axis=0, keepdims=True, initial=0.0), bits)
        head, tail = factor.slices(transpose, bits)
        return np.asarray((head @ high + (tail @ high + head @ low)) + tail @ low)

    def dot(self, a: Array, b: Array) -> Array:
        return np.asarray((a * b).sum(axis=-1))  # numpy adds in one order on every machine

    def error(self, factor: Factor) -> float:
        """What slicing loses of either factor, and the rounding of the sums of exact products.

        A slice pair is within ``2**-2b`` of the largest entry of its vector or matrix; slices
        themselves may add up to ``1 + inner * 2**-b`` times what they were cut from.
        """
        inner = max(factor.matrix.shape)
        bits = _slice_bits(inner)
        sliced = factor.fan * factor.largest + inner * factor.row_sum
        summed = gamma(factor.fan + 4) * (1.0 + inner * 2.0**-bits) ** 2 * factor.row_sum
        return float((2.0 ** (-2 * bits) * sliced + summed) * (1.0 + 2**-40) + TINY)


FAST: Products = _Fast()
REPRODUCIBLE: Products = _Reproducible()


def _slice_bits(terms: int) -> int:
    """Bits a slice may have so that ``terms`` products of two slices add up below 2**53."""
    return (53 - max(terms - 1, 1).bit_length()) // 2


def _cut(values: Array, largest: Array, bits: int) -> tuple[Array, Array]:
    """Two slices whose sum is within ``2**(-2 bits) * largest`` of ``values``.

    The first is a multiple of ``2**-bits`` of the power of two at or above ``largest``, the
    second of ``2**(-2 bits)`` of it: adding and subtracting a large power of two rounds there.
    """
    _, exponent = np.frexp(largest)
    magic = np.ldexp(1.5, exponent + (52 - bits))
    high = (values + magic) - magic
    magic = np.ldexp(1.5, exponent + (52 - 2 * bits))
    low = ((values - high) + magic) - magic
    return high, low
