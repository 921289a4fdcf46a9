"""Numbers so small, so large or so many that what is computed from them says nothing by itself."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from small_networks import boxed, dense_network

import mipc
from mipc.numerics.interval import Interval
from mipc.search.branch import Branched, branch
from mipc.search.compact import Block, Compact, Level

NOTHING = np.zeros(1)

pytestmark = [
    pytest.mark.filterwarnings("ignore:overflow encountered"),
    pytest.mark.filterwarnings("ignore:invalid value encountered"),
]


def searched(dense: Compact, turns: int = 30) -> Branched:
    """A search that is not helped by points."""
    count = itertools.count()
    return branch(
        dense, try_point=lambda point: False, go_on=lambda done, waiting, bound: next(count) < turns
    )


def compact_of(
    low: float, high: float, levels: list[Level], bounds: Interval, row: Block
) -> Compact:
    """One input; one disjunct."""
    box = Interval(np.array([low]), np.array([high]))
    return Compact({"x": slice(0, 1)}, box, tuple(levels), bounds, {0: row})


@pytest.mark.parametrize(("low", "high"), [(0.0, 1e-40), (1e-25, np.nextafter(1e-25, 1.0))])
@pytest.mark.parametrize("depth", [2, 3])
def test_inputs_that_hardly_vary_under_a_dense_level(
    tmp_path: Path, low: float, high: float, depth: int
) -> None:
    """A spike of one input that random neurons hide from the attack."""
    rng = np.random.default_rng(0)
    inputs, noise, at, width = 25, 12, 0.734375, 2.0**-12
    dense = np.round(rng.normal(size=(noise, inputs)) * 64) / 64
    spike = np.zeros((3, inputs))
    spike[:, 1] = 1.0
    first = np.vstack([spike, dense])
    offset = np.concatenate(
        [np.array([width, 0.0, -width]) - at, -np.round(dense.sum(axis=1) / 2 * 64) / 64]
    )
    last = np.zeros((2, 3 + noise))
    last[1, :3] = np.array([2.0, -4.0, 2.0]) / width
    last[1, 3:] = 2.0**-12 * np.where(np.arange(noise) % 2, 1.0, -1.0)
    layers = [(first, offset), (last, np.array([0.0, -1.0]))]
    if depth == 3:
        wide = np.vstack([last, -last])
        layers[1] = wide, np.zeros(4)
        layers.append((np.array([[0.0, 0.0, 0, 0], [0, 1.0, 0, -1.0]]), np.array([0.0, -1.0])))
    network = dense_network(tmp_path / "net.onnx", layers)
    box = np.zeros(inputs), np.ones(inputs)
    box[0][0], box[1][0] = low, high
    answer = mipc.verify(boxed(network, *box), timeout=5)
    assert not isinstance(answer.verdict, mipc.Robust)
    worst = mipc.verify(boxed(network, *box, objective="worst"), timeout=5)
    assert worst.margin is not None
    assert worst.margin[1] >= 1.0


def test_numbers_that_overflow_prove_nothing(tmp_path: Path) -> None:
    span = 0.1, 1e-6
    network = dense_network(
        tmp_path / "net.onnx",
        [
            (np.array([[1e200], [1e200]]), np.array([-9e-101, -5.5e-101])),
            (np.array([[-2e108, 0], [0, 1e101]]), np.array([1e7, 0])),
            (np.array([[0, 0], [1e-7, span[0]]]), np.array([0, -1 - span[0] * (3.5 - span[1])])),
        ],
        "float64",
    )
    answer = mipc.verify(boxed(network, [0.0], [1e-300]), timeout=5)
    assert not isinstance(answer.verdict, mipc.Robust)


def test_an_overflow_in_a_later_level_empties_no_part() -> None:
    """The margin is 1e7 - 1 at 0."""
    levels = [
        Level(np.array([[1e200]]), np.array([-4e-101]), NOTHING, "a", slice(0, 1)),
        Level(np.array([[0, -2e108]]), np.array([1e7]), NOTHING, "b", slice(1, 2)),
    ]
    bounds = Interval(np.array([-4.1e-101, -1.2e8]), np.array([6.1e-101, 1.1e7]))
    row = Block(np.array([[0, 0, 1.0]]), np.array([-1.0]), NOTHING)
    assert not searched(compact_of(0.0, 1e-300, levels, bounds, row)).closed


def test_a_region_of_two_subnormal_numbers() -> None:
    """The margin is 1.4 at the upper one."""
    levels = [Level(np.array([[1e300]]), np.array([-2.5e-24]), NOTHING, "a", slice(0, 1))]
    bounds = Interval(np.array([-2.6e-24]), np.array([2.5e-24]))
    row = Block(np.array([[0, 1e24]]), np.array([-1.0]), NOTHING)
    assert not searched(compact_of(0.0, 5e-324, levels, bounds, row)).closed


def test_the_rounding_of_a_sum_of_many_rows() -> None:
    """The margin is exactly 0 at (1, 1)."""
    count = 4096
    tiny = 2.0**-53 * count * 0.99 / 8
    weights = np.zeros((count, 2))
    weights[:, 0] = tiny
    weights[0] = count, -count
    offset = np.full(count, -tiny)
    offset[0] = 0.0
    box = Interval(np.array([0.5, 1.0]), np.array([1.0, 1.0]))
    none = Interval(np.zeros(0), np.zeros(0))
    rows = Block(weights, offset, np.zeros(count))
    assert not searched(Compact({"x": slice(0, 2)}, box, (), none, {0: rows})).closed


@pytest.mark.parametrize("turns", [1, 3, 10])
def test_bounds_of_many_rows_are_bounds_of_the_least(turns: int) -> None:
    """The largest margin is 1, at 0, where all rows are; whatever storing does to their weights."""
    angles = 2 * np.pi * np.arange(25) / 25
    weights = 1000 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    box = Interval(np.full(2, -0.7), np.ones(2))
    none = Interval(np.zeros(0), np.zeros(0))
    rows = Block(weights, np.ones(25), np.zeros(25))
    found = searched(Compact({"x": slice(0, 2)}, box, (), none, {0: rows}), turns)
    assert found.upper[0] >= 1.0
