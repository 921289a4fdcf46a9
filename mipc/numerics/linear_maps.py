"""Linear maps that keep their structure: what a matrix is good for, without the matrix.

A map ``M`` takes a value of ``n`` numbers to one of ``m``. Bounds ask it to apply itself or its
absolute value to a batch, and to pull rows back (``rows @ M``); files ask for its entries::

    DenseMap    a matrix                       fully connected layers
    ConvMap     a 2-D cross-correlation        see `mipc/numerics/convolution.py`
    SparseMap   a scipy.sparse matrix          whatever has no better structure
    ScaleMap    a diagonal                     normalisation, per-channel factors
    SelectMap   y_i = x_{source i}, or 0       transpose, slice, pad, gather, concatenation

Shapes: a batch is (B, n); ``T`` rows are (T, m), see :class:`~mipc.numerics.windows.Rows`.
All of it is float64. What rounding may add is stated by ``error``, in the two senses of
:mod:`mipc.numerics.products`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from mipc.numerics.products import Factor, Products
from mipc.numerics.rounding import TINY, UNIT, gamma, largest_row_sum
from mipc.numerics.windows import Rows, Window

__all__ = ["DenseMap", "LinearMap", "ScaleMap", "SelectMap", "SparseMap", "identity"]

Array: TypeAlias = npt.NDArray[np.float64]
Index: TypeAlias = npt.NDArray[np.intp]
Csr: TypeAlias = Any  # scipy.sparse.csr_array of float64


class LinearMap(Protocol):
    """A linear map from ``n`` to ``m`` numbers."""

    @property
    def shape(self) -> tuple[int, int]:
        """``(m, n)``."""
        ...

    @property
    def row_sum(self) -> float:
        """At least the largest sum of absolute entries over a row: the infinity norm."""
        ...

    @property
    def nonzeros(self) -> int:
        """How many entries the matrix has, zeros left out where that is cheap to know."""
        ...

    def apply(self, x: Array, products: Products) -> Array:
        """``M x`` for each sample: (B, n) -> (B, m)."""
        ...

    def apply_absolute(self, x: Array, products: Products) -> Array:
        """``|M| x`` for each sample: (B, n) -> (B, m)."""
        ...

    def pull(self, rows: Rows, products: Products) -> Rows:
        """``rows @ M``: rows over the result become rows over the argument."""
        ...

    def unit_rows(self, neurons: Index, sample: Index) -> Rows:
        """The rows of ``M`` itself for the chosen results, exactly: (T,) -> T rows."""
        ...

    def error(self, products: Products, window: Window | None = None) -> float:
        """The bound ``e`` on rounding, forwards and when rows with that window are pulled."""
        ...

    def tocsr(self) -> Csr:
        """All entries, exactly, as a (m, n) csr_array with sorted indices."""
        ...


@dataclass(frozen=True, eq=False)
class DenseMap:
    """``y = W x`` for a (m, n) matrix."""

    matrix: Array

    @property
    def shape(self) -> tuple[int, int]:
        m, n = self.matrix.shape
        return m, n

    @cached_property
    def row_sum(self) -> float:
        return largest_row_sum(np.abs(self.matrix))

    @cached_property
    def nonzeros(self) -> int:
        return int(np.count_nonzero(self.matrix))

    @cached_property
    def _factor(self) -> Factor:
        return Factor(self.matrix, self.row_sum, max(self.shape))

    @cached_property
    def _absolute(self) -> Factor:
        return Factor(np.abs(self.matrix), self.row_sum, max(self.shape))

    def apply(self, x: Array, products: Products) -> Array:
        return products.matmul(x, self._factor, transpose=True)

    def apply_absolute(self, x: Array, products: Products) -> Array:
        return products.matmul(x, self._absolute, transpose=True)

    def pull(self, rows: Rows, products: Products) -> Rows:
        dense = products.matmul(rows.dense(), self._factor)
        return Rows(dense, self.shape[1], rows.sample)

    def unit_rows(self, neurons: Index, sample: Index) -> Rows:
        return Rows(self.matrix[neurons], self.shape[1], sample)

    def error(self, products: Products, window: Window | None = None) -> float:
        return products.error(self._factor)

    def tocsr(self) -> Csr:
        return self._csr

    @cached_property
    def _csr(self) -> Csr:
        return sp.csr_array(self.matrix)


@dataclass(frozen=True, eq=False)
class SparseMap:
    """``y = W x`` for a (m, n) csr_array with sorted indices."""

    matrix: Csr

    @property
    def shape(self) -> tuple[int, int]:
        m, n = self.matrix.shape
        return m, n

    @cached_property
    def row_sum(self) -> float:
        sums = np.asarray(abs(self.matrix).sum(axis=1))
        return float(sums.max(initial=0.0)) * (1.0 + gamma(self._fan)) + TINY

    @property
    def nonzeros(self) -> int:
        return int(self.matrix.nnz)

    @cached_property
    def _fan(self) -> int:
        row = np.diff(self.matrix.indptr).max(initial=1)
        column = np.bincount(self.matrix.indices, minlength=1).max(initial=1)
        return int(max(row, column))

    def apply(self, x: Array, products: Products) -> Array:
        return np.ascontiguousarray((self.matrix @ x.T).T)

    def apply_absolute(self, x: Array, products: Products) -> Array:
        return np.ascontiguousarray((abs(self.matrix) @ x.T).T)

    def pull(self, rows: Rows, products: Products) -> Rows:
        dense = np.ascontiguousarray((self.matrix.T @ rows.dense().T).T)
        return Rows(dense, self.shape[1], rows.sample)

    def unit_rows(self, neurons: Index, sample: Index) -> Rows:
        return Rows(self.matrix[neurons, :].toarray(), self.shape[1], sample)

    def error(self, products: Products, window: Window | None = None) -> float:
        """scipy.sparse adds one entry after the other: no product kind changes the order."""
        return gamma(self._fan) * self.row_sum + TINY

    def tocsr(self) -> Csr:
        return self.matrix


@dataclass(frozen=True, eq=False)
class ScaleMap:
    """``y_i = factor_i x_i``."""

    factors: Array

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.factors), len(self.factors)

    @cached_property
    def row_sum(self) -> float:
        return float(np.abs(self.factors).max(initial=0.0))

    @property
    def nonzeros(self) -> int:
        return int(np.count_nonzero(self.factors))

    def apply(self, x: Array, products: Products) -> Array:
        return np.asarray(x * self.factors)

    def apply_absolute(self, x: Array, products: Products) -> Array:
        return np.asarray(x * np.abs(self.factors))

    def pull(self, rows: Rows, products: Products) -> Rows:
        return rows.with_values(rows.values * rows.look(self.factors[None, :]))

    def unit_rows(self, neurons: Index, sample: Index) -> Rows:
        values = np.zeros((len(neurons), len(self.factors)))
        values[np.arange(len(neurons)), neurons] = self.factors[neurons]
        return Rows(values, len(self.factors), sample)

    def error(self, products: Products, window: Window | None = None) -> float:
        return UNIT * self.row_sum * (1.0 + 2**-40) + TINY

    def tocsr(self) -> Csr:
        matrix = sp.csr_array(sp.diags_array(self.factors))
        matrix.eliminate_zeros()
        return matrix


@dataclass(frozen=True, eq=False)
class SelectMap:
    """``y_i = x_{source_i}``, or 0 where ``source_i`` is -1. Exact in every direction."""

    source: Index
    width: int

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.source), self.width

    @property
    def row_sum(self) -> float:
        return 1.0

    @property
    def nonzeros(self) -> int:
        return int(np.count_nonzero(self.source >= 0))

    @cached_property
    def is_identity(self) -> bool:
        """Whether every number stays where it is."""
        return len(self.source) == self.width and bool((self.source == np.arange(self.width)).all())

    @cached_property
    def _fan(self) -> int:
        used = self.source[self.source >= 0]
        return int(np.bincount(used, minlength=1).max(initial=1))

    @property
    def is_injective(self) -> bool:
        """Whether no number goes to two places, so that pulling rows back adds nothing up."""
        return self._fan <= 1

    def apply(self, x: Array, products: Products) -> Array:
        if self.is_identity:
            return x
        padded = np.concatenate([x, np.zeros((len(x), 1))], axis=1)
        return np.asarray(padded[:, self.source])

    def apply_absolute(self, x: Array, products: Products) -> Array:
        return self.apply(x, products)

    def pull(self, rows: Rows, products: Products) -> Rows:
        if self.is_identity:
            return rows
        dense = rows.dense()
        used = np.flatnonzero(self.source >= 0)
        result = np.zeros((len(dense), self.width))
        if self._fan <= 1:
            result[:, self.source[used]] = dense[:, used]
        else:
            result = np.ascontiguousarray((self.tocsr().T @ dense.T).T)
        return Rows(result, self.width, rows.sample)

    def unit_rows(self, neurons: Index, sample: Index) -> Rows:
        chosen = SelectMap(self.source[neurons], self.width).tocsr()
        return Rows(chosen.toarray(), self.width, sample)

    def error(self, products: Products, window: Window | None = None) -> float:
        return 0.0 if self._fan <= 1 else gamma(self._fan) + TINY

    def tocsr(self) -> Csr:
        used = np.flatnonzero(self.source >= 0)
        entries = (np.ones(len(used)), (used, self.source[used]))
        return sp.csr_array(sp.coo_array(entries, shape=self.shape))


def identity(width: int) -> SelectMap:
    """The map that changes nothing."""
    return SelectMap(np.arange(width, dtype=np.intp), width)
