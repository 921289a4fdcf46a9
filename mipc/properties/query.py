"""A question as a graph: is there a point of a region at which some disjunct holds?

Head, network and tail are one graph. Each disjunct is an affine value over what the question
observes, named ``violation#<number>``; passes, bounds and encoding never learn what a perturbation
or a requirement is. A question whose points form a union is several cases, each with a region and
disjuncts of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from mipc.errors import QuestionError
from mipc.ir.graph import Graph
from mipc.ir.network import Network, Port
from mipc.ir.ops import Affine, Node
from mipc.numerics.domains import Domain
from mipc.numerics.linear_maps import DenseMap, LinearMap, SelectMap, SparseMap
from mipc.numerics.rationals import LEAST, Enclosed
from mipc.numerics.rounding import UNIT
from mipc.properties.region import Region
from mipc.properties.requirements import Disjunct, Row

if TYPE_CHECKING:
    from mipc.properties.property_question import PropertyQuestion
    from mipc.properties.question import Question

__all__ = ["Case", "Norm", "Objective", "Query", "Seen"]

Array: TypeAlias = npt.NDArray[np.float64]
Objective: TypeAlias = Literal["feasibility", "closest", "worst"]
Norm: TypeAlias = Literal["linf", "l1"]
Tie: TypeAlias = tuple[str, int, str, int]


@dataclass(frozen=True)
class Seen:
    """A value that a question observes: where its numbers are in the graph and in a replay.

    Attributes
    ----------
    node : str
    size : int
    network : int
        Which of the query's networks it belongs to.
    port : Port
        The tensor of the original network that replay reads.
    side : "input", "output" or "hidden"
    """

    node: str
    size: int
    network: int
    port: Port
    side: Literal["input", "output", "hidden"]


@dataclass(frozen=True, eq=False)
class Case:
    """One region, and what violates the requirement there.

    Attributes
    ----------
    base : Graph
        Head and networks.
    regions : mapping of parameter to Region
    disjuncts : tuple of Disjunct
    seen : tuple of Seen
        What the rows of the disjuncts number, one after the other.
    kept : tuple of str
        Values that the model has to know beside the disjuncts.
    ties : tuple of (parameter, place, parameter, place)
        Numbers that every disjunct asks to be equal. Bounds and files know it from the rows;
        points that are looked for are made so.
    """

    base: Graph
    regions: Mapping[str, Region]
    disjuncts: tuple[Disjunct, ...]
    seen: tuple[Seen, ...]
    kept: tuple[str, ...] = ()
    ties: tuple[Tie, ...] = ()

    @cached_property
    def graph(self) -> Graph:
        """Head, networks and tail; the outputs follow the disjuncts, then what is kept."""
        tail = _tail(self.seen, self.disjuncts)
        outputs = [*(node.name for node in tail[1:]), *self.kept]
        return Graph([*self.base, *tail], outputs).pruned()

    @property
    def domain(self) -> dict[str, Domain]:
        """Where the parameters lie, rounded outward."""
        return {name: region.domain for name, region in self.regions.items()}

    @property
    def has_float(self) -> bool:
        """Whether floats lie in every parameter's box."""
        return all(region.has_float for region in self.regions.values())

    def tie(self, points: Mapping[str, npt.NDArray[Any]]) -> None:
        """Make the numbers of points, (n,) or (B, n) each, equal that have to be, in place."""
        for first, i, second, j in self.ties:
            points[second][..., j] = points[first][..., i]

    def start(self) -> dict[str, Array]:
        """A point to begin with."""
        return {name: region.start for name, region in self.regions.items()}


