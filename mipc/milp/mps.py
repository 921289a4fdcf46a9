"""Free MPS, in the part of it that every solver reads the same way.

::

    NAME demo FREE
    ROWS
     N obj
     L cap_0
    COLUMNS
     x_0 obj -1.0
     x_0 cap_0 1.0
    RHS
     rhs cap_0 5.0
    BOUNDS
     LO bnd x_0 0.0
     UP bnd x_0 4.0
    ENDATA

One entry stands on a line, so that all entries of a model are one sweep over an array.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse as sp

from mipc.milp.lines import batches, lines, numbers
from mipc.milp.model import Model
from mipc.milp.mps_reader import read
from mipc.milp.portable import binaries, check, column_names, row_names

__all__ = ["chunks", "read", "write"]


def write(model: Model) -> bytes:
    """Write the model as free MPS, every double exact.

    Raises
    ------
    RangeError
        For numbers or names that solvers would not all read the same way.
    """
    return b"".join(chunks(model))


def chunks(model: Model) -> Iterator[bytes]:
    """Yield the text of :func:`write` piece by piece, where it should not be held in full."""
    check(model)
    columns, rows = column_names(model), row_names(model)
    yield f"NAME {model.name} FREE\nROWS\n N obj\n".encode()
    yield _rows(model, rows)
    yield b"COLUMNS\n"
    yield from _columns(model, columns, rows)
    yield b"RHS\n"
    yield _right_hand_sides(model, rows)
    yield b"BOUNDS\n"
    yield _bounds(model, columns)
    yield b"ENDATA\n"


def _rows(model: Model, rows: pl.Series) -> bytes:
    return lines(pl.Series([" L", " E", " G"]).gather(model.sense.astype(np.int32) + 1), rows)


def _columns(model: Model, columns: pl.Series, rows: pl.Series) -> Iterator[bytes]:
    """One entry a line. Markers ride on the name in the first entry of a column."""
    entries = _with_objective(model)
    starts = entries.indptr[:-1]
    labels, switched, closing = _labels(model, columns)
    label = np.repeat(np.arange(len(columns), dtype=np.int32), np.diff(entries.indptr))
    label[starts[switched]] = len(columns) + np.arange(len(switched), dtype=np.int32)
    targets = pl.concat([pl.Series(["obj"]), rows])
    for part in batches(entries.nnz):
        yield lines(
            labels.gather(label[part]),
            targets.gather(entries.indices[part]),
            numbers(entries.data[part]),
        )
    yield closing


def _with_objective(model: Model) -> sp.csc_array:
    """Turn the matrix to columns, below a row 0 for the objective, no column without an entry."""
    used = np.zeros(len(model.objective), dtype=bool)
    used[model.matrix.indices] = True
    cost = np.flatnonzero((model.objective != 0) | ~used).astype(model.matrix.indices.dtype)
    first = sp.csr_array(
        (model.objective[cost], cost, np.array([0, len(cost)])), shape=(1, len(used))
    )
    return sp.csc_array(sp.vstack([first, model.matrix], format="csr").tocsc())


def _labels(model: Model, columns: pl.Series) -> tuple[pl.Series, npt.NDArray[np.int64], bytes]:
    """Names for the entries, those with a marker line above, where they stand, the last marker.

    The runs of columns that are integer but not binary stand between two markers.
    """
    general = model.integer & ~binaries(model)
    switched = np.flatnonzero(np.diff(general, prepend=False))
    marked = [f"{_marker(bool(general[j]), i)} {columns[int(j)]}" for i, j in enumerate(switched)]
    closing = _marker(False, len(switched)) if len(general) and general[-1] else ""
    labels = pl.concat([" " + columns, pl.Series(marked, dtype=pl.String)])
    return labels, switched, closing.encode()


def _marker(begins: bool, index: int) -> str:
    return f" M{index} 'MARKER' '{'INTORG' if begins else 'INTEND'}'\n"


def _right_hand_sides(model: Model, rows: pl.Series) -> bytes:
    used = np.flatnonzero(model.rhs)
    return lines(" rhs " + rows.gather(used), numbers(model.rhs[used]))


def _bounds(model: Model, columns: pl.Series) -> bytes:
    """Every column says that it is binary, fixed or free, or says both of its bounds."""
    low, high = numbers(model.lower), numbers(model.upper)
    lower = (
        pl.when(low.is_infinite())
        .then(pl.format(" MI bnd {}", columns))
        .otherwise(pl.format(" LO bnd {} {}", columns, low))
    )
    upper = (
        pl.when(high.is_infinite())
        .then(pl.format(" PL bnd {}", columns))
        .otherwise(pl.format(" UP bnd {} {}", columns, high))
    )
    return lines(
        pl.select(
            pl.when(pl.Series(binaries(model)))
            .then(pl.format(" BV bnd {}", columns))
            .when(low == high)
            .then(pl.format(" FX bnd {} {}", columns, low))
            .when(low.is_infinite() & high.is_infinite())
            .then(pl.format(" FR bnd {}", columns))
            .otherwise(pl.format("{}\n{}", lower, upper))
        ).to_series()
    )
