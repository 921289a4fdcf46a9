"""The core language: five operators, closed.

Every network, perturbation and requirement becomes a graph of these. A value is a flat vector of
``size`` numbers for each sample; shapes of tensors are remembered for people and witnesses, and
mean nothing here.

=========  ==================================================================================
Input      a value that the question ranges over
Affine     ``y = M_1 x_1 + ... + M_k x_k + b``, up to a stated error
Relu       ``y = max(x, 0)``, elementwise
Max        ``y_i = max(x_j : j in group i)``
Smooth     ``y = f(x)`` for a function that is not piecewise linear, or ``y = x_1 x_2``, elementwise
=========  ==================================================================================

What an operator means is said once for each meaning, in `mipc/semantics`: each is one ``match``
over :data:`Op` that ends in ``assert_never``, so a gap is a type error. An ONNX operator is no
operator here: it is spelled with these, in `mipc/frontend/operators`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.numerics.functions import Function
from mipc.numerics.linear_maps import LinearMap
from mipc.numerics.relaxation import Product

__all__ = ["Affine", "Input", "Max", "Node", "Op", "Relu", "Smooth"]

Array: TypeAlias = npt.NDArray[np.float64]
Index: TypeAlias = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Input:
    """A value that the question ranges over."""


@dataclass(frozen=True, eq=False)
class Affine:
    """``y = sum_k maps[k] @ operands[k] + offset``, up to what folding constants has rounded.

    The value it denotes is exact; the numbers stored here may not be. The exact ``y_i`` is within
    ``relative * (sum |M_ij| |x_j| + |b_i|) + radius_i`` of what they give. Both are 0 for numbers
    taken from a file as they are.

    Attributes
    ----------
    maps : tuple of LinearMap
        One for each operand, each (m, size of that operand).
    offset : (m,) float64
    relative : float
    radius : (m,) float64 or None
        ``None`` stands for zeros.
    """

    maps: tuple[LinearMap, ...]
    offset: Array
    relative: float = 0.0
    radius: Array | None = None

    @property
    def is_exact(self) -> bool:
        """Whether the stored numbers are the exact ones."""
        return self.relative == 0.0 and self.radius is None


@dataclass(frozen=True)
class Relu:
    """``y = max(x, 0)``, elementwise."""


@dataclass(frozen=True, eq=False)
class Max:
    """``y_i`` is the largest of the operand's numbers named by row ``i`` of ``groups``.

    Attributes
    ----------
    groups : (m, k) int
        -1 stands for "no further member"; each row has at least one member, listed first.
    """

    groups: Index


@dataclass(frozen=True)
class Smooth:
    """``y = f(x)`` elementwise; with the function ``Product``, ``y = x_1 x_2`` of two operands.

    Attributes
    ----------
    function : Function or Product
    cells : int
        Into how many cells a file splits the range of (the first) ``x``: its envelope gets tighter
        and has more binaries. It changes nothing of what the value is.
    """

    function: Function | Product
    cells: int = 1


Op: TypeAlias = Input | Affine | Relu | Max | Smooth


@dataclass(frozen=True, eq=False)
class Node:
    """One operator applied: one node, one value, one name.

    Attributes
    ----------
    name : str
        Denotes a function of the question's parameters; a pass never changes which.
    op : Op
    operands : tuple of str
        Names of earlier nodes.
    size : int
        How many numbers the value has.
    origin : str
        Where it comes from, for people: ``Conv 'conv1' (node 3)``.
    shape : tuple of int
        The tensor's shape, its product being ``size``.
    part_of : (name, indices) or None
        Set by passes where this value is some neurons of a value of the network.
    """

    name: str
    op: Op
    operands: tuple[str, ...]
    size: int
    origin: str = ""
    shape: tuple[int, ...] = field(default=())
    part_of: tuple[str, Index] | None = None

    def __post_init__(self) -> None:
        if not self.shape:
            object.__setattr__(self, "shape", (self.size,))

    def neurons(self, indices: Index) -> tuple[str, Index]:
        """Some neurons of this value, as neurons of a value of the network."""
        if self.part_of is None:
            return self.name, indices
        name, whole = self.part_of
        return name, whole[indices]
