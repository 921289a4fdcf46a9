"""Every operator, many attributes: it means what ONNX Runtime computes, and all laws hold of it.

The cases are the rows of the tables in this folder.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from exact_products import off_by, whole_numbers
from operator_laws import (
    assert_bounds_hold,
    assert_exact_values_enclose_floats,
    assert_means_what_onnx_runtime_computes,
    read,
)
from operator_tables import CASES, Case

from mipc.ir.ops import Affine
from mipc.numerics.convolution import ConvMap
from mipc.numerics.linear_maps import DenseMap, LinearMap, SparseMap
from mipc.numerics.products import FAST, REPRODUCIBLE, Products
from mipc.numerics.windows import Rows

every_case = pytest.mark.parametrize("case", CASES, ids=str)
both_products = pytest.mark.parametrize(
    "products", [FAST, REPRODUCIBLE], ids=["fast", "reproducible"]
)


@every_case
def test_it_means_what_onnx_runtime_computes(case: Case, tmp_path: Path) -> None:
    assert_means_what_onnx_runtime_computes(case, read(case, tmp_path))


@every_case
def test_exact_values_enclose_float64_within_rounding(case: Case, tmp_path: Path) -> None:
    assert_exact_values_enclose_floats(read(case, tmp_path).graph)


@every_case
@both_products
def test_bounds_hold_at_sampled_points(case: Case, products: Products, tmp_path: Path) -> None:
    assert_bounds_hold(read(case, tmp_path).graph, products)


@every_case
@both_products
def test_maps_agree_with_their_entries(case: Case, products: Products, tmp_path: Path) -> None:
    graph = read(case, tmp_path).graph
    for node in graph:
        if isinstance(node.op, Affine):
            for operand, linear in zip(node.operands, node.op.maps, strict=True):
                check_forwards(linear, products)
                check_backwards(linear, some_rows(linear), products)
                before = graph[operand].op
                if isinstance(before, Affine) and isinstance(linear, ConvMap):
                    check_windows(before.maps[0], linear, products)


def check_forwards(linear: LinearMap, products: Products) -> None:
    """Each entry of ``M x`` is off by at most ``e max|x|``."""
    entries = linear.tocsr().toarray()
    x = spread(np.random.default_rng(4), (3, entries.shape[1]))
    largest = np.abs(x).max(axis=1)[:, None]
    error = linear.error(products) * largest
    assert (off_by(linear.apply(x, products), x, entries.T) <= error).all()
    absolute = linear.apply_absolute(np.abs(x), products)
    assert (off_by(absolute, np.abs(x), np.abs(entries).T) <= error).all()
    assert linear.row_sum >= np.abs(entries).sum(axis=1).max() * (1 - 1e-15)
    assert linear.shape == entries.shape
    assert linear.nonzeros == np.count_nonzero(entries)


def check_backwards(linear: LinearMap, rows: Rows, products: Products) -> None:
    """``|(a M) x - a (M x)| <= e sum|a| max|x|``, for the worst ``x`` of all."""
    entries = linear.tocsr().toarray()
    pulled = linear.pull(rows, products)
    lost = off_by(pulled.dense(), rows.dense(), entries).sum(axis=1)
    error = linear.error(products, rows.window) * np.abs(rows.values).sum(axis=1)
    assert (lost <= error * (1 + 1e-12)).all()


def check_windows(before: LinearMap, linear: ConvMap, products: Products) -> None:
    """Rows of a convolution, as they come in windows, pulled through the map before it."""
    if linear.shape[1] == before.shape[0]:
        rows = linear.unit_rows(
            np.arange(linear.shape[0]), np.zeros(linear.shape[0], dtype=np.intp)
        )
        check_backwards(before, rows, products)


def some_rows(linear: LinearMap) -> Rows:
    """Dense rows over the result, of very different sizes."""
    values = spread(np.random.default_rng(5), (4, linear.shape[0]))
    return Rows(values, linear.shape[0], np.zeros(4, dtype=np.intp))


def spread(numbers: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers over six orders of magnitude."""
    return numbers.uniform(-1, 1, shape) * 10.0 ** numbers.integers(-3, 4, shape)


@every_case
def test_single_rows_are_the_entries(case: Case, tmp_path: Path) -> None:
    for node in read(case, tmp_path).graph:
        for linear in node.op.maps if isinstance(node.op, Affine) else ():
            neurons = np.arange(linear.shape[0])
            rows = linear.unit_rows(neurons, np.zeros(len(neurons), dtype=np.intp))
            np.testing.assert_array_equal(rows.dense(), linear.tocsr().toarray())


def test_whole_numbers_are_exact() -> None:
    assert whole_numbers(np.array([0.75, -1e-3])).tolist() == [
        3 << 298,
        -int(1e-3 * 2.0**60) * 2**240,
    ]


def test_a_row_sum_is_at_least_the_exact_one() -> None:
    row = sp.csr_array(np.full((1, 5001), 0.1))
    exact = 5001 * Fraction(0.1)
    for linear in (
        SparseMap(row),
        DenseMap(row.toarray()),
        ConvMap(row.toarray().reshape(1, -1, 1, 1), (5001, 1, 1)),
    ):
        assert exact <= Fraction(linear.row_sum) <= exact * (1 + Fraction(1, 10**11))
