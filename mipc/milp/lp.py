r"""CPLEX LP format, in the part of it that every solver reads the same way.

::

    Minimize
     obj: - 1.0 x_0
     + 0.0 a_0
    Subject To
     cap_0: + 1.0 x_0
     - 2.0 a_0 <= 5.0
    Bounds
     0.0 <= x_0 <= 4.0
    Binaries
     a_0
    End

One term stands on a line: no reader's line buffer overflows, and all terms of a model are one
sweep over an array. All columns stand in the objective, which also fixes their order.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
import scipy.sparse as sp

from mipc.errors import RangeError
from mipc.milp.lines import batches, lines, numbers
from mipc.milp.lp_reader import read
from mipc.milp.model import Csr, Model
from mipc.milp.portable import binaries, check, column_names, row_names

__all__ = ["chunks", "read", "write"]


def write(model: Model) -> bytes:
    """Write the model in LP format, every double exact. Its name is not part of the text.

    Raises
    ------
    RangeError
        For numbers or names that solvers would not all read the same way, and for a model
        without rows, which LP format cannot say.
    """
    return b"".join(chunks(model))


def chunks(model: Model) -> Iterator[bytes]:
    """Yield the text of :func:`write` piece by piece, where it should not be held in full."""
    check(model)
    if len(model.rhs) == 0:
        raise RangeError("no rows, which GLPK cannot read", where=model.name, remedy="Write MPS.")
    columns, rows = column_names(model, lp=True), row_names(model, lp=True)
    yield b"Minimize\n"
    yield from _expressions(_objective(model), columns, pl.Series(["obj"]), pl.Series([""]))
    yield b"Subject To\n"
    yield from _expressions(_without_empty_rows(model.matrix), columns, rows, _endings(model))
    yield b"Bounds\n"
    yield _bounds(model, columns)
    yield from _integers(model, columns)
    yield b"End\n"


def _expressions(
    matrix: Csr, columns: pl.Series, labels: pl.Series, endings: pl.Series
) -> Iterator[bytes]:
    """One term a line: a head (label and sign), a size, a tail (column and ending).

    The label is in the head of the first term of a row, the ending in the tail of its last.
    """
    first, last = matrix.indptr[:-1], matrix.indptr[1:] - 1
    row = np.arange(len(labels), dtype=np.int32)
    negative = (matrix.data < 0).astype(np.int32)
    head = negative.copy()
    head[first] = 2 + row + len(labels) * negative[first]
    heads = pl.concat([pl.Series([" +", " -"]), " " + labels + ": +", " " + labels + ": -"])
    tail = matrix.indices.copy()
    tail[last] = len(columns) + row
    tails = pl.concat([columns, columns.gather(matrix.indices[last]) + endings])
    for part in batches(matrix.nnz):
        yield lines(
            heads.gather(head[part]), numbers(abs(matrix.data[part])), tails.gather(tail[part])
        )


def _objective(model: Model) -> Csr:
    width = len(model.objective)
    return sp.csr_array(
        (model.objective, np.arange(width, dtype=np.int32), np.array([0, width])),
        shape=(1, width),
    )


def _without_empty_rows(matrix: Csr) -> Csr:
    """Copy the matrix, with an explicit zero in column 0 of each row that has no entry."""
    empty = np.diff(matrix.indptr) == 0
    if not empty.any():
        return matrix
    places = matrix.indptr[:-1][empty]
    return sp.csr_array(
        (
            np.insert(matrix.data, places, 0.0),
            np.insert(matrix.indices, places, 0),
            matrix.indptr + np.concatenate([[0], np.cumsum(empty)]),
        ),
        shape=matrix.shape,
    )


def _endings(model: Model) -> pl.Series:
    sense = pl.Series([" <= ", " = ", " >= "]).gather(model.sense.astype(np.int32) + 1)
    return sense + numbers(model.rhs).cast(pl.String)


def _bounds(model: Model, columns: pl.Series) -> bytes:
    """Every column but the binaries says both of its bounds, one column a line."""
    low, high = numbers(model.lower).cast(pl.String), numbers(model.upper).cast(pl.String)
    fixed = pl.Series(model.lower == model.upper)
    free = pl.Series(np.isneginf(model.lower) & np.isposinf(model.upper))
    above = pl.Series(np.isfinite(model.lower) & np.isposinf(model.upper))
    text = pl.select(
        pl.when(fixed)
        .then(pl.format(" {} = {}", columns, low))
        .when(free)
        .then(pl.format(" {} free", columns))
        .when(above)
        .then(pl.format(" {} >= {}", columns, low))
        .otherwise(pl.format(" {} <= {} <= {}", low, columns, high))
    ).to_series()
    return lines(text.filter(pl.Series(~binaries(model))))


def _integers(model: Model, columns: pl.Series) -> Iterator[bytes]:
    binary = binaries(model)
    for title, mask in ((b"Generals\n", model.integer & ~binary), (b"Binaries\n", binary)):
        if mask.any():
            yield title
            yield lines(" " + columns.filter(pl.Series(mask)))
