"""What an ONNX operator is spelled with: tensors, and the core-language nodes behind them.

While a network is read, each of its tensors is either a :class:`Constant` (numbers, known now) or
a :class:`Value` (a node of the graph and the tensor's shape). A :class:`Builder` makes new ones.
Reshaping a value makes no node: the flat numbers are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.errors import UnsafeModel
from mipc.ir.ops import Affine, Input, Max, Node, Op, Relu
from mipc.numerics.linear_maps import LinearMap, ScaleMap, SelectMap, identity

__all__ = ["Builder", "Constant", "Tensor", "Value"]

Array: TypeAlias = npt.NDArray[np.float64]
Index: TypeAlias = npt.NDArray[np.intp]

MOST_NUMBERS = 50_000_000
"""No tensor of a network may have more numbers than this."""


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
        return int(np.prod(self.shape, dtype=object))


Tensor: TypeAlias = Constant | Value


@dataclass
class Builder:
    """Grows the node list of a graph; every method returns the tensor it made."""

    nodes: list[Node] = field(default_factory=list)
    _names: set[str] = field(default_factory=set)

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
        """``sum maps[k] @ operands[k] + offset``; the offset is broadcast to ``shape``."""
        flat = np.broadcast_to(np.asarray(offset, dtype=np.float64), shape).reshape(-1)
        op = Affine(tuple(maps), np.array(flat), relative, radius)
        return self._node(op, operands, shape, name, origin)

    def scale(
        self, x: Value, factors: Constant, *, origin: str, name: str
    ) -> Value:
        """Elementwise product with constants, broadcast to the shape of ``x``."""
        flat = np.broadcast_to(factors.array, x.shape).reshape(-1).astype(np.float64)
        return self.affine(
            [ScaleMap(np.array(flat))], [x], 0.0, x.shape,
            origin=origin, name=name, relative=factors.relative,
        )  # fmt: skip

    def select(self, x: Tensor, source: Index, *, origin: str, name: str) -> Tensor:
        """The numbers of ``x`` named by flat index, in the shape of ``source``; -1 gives 0."""
        if isinstance(x, Constant):
            padded = np.append(x.array.reshape(-1), np.zeros(1, x.array.dtype))
            return Constant(padded[source], x.relative)
        linear = SelectMap(source.reshape(-1).astype(np.intp), x.size)
        if linear.is_identity:
            return Value(x.name, source.shape)
        return self.affine([linear], [x], 0.0, source.shape, origin=origin, name=name)

    def broadcast(self, x: Value, shape: tuple[int, ...]) -> LinearMap:
        """The map that repeats ``x`` to a shape, as numpy broadcasts."""
        index = np.broadcast_to(np.arange(x.size).reshape(x.shape), shape).reshape(-1)
        return identity(x.size) if len(index) == x.size else SelectMap(np.array(index), x.size)

    def relu(self, x: Value, *, origin: str, name: str) -> Value:
        """``max(x, 0)``, elementwise."""
        return self._node(Relu(), [x], x.shape, name, origin)

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

    def _node(
        self, op: Op, operands: Sequence[Value], shape: tuple[int, ...], name: str, origin: str
    ) -> Value:
        size = int(np.prod(shape, dtype=object))
        if size > MOST_NUMBERS:
            raise UnsafeModel(
                f"a tensor of shape {list(shape)} has {size} numbers; at most {MOST_NUMBERS} "
                "are accepted",
                where=origin,
            )
        unique = name
        while unique in self._names:
            unique += "'"
        self._names.add(unique)
        names = tuple(x.name for x in operands)
        self.nodes.append(Node(unique, op, names, size, origin, shape))
        return Value(unique, shape)
