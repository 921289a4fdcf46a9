"""Random properties of both versions as trees, their texts, and what they mean at a point."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from hypothesis import strategies as st

from mipc.properties.vnnlib import Atom, Case, Property, Region, Variable

Tree: TypeAlias = tuple[Any, ...]
Point: TypeAlias = dict[str, list[Fraction]]

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
}
DECIMALS = ["0.0", "1.0", "-1.0", "0.5", "0.1", "-0.3", "2.25", "0.100000000000000001", "3.0"]
VALUES = st.one_of(
    st.sampled_from([Fraction(text) for text in DECIMALS]),
    st.fractions(-4, 4, max_denominator=8),
)


@dataclass(frozen=True)
class Written:
    """A property: the tensors with their shapes, whether each is an input, and the assertions."""

    version: int
    tensors: dict[str, tuple[int, ...]]
    inputs: frozenset[str]
    assertions: tuple[Tree, ...]

    def text(self, blank: Callable[[], str] = lambda: " ") -> str:
        """The text, with the given blanks between words."""
        if self.version == 1:
            head = [
                f"(declare-const {name}_{i} Real)"
                for name, (size,) in self.tensors.items()
                for i in range(size)
            ]
        else:
            head = ["(vnnlib-version <2.0>)", *declarations(self)]
        asserted = [f"(assert{blank()}{self.form(tree, blank)})" for tree in self.assertions]
        return "\n".join([*head, *asserted])

    def form(self, tree: Tree, blank: Callable[[], str]) -> str:
        head, *rest = tree
        if head == "number":
            return str(rest[0])
        if head == "element":
            return self.element(*rest)
        inner = blank().join([head, *(self.form(part, blank) for part in rest)])
        return f"({inner}{blank() if blank() != ' ' else ''})"

    def element(self, name: str, place: int) -> str:
        if self.version == 1:
            return f"{name}_{place}"
        indices: list[int] = []
        for length in reversed(self.tensors[name]):
            indices.insert(0, place % length)
            place //= length
        return f"{name}[{','.join(map(str, indices))}]" if indices else name

    def holds(self, point: Point) -> bool:
        """What the assertions say of a point."""
        return all(value(tree, point) for tree in self.assertions)


def declarations(written: Written) -> list[str]:
    """Two networks, the second like the first, as far as there are tensors for two."""
    names = sorted(written.tensors)
    groups = {name[0]: [n for n in names if n[0] == name[0]] for name in names}
    kind = {True: "input", False: "output"}
    return [
        f"(declare-network {group.lower()}net "
        + " ".join(
            f"(declare-{kind[name in written.inputs]} {name} float32 {list(written.tensors[name])})"
            for name in sorted(members, key=lambda name: name not in written.inputs)
        )
        + ")"
        for group, members in groups.items()
    ]


def value(tree: Tree, point: Point) -> Any:
    """The value of a tree at a point, by the book."""
    head, *rest = tree
    if head == "number":
        return Fraction(rest[0])
    if head == "element":
        return point[rest[0]][rest[1]]
    parts = [value(part, point) for part in rest]
    match head:
        case "and":
            return all(parts)
        case "or":
            return any(parts)
        case "+":
            return sum(parts)
        case "*":
            return math.prod(parts)
        case "-":
            return -parts[0] if len(parts) == 1 else parts[0] - sum(parts[1:])
    return COMPARISONS[head](*parts)


def normal_form_holds(property_: Property, point: Point) -> bool:
    """What the normal form says of a point."""
    return any(case_holds(case, point) for case in property_.cases)


def case_holds(case: Case, point: Point) -> bool:
    return in_region(case.region, point) and any(
        all(atom_holds(atom, point) for atom in atoms) for atoms in case.alternatives
    )


def in_region(region: Region, point: Point) -> bool:
    return all(
        within(region, Variable(tensor.name, i), point[tensor.name][i])
        for tensor in region.inputs
        for i in range(tensor.size)
    )


def within(region: Region, variable: Variable, number: Fraction) -> bool:
    found = region.range_of(variable)
    above = found.lower is None or (
        number > found.lower if found.open_below else number >= found.lower
    )
    below = found.upper is None or (
        number < found.upper if found.open_above else number <= found.upper
    )
    return above and below


def atom_holds(atom: Atom, point: Point) -> bool:
    total = atom.constant + sum(c * point[v.tensor][v.place] for v, c in atom.terms)
    return total > 0 if atom.strict else total >= 0


@st.composite
def properties(draw: st.DrawFn, versions: tuple[int, ...] = (1, 2)) -> Written:
    """Small properties, with boundaries that meet often."""
    version = draw(st.sampled_from(versions))
    tensors: dict[str, tuple[int, ...]]
    if version == 1:
        tensors = {"X": (draw(st.integers(1, 3)),), "Y": (draw(st.integers(1, 2)),)}
        inputs = {"X"}
    else:
        shapes = st.sampled_from([(), (1,), (2,), (1, 2), (2, 1, 2)])
        tensors = {name: draw(shapes) for name in draw(st.sampled_from(["AB", "ABCD"]))}
        tensors = {
            f"{'fg'[i // 2]}{name}": shape for i, (name, shape) in enumerate(tensors.items())
        }
        inputs = {name for name in tensors if name[1] in "AC"}
    # The standard writes == only; version 1 has = from SMT-LIB.
    comparisons = [comparison for comparison in COMPARISONS if comparison != "=" or version == 1]
    trees = formulas(tensors, comparisons)
    assertions = tuple(draw(st.lists(trees, min_size=1, max_size=4)))
    return Written(version, tensors, frozenset(inputs), assertions)


def formulas(
    tensors: dict[str, tuple[int, ...]], comparisons: list[str]
) -> st.SearchStrategy[Tree]:
    elements = st.sampled_from(
        [("element", name, i) for name, shape in tensors.items() for i in range(math.prod(shape))]
    )
    numbers = st.tuples(st.just("number"), st.sampled_from(DECIMALS))
    constants = st.one_of(numbers, applied(st.sampled_from(["+", "-", "*"]), numbers))
    products = st.tuples(constants, elements).flatmap(
        lambda parts: st.permutations([*parts]).map(lambda order: ("*", *order))
    )
    terms = st.one_of(elements, constants, products)
    sums = st.one_of(terms, applied(st.sampled_from(["+", "-"]), terms))
    bound = st.tuples(st.sampled_from(comparisons), elements, numbers)
    any_comparison = st.tuples(st.sampled_from(comparisons), sums, sums)
    leaves = st.one_of(bound, bound, any_comparison)
    return st.recursive(
        leaves, lambda inner: applied(st.sampled_from(["and", "or", "or"]), inner), max_leaves=10
    )


def applied(
    heads: st.SearchStrategy[str], parts: st.SearchStrategy[Tree]
) -> st.SearchStrategy[Tree]:
    return st.tuples(heads, st.lists(parts, min_size=1, max_size=3)).map(lambda t: (t[0], *t[1]))


@st.composite
def points(draw: st.DrawFn, written: Written) -> Point:
    return {
        name: draw(st.lists(VALUES, min_size=math.prod(shape), max_size=math.prod(shape)))
        for name, shape in written.tensors.items()
    }
