"""A mixed-integer linear program: ``minimise c x`` over rows and bounded columns.

:class:`Model` is the finished, frozen thing that writers, readers and solvers share;
:class:`ModelBuilder` grows one from blocks of columns and rows; :class:`Expr` is a vector of
affine expressions over the columns of a builder, the vocabulary in which encodings are said::

    builder = ModelBuilder("demo")
    x = builder.columns("x", [0, 0], [4, 4])
    builder.at_most("cap", x.total(), 5.0)          # x_0 + x_1 <= 5
    builder.minimise(-x.total())
    model = builder.build()

There are no ranged rows, no maximisation and no objective constant: what cannot be said the
same way to every solver cannot be said here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from mipc.errors import InternalError
from mipc.numerics.rounding import sum_towards

__all__ = ["Expr", "Model", "ModelBuilder", "Names", "at_most", "equal_to"]

Vector: TypeAlias = npt.NDArray[np.float64]
Csr: TypeAlias = Any  # scipy.sparse.csr_array of float64

at_most = np.int8(-1)
"""Row sense: left-hand side <= right-hand side."""
equal_to = np.int8(0)
"""Row sense: left-hand side == right-hand side. ``+1`` is ``>=``, met in files of others."""

_STEM = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}\Z")


@dataclass(frozen=True)
class Names:
    """The names of all columns (or rows): blocks ``stem_0 ... stem_{count-1}``, or a list.

    Names are made as text only when a file is written. A block with a negative count stands for
    a single name without an index; that is how names read from a file are kept.
    """

    blocks: tuple[tuple[str, int], ...]

    @staticmethod
    def listed(names: Iterable[str]) -> Names:
        """Names given one by one, as a reader finds them."""
        return Names(tuple((name, -1) for name in names))

    def __len__(self) -> int:
        return sum(abs(count) for _, count in self.blocks)

    def texts(self) -> list[str]:
        """All names in order."""
        texts: list[str] = []
        for stem, count in self.blocks:
            texts.extend([stem] if count < 0 else [f"{stem}_{i}" for i in range(count)])
        return texts


@dataclass(frozen=True, eq=False)
class Model:
    """``minimise objective @ x`` subject to ``matrix @ x (sense) rhs``, ``lower <= x <= upper``.

    Attributes
    ----------
    name : str
        ``[A-Za-z][A-Za-z0-9_]{0,31}``.
    columns, rows : Names
        ``n`` column names and ``m`` row names.
    objective, lower, upper : (n,) float64
        Bounds may be infinite, the objective may not.
    integer : (n,) bool
        Which columns are integer; one with bounds 0 and 1 is a binary.
    matrix : (m, n) scipy.sparse.csr_array of float64
        Column indices sorted within a row, no duplicates, no stored zeros.
    sense : (m,) int8
        -1 for ``<=``, 0 for ``=``, +1 for ``>=``.
    rhs : (m,) float64
    """

    name: str
    columns: Names
    rows: Names
    objective: Vector
    lower: Vector
    upper: Vector
    integer: npt.NDArray[np.bool_]
    matrix: Csr
    sense: npt.NDArray[np.int8]
    rhs: Vector

    @property
    def size(self) -> dict[str, int]:
        """Counts of columns, binaries, rows and nonzeros, as tables and sidecars print them."""
        return {
            "columns": len(self.objective),
            "binaries": int(np.count_nonzero(self.integer)),
            "rows": len(self.rhs),
            "nonzeros": int(self.matrix.nnz),
        }


@dataclass(frozen=True, eq=False)
class Expr:
    """A vector of ``k`` affine expressions ``matrix @ columns + constant``.

    ``matrix`` is a (k, w) csr_array over the first ``w`` columns of one builder: an expression
    made early is narrower than one made late, and they still add.
    """

    matrix: Csr
    constant: Vector

    @staticmethod
    def fixed(values: npt.ArrayLike) -> Expr:
        """Constants that use no column."""
        constant = np.asarray(values, dtype=np.float64)
        return Expr(sp.csr_array((len(constant), 0)), constant)

    def __len__(self) -> int:
        return len(self.constant)

    def __add__(self, other: Expr) -> Expr:
        mine, theirs = _same_width(self.matrix, other.matrix)
        return Expr(sp.csr_array(mine + theirs), self.constant + other.constant)

    def __neg__(self) -> Expr:
        return Expr(-self.matrix, -self.constant)

    def __sub__(self, other: Expr) -> Expr:
        return self + -other

    def __getitem__(self, index: Any) -> Expr:
        return Expr(sp.csr_array(self.matrix[index, :]), self.constant[index])

    def scale(self, factor: npt.ArrayLike) -> Expr:
        """Each expression times its factor (a scalar or (k,))."""
        factors = np.broadcast_to(np.asarray(factor, dtype=np.float64), self.constant.shape)
        scaled = self.matrix.copy()
        scaled.data = scaled.data * np.repeat(factors, np.diff(scaled.indptr))
        return Expr(scaled, self.constant * factors)

    def through(self, matrix: Csr) -> Expr:
        """``matrix @ self``: each result a combination of these expressions. Rounded."""
        return Expr(sp.csr_array(matrix @ self.matrix), matrix @ self.constant)

    def repeat(self, count: int) -> Expr:
        """A single expression, ``count`` times."""
        return self[np.zeros(count, dtype=np.intp)]

    def total(self) -> Expr:
        """The sum of all, as one expression."""
        return self.through(sp.csr_array(np.ones((1, len(self)))))


@dataclass
class ModelBuilder:
    """Grows a :class:`Model` block by block. Columns and rows keep the order of their making."""

    name: str
    _columns: list[tuple[str, int]] = field(default_factory=list)
    _bounds: list[tuple[Vector, Vector, npt.NDArray[np.bool_]]] = field(default_factory=list)
    _rows: list[tuple[str, Csr, np.int8, Vector]] = field(default_factory=list)
    _objective: Expr = field(default_factory=lambda: Expr.fixed([0.0]))

    @property
    def width(self) -> int:
        """How many columns there are so far."""
        return sum(count for _, count in self._columns)

    @property
    def reach(self) -> Vector:
        """The largest absolute value that each column so far can take."""
        return _joined([np.maximum(np.abs(low), np.abs(high)) for low, high, _ in self._bounds])

    def columns(
        self, stem: str, lower: npt.ArrayLike, upper: npt.ArrayLike, *, integer: bool = False
    ) -> Expr:
        """Add a block of columns ``stem_0 ...`` and return them as expressions."""
        low = np.array(lower, dtype=np.float64, ndmin=1)
        high = np.array(upper, dtype=np.float64, ndmin=1)
        if low.shape != high.shape or low.ndim != 1:
            raise InternalError(f"bounds of shapes {low.shape} and {high.shape}", where=stem)
        if not (low <= high).all():
            raise InternalError("a lower bound above its upper bound", where=stem)
        start, count = self.width, len(low)
        self._columns.append((_stem(stem, self._columns), count))
        self._bounds.append((low, high, np.full(count, integer)))
        index = np.arange(count)
        matrix = sp.csr_array(
            (np.ones(count), (index, start + index)), shape=(count, start + count)
        )
        return Expr(matrix, np.zeros(count))

    def binaries(self, stem: str, count: int) -> Expr:
        """Add a block of columns that are 0 or 1."""
        return self.columns(stem, np.zeros(count), np.ones(count), integer=True)

    def at_most(self, stem: str, expr: Expr, bound: npt.ArrayLike = 0.0) -> None:
        """Add rows ``expr <= bound``, named ``stem_0 ...``; right-hand sides are rounded up."""
        self._add(
            stem, expr, at_most, sum_towards(np.asarray(bound, float), -expr.constant, np.inf)
        )

    def equal(self, stem: str, expr: Expr, value: npt.ArrayLike = 0.0) -> None:
        """Add rows ``expr == value``, named ``stem_0 ...``; ``value`` less constants is exact."""
        exact = np.asarray(value, float)
        above = sum_towards(exact, -expr.constant, np.inf)
        below = sum_towards(exact, -expr.constant, -np.inf)
        if (above != below).any():
            raise InternalError("an equation whose right-hand side float64 rounds", where=stem)
        self._add(stem, expr, equal_to, above)

    def minimise(self, expr: Expr) -> None:
        """Set the objective to one expression; its constant is not part of the model."""
        if len(expr) != 1:
            raise InternalError(f"an objective of {len(expr)} expressions")
        self._objective = expr

    def build(self) -> Model:
        """The finished model. Entries that are exactly zero are dropped; ``-0`` becomes ``0``."""
        width = self.width
        blocks = [_widened(matrix, width) for _, matrix, _, _ in self._rows]
        matrix = sp.csr_array(sp.vstack(blocks)) if blocks else sp.csr_array((0, width))
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
        matrix.sort_indices()
        return Model(
            name=self.name,
            columns=Names(tuple(self._columns)),
            rows=Names(tuple((stem, len(rhs)) for stem, _, _, rhs in self._rows)),
            objective=_widened(self._objective.matrix, width).toarray()[0] + 0.0,
            lower=_joined([low for low, _, _ in self._bounds]) + 0.0,
            upper=_joined([high for _, high, _ in self._bounds]) + 0.0,
            integer=np.concatenate([np.zeros(0, bool), *(kind for _, _, kind in self._bounds)]),
            matrix=matrix,
            sense=np.concatenate(
                [np.zeros(0, np.int8), *(np.full(len(r), s, np.int8) for _, _, s, r in self._rows)]
            ),
            rhs=_joined([rhs for _, _, _, rhs in self._rows]) + 0.0,
        )

    def _add(self, stem: str, expr: Expr, sense: np.int8, rhs: Vector) -> None:
        named = [(name, len(other)) for name, _, _, other in self._rows]
        self._rows.append((_stem(stem, named), expr.matrix, sense, rhs))


def _stem(stem: str, taken: Sequence[tuple[str, int]]) -> str:
    if not _STEM.match(stem) or stem[0] in "eE":
        raise InternalError(f"{stem!r} is no stem for names")
    if any(stem == other for other, _ in taken):
        raise InternalError(f"the stem {stem!r} is used twice")
    return stem


def _joined(parts: list[Vector]) -> Vector:
    return np.concatenate([np.zeros(0), *parts])


def _widened(matrix: Csr, width: int) -> Csr:
    if matrix.shape[1] == width:
        return matrix
    return sp.csr_array(
        (matrix.data, matrix.indices, matrix.indptr), shape=(matrix.shape[0], width)
    )


def _same_width(a: Csr, b: Csr) -> tuple[Csr, Csr]:
    width = max(a.shape[1], b.shape[1])
    return _widened(a, width), _widened(b, width)
