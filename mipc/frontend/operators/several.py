"""Sums, means, maxima and minima of any number of tensors, broadcast, constants among them.

The larger of two is ``a + relu(b - a)``: one ReLU a number. Only three and more computed tensors
need the Max of the core language.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce

import numpy as np

from mipc.frontend.builder import Constant, Tensor, Value
from mipc.frontend.operators.arithmetic import multiple
from mipc.frontend.operators.folding import product, quotient, total
from mipc.frontend.registry import Call, operator
from mipc.numerics.linear_maps import LinearMap, SelectMap

Shape = tuple[int, ...]


@operator("Sum", since=6)
def sum_(call: Call) -> Tensor:
    """``a + b + ...``."""
    return _combined(call, Constant(np.array(1)))


@operator("Mean", since=6)
def mean(call: Call) -> Tensor:
    """``(a + b + ...) / n``."""
    count = Constant(np.array(float(len(call.inputs))))
    return _combined(call, quotient(call, Constant(np.array(1.0)), count))


@operator("Max", since=6)
def max_(call: Call) -> Tensor:
    """The largest of several tensors, elementwise."""
    return _extreme(call, 1.0)


@operator("Min", since=6)
def min_(call: Call) -> Tensor:
    """The smallest of several tensors, elementwise."""
    return _extreme(call, -1.0)


def _split(call: Call) -> tuple[list[Value], list[Constant], Shape]:
    """The inputs, computed and constant, and the shape that they have together."""
    tensors = [call[i] for i in range(len(call.inputs))]
    values = [tensor for tensor in tensors if isinstance(tensor, Value)]
    constants = [tensor for tensor in tensors if isinstance(tensor, Constant)]
    return values, constants, call.broadcast(*tensors)


def _combined(call: Call, share: Constant) -> Tensor:
    """``share`` times the sum of all inputs."""
    values, constants, shape = _split(call)
    known = Constant(np.array(0))
    for constant in constants:
        known = total(call, known, constant, 1.0)
    known = product(call, known, share)
    if not values:
        return Constant(np.broadcast_to(known.array, shape), known.relative)
    factor = float(share.array)
    maps = [multiple(call.build.broadcast(x, shape), factor) for x in values]
    radius = 2 * known.relative * np.abs(known.array)
    return call.build.affine(
        maps, values, known.array, shape, relative=share.relative, radius=radius, **call.labels()
    )


def _extreme(call: Call, sign: float) -> Tensor:
    """The largest where ``sign`` is 1, the smallest where it is -1.

    A choice among constants keeps their share of rounding: if no number changes its sign, neither
    does the chosen one, and it moves no farther than the one that attains it.
    """
    given, constants, shape = _split(call)
    values = list(dict.fromkeys(given))
    known = _extreme_constant(constants, sign)
    if known is None:
        if len(values) == 1:
            return call.build.widened(values[0], shape, **call.labels())
        return (_of_two if len(values) == 2 else _of_many)(call, values, None, shape, sign)
    if not values:
        return Constant(np.broadcast_to(known.array, shape), known.relative)
    return (_of_two if len(values) == 1 else _of_many)(call, values, known, shape, sign)


def _extreme_constant(constants: Sequence[Constant], sign: float) -> Constant | None:
    """The extreme of the constants alone."""
    if not constants:
        return None
    choose = np.maximum if sign > 0 else np.minimum
    array = reduce(choose, [c.array for c in constants])
    return Constant(np.asarray(array), max(c.relative for c in constants))


def _of_two(
    call: Call, values: list[Value], known: Constant | None, shape: Shape, sign: float
) -> Tensor:
    """``b + sign relu(sign (a - b))`` for the first value ``a`` and the other, or a constant."""
    build = call.build
    first = build.broadcast(values[0], shape)
    offset = np.zeros(()) if known is None else known.array.astype(np.float64)
    radius = np.zeros(()) if known is None else 2 * known.relative * np.abs(offset)
    others = [build.broadcast(x, shape) for x in values[1:]]
    over = build.affine(
        [multiple(first, sign), *(multiple(wide, -sign) for wide in others)],
        values,
        -sign * offset,
        shape,
        radius=radius,
        **call.labels("over"),
    )
    if sign > 0 and not others and not offset.any():
        return build.relu(over, **call.labels())
    above = build.relu(over, **call.labels("above"))
    maps: list[LinearMap] = [*others, multiple(build.broadcast(above, shape), sign)]
    operands = [*values[1:], above]
    return build.affine(maps, operands, offset, shape, radius=radius, **call.labels())


def _of_many(
    call: Call, values: list[Value], known: Constant | None, shape: Shape, sign: float
) -> Tensor:
    """``sign max(sign a, sign b, ...)`` by one Max over all of them side by side."""
    size, members = math.prod(shape), len(values) + (known is not None)
    call.room(members + 1, members, size)  # each computed one has a map
    offset, radius = np.zeros((members, size)), np.zeros((members, size))
    if known is not None:
        offset[-1] = sign * np.broadcast_to(known.array, shape).reshape(-1)
        radius[-1] = 2 * known.relative * np.abs(offset[-1])
    maps = []
    for place, x in enumerate(values):
        source = np.full((members, size), -1)
        source[place] = call.build.broadcast(x, shape).source
        maps.append(multiple(SelectMap(source.reshape(-1), x.size), sign))
    side = (members, *shape)
    beside = call.build.affine(
        maps,
        values,
        offset.reshape(side),
        side,
        radius=radius.reshape(side),
        **call.labels("beside"),
    )
    groups = np.arange(members * size).reshape(members, size).T
    labels = call.labels("" if sign > 0 else "largest")
    largest = call.build.maximum(beside, groups, shape, **labels)
    if sign > 0:
        return largest
    return call.build.scale(largest, Constant(np.array(-1.0)), **call.labels())