@dataclass(frozen=True, eq=False)
class Query:
    """A question about one or several networks.

    Attributes
    ----------
    question : Question or PropertyQuestion
        What was asked.
    networks : tuple of Network
    cases : tuple of Case
        A violation in any is one. None where a property's bounds exclude each other.
    feeds : tuple of (node, network, Port)
        Which value each input of each network receives.
    objective : "feasibility", "closest" or "worst"
    norm : "linf" or "l1"
        The distance that ``closest`` means.
    centre : (n,) float64 or None
        Where distances are measured from.
    image : str or None
        The value whose distance it is.
    label : int or None
        The class that should win, where there is one.
    asked : float
        The margin that a violation needs, where there is one.
    confirm : callable or None
        Puts what was observed in the originals to the question as it was written.
    """

    question: Question | PropertyQuestion
    networks: tuple[Network, ...]
    cases: tuple[Case, ...]
    feeds: tuple[tuple[str, int, Port], ...]
    objective: Objective = "feasibility"
    norm: Norm = "linf"
    centre: Array | None = None
    image: str | None = None
    label: int | None = None
    asked: float = 0.0
    confirm: Callable[[list[npt.NDArray[Any]]], bool] | None = None

    @property
    def network(self) -> Network:
        """The first network."""
        return self.networks[0]

    @cached_property
    def disjuncts(self) -> tuple[Disjunct, ...]:
        """Of all cases, in order; each number once."""
        return tuple(disjunct for case in self.cases for disjunct in case.disjuncts)

    @cached_property
    def home(self) -> dict[int, int]:
        """Disjunct number -> number of its case."""
        return {d.number: i for i, case in enumerate(self.cases) for d in case.disjuncts}

    @property
    def some_cases(self) -> tuple[Case, ...]:
        """The cases.

        Raises
        ------
        QuestionError
            There are none.
        """
        if not self.cases:
            raise QuestionError(
                "no input can satisfy the property: its bounds exclude each other",
                remedy="mipc verify says so: robust",
            )
        return self.cases

    def case_of(self, number: int) -> Case:
        """The case of a disjunct."""
        return self.cases[self.home[number]]

    @property
    def case(self) -> Case:
        """The only case.

        Raises
        ------
        QuestionError
            There are several.
        """
        if len(self.cases) != 1:
            raise QuestionError(f"the question has {len(self.cases)} cases")
        return self.cases[0]

    @property
    def region(self) -> Region:
        """Where the only parameter of the only case may lie."""
        (region,) = self.case.regions.values()
        return region

    @property
    def graph(self) -> Graph:
        """The graph of the only case."""
        return self.case.graph


def _tail(seen: tuple[Seen, ...], disjuncts: tuple[Disjunct, ...]) -> list[Node]:
    """All rows of all disjuncts as one value, so that they are bounded together; then each."""
    rows = [row for disjunct in disjuncts for row in disjunct.rows]
    nodes = [_margins(seen, rows)]
    start = 0
    for disjunct in disjuncts:
        count = len(disjunct.rows)
        pick = SelectMap(np.arange(start, start + count), len(rows))
        name = f"violation#{disjunct.number}"
        part = Affine((pick,), np.zeros(count))
        nodes.append(Node(name, part, ("#margins",), count, f"disjunct {disjunct.name}"))
        start += count
    return nodes


def _margins(seen: tuple[Seen, ...], rows: list[Row]) -> Node:
    """The rows over what they see, with an error where float64 does not hold a coefficient."""
    entries = [
        (i, index, coefficient) for i, row in enumerate(rows) for index, coefficient in row.terms
    ]
    if any(coefficient and abs(coefficient) < LEAST for _, _, coefficient in entries):
        raise QuestionError("a coefficient of the requirement is too small for float64")
    place = np.array([[i, index] for i, index, _ in entries], dtype=np.intp).reshape(-1, 2)
    values = np.array([float(coefficient) for _, _, coefficient in entries])
    inexact = any(value != exact for value, (_, _, exact) in zip(values, entries, strict=True))
    around = [Enclosed.of(row.constant) for row in rows]
    offset = np.array([float(end.above) for end in around])
    radius = np.array([float(end.above - end.below) for end in around])
    maps: list[LinearMap] = []
    operands: list[str] = []
    start = 0
    for value in seen:
        mine = (place[:, 1] >= start) & (place[:, 1] < start + value.size)
        if mine.any():
            cells = (place[mine, 0], place[mine, 1] - start)
            maps.append(_map(values[mine], cells, (len(rows), value.size)))
            operands.append(value.node)
        start += value.size
    share = 2 * UNIT if inexact else 0.0
    op = Affine(tuple(maps), offset, share, radius if radius.any() else None)
    return Node("#margins", op, tuple(operands), len(rows), "requirement")


def _map(
    values: Array, cells: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]], shape: tuple[int, int]
) -> LinearMap:
    matrix = sp.csr_array(sp.coo_array((values, cells), shape=shape))
    matrix.sort_indices()
    if shape[0] * shape[1] <= 20_000 or matrix.nnz * 4 > shape[0] * shape[1]:
        return DenseMap(matrix.toarray())
    return SparseMap(matrix)
