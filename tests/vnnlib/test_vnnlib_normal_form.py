"""Laws of normal forms: at any point a property says what its text says, and boxes are exact."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_properties import COMPARISONS, Written, normal_form_holds, points, properties

from mipc.errors import QuestionError, UnsupportedProperty
from mipc.properties.vnnlib import Case, Property, Range, Variable, parse_property

BLANKS = ["", " ", "\n\t", "  ; a ) comment (\n", "\r\n", " ;\n;\n "]


@settings(max_examples=200)
@given(st.data(), properties())
def test_a_property_says_what_its_text_says(data: st.DataObject, written: Written) -> None:
    read = parse_property(written.text(), "test")
    assert read.version == ("1" if written.version == 1 else "2.0")
    for _ in range(4):
        point = data.draw(points(written))
        told = written.holds(point)
        assert read.holds(point) == told
        assert normal_form_holds(read, point) == told


@settings(max_examples=100)
@given(properties())
def test_boxes_enclose_ranges_and_differ(written: Written) -> None:
    read = parse_property(written.text(), "test")
    regions = set()
    for case in read.cases:
        assert case.alternatives
        regions.add(tuple(sorted(ranges(case).items())))
        for variable, found in ranges(case).items():
            assert found.lower is None or found.upper is None or found.lower <= found.upper
            check_bounds(case, variable, found)
    assert len(regions) == len(read.cases)


def ranges(case: Case) -> dict[Variable, Range]:
    """The range of every input variable."""
    variables = [Variable(t.name, i) for t in case.region.inputs for i in range(t.size)]
    return {variable: case.region.range_of(variable) for variable in variables}


def check_bounds(case: Case, variable: Variable, found: Range) -> None:
    """The arrays hold the floats around each bound."""
    bounds, i = case.box[variable.tensor], variable.place
    for side, exact, none in (
        (bounds.lower, found.lower, -np.inf),
        (bounds.upper, found.upper, np.inf),
    ):
        below, above = float(side.below[i]), float(side.above[i])
        if exact is None:
            assert below == above == none
        else:
            assert below <= exact <= above
            assert above == below if below == exact else above == np.nextafter(below, np.inf)
    assert bounds.open_below[i] == found.open_below
    assert bounds.open_above[i] == found.open_above


@settings(max_examples=60)
@given(st.data(), properties())
def test_blanks_and_comments_change_nothing(data: st.DataObject, written: Written) -> None:
    plain = parse_property(written.text(), "test")
    spaced = written.text(lambda: data.draw(st.sampled_from(BLANKS[1:])))
    changed = parse_property(spaced.replace("(assert", "( assert").replace("(<=", "(\n<="), "test")
    assert changed.networks == plain.networks
    assert shown(changed) == shown(plain)


def shown(read: Property) -> list[object]:
    return [(ranges(case), case.alternatives) for case in read.cases]


ELEMENT = ("element", "X", 0)
NEGATED = ("*", ("number", "-2.0"), ELEMENT)
ATOMS = [
    tree
    for number in (("number", "0.0"), ("number", "1.0"))
    for comparison in COMPARISONS
    if comparison != "=="
    for tree in (
        (comparison, ELEMENT, number),
        (comparison, number, ELEMENT),
        (comparison, NEGATED, number),
    )
]


@pytest.mark.parametrize("head", ["and", "or"])
def test_any_two_bounds_of_one_input(head: str) -> None:
    """All pairs of bounds, at their bounds and between."""
    shapes = {"X": (1,), "Y": (1,)}
    numbers = [Fraction(n, 4) for n in (-3, -2, -1, 0, 1, 4, 5)]
    for first, second in product(ATOMS, ATOMS):
        written = Written(1, shapes, frozenset({"X"}), ((head, first, second),))
        read = parse_property(written.text(), "test")
        for number in numbers:
            point = {"X": [number], "Y": [Fraction(0)]}
            assert normal_form_holds(read, point) == written.holds(point), written.text()
        assert read.holds(point) == written.holds(point)


def test_strict_bounds_are_remembered() -> None:
    for assertions in (["(< X_0 1)", "(<= X_0 1)"], ["(<= X_0 1)", "(> 1 X_0)"]):
        bounds = one_input(*assertions).cases[0].box["X"]
        assert bounds.open_above.tolist() == [True, False]
        assert not bounds.open_below.any()
    (case,) = one_input("(< Y_0 1)", "(>= Y_0 0)").cases
    assert [atom.strict for atom in case.alternatives[0]] == [True, False]


def one_input(*assertions: str, outputs: int = 1) -> Property:
    declared = "(declare-const X_0 Real)(declare-const X_1 Real)"
    declared += "".join(f"(declare-fun Y_{i} () Real)" for i in range(outputs))
    return parse_property(declared + "".join(f"(assert {a})" for a in assertions), "test")


def test_alternatives_of_one_box_are_together() -> None:
    box = "(>= X_0 0) (<= X_0 1.0)"
    read = one_input(f"(or (and {box} (<= Y_0 0)) (and (<= X_0 2) {box} (>= Y_0 3)) (<= X_0 -1))")
    assert [len(case.alternatives) for case in read.cases] == [2, 1]
    assert read.cases[1].alternatives == ((),)


def test_boxes_that_are_empty_are_dropped_exactly() -> None:
    third = "0." + "3" * 30
    assert not one_input(f"(>= X_0 {third})", f"(< X_0 {third})").cases
    assert len(one_input(f"(>= X_0 {third})", f"(<= X_0 {third})").cases) == 1
    assert not one_input(f"(>= X_0 {third}3)", f"(<= X_0 {third})").cases
    assert not one_input("(<= 1.0 0.0)").cases
    assert not one_input("(and (<= X_0 0) (or (> X_0 0) (and (>= X_0 1) (<= Y_0 0))))").cases


def test_choices_that_cannot_meet_cost_nothing() -> None:
    """Twenty disjunctions of two boxes each: a million combinations, two of which are not empty."""
    split = ["(or (<= X_0 0.0) (>= X_0 1.0))"] * 20
    assert len(one_input(*split).cases) == 2


def test_too_many_alternatives_are_refused_with_the_place() -> None:
    split = ["(or (<= Y_0 0.0) (>= Y_1 1.0))"] * 20
    with pytest.raises(UnsupportedProperty, match="alternatives") as error:
        one_input(*split, outputs=2)
    assert error.value.where.startswith("test:1:")


def test_thousands_of_boxes_are_as_many_cases() -> None:
    boxes = " ".join(f"(and (>= X_0 {i}.0) (<= X_0 {i}.5) (<= Y_0 0.{i}))" for i in range(5_000))
    read = one_input(f"(or {boxes})")
    assert len(read.cases) == 5_000
    assert read.cases[777].box["X"].lower.below[0] == 777


def test_bounds_beyond_floats_are_kept_outside() -> None:
    read = one_input("(<= (* 1e-300 X_0) 1e300)", "(>= (* 1e-300 X_0) -1e300)")
    bounds = read.cases[0].box["X"]
    assert bounds.upper.below[0] == np.finfo(np.float64).max
    assert bounds.upper.above[0] == np.inf
    assert bounds.lower.below[0] == -np.inf
    assert read.holds({"X": [Fraction(10) ** 600, 0]})
    assert not read.holds({"X": [Fraction(10) ** 600 + 1, 0]})


def test_values_may_be_arrays_of_any_float() -> None:
    read = one_input("(<= X_0 0.1)", "(> (+ X_0 Y_0) 0)")
    tenth = np.float32(0.1)
    assert not read.holds({"X": np.array([[tenth], [0]]), "Y": np.ones((1, 1), np.float16)})
    below = np.nextafter(tenth, np.float32(0))
    assert read.holds({"X": np.array([below, 0]), "Y": np.array([0])})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"X": [0, 0]}, "no value is given for 'Y'"),
        ({"X": [0], "Y": [0]}, "1 values are given for 'X', which has 2"),
        ({"X": [np.nan, 0], "Y": [0]}, "not a finite number"),
        ({"X": [0, 0], "Y": [np.inf]}, "not a finite number"),
    ],
)
def test_values_that_say_nothing_are_refused(values: dict[str, object], words: str) -> None:
    with pytest.raises(QuestionError, match=words):
        one_input("(<= X_0 0.0)", "(<= Y_0 0.0)").holds(values)
