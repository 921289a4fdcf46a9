"""What an ONNX operator is spelled with: tensors, and the core-language nodes behind them.

While a network is read, each of its tensors is either a :class:`Constant` (numbers, known now) or
a :class:`Value` (a node of the graph and the tensor's shape). A :class:`Builder` makes new ones.
Reshaping a value makes no node: the flat numbers are the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.errors import ModelError, UnsafeModel
from mipc.frontend.limits import MOST_IN_ALL, count
from mipc.ir.ops import Affine, Input, Max, Node, Op, Relu, Smooth
from mipc.numerics.functions import Function
from mipc.numerics.linear_maps import LinearMap, ScaleMap, SelectMap, identity
from mipc.numerics.relaxation import Product

__all__ = ["Builder", "Constant", "Order", "Tensor", "Value", "places"]

Array: TypeAlias = npt.NDArray[np.float64]
Index: TypeAlias = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Constant:
    """Numbers known when the network is read.

    Attributes
    ----------
    array : ndarray
        float64 for every floating-point type of ONNX; int64 or bool as they are.
    relative : float
        The exact numbers are within this share of the stored ones; 0 if they are exact.
    """

    array: npt.NDArray[Any]
    relative: float = 0.0

    @property
    def shape(self) -> tuple[int, ...]:
        """The tensor's shape."""
        return self.array.shape


@dataclass(frozen=True)
class Value:
    """A tensor computed from the input: a node of the graph, seen in a shape."""

    name: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)


Tensor: TypeAlias = Constant | Value


@dataclass(frozen=True)
class Order:
    """A value in the same order as another: what a softmax was applied to.

    ``scores`` tells whether their differences are the same too.
    """

    node: str
    scores: bool = False


@dataclass
class Builder:
    """Grows the node list of a graph; every method returns the tensor it made."""

    nodes: list[Node] = field(default_factory=list)
    order: dict[str, Order] = field(default_factory=dict)
    _names: set[str] = field(default_factory=set)
    _taken: int = 0

    def input(self, name: str, shape: tuple[int, ...]) -> Value:
        """The network's input."""
        return self._node(Input(), (), shape, name, "input")

    def affine(
        self,
        maps: Sequence[LinearMap],
        operands: Sequence[Value],
        offset: npt.ArrayLike,
        shape: tuple[int, ...],
        *,
        origin: str,
        name: str,
        relative: float = 0.0,
        radius: Array | None = None,
    ) -> Value:
        """``sum maps[k] @ operands[k] + offset``, up to ``relative`` and ``radius``.

        The offset and the radius are broadcast to ``shape``; a radius of zeros is none.
        """
        count(shape, origin)
        known = None if radius is None or not radius.any() else _flat(radius, shape)
        op = Affine(tuple(maps), _flat(offset, shape), relative, known)
        return self._node(op, operands, shape, name, origin)

    def scale(self, x: Value, factors: Constant, *, origin: str, name: str) -> Value:
        """Elementwise product with constants, broadcast to the shape of ``x``."""
        linear = ScaleMap(_flat(factors.array, x.shape))
        relative = factors.relative
        return self.affine([linear], [x], 0.0, x.shape, origin=origin, name=name, relative=relative)

    def select(self, x: Tensor, source: Index, *, origin: str, name: str) -> Tensor:
        """The numbers of ``x`` named by flat index, in the shape of ``source``; -1 gives 0."""
        if isinstance(x, Constant):
            padded = np.append(x.array.reshape(-1), np.zeros(1, x.array.dtype))
            return Constant(padded[source], x.relative)
        linear = SelectMap(source.reshape(-1).astype(np.intp), x.size)
        if linear.is_identity:
            return Value(x.name, source.shape)
        return self.affine([linear], [x], 0.0, source.shape, origin=origin, name=name)

    def broadcast(self, x: Value, shape: tuple[int, ...]) -> SelectMap:
        """The map that repeats ``x`` to a shape, as numpy broadcasts."""
        index = _index(x, shape).reshape(-1)
        return identity(x.size) if len(index) == x.size else SelectMap(index.copy(), x.size)

    def widened(self, x: Value, shape: tuple[int, ...], *, origin: str, name: str) -> Value:
        """``x`` repeated to a shape, as numpy broadcasts; no node where nothing is repeated."""
        if math.prod(shape) == x.size:
            return Value(x.name, shape)
        linear = self.broadcast(x, shape)
        return self.affine([linear], [x], 0.0, shape, origin=origin, name=name)

    def relu(self, x: Value, *, origin: str, name: str) -> Value:
        """``max(x, 0)``, elementwise."""
        return self._node(Relu(), [x], x.shape, name, origin)

    def smooth(self, x: Value, function: Function, *, origin: str, name: str) -> Value:
        """``f(x)``, elementwise."""
        return self._node(Smooth(function), [x], x.shape, name, origin)

    def product(self, x: Value, y: Value, *, origin: str, name: str) -> Value:
        """``x y``, elementwise, of two values of one shape."""
        return self._node(Smooth(Product()), [x, y], x.shape, name, origin)

    def maximum(
        self, x: Value, groups: Index, shape: tuple[int, ...], *, origin: str, name: str
    ) -> Value:
        """The largest number of each group of flat indices; -1 is no member."""
        first = np.argsort(groups < 0, axis=1, kind="stable")
        return self._node(Max(np.take_along_axis(groups, first, axis=1)), [x], shape, name, origin)

    def reshape(self, x: Tensor, shape: tuple[int, ...]) -> Tensor:
        """The same numbers in another shape."""
        if isinstance(x, Constant):
            return Constant(x.array.reshape(shape), x.relative)
        return Value(x.name, shape)

    def take(self, numbers: int, where: str) -> None:
        """Keep account of the numbers of all tensors.

        Raises
        ------
        UnsafeModel
            Together they are too many.
        """
        self._taken += numbers
        if self._taken > MOST_IN_ALL:
            raise UnsafeModel(
                f"the tensors up to here have more than {MOST_IN_ALL} numbers", where=where
            )

    def _node(
        self, op: Op, operands: Sequence[Value], shape: tuple[int, ...], name: str, origin: str
    ) -> Value:
        size = count(shape, origin)
        if size == 0:
            raise ModelError(f"a tensor of shape {list(shape)} has no numbers", where=origin)
        self.take(size, origin)
        unique = name.replace("#", "_")  # the mark of names that passes make
        while unique in self._names:
            unique += "'"
        self._names.add(unique)
        names = tuple(x.name for x in operands)
        self.nodes.append(Node(unique, op, names, size, origin, shape))
        return Value(unique, shape)


def places(x: Tensor) -> Index:
    """The flat index of each number of a tensor, in the tensor's shape."""
    return np.arange(math.prod(x.shape), dtype=np.intp).reshape(x.shape)


def _flat(values: npt.ArrayLike, shape: tuple[int, ...]) -> Array:
    """A flat array of its own, broadcast to a shape."""
    return np.broadcast_to(np.asarray(values, dtype=np.float64), shape).reshape(-1).copy()


def _index(x: Value, shape: tuple[int, ...]) -> Index:
    """Where each number of a broadcast comes from."""
    return np.broadcast_to(np.arange(x.size, dtype=np.intp).reshape(x.shape), shape)
