"""Comparisons and logic, of constants only: what shapes are computed with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.frontend.builder import Constant, Tensor
from mipc.frontend.operators.jumps import certain
from mipc.frontend.registry import Call, operator

Array: TypeAlias = npt.NDArray[Any]
Relation: TypeAlias = Callable[[Array, Array], Any]


@operator("Equal")
def equal(call: Call) -> Tensor:
    """``a == b``; of constants."""
    return _compared(call, np.equal)


@operator("Less")
def less(call: Call) -> Tensor:
    """``a < b``; of constants."""
    return _compared(call, np.less)


@operator("LessOrEqual", since=12)
def less_or_equal(call: Call) -> Tensor:
    """``a <= b``; of constants."""
    return _compared(call, np.less_equal)


@operator("Greater")
def greater(call: Call) -> Tensor:
    """``a > b``; of constants."""
    return _compared(call, np.greater)


@operator("GreaterOrEqual", since=12)
def greater_or_equal(call: Call) -> Tensor:
    """``a >= b``; of constants."""
    return _compared(call, np.greater_equal)


@operator("Not")
def not_(call: Call) -> Tensor:
    """``not a``; of constants."""
    return Constant(np.logical_not(call.constant(0).array))


@operator("And", since=7)
def and_(call: Call) -> Tensor:
    """``a and b``; of constants."""
    return _joined(call, np.logical_and)


@operator("Or", since=7)
def or_(call: Call) -> Tensor:
    """``a or b``; of constants."""
    return _joined(call, np.logical_or)


@operator("Xor", since=7)
def xor(call: Call) -> Tensor:
    """``a or b`` but not both; of constants."""
    return _joined(call, np.logical_xor)


def _compared(call: Call, relation: Relation) -> Constant:
    """A relation of constants that nothing has rounded."""
    a, b = certain(call, 0), certain(call, 1)
    call.broadcast(call.constant(0), call.constant(1))
    return Constant(np.asarray(relation(a, b)))


def _joined(call: Call, relation: Relation) -> Constant:
    a, b = call.constant(0), call.constant(1)
    call.broadcast(a, b)
    return Constant(np.asarray(relation(a.array, b.array)))
