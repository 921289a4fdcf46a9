"""The exact truth about a tiny network: every linear region of it, in Fractions.

A network is a list of layers with a ReLU between two; a box is cut along the zero lines of its
neurons into polytopes on which the network is affine. A polytope is kept as its vertices, each
with the names of the constraints that hold with equality there; two vertices are joined by an
edge if no third vertex has all the constraints that they share. Cutting needs nothing else.

Largest margins, and least distances of violations, are then values at vertices. Nothing here is
shared with mipc, and nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

Vector = tuple[Fraction, ...]


@dataclass(frozen=True)
class Plane:
    """The affine function ``normal . x + shift``."""

    normal: Vector
    shift: Fraction

    def at(self, x: Vector) -> Fraction:
        return sum((a * b for a, b in zip(self.normal, x, strict=True)), self.shift)

    def minus(self, other: Plane) -> Plane:
        normal = tuple(a - b for a, b in zip(self.normal, other.normal, strict=True))
        return Plane(normal, self.shift - other.shift)

    def negated(self) -> Plane:
        return Plane(tuple(-a for a in self.normal), -self.shift)


@dataclass(frozen=True)
class Cell:
    """A polytope: its vertices, and which constraints are tight at each."""

    vertices: tuple[tuple[Vector, frozenset[int]], ...]

    @staticmethod
    def box(lower: Sequence[Fraction], upper: Sequence[Fraction]) -> Cell:
        vertices: dict[Vector, set[int]] = {}
        sides = [((2 * i, low), (2 * i + 1, high))
                 for i, (low, high) in enumerate(zip(lower, upper, strict=True))]  # fmt: skip
        for corner in product(*sides):
            tight = vertices.setdefault(tuple(value for _, value in corner), set())
            tight |= {name for name, _ in corner}
        return Cell(tuple((x, frozenset(tight)) for x, tight in vertices.items()))

    def above(self, plane: Plane, name: int) -> Cell | None:
        """The part where the plane is at least 0; a face of the cell counts."""
        known = [(x, tight, plane.at(x)) for x, tight in self.vertices]
        if all(height >= 0 for _, _, height in known):
            return self._marked(known, name)
        if all(height < 0 for _, _, height in known):
            return None
        kept = [(x, tight, height) for x, tight, height in known if height >= 0]
        for x, tight, height in kept[:]:
            if height == 0:
                continue
            for y, other, depth in known:
                if depth < 0 and self._joined(tight & other):
                    share = height / (height - depth)
                    met = tuple(a + share * (b - a) for a, b in zip(x, y, strict=True))
                    kept.append((met, tight & other, Fraction(0)))
        return self._marked(kept, name)

    def _joined(self, shared: frozenset[int]) -> bool:
        """Whether only two vertices have all these constraints tight."""
        return sum(shared <= tight for _, tight in self.vertices) == 2

    @staticmethod
    def _marked(known: list[tuple[Vector, frozenset[int], Fraction]], name: int) -> Cell:
        met: dict[Vector, frozenset[int]] = {}
        for x, tight, height in known:
            extra = frozenset([name]) if height == 0 else frozenset()
            met[x] = met.get(x, frozenset()) | tight | extra
        return Cell(tuple(met.items()))

    def cut(self, plane: Plane, name: int) -> list[Cell]:
        """The cell, or its two sides where the plane goes through its inside."""
        heights = [plane.at(x) for x, _ in self.vertices]
        if min(heights) >= 0 or max(heights) <= 0:
            return [self]
        sides = (self.above(plane, name), self.above(plane.negated(), name))
        return [side for side in sides if side is not None]


@dataclass(frozen=True)
class Layer:
    """``W x + b``, exact numbers as float or Fraction."""

    weight: tuple[tuple[Fraction, ...], ...]
    bias: tuple[Fraction, ...]

    @staticmethod
    def of(weight: Sequence[Sequence[float]], bias: Sequence[float]) -> Layer:
        return Layer(
            tuple(tuple(Fraction(w) for w in row) for row in weight),
            tuple(Fraction(b) for b in bias),
        )

    def over(self, values: Sequence[Plane]) -> list[Plane]:
        """The layer's values, where its operands are planes."""
        planes = []
        for row, b in zip(self.weight, self.bias, strict=True):
            size = len(values[0].normal)
            normal = tuple(
                sum((w * v.normal[i] for w, v in zip(row, values, strict=True)), Fraction(0))
                for i in range(size)
            )
            shift = sum((w * v.shift for w, v in zip(row, values, strict=True)), b)
            planes.append(Plane(normal, shift))
        return planes


