"""Files for what is not piecewise linear: cells, and two lines around the function in each.

The range of the argument ``z`` is split into cells; a binary chooses one, ``z`` has a copy in
each, which is 0 unless chosen, and the value lies between the two lines of its cell::

    z = sum z_k      b_k a_k <= z_k <= b_(k+1) a_k      sum a_k = 1
    sum (s_k z_k + t_k a_k)  <=  y  <=  sum (S_k z_k + T_k a_k)

This is the multiple-choice form (Vielma, Ahmed, Nemhauser 2010), whose relaxation is the hull of
the cells. With one cell there is no binary and no copy. A product has cells of its first factor,
and McCormick's planes in each.

Soundness. Every exact run satisfies the rows of the cell its argument lies in: the lines hold on
the whole closed cell for the stored floats, and every coefficient is stored as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from mipc.milp.model import Expr, ModelBuilder
from mipc.numerics import functions
from mipc.numerics.functions import Function
from mipc.numerics.interval import Interval
from mipc.numerics.relaxation import product_planes

__all__ = ["Envelope", "encode_function", "encode_product"]

Array: TypeAlias = npt.NDArray[np.float64]
Index: TypeAlias = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Envelope:
    """What a file says of a function that is not piecewise linear.

    Attributes
    ----------
    node : str
    function : str
    cells : int
        The most that any neuron has.
    error : float
        No point of the file is farther than this from the function, at the same argument.
    """

    node: str
    function: str
    cells: int
    error: float


@dataclass(frozen=True, eq=False)
class _Cells:
    """Cells of several neurons, one after the other.

    ``neuron`` (K,) tells whose each is; ``low``, ``high`` are its ends.
    """

    neuron: Index
    low: Array
    high: Array


def encode_function(
    builder: ModelBuilder,
    number: int,
    function: Function,
    known: Interval,
    z: Expr,
    y: Expr,
    cells: int,
) -> tuple[Envelope, list[tuple[str, Index]]]:
    """Write ``y = f(z)`` for columns ``z`` and ``y``.

    Parameters
    ----------
    known : Interval
        (n,) bounds of ``z``.
    cells : int
        How many are wanted for each neuron.

    Returns
    -------
    Envelope, list of (stem, neurons)
        The blocks of columns that were added: the binaries and the copies.
    """
    parts = _Cells(*functions.cells_of(function, known.lower, known.upper, cells))
    lines = functions.cell_lines(function, parts.low, parts.high)
    blocks, chosen, copy = _choice(builder, number, parts, z)
    for name, slope, offset, sign in (
        ("low", lines.lower_slope, lines.lower_offset, 1.0),
        ("high", lines.upper_slope, lines.upper_offset, -1.0),
    ):
        _sums(
            builder,
            f"{name}{number}",
            parts,
            [(copy, sign * slope)],
            chosen,
            sign * offset,
            y,
            sign,
        )
    gaps = [
        (lines.upper_slope - lines.lower_slope) * end + (lines.upper_offset - lines.lower_offset)
        for end in (parts.low, parts.high)
    ]
    error = float(np.maximum(*gaps).max(initial=0.0)) * (1.0 + 1e-9)
    most = int(np.bincount(parts.neuron).max(initial=1))
    return Envelope("", str(function), most, max(error, 0.0)), blocks


def encode_product(
    builder: ModelBuilder,
    number: int,
    known: tuple[Interval, Interval],
    x: Expr,
    z: Expr,
    y: Expr,
    cells: int,
) -> tuple[Envelope, list[tuple[str, Index]]]:
    """Write ``y = x z`` for columns, with cells of the first factor; bounds are (n,) each."""
    first, second = known
    count = len(first.lower)
    ends = first.lower[:, None] + (first.upper - first.lower)[:, None] * (
        np.arange(cells + 1) / cells
    )
    ends[:, 0], ends[:, -1] = first.lower, first.upper
    ends = np.maximum.accumulate(np.minimum(ends, first.upper[:, None]), axis=1)
    neuron = np.repeat(np.arange(count), cells)
    parts = _Cells(neuron, ends[:, :-1].reshape(-1), ends[:, 1:].reshape(-1))
    other = Interval(second.lower[neuron], second.upper[neuron])
    blocks, chosen, copy = _choice(builder, number, parts, x)
    twin = _copies(builder, f"w{number}", parts.neuron, other, chosen, z)
    if twin is not z:
        blocks.append((f"w{number}", neuron))
    for above, name, sign in ((False, "low", 1.0), (True, "high", -1.0)):
        planes = product_planes(Interval(parts.low, parts.high), other, above=above)
        for side, plane in zip("ab", planes, strict=True):
            pairs = [(copy, sign * plane.first), (twin, sign * plane.second)]
            _sums(
                builder, f"{name}{side}{number}", parts, pairs, chosen, sign * plane.offset, y, sign
            )
    error = float(((parts.high - parts.low) * (other.upper - other.lower)).max(initial=0.0)) / 2
    return Envelope("", "product", cells, error * (1.0 + 1e-9)), blocks


def _choice(
    builder: ModelBuilder, number: int, parts: _Cells, z: Expr
) -> tuple[list[tuple[str, Index]], Expr | None, Expr]:
    """Binaries that choose a cell and the copies of the argument; neither for one cell each."""
    if len(parts.neuron) == len(z):
        return [], None, z
    chosen = builder.binaries(f"c{number}", len(parts.neuron))
    builder.equal(f"one{number}", chosen.through(_sum_of(parts.neuron, len(z))), np.ones(len(z)))
    copy = _copies(builder, f"v{number}", parts.neuron, Interval(parts.low, parts.high), chosen, z)
    return [(f"c{number}", parts.neuron), (f"v{number}", parts.neuron)], chosen, copy


def _copies(
    builder: ModelBuilder, stem: str, neuron: Index, ends: Interval, chosen: Expr | None, z: Expr
) -> Expr:
    """A copy of each argument in each cell: between the ends where chosen, else 0."""
    if chosen is None:
        return z
    copy = builder.columns(stem, np.minimum(ends.lower, 0.0), np.maximum(ends.upper, 0.0))
    builder.equal(f"{stem}sum", copy.through(_sum_of(neuron, len(z))) - z)
    builder.at_most(f"{stem}low", chosen.scale(ends.lower) - copy)
    builder.at_most(f"{stem}high", copy - chosen.scale(ends.upper))
    return copy


def _sums(
    builder: ModelBuilder,
    stem: str,
    parts: _Cells,
    pairs: list[tuple[Expr, Array]],
    chosen: Expr | None,
    offset: Array,
    y: Expr,
    sign: float,
) -> None:
    """Rows ``sum (slopes copies + offset chosen) <= sign y`` over the cells of each neuron."""
    total = -y if sign > 0 else y
    gather = _sum_of(parts.neuron, len(y))
    for copy, slope in pairs:
        total = total + copy.scale(slope).through(gather)
    if chosen is None:
        builder.at_most(stem, total, -offset)
    else:
        builder.at_most(stem, total + chosen.scale(offset).through(gather))


def _sum_of(neuron: Index, count: int) -> sp.csr_array:
    """The matrix that sums the cells of each neuron."""
    entries = (np.ones(len(neuron)), (neuron, np.arange(len(neuron))))
    return sp.csr_array(sp.coo_array(entries, shape=(count, len(neuron))))
