"""Version 2 against the parser of the standard's authors: what is accepted, and what it says.

Where we are stricter or more lenient on purpose is listed in `STRICTER` and `LENIENT`.
"""

from __future__ import annotations

import importlib.util
import math
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_properties import COMPARISONS, Point, Written, points, properties

from mipc.errors import PropertyError, UnsupportedProperty
from mipc.properties.vnnlib import Property, parse_property

core = pytest.importorskip("vnnlib._core", reason="needs the package vnnlib")
vnnlib = pytest.importorskip("vnnlib")

NETWORK = "(declare-network N (declare-input X float32 [2]) (declare-output Y float32 [2]))"
SECOND = "(declare-input U float32 [2]) (declare-output V float32 [2]))"
ASSERTED = "(assert (<= X[0] 1.0))"


def text(assertions: str = ASSERTED, networks: str = NETWORK, version: str = "2.0") -> str:
    return f"(vnnlib-version <{version}>)\n{networks}\n{assertions}"


def typed(dtype: str, shape: str = "[2]") -> str:
    return (
        f"(declare-network N (declare-input X {dtype} {shape}) (declare-output Y {dtype} {shape}))"
    )


ALIKE = {
    "scalar": text("(assert (<= X 1.0))", typed("float32", "[]")),
    "scalar with an index": text(ASSERTED, typed("float32", "[]")),
    "scalar with brackets": text("(assert (<= X[] 1.0))", typed("float32", "[]")),
    "no shape": text(ASSERTED, typed("float32", "")),
    "zero length": text(ASSERTED, typed("float32", "[0]")),
    "index too large": text("(assert (<= X[2] 1.0))"),
    "too few indices": text("(assert (<= X 1.0))"),
    "too many indices": text("(assert (<= X[0,0] 1.0))"),
    "blanks in brackets": text("(assert (<= X [ 0 ] 1.0))"),
    "comment in brackets": text("(assert (<= X[0 ; first\n] 1.0))"),
    "integers": text("(assert (<= X[0] -1))", typed("int8")),
    "fraction of integers": text(ASSERTED, typed("int64")),
    "negative unsigned": text("(assert (<= X[0] -1))", typed("uint8")),
    "negated unsigned": text("(assert (<= X[0] (- 1)))", typed("uint8")),
    "two types": text(
        "(assert (<= X[0] Y[0]))",
        "(declare-network N (declare-input X float32 [2]) (declare-output Y float64 [2]))",
    ),
    "real and float": text(
        "(assert (<= X[0] Y[0]))",
        "(declare-network N (declare-input X float32 [2]) (declare-output Y real [2]))",
    ),
    "bfloat16": text(ASSERTED, typed("bfloat16")),
    "float8": text(ASSERTED, typed("float8e4m3fnuz")),
    "later minor version": text(version="2.7"),
    "version 3": text(version="3.0"),
    "version 1": text(version="1.0"),
    "no version": f"{NETWORK} {ASSERTED}",
    "no assertion": text(""),
    "no network": text(networks=""),
    "network after an assertion": text(f"{ASSERTED} (declare-network M {SECOND} {ASSERTED}"),
    "no input": text(networks="(declare-network N (declare-output X float32 [2]))"),
    "no output": text(networks="(declare-network N (declare-input X float32 [2]))"),
    "output first": text(
        networks="(declare-network N (declare-output Y real [2]) (declare-input X real [2]))"
    ),
    "hidden": text(
        "(assert (<= H 1.0))",
        '(declare-network N (declare-input X real [2]) (declare-hidden H real [] "h;")'
        " (declare-output Y real [2]))",
    ),
    "hidden without a name": text(
        networks="(declare-network N (declare-input X real [2]) (declare-hidden H real [])"
        " (declare-output Y real [2]))",
    ),
    "hidden last": text(
        networks="(declare-network N (declare-input X real [2]) (declare-output Y real [2])"
        ' (declare-hidden H real [] "h"))',
    ),
    "a name twice": text(
        networks="(declare-network N (declare-input X real [2]) (declare-output X real [2]))"
    ),
    "a network's name for a tensor": text(networks=NETWORK.replace("network N", "network X")),
    "a keyword for a name": text(networks=NETWORK.replace("network N", "network and")),
    "equal": text(networks=f"{NETWORK} (declare-network M (equal-to N) {SECOND}"),
    "isomorphic": text(networks=f"{NETWORK} (declare-network M (isomorphic-to N) {SECOND}"),
    "equal to itself": text(networks=f"{NETWORK} (declare-network M (equal-to M) {SECOND}"),
    "equal to a later one": text(
        networks=f"(declare-network M (equal-to N) {SECOND} {NETWORK}",
    ),
    "equal of another shape": text(
        networks=f"{typed('float32', '[2,1]')} (declare-network M (equal-to N) {SECOND}",
        assertions="(assert (<= X[0,0] 1.0))",
    ),
    "equal of another type": text(
        networks=f"{typed('float16')} (declare-network M (equal-to N) {SECOND}"
    ),
    "equal in a chain": text(
        networks=f"{NETWORK} (declare-network M (equal-to N) {SECOND} (declare-network L"
        " (equal-to M) (declare-input A float32 [2]) (declare-output B float32 [2]))"
    ),
    "relation at the end": text(
        networks=f"{NETWORK} (declare-network M {SECOND[:-1]} (equal-to N))"
    ),
    "three sides": text("(assert (<= X[0] X[1] 1.0))"),
    "one side": text("(assert (<= X[0]))"),
    "negation": text("(assert (not (<= X[0] 1.0)))"),
    "empty and": text("(assert (and))"),
    "and of one": text("(assert (and (<= X[0] 1.0)))"),
    "empty sum": text("(assert (<= (+) 1.0))"),
    "sum of one": text("(assert (<= (+ X[0]) 1.0))"),
    "constants": text("(assert (<= 1.0 2.0))"),
    "a plus sign alone": text("(assert (<= X[0] +))"),
    "a formula as a number": text("(assert (<= X[0] (<= X[0] 1.0)))"),
    "a number as a formula": text("(assert (+ X[0] 1.0))"),
    "text at the end": text(f"{ASSERTED} end"),
    "a parenthesis too many": text(f"{ASSERTED})"),
    "a parenthesis too few": text(ASSERTED[:-1]),
    "vertical tab": text(f"\v{ASSERTED}"),
    "form feed and line ends": text(f"\f\r\n{ASSERTED}\r\n"),
    "comments": f"; (\n{text(f'; {ASSERTED}{chr(10)}{ASSERTED}; )')}",
}
STRICTER = {
    "a second network of a name": text(networks=f"{NETWORK} (declare-network N {SECOND}"),
    "two relations": text(
        networks=f"{NETWORK} (declare-network M (equal-to N) (isomorphic-to N) {SECOND}"
    ),
    "unknown type": text(networks=typed("float31")),
    "type without order": text(networks=typed("string")),
    "negative index": text("(assert (<= X[-1] 1.0))"),
    "fractional index": text("(assert (<= X[0.5] 1.0))"),
    "fractional shape": text(networks=typed("float32", "[2.5]")),
    "words grown together": text("(assert (<= 1.0X[0]))"),
    "huge shape": text("(assert (<= X[0,0] 1.0))", typed("float32", "[1000000000,1000000000]")),
    "product of variables": text("(assert (<= (* X[0] X[1]) 1.0))"),
    "carriage return alone": text(f"; comment\r{ASSERTED}\n{ASSERTED}"),
}
LENIENT = {
    "integer for a float": text("(assert (<= X[0] 1))"),
    "exponent": text("(assert (<= X[0] 1.5e-3))"),
    "single equals sign": text("(assert (= X[0] 1.0))"),
    "blank after a parenthesis": text("( assert (<= X[0] 1.0))"),
    "names in the network's file": text(
        networks='(declare-network N (declare-input X float32 [2] "x")'
        ' (declare-output Y float32 [2] "y"))'
    ),
    "isomorphic of another type": text(
        networks=f"{typed('float16')} (declare-network M (isomorphic-to N) {SECOND}"
    ),
    "long number": text(f"(assert (<= X[0] {'9' * 30}))"),
}
WORDS_STRICTER = re.compile("no element type|in brackets|declared a second time|product of")


