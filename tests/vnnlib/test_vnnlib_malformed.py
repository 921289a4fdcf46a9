"""Each property in tests/failing/vnnlib, with the place and the words of its error."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from mipc.errors import InputError, PropertyError, UnsupportedProperty
from mipc.properties.vnnlib import parse_property, read_property

FAILING = Path(__file__).parent.parent / "failing" / "vnnlib"

MALFORMED = {
    "brackets": ("8:17", "brackets belong to version 2: 'Y[0]'"),
    "carriage_return": ("1:25", "a carriage return alone: '\\r'"),
    "chain": ("8:13", "a comparison has two sides: '(<= 0.0 Y_0 Y_1)'"),
    "comma": ("8:20", "a comma outside of brackets: ','"),
    "control_character": ("8:17", "a name that is not declared before: 'Y_0\\x00'"),
    "cut_off": ("8:1", "a parenthesis that is not closed: '(assert (or (<= Y_0 Y_1)'"),
    "cut_off_early": ("6:1", "nothing is asserted"),
    "declaration_without_type": (
        "4:1",
        "a declaration has a name and a type: '(declare-const Y_1)'",
    ),
    "declared_late": ("5:13", "a name that is not declared before: 'X_0'"),
    "declared_twice": ("4:16", "declared a second time: 'Y_0'"),
    "deep": ("8:3025", "more than 1000 forms inside one another: '(- (- (- (- (- (- (- (- "),
    "empty": ("", "an empty property"),
    "empty_form": ("8:9", "no comparison, (and ...) or (or ...): '(or () (>= Y_1 1e-3))'"),
    "empty_or": ("8:9", "nothing to apply this to: '(or)'"),
    "form_as_head": ("7:2", "an assertion has one formula: '(assert)'"),
    "formula_alone": ("7:1", "a form that cannot stand by itself: '(>= X_0 -0.5)'"),
    "formula_as_number": ("8:13", "no number and no variable: '(<= Y_0 (>= Y_1 0.0))'"),
    "function_with_argument": ("4:18", "no form begins with 'Real': '(Real)'"),
    "gap": ("4:16", "declared without Y_1: 'Y_2'"),
    "hexadecimal": ("8:34", "no number, or out of range: '0x10'"),
    "huge_exponent": ("8:34", "no number, or out of range: '1e999999999'"),
    "huge_number": (
        "8:34",
        "no number, or out of range: '9999999999999999999999999999999999999...'",
    ),
    "infinite": ("6:17", "a name that is not declared before: 'inf'"),
    "latin_1": ("1:10", "no text in UTF-8: the byte 0xfc"),
    "leading_zero": ("4:16", "no name of a variable: 'Y_01'"),
    "nested_assertion": (
        "8:9",
        "no comparison, (and ...) or (or ...): '(or (assert (<= Y_0 Y_1)) (",
    ),
    "no_inputs": ("3:1", "no inputs are declared"),
    "no_outputs": ("6:1", "no outputs are declared"),
    "not_a_number": ("8:34", "no number, or out of range: '1.2.3'"),
    "not_declared": ("8:17", "a name that is not declared before: 'Y_2'"),
    "number_as_formula": (
        "8:9",
        "no comparison, (and ...) or (or ...): '(or (+ Y_0 Y_1) (>= Y_1 1e-3))'",
    ),
    "one_side": ("8:13", "a comparison has two sides: '(<= Y_0)'"),
    "other_name": ("4:16", "no name of a variable: 'Z_1'"),
    "parenthesis_too_many": ("6:22", "a closing parenthesis without an opening one: ')'"),
    "quotation_mark": ("8:21", "a quotation mark that is not closed: '\"Y_1) (>= Y_1 1e-3)))'"),
    "text_outside": ("7:1", "text outside of parentheses: 'assert'"),
    "two_formulas": ("6:1", "an assertion has one formula: '(assert (<= X_0 0.5) (<= X_0 1.0))'"),
    "underscore": ("8:34", "no number, or out of range: '1_000'"),
    "unicode_digit": ("8:34", "a name that is not declared before: '٣'"),
    "unknown_operator": ("8:13", "no form begins with '=<': '(=< Y_0 Y_1)'"),
    "v2_element_fraction": ("7:13", "no indices or lengths in brackets: 'X[0,1.0]'"),
    "v2_element_missing_index": ("7:13", "no element of X, of shape [1,2]: 'X[1]'"),
    "v2_element_out_of_bounds": ("7:13", "no element of X, of shape [1,2]: 'X[1,0]'"),
    "v2_fraction_of_integers": ("8:37", "no number of type int8: '0.25'"),
    "v2_hidden_without_name": (
        "4:3",
        "a hidden tensor without its name in the network: '(declare-hidden ",
    ),
    "v2_name": ("2:18", "not a name: '1N'"),
    "v2_name_twice": ("4:19", "declared a second time: 'X'"),
    "v2_negative_length": ("3:20", "no indices or lengths in brackets: 'float32 [-1,2]'"),
    "v2_negative_unsigned": ("8:37", "no number of type uint8: '-1'"),
    "v2_network_late": ("9:1", "a network after an assertion: '(declare-network M (equal-to N)'"),
    "v2_network_twice": ("6:18", "declared a second time: 'N'"),
    "v2_no_assertion": ("6:1", "nothing is asserted"),
    "v2_no_output": ("2:1", "a network without inputs or outputs: '(declare-network N'"),
    "v2_no_shape": ("3:3", "a tensor has a name, a type and a shape: '(declare-input X float32)'"),
    "v2_not_declared": ("7:13", "a name that is not declared before: 'Z[0,1]'"),
    "v2_order": ("4:3", "not where it belongs in a network: '(declare-input Y float32 [2])'"),
    "v2_relation_chain": ("10:30", "a network that refers to another one: 'M'"),
    "v2_relation_shape": ("6:20", "tensors unlike those of N: '(equal-to N)'"),
    "v2_relation_twice": ("6:33", "not where it belongs in a network: '(isomorphic-to N)'"),
    "v2_relation_unknown": ("6:30", "no network that is declared before: 'L'"),
    "v2_shape_not_closed": ("3:28", "brackets that do not follow a word, or are not closed: '['"),
    "v2_some_names": ("2:1", "names in the network's file for some tensors only: '(declare-netwo"),
    "v2_tensor_alone": (
        "6:1",
        "a form that cannot stand by itself: '(declare-input Z float32 [1])'",
    ),
    "v2_two_types": ("8:13", "float64 and float32 in one expression: '(<= Y[0] X[0,0])'"),
    "v2_type": ("3:20", "no element type: 'float33 [1,2]'"),
    "v2_version_1_name": ("7:13", "a name that is not declared before: 'X_1'"),
    "v2_version_text": ("1:1", "no version: '(vnnlib-version 2.0)'"),
    "v2_version_twice": ("2:1", "a second version: '(vnnlib-version <2.0>)'"),
    "v2_without_version": ("1:1", "no version: '(declare-network N'"),
    "v2_zero_length": ("3:20", "a shape with a zero: 'float32 [0,2]'"),
}

UNSUPPORTED = {
    "division": ("8:17", "cannot be asked yet: '(/ Y_0 2.0)'"),
    "implication": ("8:9", "cannot be asked yet: '(=> (<= Y_0 Y_1) (>= Y_1 1e-3))'"),
    "many_alternatives": (
        "22:9",
        "more than 250000 alternatives, or too long ones: '(or (<= Y_0 Y_1)",
    ),
    "negation": ("8:13", "cannot be asked yet: '(not (<= Y_0 Y_1))'"),
    "product": ("8:17", "a product of variables: '(* Y_0 Y_1)'"),
    "set_logic": ("2:1", "cannot be asked yet: '(set-logic QF_LRA)'"),
    "type_int": ("4:20", "not the type Real: 'Int'"),
    "v2_huge_shape": ("3:20", "a tensor too large for mipc: 'float32 [1000000000,1000000000]'"),
    "v2_initialized": ("3:34", "inputs of this kind cannot be asked: 'initialized'"),
    "v2_product": ("8:17", "a product of variables: '(* Y[0] 2.0 Y[1])'"),
    "v2_type_bool": ("3:20", "no conditions on this type: 'bool [1,2]'"),
    "v2_version_3": ("1:1", "version 3.0 cannot be read: '(vnnlib-version <3.0>)'"),
}


def refused(name: str) -> PropertyError:
    """The error of a file."""
    path = FAILING / f"{name}.vnnlib"
    with pytest.raises(PropertyError) as error:
        read_property(path)
    assert error.value.where.startswith(str(path))
    assert len(error.value.what) < 150
    return error.value


@pytest.mark.parametrize("name", MALFORMED | UNSUPPORTED)
def test_each_failing_property_is_refused_with_the_place(name: str) -> None:
    place, words = (MALFORMED | UNSUPPORTED)[name]
    error = refused(name)
    assert error.where.removeprefix(str(FAILING / f"{name}.vnnlib")).removeprefix(":") == place
    assert error.what.startswith(words)
    assert isinstance(error, UnsupportedProperty) == (name in UNSUPPORTED)


def test_each_failing_property_has_its_row() -> None:
    assert {path.stem for path in FAILING.iterdir()} == set(MALFORMED | UNSUPPORTED)


def test_the_message_says_where_and_what_to_do() -> None:
    assert str(refused("gap")) == (
        f"{FAILING / 'gap.vnnlib'}:4:16: declared without Y_1: 'Y_2'\n  "
        "Inputs are X_0, X_1, ... and outputs Y_0, Y_1, ..., without gaps; declare them first."
    )


PROPERTY = b"(declare-const X_0 Real)\n(declare-const Y_0 Real)\n(assert (<= X_0 Y_0))\n"


def test_packed_files_are_read_in_all_their_parts(tmp_path: Path) -> None:
    path = tmp_path / "two.vnnlib.gz"
    path.write_bytes(gzip.compress(PROPERTY) + gzip.compress(b"(assert (<= Y_0 0.0))"))
    assert [len(atoms) for atoms in read_property(path).cases[0].alternatives] == [2]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (PROPERTY, "not a gzip file"),
        (gzip.compress(PROPERTY)[:-9], "ends too early"),
        (gzip.compress(PROPERTY)[:5], "ends too early"),
        (gzip.compress(PROPERTY) + b"more", "not a gzip file"),
        (gzip.compress(b" " * (64 << 20)), "far more than its packed size"),
        (b"", "an empty property"),
    ],
)
def test_packed_files_that_are_damaged(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "bad.vnnlib.gz"
    path.write_bytes(data)
    with pytest.raises(PropertyError, match=words):
        read_property(path)


def test_paths_that_lead_to_no_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing.vnnlib", "/dev/zero", "a\0b"):
        with pytest.raises(InputError):
            read_property(path)


ERRORS = [
    ("(assert (<= X_1 1.0))", "a name that is not declared"),
    ("(assert (<= X_0 1.0.0))", "no number"),
    ("(assert (<= X_0 1e400))", "no number"),
    ("(declare-const X_0 Real)", "declared a second time"),
    ("(declare-const X_00 Real)", "no name of a variable"),
]


@pytest.mark.parametrize(("line", "words"), ERRORS)
def test_lines_read_at_once_have_the_errors_of_forms(line: str, words: str) -> None:
    """Lines in the commonest spelling have a shortcut; a second blank takes the long way."""
    messages = []
    for text in (line, line.replace("(", "( ").replace(")", " )")):
        with pytest.raises(PropertyError, match=words) as error:
            parse_property(PROPERTY.decode() + text, "test")
        messages.append(error.value.what)
    assert messages[0] == messages[1]
