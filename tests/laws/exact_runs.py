"""Runs of a graph in Fractions, and the equations that each node of a graph states about them.

Written from the definition of the core language alone: no code of mipc computes a value here.
Where an affine operator is inexact its *true* value is anything within the stated error; a run
takes one of those, told by a ``wobble``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

import mpmath
import numpy as np
from exact_functions import exactly

from mipc.ir.graph import Graph
from mipc.ir.ops import Affine, Input, Max, Node, Relu, Smooth
from mipc.numerics.functions import Function
from mipc.numerics.relaxation import Product
from mipc.passes import Problem

Values = dict[str, list[Fraction]]
Wobble = Callable[[str, int], Fraction]


def still(name: str, neuron: int) -> Fraction:
    """The stored numbers as they are."""
    return Fraction(0)


def wobbling(rng: np.random.Generator) -> Wobble:
    """Some true value within the stated error, often at its very edge."""
    shares = [Fraction(-1), Fraction(1), Fraction(0), Fraction(1, 3), Fraction(-7, 8)]
    return lambda name, neuron: shares[int(rng.integers(len(shares)))]


def exact_run(
    graph: Graph, point: np.ndarray | Mapping[str, Sequence[Fraction]], wobble: Wobble = still
) -> Values:
    """Every value at one input, or at one value of each input."""
    values: Values = {}
    for node in graph:
        operands = [values[name] for name in node.operands]
        if isinstance(node.op, Input):
            given = point.tolist() if isinstance(point, np.ndarray) else point[node.name]
            values[node.name] = [Fraction(v) for v in given]
        elif isinstance(node.op, Affine):
            middles, errors = affine_of(node.op, operands)
            values[node.name] = [
                middle + error * wobble(node.name, i) if error else middle
                for i, (middle, error) in enumerate(zip(middles, errors, strict=True))
            ]
        else:
            values[node.name] = piecewise_of(node, operands)
    return values


def affine_of(op: Affine, operands: list[list[Fraction]]) -> tuple[list[Fraction], list[Fraction]]:
    """What the stored numbers give, and how far the true value may be from it."""
    middles = [Fraction(b) for b in op.offset.tolist()]
    sizes = [abs(b) for b in middles]
    for linear, x in zip(op.maps, operands, strict=True):
        matrix = linear.tocsr()
        starts, columns, entries = (
            matrix.indptr.tolist(), matrix.indices.tolist(), matrix.data.tolist()
        )  # fmt: skip
        for i in range(len(middles)):
            for k in range(starts[i], starts[i + 1]):
                term = Fraction(entries[k]) * x[columns[k]]
                middles[i] += term
                if op.relative:
                    sizes[i] += abs(term)
    radius = [0.0] * len(middles) if op.radius is None else op.radius.tolist()
    share = Fraction(op.relative)
    return middles, [share * s + Fraction(r) for s, r in zip(sizes, radius, strict=True)]


def piecewise_of(node: Node, operands: list[list[Fraction]]) -> list[Fraction]:
    """ReLU, maximum and product, which round nothing; smooth functions at 60 digits."""
    x = operands[0]
    match node.op:
        case Smooth(function):
            if isinstance(function, Product):
                return [a * b for a, b in zip(*operands, strict=True)]
            return [smooth_value(function, v) for v in x]
        case Relu():
            return [max(v, Fraction(0)) for v in x]
        case Max(groups):
            return [max(x[j] for j in group if j >= 0) for group in groups.tolist()]
    raise AssertionError(node)


SMALLEST = mpmath.mpf(2) ** -1000
"""Less than what bounds are widened by in any case."""


def smooth_value(function: Function, x: Fraction) -> Fraction:
    """A function of a rational, exactly where it is rational by nature, else to 60 digits."""
    name, parameters = function.name, dict(function.parameters)
    match name:
        case "pow" if parameters["exponent"].is_integer():
            return x ** int(parameters["exponent"])
        case "sign":
            return Fraction((x > 0) - (x < 0))
        case "thresholded_relu":
            return x if x > Fraction(parameters["alpha"]) else Fraction(0)
        case "elu" | "celu" if x >= 0:
            return x
        case "selu" if x >= 0:
            return Fraction(parameters["gamma"]) * x
        case "reciprocal":
            return 1 / x
        case "hardswish" if abs(x) >= 3:
            return max(x, Fraction(0))
    value = exactly(function)(mpmath.mpf(x.numerator) / x.denominator)
    if abs(value) < SMALLEST:
        return Fraction(0)  # and not a fraction of a million digits
    mantissa, exponent = value.man_exp  # without the sign
    size = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    return -size if value < 0 else size


def assert_states(node: Node, operands: list[list[Fraction]], value: list[Fraction]) -> None:
    """A node's equation is true of exact values, up to the error it states itself."""
    if isinstance(node.op, Affine):
        middles, errors = affine_of(node.op, operands)
        for i, (middle, error, true) in enumerate(zip(middles, errors, value, strict=True)):
            gap = abs(true - middle)
            assert gap <= error, (
                f"{node.name}[{i}] is {float(gap):.3g} from what its operator gives, "
                f"and states {float(error):.3g}"
            )
    elif not isinstance(node.op, Input):
        assert piecewise_of(node, operands) == value, f"{node.name} is not what it states"


def assert_inside(problem: Problem, values: Mapping[str, list[Fraction]]) -> None:
    """Every value lies in its bounds."""
    for node in problem.graph:
        bounds = problem.bounds.get(node.name)
        if bounds is not None:
            assert_between(node.name, bounds.lower[0], bounds.upper[0], values[node.name])


def assert_between(name: str, lower: np.ndarray, upper: np.ndarray, value: list[Fraction]) -> None:
    """``lower <= value <= upper``, exactly."""
    assert len(lower) == len(upper) == len(value), f"{name} has bounds of another size"
    for i, (low, v, high) in enumerate(zip(lower.tolist(), value, upper.tolist(), strict=True)):
        assert low <= v <= high, f"{name}[{i}] = {float(v)!r} is outside [{low!r}, {high!r}]"


def follow(before: Problem, after: Problem, run: Values) -> Values:
    """The same run in the graph a pass made: every equation there is true of it.

    A name keeps its value for ever. A new name that is said to be part of a value of the network
    is that part; any other is what its operator says. Returns the values of all names so far.
    """
    values = dict(run)
    for node in after.graph:
        operands = [values[name] for name in node.operands]
        if node.name not in values:
            values[node.name] = _new(node, operands, values)
        assert_states(node, operands, values[node.name])
    assert after.graph.outputs == before.graph.outputs
    assert_inside(after, values)
    return values


def _new(node: Node, operands: list[list[Fraction]], values: Values) -> list[Fraction]:
    if node.part_of is not None:
        name, neurons = node.part_of
        return [values[name][i] for i in neurons.tolist()]
    if not isinstance(node.op, Affine):
        return piecewise_of(node, operands)
    assert node.op.is_exact, f"{node.name} is a new inexact value"
    return affine_of(node.op, operands)[0]