def ours(written: str) -> Property | None:
    try:
        return parse_property(written, "test")
    except PropertyError:
        return None


def theirs(written: str) -> Any:
    """What the other parser makes of a text, or None; some of its refusals are crashes."""
    try:
        return vnnlib.parse_query_string(written)
    except (vnnlib.VNNLibException, IndexError, UnicodeDecodeError):
        return None


@pytest.mark.parametrize("name", ALIKE)
def test_accepted_and_refused_alike(name: str) -> None:
    assert (ours(ALIKE[name]) is None) == (theirs(ALIKE[name]) is None)


@pytest.mark.parametrize("name", STRICTER)
def test_refused_on_purpose(name: str) -> None:
    assert ours(STRICTER[name]) is None
    assert theirs(STRICTER[name]) is not None


@pytest.mark.parametrize("name", LENIENT)
def test_accepted_on_purpose(name: str) -> None:
    assert ours(LENIENT[name]) is not None
    assert theirs(LENIENT[name]) is None


def number(node: Any, point: Point) -> Fraction:
    """The value of a node of the other parser's tree."""
    match type(node).__name__:
        case "Var":
            place = 0
            for index, length in zip(node.indices, node.shape, strict=True):
                place = place * length + index
            return point[node.name][place]
        case "Float" | "Int":
            return Fraction(node.lexeme)
        case "Negate":
            return -number(node.expr, point)
        case "Plus":
            return sum((number(arg, point) for arg in node.args), Fraction())
        case "Minus":
            rest = sum((number(arg, point) for arg in node.rest), Fraction())
            return number(node.head, point) - rest
        case "Multiply":
            return math.prod((number(arg, point) for arg in node.args), start=Fraction(1))
    raise AssertionError(node)


