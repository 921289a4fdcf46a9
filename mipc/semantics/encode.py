"""The mixed-integer meaning: columns and rows whose feasible points are the runs of the network.

Of a value that feeds another affine operator, a ReLU or a maximum the file needs either columns
or just expressions:

* an input, a ReLU, a maximum and a smooth value have columns;
* an affine value is an expression over the columns of its operands; if an affine or a smooth
  operator uses it, it gets columns of its own and rows that define them.

The formulas are those of Tjeng, Xiao, Tedrake 2019. With ``l <= z <= u`` and a binary ``a``::

    y >= z     y <= z - l (1 - a)     y <= u a     0 <= y <= u          ReLU
    y >= z_i   y <= z_i + (U - l_i) (1 - a_i)      sum a_i = 1          Max

Smooth functions and products have rows of their own, see `encode_smooth.py`; the cuts of a domain
too, see `encode_domain.py`.

Soundness. What is written admits every exact run: an expression that may be off by ``slack``
appears only in inequalities relaxed by it, bounds come from outward-rounded arithmetic, and
right-hand sides are rounded to the loose side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias, assert_never

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from mipc.errors import InternalError
from mipc.ir.graph import Graph
from mipc.ir.ops import Affine, Input, Max, Node, Relu, Smooth
from mipc.milp.model import Expr, ModelBuilder
from mipc.numerics.domains import Domain
from mipc.numerics.interval import Interval
from mipc.numerics.relaxation import Product
from mipc.numerics.rounding import UNIT, up
from mipc.semantics.encode_domain import encode_domain
from mipc.semantics.encode_smooth import Envelope, encode_function, encode_product
from mipc.semantics.interval import affine_slack

__all__ = ["Block", "Coded", "Encoded", "encode"]

Array: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Coded:
    """A value in the file: the exact value is within ``slack`` of ``expr`` at every run."""

    expr: Expr
    slack: Array


@dataclass(frozen=True)
class Block:
    """What a block of columns stands for.

    Attributes
    ----------
    stem : str
        The columns are named ``stem_0 ...``.
    node : str
        A value of the network.
    role : str
        ``input``, ``output of relu``, ``phase of relu``, ``affine``, ``output of max``,
        ``choice of max``, ``smooth value``, ``cell``, ``copy in a cell``, ``cut``, ``margin``,
        ``distance``, ``selector``.
    neurons : tuple of int
        Which neuron of the node each column is about.
    """

    stem: str
    node: str
    role: str
    neurons: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Encoded:
    """A graph in a model.

    Attributes
    ----------
    values : dict of name to Coded
        Every value as expressions.
    blocks : list of Block
        What the columns stand for.
    envelopes : list of Envelope
        What is only approximated, and how closely.
    """

    values: dict[str, Coded]
    blocks: list[Block]
    envelopes: list[Envelope]


def encode(
    graph: Graph,
    domain: Mapping[str, Domain],
    bounds: Mapping[str, Interval],
    builder: ModelBuilder,
) -> Encoded:
    """Write a graph into a model.

    Parameters
    ----------
    domain : mapping of input name to Domain
        For one sample.
    bounds : mapping of name to Interval
        (1, size) each, for every value.
    """
    coder = _Coder(graph, domain, bounds, builder, {}, [], [])
    for number, node in enumerate(graph):
        match node.op:
            case Input():
                coder.input(node)
            case Affine():
                coder.affine(node, node.op, number)
            case Relu():
                coder.relu(node, number)
            case Max(groups):
                coder.max(node, groups, number)
            case Smooth():
                coder.smooth(node, node.op, number)
            case _ as never:
                assert_never(never)
    return Encoded(coder.coded, coder.blocks, coder.envelopes)


@dataclass(frozen=True)
class _Coder:
    graph: Graph
    domain: Mapping[str, Domain]
    bounds: Mapping[str, Interval]
    builder: ModelBuilder
    coded: dict[str, Coded]
    blocks: list[Block]
    envelopes: list[Envelope]

    def input(self, node: Node) -> None:
        several = len(self.graph.inputs) > 1
        stem = f"x{self.graph.inputs.index(node)}" if several else "x"
        region = self.domain[node.name]
        x = self._columns(stem, node, "input", integer=region.integer)
        for name, neurons in encode_domain(self.builder, stem, region, x):
            self._block(name, node, "cut", neurons)

    def affine(self, node: Node, op: Affine, number: int) -> None:
        expr = Expr.fixed(op.offset)
        for name, linear in zip(node.operands, op.maps, strict=True):
            operand = self.coded[name]
            if operand.slack.any() or not _is_columns(operand.expr):
                raise InternalError(f"operand {name!r} has no columns", where=node.name)
            expr = expr + Expr(_over(linear.tocsr(), operand.expr), np.zeros(node.size))
        largest = [self.bounds[name].largest()[:, None] for name in node.operands]
        slack = np.broadcast_to(affine_slack(op, largest)[0], (node.size,))
        if len(set(node.operands)) < len(node.operands):
            # entries of maps over the same value were added, each sum rounded once
            sizes = [m.row_sum * float(x[0, 0]) for m, x in zip(op.maps, largest, strict=True)]
            slack = up(slack + 2 * len(sizes) * UNIT * sum(sizes))
        if not any(isinstance(c.op, Affine | Smooth) for c in self.graph.consumers(node.name)):
            self.coded[node.name] = Coded(expr, slack)
            return
        z = self._columns(f"z{number}", node, "affine")
        if not slack.any():
            self.builder.equal(f"def{number}", z - expr)
        else:
            self.builder.at_most(f"def{number}u", z - expr, slack)
            self.builder.at_most(f"def{number}l", expr - z, slack)

    def relu(self, node: Node, number: int) -> None:
        pre = self.coded[node.operands[0]]
        known = self.bounds[node.operands[0]]
        lower, upper = known.lower[0], known.upper[0]
        y = self._columns(f"y{number}", node, "output of relu")
        self.builder.at_most(f"above{number}", pre.expr - y, pre.slack)
        active = np.flatnonzero(lower >= 0)
        if len(active):
            same = y[active] - pre.expr[active]
            self.builder.at_most(f"same{number}", same, pre.slack[active])
        split = np.flatnonzero((lower < 0) & (upper > 0))
        if not len(split):
            return
        a = self.builder.binaries(f"a{number}", len(split))
        self._block(f"a{number}", node, "phase of relu", split)
        l, u, z = lower[split], upper[split], pre.expr[split]  # noqa: E741
        # y <= z - l (1 - a) and y <= u a
        self.builder.at_most(f"below{number}", y[split] - z - a.scale(l), up(pre.slack[split] - l))
        self.builder.at_most(f"phase{number}", y[split] - a.scale(u))

    def max(self, node: Node, groups: npt.NDArray[np.intp], number: int) -> None:
        arguments = self.coded[node.operands[0]]
        known = self.bounds[node.operands[0]]
        y = self._columns(f"y{number}", node, "output of max")
        group, place = np.nonzero(groups >= 0)
        member = groups[group, place]
        z, slack = arguments.expr[member], arguments.slack[member]
        a = self.builder.binaries(f"a{number}", len(member))
        self._block(f"a{number}", node, "choice of max", group)
        top = self.bounds[node.name].upper[0][group]
        reach = up(top - known.lower[0][member])
        # y >= z_i, y <= z_i + (U - l_i)(1 - a_i), and one member is chosen
        self.builder.at_most(f"above{number}", z - y[group], slack)
        self.builder.at_most(f"below{number}", y[group] - z + a.scale(reach), up(slack + reach))
        entries = (np.ones(len(member)), (group, np.arange(len(member))))
        chosen = sp.csr_array(sp.coo_array(entries, shape=(node.size, len(member))))
        self.builder.equal(f"one{number}", a.through(chosen), np.ones(node.size))

    def smooth(self, node: Node, op: Smooth, number: int) -> None:
        arguments = [self.coded[name] for name in node.operands]
        for name, argument in zip(node.operands, arguments, strict=True):
            if argument.slack.any() or not _is_columns(argument.expr):
                raise InternalError(f"operand {name!r} has no columns", where=node.name)
        known = [self.bounds[name][0] for name in node.operands]
        y = self._columns(f"y{number}", node, "smooth value")
        if isinstance(op.function, Product):
            x, z = (argument.expr for argument in arguments)
            pair = (known[0], known[1])
            found, added = encode_product(self.builder, number, pair, x, z, y, op.cells)
        else:
            z = arguments[0].expr
            found, added = encode_function(
                self.builder, number, op.function, known[0], z, y, op.cells
            )
        self.envelopes.append(replace(found, node=node.neurons(np.zeros(0, np.intp))[0]))
        for stem, neurons in added:
            self._block(stem, node, "cell" if stem[0] == "c" else "copy in a cell", neurons)

    def _columns(self, stem: str, node: Node, role: str, *, integer: bool = False) -> Expr:
        """Columns for a value, with its bounds."""
        known = self.bounds[node.name]
        expr = self.builder.columns(stem, known.lower[0], known.upper[0], integer=integer)
        self._block(stem, node, role, np.arange(node.size))
        self.coded[node.name] = Coded(expr, np.zeros(node.size))
        return expr

    def _block(self, stem: str, node: Node, role: str, indices: npt.NDArray[np.intp]) -> None:
        """Say what columns stand for, in terms of the network's own values."""
        name, neurons = node.neurons(indices)
        self.blocks.append(Block(stem, name, role, tuple(neurons.tolist())))


def _is_columns(expr: Expr) -> bool:
    """Whether each expression is just one column."""
    one_each = expr.matrix.nnz == len(expr) and bool((expr.matrix.data == 1.0).all())
    return one_each and not expr.constant.any()


def _over(matrix: sp.csr_array, columns: Expr) -> sp.csr_array:
    """Entries over a block of columns: the matrix moved to where the block lies; exact."""
    place = columns.matrix.indices
    width = columns.matrix.shape[1]
    moved = sp.csr_array(
        (matrix.data, place[matrix.indices], matrix.indptr), (len(matrix.indptr) - 1, width)
    )
    moved.sort_indices()
    return moved
