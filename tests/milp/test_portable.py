"""What the writers refuse: numbers and names that solvers would not all read the same way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from milp_models import small_model

from mipc.errors import RangeError
from mipc.milp import lp, mps
from mipc.milp.model import Model, Names


def changed(attribute: str, index: int, value: float) -> Model:
    """The small model with one number of an array replaced."""
    model = small_model()
    array = model.matrix.data if attribute == "matrix" else getattr(model, attribute)
    array[index] = value
    return model


def named(columns: list[str]) -> Model:
    """The small model with its first columns renamed."""
    model = small_model()
    return replace(model, columns=Names.listed(columns + model.columns.texts()[len(columns) :]))


@pytest.mark.parametrize("form", [mps, lp], ids=["mps", "lp"])
@pytest.mark.parametrize(
    ("attribute", "index", "value", "where", "what"),
    [
        ("matrix", 1, np.nan, "row cap_0", "coefficient of column a_0 is nan"),
        ("matrix", 0, -np.inf, "row cap_0", "coefficient of column x_0 is -inf"),
        ("matrix", 3, 1e15, "row cap_1", "coefficient of column a_1 is 1000000000000000.0"),
        ("matrix", 3, -1e-9, "row cap_1", "coefficient of column a_1 is -1e-09"),
        ("objective", 1, np.nan, "column x_1", "objective coefficient is nan"),
        ("objective", 1, 1e-10, "column x_1", "objective coefficient is 1e-10"),
        ("rhs", 2, np.inf, "row tie_0", "right-hand side"),
        ("rhs", 2, -1e19, "row tie_0", "right-hand side"),
        ("rhs", 2, np.nan, "row tie_0", "right-hand side"),
        ("lower", 0, np.nan, "column x_0", "a bound that is not a number"),
        ("lower", 1, np.inf, "column x_1", "a bound that no value meets"),
        ("upper", 0, 1e19, "column x_0", "a finite bound of 1e19"),
        ("lower", 0, 5.0, "column x_0", "a lower bound above the upper"),
        ("upper", 3, 2.5, "column n_0", "an integer with a fractional bound"),
    ],
)
def test_numbers_no_solver_is_trusted_with(
    form: object, attribute: str, index: int, value: float, where: str, what: str
) -> None:
    with pytest.raises(RangeError) as error:
        form.write(changed(attribute, index, value))
    assert error.value.where == where
    assert what in error.value.what
    assert error.value.remedy


@pytest.mark.parametrize("form", [mps, lp], ids=["mps", "lp"])
@pytest.mark.parametrize(
    "columns",
    [
        ["x y"],
        ["1x"],
        ["x.y"],
        ["free"],
        ["St"],
        ["x" * 101],
        ["straße"],
        ["a", "a"],
        [""],
        ["x\n"],
    ],
)
def test_names_not_read_alike(form: object, columns: list[str]) -> None:
    with pytest.raises(RangeError):
        form.write(named(columns))


def test_names_like_exponents_only_in_mps() -> None:
    assert b" e1 obj" in mps.write(named(["e1"]))
    with pytest.raises(RangeError):
        lp.write(named(["e1"]))


def test_row_named_like_the_objective() -> None:
    model = small_model()
    with pytest.raises(RangeError):
        mps.write(replace(model, rows=Names.listed(["obj", *model.rows.texts()[1:]])))


def test_numbers_at_the_limits_are_written() -> None:
    largest, smallest = np.nextafter(1e15, 0), np.nextafter(1e-9, 1)
    for value in (largest, smallest):
        model = mps.read(mps.write(changed("matrix", 0, value)), "m")
        assert model.matrix.data[0] == value
