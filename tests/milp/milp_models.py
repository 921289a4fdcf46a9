"""Models for the tests of writers and readers: one to look at, and random ones."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from hypothesis import strategies as st

from mipc.milp.model import Expr, Model, ModelBuilder, Names


def small_model() -> Model:
    """One of each: binary, integer, free, fixed, empty column, empty row. Optimum -8."""
    builder = ModelBuilder("small")
    x = builder.columns("x", [0.0, -1.5], [4.0, np.inf])
    free = builder.columns("f", [-np.inf], [np.inf])
    count = builder.columns("n", [-np.inf], [3.0], integer=True)
    fixed = builder.columns("p", [1.25], [1.25])
    choice = builder.binaries("a", 2)
    builder.columns("q", [2.0], [np.inf], integer=True)
    builder.at_most("cap", x + choice.scale([-2.5, 1 / 3]), [5.0, 0.25])
    builder.equal("tie", free - count, 0.1)
    builder.at_most("void", Expr.fixed([0.0]), 1.0)
    builder.at_most("low", -count - x[[0]], 1.0)
    builder.minimise(-x.total() + count.scale(0.5) + fixed.scale(-1.0))
    return builder.build()


def same(a: Model, b: Model) -> bool:
    """Whether two models have the same names and, bit for bit, the same numbers."""
    return (
        a.columns.texts() == b.columns.texts()
        and a.rows.texts() == b.rows.texts()
        and all(
            _bits(x) == _bits(y)
            for x, y in (
                (a.objective, b.objective),
                (a.lower, b.lower),
                (a.upper, b.upper),
                (a.rhs, b.rhs),
                (a.matrix.data, b.matrix.data),
            )
        )
        and np.array_equal(a.integer, b.integer)
        and np.array_equal(a.sense, b.sense)
        and np.array_equal(a.matrix.indptr, b.matrix.indptr)
        and np.array_equal(a.matrix.indices, b.matrix.indices)
    )


def _bits(values: np.ndarray) -> bytes:
    return np.asarray(values, dtype=np.float64).tobytes()


def _sized(smallest: float, largest: float) -> st.SearchStrategy[float]:
    positive = st.floats(smallest, largest, exclude_min=True, exclude_max=True)
    return st.builds(lambda size, sign: size * sign, positive, st.sampled_from([1.0, -1.0]))


coefficients = _sized(1e-9, 1e15)
costs = st.just(0.0) | coefficients
limits = st.floats(-1e19, 1e19, exclude_min=True, exclude_max=True).map(lambda x: x + 0.0)
whole = st.integers(-(10**18), 10**18).map(float)
name_texts = st.from_regex(r"\A[A-DF-Za-df-z_][A-Za-z0-9_]{0,8}_[0-9]\Z")


@st.composite
def bounds(draw: st.DrawFn) -> tuple[float, float, bool]:
    """Lower and upper bound of a column, and whether it is an integer."""
    integer = draw(st.booleans())
    if integer and draw(st.booleans()):
        return 0.0, 1.0, True
    low, high = sorted(draw(st.tuples(*[whole if integer else limits] * 2)))
    shape = draw(st.sampled_from(["both", "fixed", "above", "below", "free"]))
    low = -np.inf if shape in ("below", "free") else low
    high = np.inf if shape in ("above", "free") else high
    return low, low if shape == "fixed" else high, integer


@st.composite
def models(draw: st.DrawFn) -> Model:
    """Small models with every kind of bound, empty rows and columns, numbers to the limits."""
    width, height = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    columns = draw(st.lists(bounds(), min_size=width, max_size=width))
    places = st.tuples(st.integers(0, height - 1), st.integers(0, width - 1))
    entries = draw(st.dictionaries(places, coefficients, max_size=12))
    rows, indices = zip(*entries, strict=True) if entries else ((), ())
    matrix = sp.csr_array(
        (np.array(list(entries.values()), dtype=float), (list(rows), list(indices))),
        shape=(height, width),
    )
    matrix.sort_indices()
    return Model(
        name="random",
        columns=draw(_names(width)),
        rows=draw(_names(height)),
        objective=np.array(draw(st.lists(costs, min_size=width, max_size=width))),
        lower=np.array([low for low, _, _ in columns]),
        upper=np.array([high for _, high, _ in columns]),
        integer=np.array([integer for _, _, integer in columns]),
        matrix=matrix,
        sense=np.array(
            draw(st.lists(st.sampled_from([-1, 0, 1]), min_size=height, max_size=height)),
            dtype=np.int8,
        ),
        rhs=np.array(draw(st.lists(limits, min_size=height, max_size=height))),
    )


def _names(count: int) -> st.SearchStrategy[Names]:
    listed = st.lists(name_texts, min_size=count, max_size=count, unique=True).map(Names.listed)
    return listed | st.just(Names((("v", count),)))
