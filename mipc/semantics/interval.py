"""The interval meaning: what each value can be when each operand is anything in its interval."""

from __future__ import annotations

from typing import TypeAlias, assert_never

import numpy as np
import numpy.typing as npt

from mipc.errors import InternalError
from mipc.ir.ops import Affine, Input, Max, Node, Relu, Smooth
from mipc.numerics import functions
from mipc.numerics.functions import Function
from mipc.numerics.interval import Interval
from mipc.numerics.products import Products
from mipc.numerics.relaxation import Product, product_interval
from mipc.numerics.rounding import UNIT, enclose

__all__ = ["affine_slack", "interval"]

Array: TypeAlias = npt.NDArray[np.float64]


def interval(node: Node, operands: list[Interval], products: Products, batch: int = 1) -> Interval:
    """Bounds of a node's value from bounds of its operands, rounded outward.

    Parameters
    ----------
    operands : list of Interval
        (B, n) each.
    batch : int
        ``B``, for a value without operands.

    Returns
    -------
    Interval
        (B, size).

    Raises
    ------
    RangeError
        Where bounds are not finite.
    """
    match node.op:
        case Input():
            raise InternalError("an input has the bounds of its domain", where=node.name)
        case Affine():
            return _affine(node, node.op, operands, products, batch)
        case Relu():
            x = operands[0]
            return Interval(np.maximum(x.lower, 0.0), np.maximum(x.upper, 0.0))
        case Max(groups):
            x, absent = operands[0], groups < 0
            lower = np.where(absent, -np.inf, x.lower[:, groups]).max(axis=2)
            return Interval(lower, np.where(absent, -np.inf, x.upper[:, groups]).max(axis=2))
        case Smooth(function):
            return _smooth(node, function, operands)
        case _ as never:
            assert_never(never)


def _affine(
    node: Node, op: Affine, operands: list[Interval], products: Products, batch: int
) -> Interval:
    """``M c + b -+ |M| r``, each sum and product moved outward by what it may have rounded."""
    middle = np.tile(op.offset, (batch, 1))
    reach = np.zeros((batch, node.size))
    error = np.zeros((batch, 1))
    sums = 8 * (len(operands) + 1)
    for linear, x in zip(op.maps, operands, strict=True):
        centre, radius = x.centred()
        middle = middle + linear.apply(centre, products)
        reach = reach + linear.apply_absolute(radius, products)
        largest = x.largest()[:, None] * (1 + 2**-40)
        # the products' own error, on centre and radius, and that of the sums around them
        error = error + (2 * linear.error(products) + sums * UNIT * linear.row_sum) * largest
    error = error + sums * UNIT * np.abs(op.offset).max(initial=0.0)
    error = error + affine_slack(op, [x.largest()[:, None] for x in operands])
    return Interval.checked(*enclose(middle - reach, middle + reach, error), node.name)


def _smooth(node: Node, function: Function | Product, operands: list[Interval]) -> Interval:
    if isinstance(function, Product):
        return Interval.checked(*product_interval(*operands), node.name)
    x = operands[0]
    function.check(x.lower, x.upper, node.name)
    low, high = functions.interval(function, x.lower, x.upper)
    return Interval.checked(low, high, node.name)


def affine_slack(op: Affine, largest: list[Array]) -> Array:
    """How far the exact value may be from the stored numbers' (B, size): see :class:`Affine`.

    ``largest`` holds, for each operand, the largest absolute value of each sample, (B, 1).
    """
    slack = np.zeros((1, len(op.offset)))
    if op.relative:
        sizes = [m.row_sum * x for m, x in zip(op.maps, largest, strict=True)]
        slack = slack + op.relative * (sum(sizes, np.zeros((1, 1))) + np.abs(op.offset))
    if op.radius is not None:
        slack = slack + op.radius
    return slack * (1.0 + 2**-40)
