"""What strategies for operator cases share: opsets, constants, layers before and after.

Inputs are drawn from [-2, 2] wherever the laws are tried, so that an operator with a domain can be
given an argument that stays in it: see :func:`positive`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st
from onnx_models import NEWEST, Node, X, whole
from operator_cases import Case
from strategies import numbers

__all__ = [
    "OPSETS",
    "Draft",
    "away_from_zero",
    "constants",
    "drafts",
    "finished",
    "maybe_constant",
    "opsets",
    "positive",
    "shapes",
]

OPSETS = (7, 8, 9, 10, 11, 12, 13, 14, 15, 18, 19, 20, 21, NEWEST)
"""Those at which the signature of some operator changes."""

Draw = Callable[[st.SearchStrategy[Any]], Any]


def opsets(since: int = 7, until: int = NEWEST) -> st.SearchStrategy[int]:
    """Opsets from one to another, both among them."""
    return st.sampled_from([opset for opset in OPSETS if since <= opset <= until])


def shapes(
    low: int = 1, high: int = 4, side: int = 3, most: int = 36
) -> st.SearchStrategy[tuple[int, ...]]:
    """Shapes of a rank between two, with few numbers."""
    sides = st.lists(st.integers(1, side), min_size=low, max_size=high)
    return sides.map(tuple).filter(lambda shape: math.prod(shape) <= most)


@st.composite
def constants(draw: st.DrawFn, shape: tuple[int, ...]) -> np.ndarray:
    """Small integers, eighths, or any numbers, float32 or not; some of them zero."""
    style = draw(st.sampled_from(["integer", "eighths", "float32", "float64", "sparse"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    return np.asarray(numbers(rng, shape, style))


def away_from_zero(values: np.ndarray, least: float = 0.25) -> np.ndarray:
    """Numbers of the same signs that can be divided by."""
    return np.copysign(np.maximum(np.abs(values), least), values)


@dataclass
class Draft:
    """A case in the making.

    Attributes
    ----------
    shape : tuple of int
        Of the network's input, named ``X``.
    opset : int
    dtype : numpy's float32 or float64
    nodes : list of Node
    """

    shape: tuple[int, ...]
    opset: int
    dtype: Any = np.float32
    nodes: list[Node] = field(default_factory=list)

    def add(self, op_type: str, *inputs: Any, **attributes: Any) -> str:
        """One more node, and the name of its output."""
        name = f"t{len(self.nodes)}"
        self.nodes.append(Node(op_type, *inputs, output=name, **attributes))
        return name

    def computed(self, draw: Draw, shape: tuple[int, ...], source: str = X) -> str:
        """A tensor of any shape: all numbers of the input times a matrix, shifted."""
        flat = self.add("Reshape", source, whole(1, -1))
        weight = draw(constants((math.prod(self.shape), math.prod(shape))))
        rows = self.add("Gemm", flat, weight, draw(constants((weight.shape[1],))))
        return self.add("Reshape", rows, whole(*shape))

    def folded(self, draw: Draw, array: np.ndarray) -> Any:
        """A constant, or the node that computes one of about that size."""
        match draw(st.sampled_from(["array", "array", "product", "quotient"])):
            case "product":
                return self.add("Mul", array, np.array(0.7))
            case "quotient":
                return self.add("Div", array, np.array(3.0))
        return array

    def case(self, draw: Draw, name: str) -> Case:
        """The case, with a layer after the operator or none."""
        last = self.nodes[-1].output
        match draw(st.sampled_from(["", "", "relu", "scaled relu"])):
            case "relu":
                self.add("Relu", last)
            case "scaled relu":
                scaled = self.add("Mul", last, draw(constants(())) + 0.5)
                self.add("Relu", self.add("Sub", scaled, np.array(0.25)))
        sizes: tuple[int | str, ...] = self.shape
        if len(sizes) > 1 and sizes[0] == 1 and draw(st.integers(0, 4)) == 0:
            sizes = ("N", *sizes[1:])
        listed = draw(st.integers(0, 9)) == 0
        return Case(name, sizes, tuple(self.nodes), self.opset, self.dtype, listed)


@st.composite
def drafts(
    draw: st.DrawFn,
    shape: tuple[int, ...],
    *,
    since: int = 7,
    until: int = NEWEST,
    double: bool = False,
) -> tuple[Draft, str]:
    """A draft and the name of a tensor of some shape in it: the input, or the layers over it."""
    opset = draw(opsets(since, until))
    dtype = draw(st.sampled_from([np.float32] * 3 + [np.float64])) if double else np.float32
    kind = draw(st.sampled_from(["input", "dense", "dense relu", "skip"]))
    if kind == "input":
        return Draft(shape, opset, dtype), X
    if kind == "skip":
        draft = Draft(shape, opset, dtype)
        return draft, draft.add("Add", draft.add("Relu", X), X)
    draft = Draft((1, draw(st.integers(1, 4))), opset, dtype)
    source = draft.computed(draw, shape)
    return draft, draft.add("Relu", source) if kind == "dense relu" else source


def positive(draw: Draw, draft: Draft, source: str) -> str:
    """Numbers from above 0, however large the given ones are."""
    match draw(st.sampled_from(["scaled", "sigmoid", "square"])):
        case "scaled" if source == X:
            scaled = draft.add("Mul", source, np.array(draw(st.sampled_from([0.25, 0.4, -0.3]))))
            return draft.add("Add", scaled, np.array(draw(st.sampled_from([1.0, 1.5, 4.0]))))
        case "square":
            return draft.add("Add", draft.add("Mul", source, source), np.array(0.125))
    return draft.add("Add", draft.add("Sigmoid", source), np.array(0.25))


def maybe_constant(
    draw: Draw, draft: Draft, x: str, shape: tuple[int, ...]
) -> tuple[Any, str | None]:
    """The operand: the tensor, or constants, to which it is added in the end."""
    if draw(st.integers(0, 5)):
        return x, None
    return draft.folded(draw, draw(constants(shape))), x


def finished(draw: Draw, draft: Draft, op_type: str, result: str, extra: str | None) -> Case:
    """With the sum of the tensor's numbers where only constants were operands."""
    if extra is not None:
        draft.add("Add", result, draft.computed(draw, (1,)))
    return draft.case(draw, op_type)
