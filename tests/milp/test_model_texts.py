"""Models written as MPS and LP: how they look, and that they come back bit for bit."""

from __future__ import annotations

from pathlib import Path

import highspy
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from milp_models import models, same, small_model

from mipc.errors import MipcError
from mipc.milp import lp, mps
from mipc.milp.model import Model, Names

SMALL_MPS = """\
NAME small FREE
ROWS
 N obj
 L cap_0
 L cap_1
 E tie_0
 L void_0
 L low_0
COLUMNS
 x_0 obj -1.0
 x_0 cap_0 1.0
 x_0 low_0 -1.0
 x_1 obj -1.0
 x_1 cap_1 1.0
 f_0 tie_0 1.0
 M0 'MARKER' 'INTORG'
 n_0 obj 0.5
 n_0 tie_0 -1.0
 n_0 low_0 -1.0
 M1 'MARKER' 'INTEND'
 p_0 obj -1.0
 a_0 cap_0 -2.5
 a_1 cap_1 0.3333333333333333
 M2 'MARKER' 'INTORG'
 q_0 obj 0.0
 M3 'MARKER' 'INTEND'
RHS
 rhs cap_0 5.0
 rhs cap_1 0.25
 rhs tie_0 0.1
 rhs void_0 1.0
 rhs low_0 1.0
BOUNDS
 LO bnd x_0 0.0
 UP bnd x_0 4.0
 LO bnd x_1 -1.5
 PL bnd x_1
 FR bnd f_0
 MI bnd n_0
 UP bnd n_0 3.0
 FX bnd p_0 1.25
 BV bnd a_0
 BV bnd a_1
 LO bnd q_0 2.0
 PL bnd q_0
ENDATA
"""

SMALL_LP = """\
Minimize
 obj: - 1.0 x_0
 - 1.0 x_1
 + 0.0 f_0
 + 0.5 n_0
 - 1.0 p_0
 + 0.0 a_0
 + 0.0 a_1
 + 0.0 q_0
Subject To
 cap_0: + 1.0 x_0
 - 2.5 a_0 <= 5.0
 cap_1: + 1.0 x_1
 + 0.3333333333333333 a_1 <= 0.25
 tie_0: + 1.0 f_0
 - 1.0 n_0 = 0.1
 void_0: + 0.0 x_0 <= 1.0
 low_0: - 1.0 x_0
 - 1.0 n_0 <= 1.0
Bounds
 0.0 <= x_0 <= 4.0
 x_1 >= -1.5
 f_0 free
 -inf <= n_0 <= 3.0
 p_0 = 1.25
 q_0 >= 2.0
Generals
 n_0
 q_0
Binaries
 a_0
 a_1
End
"""

formats = pytest.mark.parametrize("form", [mps, lp], ids=["mps", "lp"])


def test_small_model_as_mps() -> None:
    assert mps.write(small_model()).decode() == SMALL_MPS


def test_small_model_as_lp() -> None:
    assert lp.write(small_model()).decode() == SMALL_LP


@pytest.mark.parametrize(("form", "text"), [(mps, SMALL_MPS), (lp, SMALL_LP)], ids=["mps", "lp"])
def test_text_read_and_written_is_the_same_text(form: object, text: str) -> None:
    assert form.write(form.read(text.encode(), "small")).decode() == text


@formats
@given(model=models())
def test_model_written_and_read_is_the_same_model(form: object, model: Model) -> None:
    assert same(form.read(form.write(model), "random"), model)


@formats
@settings(max_examples=60, deadline=None)
@given(model=models())
def test_highs_reads_the_same_model(
    form: object, model: Model, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("highs") / f"model.{form.__name__.rpartition('.')[2]}"
    path.write_bytes(form.write(model))
    assert same(read_by_highs(path), model)


@formats
@given(data=st.data())
def test_damaged_text_is_a_model_or_an_error_with_words(form: object, data: st.DataObject) -> None:
    words = form.write(small_model()).decode().split(" ")
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(words) - 1))
        other = data.draw(st.sampled_from(words) | st.text(max_size=4))
        words[at : at + data.draw(st.integers(0, 2))] = [other]
    error = refusal(form, " ".join(words).encode())
    assert error is None or (error.what and error.where.startswith("damaged"))