@dataclass(frozen=True)
class Truth:
    """What is exactly so in a box.

    ``margin`` is the largest margin over all disjuncts, ``nearest`` the least distance of a point
    with a nonnegative margin, None if there is none; ``margins`` are values met at vertices.
    """

    margin: Fraction
    nearest: Fraction | None
    margins: tuple[Fraction, ...]


class Names:
    """Fresh names of constraints."""

    def __init__(self, size: int) -> None:
        self.last = 2 * size

    def next(self) -> int:
        self.last += 1
        return self.last


def regions(
    layers: Sequence[Layer],
    lower: Sequence[Fraction],
    upper: Sequence[Fraction],
    names: Names,
    cuts: Sequence[Plane] = (),
) -> Iterator[tuple[Cell, list[Plane]]]:
    """Cells that cover the part of the box where no cut is negative, and the outputs on each."""
    size = len(lower)
    zero, one = Fraction(0), Fraction(1)
    x = [Plane(tuple(one if i == j else zero for j in range(size)), zero) for i in range(size)]

    def walk(cell: Cell, values: list[Plane], depth: int) -> Iterator[tuple[Cell, list[Plane]]]:
        pre = layers[depth].over(values)
        if depth == len(layers) - 1:
            yield cell, pre
            return
        cells = [cell]
        for plane in pre:
            cells = [part for whole in cells for part in whole.cut(plane, names.next())]
        nothing = Plane((zero,) * size, zero)
        for part in cells:
            active = [max(p.at(v) for v, _ in part.vertices) > 0 for p in pre]
            after = [p if on else nothing for p, on in zip(pre, active, strict=True)]
            yield from walk(part, after, depth + 1)

    start = above_all(Cell.box(lower, upper), cuts, names)
    if start is not None:
        yield from walk(start, x, 0)


def truth(
    layers: Sequence[Layer],
    lower: Sequence[Fraction],
    upper: Sequence[Fraction],
    label: int,
    targets: Sequence[int],
    threshold: Fraction,
    centre: Sequence[Fraction] | None = None,
    norm: str = "linf",
    cuts: Sequence[Plane] = (),
) -> Truth:
    """The exact answers to an arg-max question: each target against all that are no targets.

    The region is the part of the box where no plane of ``cuts`` is negative.
    """
    names = Names(len(lower))
    best: Fraction | None = None
    nearest: Fraction | None = None
    met: set[Fraction] = set()
    for cell, outputs in regions(layers, lower, upper, names, cuts):
        others = [j for j in range(len(outputs)) if j not in targets]
        for target in targets:
            rows = [
                Plane(p.normal, p.shift - threshold)
                for p in (outputs[target].minus(outputs[j]) for j in others)
            ]
            for part, row in least_of(cell, rows, names):
                values = [row.at(x) for x, _ in part.vertices]
                met |= set(values)
                best = max(values) if best is None else max(best, *values)
            if centre is not None and (violating := above_all(cell, rows, names)):
                found = distance_of(violating, centre, norm, names)
                nearest = found if nearest is None else min(nearest, found)
    assert best is not None
    return Truth(best, nearest, tuple(sorted(met)))


def least_of(cell: Cell, rows: Sequence[Plane], names: Names) -> Iterator[tuple[Cell, Plane]]:
    """Parts of a cell, and the row that is the smallest there."""
    for i, row in enumerate(rows):
        part: Cell | None = cell
        for j, other in enumerate(rows):
            if part is not None and j != i:
                part = part.above(other.minus(row), names.next())
        if part is not None:
            yield part, row


def above_all(cell: Cell, rows: Sequence[Plane], names: Names) -> Cell | None:
    """The part of a cell where no row is negative."""
    part: Cell | None = cell
    for row in rows:
        if part is not None:
            part = part.above(row, names.next())
    return part


def distance_of(cell: Cell, centre: Sequence[Fraction], norm: str, names: Names) -> Fraction:
    """The least distance of a point of the cell: cut until the distance is affine on each part."""
    size = len(centre)
    zero = Fraction(0)

    def unit(i: int, sign: int) -> Plane:
        normal = tuple(Fraction(sign) if j == i else zero for j in range(size))
        return Plane(normal, -sign * centre[i])

    planes = [unit(i, 1) for i in range(size)]
    if norm == "linf":
        planes += [
            unit(i, 1).minus(unit(j, sign))
            for i, j, sign in product(range(size), range(size), (1, -1))
            if j < i
        ]
    cells = [cell]
    for plane in planes:
        cells = [part for whole in cells for part in whole.cut(plane, names.next())]
    measure = max if norm == "linf" else sum
    return min(
        measure([abs(a - b) for a, b in zip(x, centre, strict=True)])
        for part in cells
        for x, _ in part.vertices
    )
