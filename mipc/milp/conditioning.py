"""Numbers brought to where solvers can be trusted, without changing what is true of the model.

Columns and rows are scaled by powers of two, which rounds nothing. Coefficients that solvers drop
silently are dropped here instead, and their rows widened by the most that the dropped terms can
amount to: the result is a relaxation of the model, and equal to it where nothing was dropped.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from mipc.errors import RangeError
from mipc.milp.model import Model, Names, at_most, equal_to
from mipc.numerics.rounding import TINY, gamma, up

__all__ = ["LARGEST", "SMALLEST", "Conditioned", "condition", "scale_exponents"]

Array: TypeAlias = npt.NDArray[np.float64]
Csr: TypeAlias = Any

SMALLEST = 1e-8
"""Coefficients up to this, after scaling, are dropped; HiGHS and SCIP drop those up to 1e-9."""

LARGEST = 1e9
"""Coefficients, right-hand sides and bounds beyond this, after scaling, are refused."""

MOST = 256
"""No column or row is scaled by a larger power of two."""

COMFORT = (2.0**-10, 2.0**10)
"""Rows and columns whose largest number lies between these are left as they are."""


@dataclass(frozen=True, eq=False)
class Conditioned:
    """A model with tame numbers.

    Attributes
    ----------
    model : Model
    exponents : (n,) int
        The original column is the new one times ``2**exponent``.
    dropped : int
        How many coefficients were dropped.
    """

    model: Model
    exponents: npt.NDArray[np.int64]
    dropped: int

    def original(self, values: Array) -> Array:
        """Values of the new columns as values of the original ones."""
        return np.ldexp(values, self.exponents)


def condition(model: Model) -> Conditioned:
    """Scale, drop and widen.

    Raises
    ------
    RangeError
        Numbers beyond 1e9 are left, or a dropped coefficient belongs to an unbounded column.
    """
    exponents = _column_exponents(model)
    scaled = _scale_rows(_scale_columns(model, exponents))
    tame, dropped = _drop_small(scaled)
    _refuse_large(tame)
    return Conditioned(tame, exponents, dropped)


def scale_exponents(largest: Array) -> npt.NDArray[np.int64]:
    """For each size outside the comfortable range, the power of two that is near it; else 0."""
    outside = (largest > 0) & np.isfinite(largest)
    outside &= (largest < COMFORT[0]) | (largest > COMFORT[1])
    _, exponent = np.frexp(np.where(outside, largest, 0.5))
    return np.where(outside, np.clip(exponent, -MOST, MOST), 0).astype(np.int64)


def _scaled(values: Array, exponents: npt.NDArray[np.int64]) -> Array:
    """``values * 2**exponents``, exactly."""
    result = np.ldexp(values, exponents)
    if (np.ldexp(result, -exponents) != values).any():
        raise RangeError(
            "numbers of the model are too far apart to be scaled exactly",
            remedy="ask about a box of moderate size, or a network with moderate weights",
        )
    return result


def _column_exponents(model: Model) -> npt.NDArray[np.int64]:
    """Continuous columns by the largest value they can take; integers stay.

    A column of the objective is not blown up: its coefficient there would become too small.
    """
    reach = np.maximum(np.abs(model.lower), np.abs(model.upper))
    least = np.where(model.objective != 0, 0, -MOST)
    return np.where(model.integer, 0, np.maximum(scale_exponents(reach), least))


def _scale_columns(model: Model, exponents: npt.NDArray[np.int64]) -> Model:
    if not exponents.any():
        return model
    matrix = model.matrix.copy()
    matrix.data = _scaled(matrix.data, exponents[matrix.indices])
    return replace(
        model,
        objective=_scaled(model.objective, exponents),
        lower=_scaled(model.lower, -exponents),
        upper=_scaled(model.upper, -exponents),
        matrix=matrix,
    )


def _scale_rows(model: Model) -> Model:
    if not model.matrix.nnz:
        return model
    largest = abs(model.matrix).max(axis=1).toarray().reshape(-1)
    exponents = -scale_exponents(largest)
    if not exponents.any():
        return model
    matrix = model.matrix.copy()
    matrix.data = _scaled(matrix.data, np.repeat(exponents, np.diff(matrix.indptr)))
    return replace(model, matrix=matrix, rhs=_scaled(model.rhs, exponents))


def _drop_small(model: Model) -> tuple[Model, int]:
    """Without small coefficients; an equation that loses one becomes two inequalities."""
    small = np.abs(model.matrix.data) <= SMALLEST
    if not small.any():
        return model, 0
    row = np.repeat(np.arange(len(model.rhs)), np.diff(model.matrix.indptr))[small]
    column, value = model.matrix.indices[small], model.matrix.data[small]
    reach = np.maximum(np.abs(model.lower), np.abs(model.upper))[column]
    if not np.isfinite(reach).all():
        name = model.columns.texts()[int(column[~np.isfinite(reach)][0])]
        raise RangeError("a coefficient of at most 1e-8 on an unbounded column", where=name)
    count = np.bincount(row, minlength=len(model.rhs))
    total = np.bincount(row, np.abs(value) * reach, minlength=len(model.rhs))
    loss = 1.0 + gamma(int(count.max()) + 2)
    widening = np.where(count > 0, up(total * loss + TINY), 0.0)
    kept = model.matrix.copy()
    kept.data = np.where(small, 0.0, kept.data)
    kept.eliminate_zeros()
    lost = widening > 0
    loose = np.where(model.sense < 0, up(model.rhs + widening), model.rhs)
    loose = np.where(model.sense > 0, -up(-model.rhs + widening), loose)
    loose = np.where((model.sense == equal_to) & lost, up(model.rhs + widening), loose)
    sense = np.where((model.sense == equal_to) & lost, at_most, model.sense)
    twice = np.flatnonzero((model.sense == equal_to) & lost)
    other = -sp.csr_array(kept[twice, :])
    names = [*model.rows.blocks]
    if len(twice):
        names.append(("widened", len(twice)))
    return replace(
        model,
        rows=Names(tuple(names)),
        matrix=sp.csr_array(sp.vstack([kept, other])),
        sense=np.concatenate([sense, np.full(len(twice), at_most)]).astype(np.int8),
        rhs=np.concatenate([loose, up(-model.rhs[twice] + widening[twice])]) + 0.0,
    ), int(small.sum())


def _refuse_large(model: Model) -> None:
    sizes = {
        "a coefficient": np.abs(model.matrix.data),
        "a right-hand side": np.abs(model.rhs),
        "an objective coefficient": np.abs(model.objective),
        "a bound of a column": np.abs(
            np.concatenate([model.lower[np.isfinite(model.lower)],
                            model.upper[np.isfinite(model.upper)]])
        ),
    }  # fmt: skip
    for what, size in sizes.items():
        if size.size and not size.max() <= LARGEST:
            raise RangeError(
                f"{what} of the file would be {size.max():.3g}, even after scaling; beyond "
                f"{LARGEST:.0e} solvers return wrong answers",
                remedy="ask about a smaller box, or a network with smaller weights",
            )
