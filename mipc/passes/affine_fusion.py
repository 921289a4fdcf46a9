"""Affine values are written out where they are used, unless keeping them costs fewer nonzeros.

In a file, a value that feeds a ReLU, a maximum or an output is one row a neuron. An affine value
in between can be *substituted*: its rows multiplied into those that use it; or *kept*: columns
and defining rows of its own. Walking backwards with the rows that a file will have, the pass
counts the nonzeros of both and takes fewer. Each decision is noted.

Substitution multiplies floats and rounds. Each fused row therefore carries a radius that bounds
all of its rounding over the box: the exact value lies within it, so the file stays a relaxation
of the exact network.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from mipc import clock
from mipc.ir.graph import Graph
from mipc.ir.ops import Affine, Node
from mipc.numerics.linear_maps import LinearMap, SelectMap, SparseMap
from mipc.numerics.rounding import TINY, UNIT, gamma, sum_up, up
from mipc.passes.base import Problem
from mipc.semantics.interval import affine_slack

__all__ = ["AffineFusion"]

Array: TypeAlias = npt.NDArray[np.float64]
Csr: TypeAlias = Any


@dataclass(frozen=True)
class AffineFusion:
    """After it, an affine value whose operand is affine stands where that saves nonzeros.

    Attributes
    ----------
    keep : "auto", "all" or "none"
        Keep an affine value if it saves nonzeros, always, or never.
    """

    name: ClassVar[str] = "affine-fusion"
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"keep": ("auto", "all", "none")}
    keep: str = "auto"

    def apply(self, problem: Problem) -> Problem:
        """Rebuild the graph from the rows that a file will have."""
        walk = _Walk(problem, self.keep)
        for node in reversed(tuple(problem.graph)):
            clock.check()
            walk.visit(node)
        nodes = walk.rebuilt()
        bounds = {f.name: problem.of(f.source)[:, f.neurons] for f in walk.rows.values()}
        return problem.become(problem.graph.replaced(nodes), bounds, (), walk.notes)


@dataclass
class _Rows:
    """Rows of the file-to-be: some neurons of an affine value, over columns found so far."""

    name: str
    source: str
    neurons: npt.NDArray[np.intp]
    offset: Array
    radius: Array
    parts: dict[str, Csr] = field(default_factory=dict)

    def charge(self, share: float, matrix: Csr, most: float) -> None:
        """Widen each row by ``share * sum |its entries| * most``, and by what underflows."""
        norm = sum_up(np.asarray(abs(matrix).sum(axis=1))[:, None])
        terms = gamma(int(np.diff(matrix.indptr).max(initial=1)))
        loss = share * norm * most * (1 + terms) * (1 + 2**-30)
        self.radius = up(self.radius + loss + TINY * (1.0 + most))


class _Walk:
    def __init__(self, problem: Problem, keep: str) -> None:
        self.problem = problem
        self.graph: Graph = problem.graph
        self.keep = keep
        self.rows: dict[str, _Rows] = {}
        self.wanted = {*problem.graph.outputs, *(node.name for node in problem.graph.inputs)}
        self.pending: dict[str, dict[str, Csr]] = {}
        self.columns: list[str] = []
        self.notes: dict[str, str] = {}

    def visit(self, node: Node) -> None:
        """Rows that wait at a node end there, if it has columns, or go on to its operands."""
        waiting = self.pending.pop(node.name, {})
        if isinstance(node.op, Affine):
            if node.name in self.wanted:
                waiting[node.name] = self._begin(node, np.arange(node.size), node.name)
            if waiting:
                self._affine(node, node.op, waiting)
        elif waiting or node.name in self.wanted:
            for name, matrix in waiting.items():
                self.rows[name].parts[node.name] = matrix
            self.columns.append(node.name)
            self.wanted.update(node.operands)

    def _affine(self, node: Node, op: Affine, waiting: dict[str, Csr]) -> None:
        used = self._kept(node, op, waiting)
        if len(used):
            name = self._fresh(f"{node.name}#kept")
            for other in [key for key in waiting if key != node.name]:
                self.rows[other].parts[name] = sp.csr_array(waiting.pop(other)[:, used])
            waiting[name] = self._begin(node, used, name)
        for name, matrix in waiting.items():
            self._pull(node, op, self.rows[name], matrix)

    def _fresh(self, name: str) -> str:
        """A name that neither the graph nor the rows made so far have."""
        while name in self.graph or name in self.rows:
            name += "'"
        return name

    def _begin(self, node: Node, neurons: npt.NDArray[np.intp], name: str) -> Csr:
        self.rows[name] = _Rows(
            name, node.name, neurons, np.zeros(len(neurons)), np.zeros(len(neurons))
        )
        entries = (np.ones(len(neurons)), (np.arange(len(neurons)), neurons))
        return sp.csr_array(sp.coo_array(entries, shape=(len(neurons), node.size)))

    def _kept(self, node: Node, op: Affine, waiting: dict[str, Csr]) -> npt.NDArray[np.intp]:
        """The neurons to keep as columns: those that rows of others use, or none."""
        nothing = np.zeros(0, dtype=np.intp)
        others = [matrix for name, matrix in waiting.items() if name != node.name]
        if not others or all(isinstance(m, SelectMap) for m in op.maps) or self.keep == "none":
            return nothing
        rows = sp.csr_array(sp.vstack(others))
        used = np.unique(rows.indices).astype(np.intp)
        defining = [linear.tocsr()[used, :] for linear in op.maps]
        kept = rows.nnz + len(used) + sum(m.nnz for m in defining)
        substituted = sum(_product_size(rows[:, used], m) for m in defining)
        choice = self.keep == "all" or kept < substituted
        word = "kept" if choice else "substituted"
        self.notes[node.name] = f"{word} ({kept} nonzeros kept, {substituted} substituted)"
        return used if choice else nothing

    def _pull(self, node: Node, op: Affine, rows: _Rows, matrix: Csr) -> None:
        """``P (M x + b) = (P M) x + P b``, with what rounding may add."""
        largest = [self.problem.of(name).largest() for name in node.operands]
        slack = affine_slack(op, [x[:, None] for x in largest])[0]
        if slack.any():
            rows.radius = up(rows.radius + (abs(matrix) @ slack) * (1 + 2**-30))
        if not _is_exact(op, rows, matrix):
            sizes = [m.row_sum * float(x[0]) for m, x in zip(op.maps, largest, strict=True)]
            most = (sum(sizes) + float(np.abs(op.offset).max(initial=0.0))) * (1 + 2**-30)
            terms = int(np.diff(matrix.indptr).max(initial=1)) + 2 * len(self.graph) + 8
            rows.charge(gamma(terms), matrix, most)
        before, added = rows.offset, matrix @ op.offset
        rows.offset = before + added
        if before.any() and added.any():
            rows.radius = up(rows.radius + 2 * UNIT * np.abs(rows.offset))
        for operand, linear, size in zip(node.operands, op.maps, largest, strict=True):
            product = sp.csr_array(matrix @ linear.tocsr())
            waiting = self.pending.setdefault(operand, {})
            if rows.name in waiting:
                product = sp.csr_array(waiting[rows.name] + product)
                rows.charge(2 * UNIT, product, float(size[0]))
            waiting[rows.name] = product

    def rebuilt(self) -> list[Node]:
        """The nodes of the fused graph, in an order in which each follows its operands."""
        order = {node.name: i for i, node in enumerate(self.graph)}
        made: list[tuple[int, int, Node]] = []
        for name in self.columns:
            made.append((order[name], 1, self.graph[name]))
        for rows in self.rows.values():
            source = self.graph[rows.source]
            names = sorted(rows.parts, key=lambda n: (order.get(n, -1), n))
            maps: list[LinearMap] = []
            for name in names:
                matrix = rows.parts[name]
                matrix.eliminate_zeros()
                matrix.sort_indices()
                maps.append(SparseMap(matrix))
            radius = rows.radius if rows.radius.any() else None
            op = Affine(tuple(maps), rows.offset, 0.0, radius)
            part = source.part_of if rows.name == source.name else source.neurons(rows.neurons)
            node = Node(rows.name, op, tuple(names), len(rows.neurons), source.origin, part_of=part)
            first = 0 if rows.name not in self.graph else 1
            made.append((order[rows.source], first, node))
        return [node for _, _, node in sorted(made, key=lambda entry: entry[:2])]


def _is_exact(op: Affine, rows: _Rows, matrix: Csr) -> bool:
    """Whether ``P M`` and ``P b`` need no rounding.

    So it is where each row of ``P`` is one neuron and nothing is added to it yet, and where ``M``
    only moves numbers to places of their own.
    """
    single = bool((np.diff(matrix.indptr) == 1).all()) and bool((matrix.data == 1.0).all())
    moves = len(op.maps) == 1 and isinstance(op.maps[0], SelectMap) and op.maps[0].is_injective
    return single or (moves and not op.offset.any())


def _product_size(a: Csr, b: Csr) -> int:
    """The number of nonzeros of ``a @ b``, without cancellation."""
    ones = sp.csr_array((np.ones(a.nnz), a.indices, a.indptr), shape=a.shape)
    twos = sp.csr_array((np.ones(b.nnz), b.indices, b.indptr), shape=b.shape)
    return int((ones @ twos).nnz)
