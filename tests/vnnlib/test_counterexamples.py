"""Counterexamples as text: read back they are the same floats, inside the box, and violate."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from onnx_models import Node, X, model, saved, session

from mipc.assignment import assignment
from mipc.decide import verify
from mipc.frontend.onnx import read_network
from mipc.properties.property_question import PropertyQuestion, ask_property
from mipc.properties.vnnlib import Property, parse_property
from mipc.properties.vnnlib.counterexample import assignment_text, competition_text
from mipc.solvers.highs import Highs
from mipc.verdict import Violated

FIRST = "\n".join(
    [
        *(f"(declare-const X_{i} Real)" for i in range(3)),
        *(f"(declare-const Y_{i} Real)" for i in range(2)),
        "(assert (<= X_0 1.0))",
    ]
)
SECOND = """(vnnlib-version <2.0>)
(declare-network N
    (declare-input A float32 [2,2])
    (declare-input B float32 [])
    (declare-hidden H float32 [1,2] "h")
    (declare-output Y float32 [1])
)
(declare-network M (equal-to N)
    (declare-input C float32 [2,2])
    (declare-input D float32 [])
    (declare-output Z float32 [1])
)
(assert (<= A[0,0] 1.0))
"""
VALUES = {
    "A": np.array([[0.5, 0.25], [0.1, -0.0]], dtype=np.float32),
    "B": np.array(-1.0, dtype=np.float32),
    "H": np.array([[0.5, 3e-45]], dtype=np.float32),
    "Y": np.array([1e20], dtype=np.float32),
    "C": np.zeros((2, 2), dtype=np.float32),
    "D": np.array(2.0, dtype=np.float64),
    "Z": np.array([7], dtype=np.int64),
}
PAIR = r"\(([A-Za-z]\w*)_(\d+) ([-+.0-9e]+)\)"
WHOLE = re.compile(rf"\({PAIR}(?:\n {PAIR})*\)")


def read_back(text: str) -> dict[str, list[float]]:
    """The numbers of each tensor, in order."""
    assert WHOLE.fullmatch(text)
    found: dict[str, list[float]] = {}
    for name, index, number in re.findall(PAIR, text):
        found.setdefault(name, []).append(float(number))
        assert int(index) == len(found[name]) - 1
    return found


floats = hnp.arrays(
    np.float32, 5, elements=st.floats(width=32, allow_nan=False, allow_infinity=False)
)


@given(floats)
def test_numbers_read_back_as_the_same_floats(numbers: np.ndarray) -> None:
    source = parse_property(FIRST, "test")
    text = competition_text(source, {"X": numbers[:3], "Y": numbers[3:]})
    back = read_back(text)
    assert list(back) == ["X", "Y"]
    for found, wanted in zip(back["X"] + back["Y"], numbers.tolist(), strict=True):
        assert found == wanted
        assert np.signbit(found) == np.signbit(wanted)


def test_version_2_is_flattened_inputs_first() -> None:
    back = read_back(competition_text(parse_property(SECOND, "test"), VALUES))
    assert list(back) == ["A", "B", "C", "D", "Y", "Z"]
    assert back["A"] == VALUES["A"].reshape(-1).tolist()


def test_the_assignment_of_the_standard() -> None:
    lines = assignment_text(parse_property(SECOND, "test"), VALUES).splitlines()
    assert lines == [
        *("A float32 [2,2]", "0.5", "0.25", "0.10000000149011612", "-0.0"),
        *("B float32 []", "-1.0"),
        *("H float32 [1,2]", "0.5", "2.802596928649634e-45"),
        *("Y float32 [1]", "1.0000000200408773e+20"),
        *("C float32 [2,2]", "0.0", "0.0", "0.0", "0.0"),
        *("D float32 []", "2.0"),
        *("Z float32 [1]", "7"),
    ]


def boxed(low: str, high: str, atom: str) -> str:
    bounds = "".join(f"(assert (>= X_{i} {low}))(assert (<= X_{i} {high}))\n" for i in range(3))
    return FIRST.replace("(assert (<= X_0 1.0))", bounds) + f"(assert {atom})"


TIGHT = [
    # float32(0.1) lies above 0.1 and float32(0.3) above 0.3: neither bound may be rounded to
    ("0.05", "0.1", "(>= Y_0 0.29)"),
    ("0.1", "0.3", "(<= Y_0 0.31)"),
    ("-0.3", "-0.1", "(>= Y_1 0.19)"),
    ("0.1", "0.100000003", "(>= Y_0 0.0)"),
    ("0.3", "0.7", "(and (>= Y_0 2.09) (<= Y_1 -1.39))"),
]


@pytest.mark.parametrize(("low", "high", "atom"), TIGHT)
def test_a_counterexample_holds_strictly(
    low: str, high: str, atom: str, tmp_path: Path, highs: Highs
) -> None:
    matrix = np.array([[1.0, -1.0], [1.0, -0.5], [1.0, -0.5]])
    network = read_network(saved(model([Node("MatMul", X, matrix)], (1, 3)), tmp_path))
    (tmp_path / "q.vnnlib").write_text(boxed(low, high, atom))
    question = PropertyQuestion.read(tmp_path / "q.vnnlib")
    query = ask_property({"N": network}, question)
    verdict = verify(query, solver=highs).verdict
    assert isinstance(verdict, Violated)
    back = read_back(competition_text(question.source, assignment(query, verdict.witness)))
    point = np.array(back["X"], dtype=np.float32)
    check(point, back, question.source, (Fraction(low), Fraction(high)))
    (output,) = session(network.path).run(None, {"x": point.reshape(1, 3)})
    np.testing.assert_allclose(output.reshape(-1), back["Y"], rtol=1e-6)


def check(
    point: np.ndarray,
    back: dict[str, list[float]],
    source: Property,
    ends: tuple[Fraction, Fraction],
) -> None:
    """The text names float32s, in the box as it is written, at which the assertions hold."""
    assert point.tolist() == back["X"]
    assert all(ends[0] <= Fraction(x) <= ends[1] for x in back["X"])
    assert source.holds(back)