def refusal(form: object, text: bytes) -> MipcError | None:
    """The error of a reader, if it has one; any other kind of error goes through."""
    try:
        form.read(text, "damaged")
    except MipcError as error:
        return error
    return None


@formats
def test_many_pieces_join_to_the_same_model(form: object, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = form.write(small_model())
    monkeypatch.setattr("mipc.milp.lines._batch", 3)
    assert form.write(small_model()) == whole


@formats
def test_negative_zero_is_written_as_zero(form: object) -> None:
    model = small_model()
    model.lower[0] = -0.0
    assert form.write(model) == form.write(small_model())


def test_mps_without_rows_is_read_back() -> None:
    model = Model(
        name="bare",
        columns=Names.listed(["x", "y"]),
        rows=Names(()),
        objective=np.array([1.0, 0.0]),
        lower=np.zeros(2),
        upper=np.ones(2),
        integer=np.array([False, True]),
        matrix=sp.csr_array((0, 2)),
        sense=np.zeros(0, np.int8),
        rhs=np.zeros(0),
    )
    assert same(mps.read(mps.write(model), "bare"), model)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        (SMALL_MPS.replace("\n", "\r\n"), SMALL_MPS),
        (SMALL_MPS.replace(" L cap_0", " L   cap_0\n\n* a comment"), SMALL_MPS),
        (SMALL_MPS.replace("ROWS", "OBJSENSE\n MIN\nROWS"), SMALL_MPS),
        (SMALL_MPS.replace("ROWS", "OBJSENSE MIN\nROWS"), SMALL_MPS),
        (SMALL_MPS.replace(" L cap_0", " N other\n L cap_0"), SMALL_MPS),
        (SMALL_MPS.replace(" x_0 obj -1.0\n x_0 cap_0 1.0", " x_0 obj -1 cap_0 +1e0"), SMALL_MPS),
        (SMALL_MPS.replace(" BV bnd a_0", " BV bnd a_0 1"), SMALL_MPS),
        (SMALL_MPS.replace(" LO bnd x_0 0.0\n", ""), SMALL_MPS),
    ],
)
def test_mps_of_others_that_means_the_same(text: str, meaning: str) -> None:
    assert mps.write(mps.read(text.encode(), "other")).decode() == meaning


@pytest.mark.parametrize(
    "text",
    [
        "\\ a comment\n" + SMALL_LP,
        SMALL_LP.replace("Subject To", "s.t.").replace("Generals", "general"),
        SMALL_LP.replace("- 1.0 x_0\n - 1.0 x_1", "- x_0 - x_1"),
        SMALL_LP.replace("- 1.0 x_0\n - 1.0 x_1", "-1.0 x_0 -1 x_1"),
        SMALL_LP.replace(" 0.0 <= x_0 <= 4.0", " x_0 <= 4"),
        SMALL_LP.replace(" 0.0 <= x_0 <= 4.0", " x_0 >= 0\n x_0 <= 4"),
        SMALL_LP.replace("Generals", "gen").replace("Binaries", "bin").replace("End", "semi\nend"),
        SMALL_LP.replace("f_0 free", "-infinity <= f_0 <= +inf"),
    ],
)
def test_lp_of_others_that_means_the_same(text: str) -> None:
    assert lp.write(lp.read(text.encode(), "other")).decode() == SMALL_LP


def read_by_highs(path: Path) -> Model:
    """The model as HiGHS reads it."""
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    assert highs.readModel(str(path)) == highspy.HighsStatus.kOk
    found = highs.getLp()
    low, high = np.array(found.row_lower_), np.array(found.row_upper_)
    matrix = sp.csc_array(
        (found.a_matrix_.value_, found.a_matrix_.index_, found.a_matrix_.start_),
        shape=(found.num_row_, found.num_col_),
    ).tocsr()
    matrix.sort_indices()
    whole = [kind == highspy.HighsVarType.kInteger for kind in found.integrality_]
    return Model(
        name="highs",
        columns=Names.listed(found.col_names_),
        rows=Names.listed(found.row_names_),
        objective=np.array(found.col_cost_),
        lower=np.array(found.col_lower_),
        upper=np.array(found.col_upper_),
        integer=np.array(whole or [False] * found.num_col_),
        matrix=matrix,
        sense=np.where(low == high, 0, np.where(np.isinf(low), -1, 1)).astype(np.int8),
        rhs=np.where(np.isinf(low), high, low),
    )
