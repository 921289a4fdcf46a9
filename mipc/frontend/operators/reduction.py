"""Reductions over axes: sums and means are linear, extremes are the Max of the core language.

The others are a function before the sum, after it, or both. ``axes`` is an attribute in older
opsets and an input in newer ones; the check of a node has told which.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from mipc.frontend.builder import Constant, Tensor
from mipc.frontend.operators.activation import magnitude
from mipc.frontend.operators.folded_sums import row_products, row_sums
from mipc.frontend.operators.folding import product, quotient
from mipc.frontend.operators.smooth import applied
from mipc.frontend.registry import Call, operator
from mipc.numerics import functions as f
from mipc.numerics.linear_maps import ScaleMap, SparseMap

Index: TypeAlias = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Reduction:
    """What is reduced to what.

    Attributes
    ----------
    groups : (results, members) int
        The flat indices that each result is made of.
    shape : tuple of int
        Of the result.
    """

    groups: Index
    shape: tuple[int, ...]

    @staticmethod
    def of(call: Call) -> Reduction | None:
        """Read axes and keepdims of a node; ``None`` where it is asked to do nothing."""
        shape = call[0].shape
        given = call.integers(1) if call.has(1) else list(call.attribute("axes", []))
        if not given and call.flag("noop_with_empty_axes"):
            return None
        axes = [call.axis(axis, len(shape)) for axis in given or range(len(shape))]
        if len(set(axes)) < len(axes):
            raise call.fail(f"axes {given} are not different")
        if any(shape[axis] == 0 for axis in axes):
            raise call.fail(f"nothing to reduce in shape {list(shape)}")
        call.expect("keepdims", 0, 1)
        keep = bool(call.attribute("keepdims", 1))
        kept = [axis for axis in range(len(shape)) if axis not in axes]
        flat = np.arange(math.prod(shape)).reshape(shape)
        groups = flat.transpose(kept + axes).reshape(math.prod(shape[i] for i in kept), -1)
        result = [1 if i in axes else n for i, n in enumerate(shape) if keep or i not in axes]
        return Reduction(groups, tuple(result))

    def rows(self, x: Constant) -> npt.NDArray[np.float64]:
        """The numbers of each group."""
        return np.asarray(x.array.reshape(-1)[self.groups])


@operator("ReduceSum")
def reduce_sum(call: Call) -> Tensor:
    """Sums over axes."""
    over = Reduction.of(call)
    return call[0] if over is None else _summed(call, call[0], over)


@operator("ReduceMean")
def reduce_mean(call: Call) -> Tensor:
    """Means over axes."""
    over = Reduction.of(call)
    return call[0] if over is None else _summed(call, call[0], over, mean=True)


@operator("ReduceMax")
def reduce_max(call: Call) -> Tensor:
    """The largest numbers over axes."""
    return _extreme(call, 1.0)


@operator("ReduceMin")
def reduce_min(call: Call) -> Tensor:
    """The smallest numbers over axes."""
    return _extreme(call, -1.0)


@operator("ReduceL1")
def reduce_l1(call: Call) -> Tensor:
    """Sums of ``|x|`` over axes."""
    return _summed(call, magnitude(call, call[0], "magnitude"), _needed(call))


@operator("ReduceSumSquare")
def reduce_sum_square(call: Call) -> Tensor:
    """Sums of squares over axes."""
    return _summed(call, _squares(call), _needed(call))


@operator("ReduceL2")
def reduce_l2(call: Call) -> Tensor:
    """Euclidean norms over axes.

    A sum of squares is its own positive part; so bounds that rounding moves below 0 do no harm.
    """
    total = _summed(call, _squares(call), _needed(call), "sum")
    if not isinstance(total, Constant):
        total = call.build.relu(total, **call.labels("positive"))
    return applied(call, f.SQRT, x=total)


@operator("ReduceLogSum")
def reduce_log_sum(call: Call) -> Tensor:
    """Logarithms of sums over axes, where bounds keep these positive."""
    return applied(call, f.LOG, x=_summed(call, call[0], _needed(call), "sum"))


@operator("ReduceLogSumExp")
def reduce_log_sum_exp(call: Call) -> Tensor:
    """Logarithms of sums of exponentials over axes."""
    powers = applied(call, f.EXP, "exponentials")
    return applied(call, f.LOG, x=_summed(call, powers, _needed(call), "sum"))


@operator("ReduceProd")
def reduce_prod(call: Call) -> Tensor:
    """Products over axes, of constants."""
    x, over = call.constant(0), Reduction.of(call)
    if over is None:
        return x
    return call.build.reshape(row_products(call, over.rows(x), x.relative), over.shape)


def _squares(call: Call) -> Tensor:
    x = call[0]
    if isinstance(x, Constant):
        return product(call, x, x)
    return applied(call, f.power(2.0), "squares")


def _needed(call: Call) -> Reduction:
    """A reduction that does something: what "nothing" means here, ONNX has said differently."""
    over = Reduction.of(call)
    if over is None:
        raise call.fail("noop_with_empty_axes=1 without axes", "leave the operator out")
    return over


def _summed(
    call: Call, x: Tensor, over: Reduction, step: str = "", *, mean: bool = False
) -> Tensor:
    """Sums over the groups, or their means."""
    results, members = over.groups.shape
    if isinstance(x, Constant):
        folded = row_sums(call, over.rows(x), x.relative)
        if mean:
            whole = x.array.dtype.kind in "bi"
            folded = quotient(
                call, folded, Constant(np.array(members if whole else float(members)))
            )
        return call.build.reshape(folded, over.shape)
    one = Constant(np.array(1.0))
    share = quotient(call, one, Constant(np.array(float(members)))) if mean else one
    values = np.full(x.size, float(share.array))
    ends = np.arange(results + 1) * members
    columns = np.sort(over.groups, axis=1).reshape(-1)
    linear = SparseMap(sp.csr_array((values, columns, ends), shape=(results, x.size)))
    return call.build.affine(
        [linear], [x], 0.0, over.shape, relative=share.relative, **call.labels(step)
    )


def _extreme(call: Call, sign: float) -> Tensor:
    """The largest of each group where ``sign`` is 1, the smallest where it is -1.

    Of constants it keeps their share of rounding: the number chosen moves no farther than the one
    that attains it, and no number changes its sign.
    """
    x, over = call[0], Reduction.of(call)
    if over is None:
        return x
    if isinstance(x, Constant):
        rows = over.rows(x)
        chosen = rows.max(axis=1) if sign > 0 else rows.min(axis=1)
        return Constant(chosen.reshape(over.shape), x.relative)
    if over.groups.shape[1] == 1:
        return call.build.select(x, over.groups.reshape(over.shape), **call.labels())
    if sign > 0:
        return call.build.maximum(x, over.groups, over.shape, **call.labels())
    turned = call.build.affine(
        [ScaleMap(np.full(x.size, -1.0))], [x], 0.0, x.shape, **call.labels("turned")
    )
    largest = call.build.maximum(turned, over.groups, over.shape, **call.labels("largest"))
    return call.build.scale(largest, Constant(np.array(-1.0)), **call.labels())