TRUTHS = dict(
    zip(
        ["LessEqual", "GreaterEqual", "LessThan", "GreaterThan", "Equal", "NotEqual"],
        [COMPARISONS[sign] for sign in ("<=", ">=", "<", ">", "==", "!=")],
        strict=True,
    )
)


def truth(node: Any, point: Point) -> bool:
    match type(node).__name__:
        case "And":
            return all(truth(arg, point) for arg in node.args)
        case "Or":
            return any(truth(arg, point) for arg in node.args)
    return TRUTHS[type(node).__name__](number(node.lhs, point), number(node.rhs, point))


def check_alike(read: Property, query: Any, point: Point) -> None:
    assert read.holds(point) == all(truth(a.expr, point) for a in query.assertions)


def check_declared(read: Property, query: Any) -> None:
    """The same networks, tensors, shapes, types and relations."""
    for mine, other in zip(read.networks, query.networks, strict=True):
        assert mine.name == other.name
        assert (mine.same_as or "") == (other.equal_to or other.isometric_to)
        kind = "equal" if other.equal_to else "isomorphic" if other.isometric_to else None
        assert mine.same_kind == kind
        pairs = [(mine.inputs, other.inputs), (mine.outputs, other.outputs)]
        for tensors, definitions in [*pairs, (mine.hidden, other.hidden)]:
            assert [(t.name, list(t.shape), t.dtype) for t in tensors] == [
                (d.name, list(d.shape), DTYPES[d.dtype.name]) for d in definitions
            ]


DTYPES = {"F32": "float32", "F16": "float16", "I64": "int64", "Real": "real"}


@settings(max_examples=100)
@given(st.data(), properties(versions=(2,)))
def test_random_properties_mean_the_same(data: st.DataObject, written: Written) -> None:
    query = theirs(written.text())
    read = parse_property(written.text(), "test")
    check_declared(read, query)
    for _ in range(3):
        check_alike(read, query, data.draw(points(written)))


WORD = re.compile(r"\(assert|\((?:declare|equal|isomorphic|vnnlib)-\w+|[()\[\],]|[^\s()\[\],]+")


@settings(max_examples=200)
@given(st.data(), properties(versions=(2,)))
def test_damaged_properties_are_accepted_and_refused_alike(
    data: st.DataObject, written: Written
) -> None:
    """Words left out, doubled or exchanged."""
    words = WORD.findall(written.text())
    for _ in range(data.draw(st.integers(1, 2))):
        i, j = (data.draw(st.integers(0, len(words) - 1)) for _ in range(2))
        change = data.draw(st.sampled_from(["leave out", "double", "exchange"]))
        if change == "exchange":
            words[i], words[j] = words[j], words[i]
        else:
            words[i : i + 1] = [] if change == "leave out" else [words[i]] * 2
    damaged = " ".join(words)
    try:
        accepted = parse_property(damaged, "test") is not None
    except PropertyError as error:
        if WORDS_STRICTER.search(str(error)):
            return
        accepted = False
    assert accepted == (theirs(damaged) is not None), damaged


def suite() -> Iterator[tuple[str, str]]:
    """The specifications of a public test suite for version 2."""
    found = importlib.util.find_spec("vnntest")
    folder = Path(found.submodule_search_locations[0]) / "core" / "tests" if found else Path()  # type: ignore[index]
    for path in sorted(folder.glob("*/*.py")) if found else ():
        spec = importlib.util.spec_from_file_location(f"case_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        if hasattr(module, "build_vnnlib_spec"):
            built = module.build_vnnlib_spec()
            for specification in [built] if isinstance(built, str) else built:
                yield f"{path.parent.name}/{path.stem}", specification


def test_the_public_suite_means_the_same() -> None:
    pytest.importorskip("vnntest", reason="needs the package vnnlib-satisfactory")
    only_ours, unsupported, read = [], [], 0
    for name, specification in suite():
        query = theirs(specification)
        try:
            mine = parse_property(specification, name)
        except UnsupportedProperty:
            unsupported.append(name)
            continue
        read += 1
        if query is None:
            only_ours.append(name)
            continue
        check_declared(mine, query)
        for filled in (0, Fraction(1, 2), -3, 10):
            check_alike(
                mine, query, {t.name: [Fraction(filled)] * t.size for t in mine.tensors.values()}
            )
    assert read > 150
    assert only_ours == ["network_isomorphic/network_isomorphic01"]
    assert unsupported
    assert all(name.startswith("arithmetic_poly/") for name in unsupported)
