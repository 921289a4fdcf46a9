"""Each malformed file in tests/failing/{mps,lp,sol}, with the line and the words of its error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mipc.errors import ParseError
from mipc.milp import lp, mps, solution_files

FAILING = Path(__file__).parent.parent / "failing"

MPS = {
    "blank_in_name": (8, "one or two pairs"),
    "bound_inf": (13, "not a finite decimal number"),
    "bound_infinite": (13, "infinite to some solvers"),
    "bound_of_unknown_column": (14, "no column is called 'z'"),
    "bound_twice": (13, "a second lower bound"),
    "bound_without_set": (12, "not a kind, a set name"),
    "bound_without_value": (13, "not a kind, a set name"),
    "coefficient_twice": (8, "a second coefficient of column 'x'"),
    "column_in_two_places": (9, "a second column 'x'"),
    "comma": (7, "not a finite decimal number"),
    "control_character": (8, "not printable ASCII"),
    "crossed_bounds": (13, "is above the upper bound"),
    "cut_off": (None, "no ENDATA"),
    "empty": (None, "no ENDATA"),
    "fortran_exponent": (7, "not a finite decimal number"),
    "fractional_integer": (13, "a fractional bound of an integer"),
    "hexadecimal": (7, "not a finite decimal number"),
    "infinite": (7, "not a finite decimal number"),
    "integer_without_upper": (13, "an integer column without an upper bound"),
    "lp_text": (1, "no section is called 'Minimize'"),
    "marker_kind": (8, "a marker other than"),
    "markers": (8, "do not alternate"),
    "maximise": (3, "objective sense 'MAX'"),
    "maximise_one_line": (2, "objective sense 'MAX'"),
    "name_like_a_comment": (8, "no name all solvers read"),
    "nan": (7, "not a finite decimal number"),
    "negative_upper": (12, "an upper bound below 0 and no lower bound"),
    "no_name": (1, "ROWS after the beginning"),
    "no_objective": (None, "no N row"),
    "not_ascii": (8, "not printable ASCII"),
    "objective_constant": (10, "a constant in the objective"),
    "quadratic": (15, "a section QUADOBJ"),
    "ranges": (11, "a section RANGES cannot be read"),
    "rhs_infinite": (10, "infinite to some solvers"),
    "rhs_second_set": (11, "a second RHS set 'two'"),
    "rhs_twice": (11, "a second right-hand side"),
    "rhs_without_set": (10, "not a set name"),
    "row_of_unknown_kind": (4, "a row is one of"),
    "row_twice": (5, "a second row 'cap'"),
    "row_unknown": (7, "no row is called 'cup'"),
    "sections_in_disorder": (5, "RHS after ROWS"),
    "semicontinuous": (13, "a bound of kind 'SC'"),
    "sos": (15, "a section SOS"),
    "three_pairs": (6, "one or two pairs"),
    "underscore": (7, "not a finite decimal number"),
    "unindented": (7, "no section is called 'x'"),
    "unknown_section": (11, "no section is called 'bounds'"),
}

LP = {
    "binary_unknown": (10, "no column 'z'"),
    "binary_with_bounds": (10, "a binary with other bounds"),
    "bound_infinite": (8, "infinite to some solvers"),
    "bound_nowhere": (8, "a bound no value meets"),
    "bound_of_unknown_column": (8, "no column 'z'"),
    "bound_sense": (8, "'<' after a column"),
    "bound_turned": (8, "a number not followed by <="),
    "bound_twice": (9, "a second lower bound"),
    "bound_without_number": (8, "'y' is no bound"),
    "coefficient_twice": (6, "a second coefficient of column 'x'"),
    "column_right": (6, "not a finite decimal number"),
    "constant": (5, "a constant"),
    "crossed_bounds": (8, "is above the upper bound"),
    "cut_off": (10, "no End"),
    "empty": (1, "'' where Minimize should be"),
    "exponent_name": (3, "'e1' is no name"),
    "fractional_integer": (8, "a fractional bound of an integer"),
    "indicator": (5, "'->' is not the name of a row"),
    "keyword_name": (3, "'inf' is no name"),
    "maximise": (1, "'Maximize' where Minimize should be"),
    "mps_text": (1, "'NAME' where Minimize should be"),
    "nan": (8, "'nan' is no bound"),
    "negative_upper": (8, "an upper bound below 0 and no lower bound"),
    "no_blank": (5, "'2.0x' is no name"),
    "no_sense": (7, "a row without <=, = or >="),
    "no_sign": (6, "'1.0' without a sign"),
    "no_subject_to": (4, "'cap:' without a sign"),
    "not_ascii": (3, "not printable ASCII"),
    "quadratic": (2, "'[' is no name"),
    "range": (5, "a constant"),
    "rhs_infinite": (6, "infinite to some solvers"),
    "row_twice": (7, "a second row 'cap'"),
    "row_without_name": (5, "'+' is not the name of a row"),
    "row_without_terms": (5, "a row without terms"),
    "semicontinuous": (10, "a semicontinuous column"),
    "sense": (6, "'=<' without a sign"),
    "subject_without_to": (5, "Subject without To"),
    "terms_right": (6, "'+' is not the name of a row"),
    "text_after_end": (12, "text after End"),
    "two_numbers": (5, "'3.0' is no name"),
    "two_signs": (6, "two signs"),
}

SOL = {
    "cbc_column_twice": (3, "a second value of 'x'"),
    "cbc_fields": (3, "not an index, a name"),
    "cbc_index": (3, "is no count"),
    "cbc_nan": (3, "not a finite decimal number"),
    "cbc_objective": (1, "not a finite decimal number"),
    "cbc_three_parts": (5, "begin anew more than once"),
    "empty": (None, "no solution file"),
    "glpk_column_out_of_range": (5, "not one value of each of 2 columns"),
    "glpk_column_twice": (4, "a second value of column 1"),
    "glpk_cut_off": (5, "no 'e o f'"),
    "glpk_header": (1, "not 's', a kind"),
    "glpk_huge_count": (1, "is no count"),
    "glpk_infinite": (4, "not a finite decimal number"),
    "glpk_missing_all": (2, "not one value of each of 999999999 columns"),
    "glpk_missing_column": (4, "not one value of each of 2 columns"),
    "glpk_odd_comment": (None, "no solution file"),
    "glpk_short_line": (4, "not 'j', an index and a value"),
    "gurobi": (None, "no solution file"),
    "highs_bad_bound": (11, "not a finite decimal number"),
    "highs_column_twice": (9, "a second value of 'x'"),
    "highs_count": (7, "is no count"),
    "highs_count_too_large": (10, "not a column and its value"),
    "highs_cut_off": (9, "not a column and its value"),
    "highs_cut_off_early": (None, "ends too early"),
    "highs_infinite": (9, "not a finite decimal number"),
    "highs_nan_objective": (6, "not a finite decimal number"),
    "highs_no_end_of_line": (None, "the last line has no end"),
    "not_ascii": (3, "not printable ASCII"),
    "other_text": (None, "no solution file"),
    "scip_column_twice": (4, "a second value of 'x'"),
    "scip_fields": (4, "not a column, its value"),
    "scip_infinite": (4, "not a finite decimal number"),
    "scip_no_objective": (2, "where the objective value should be"),
    "scip_unknown_objective": (2, "not a finite decimal number"),
}

READERS: dict[str, tuple[Callable[[bytes, str], object], dict[str, tuple[int | None, str]]]] = {
    "mps": (mps.read, MPS),
    "lp": (lp.read, LP),
    "sol": (solution_files.read, SOL),
}
CASES = [
    pytest.param(kind, name, id=f"{kind}-{name}")
    for kind, (_, table) in READERS.items()
    for name in table
]


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_error_of_a_malformed_file(kind: str, name: str) -> None:
    read, table = READERS[kind]
    line, words = table[name]
    path = FAILING / kind / f"{name}.{kind}"
    with pytest.raises(ParseError) as error:
        read(path.read_bytes(), path.name)
    assert words in error.value.what
    assert error.value.where == (path.name if line is None else f"{path.name}:{line}")


@pytest.mark.parametrize("kind", READERS)
def test_every_malformed_file_is_in_the_table(kind: str) -> None:
    found = {path.stem for path in (FAILING / kind).iterdir()}
    assert found == set(READERS[kind][1])
