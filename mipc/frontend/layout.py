"""Where an input's channels stand, as far as the operators that follow tell."""

from __future__ import annotations

from typing import Any

__all__ = ["channels_first"]

WINDOWED = frozenset(
    (
        *("AveragePool", "BatchNormalization", "Conv", "ConvTranspose", "GlobalAveragePool"),
        *("GlobalMaxPool", "InstanceNormalization", "MaxPool"),
    )
)
"""Operators to which the second axis means channels."""

KEEPING = frozenset(
    (
        *("Abs", "Add", "Atan", "Cast", "Celu", "Clip", "Cos", "Div", "Dropout", "Elu", "Erf"),
        *("Exp", "Gelu", "HardSigmoid", "HardSwish", "Identity", "LeakyRelu", "Log", "Max"),
        *("Mean", "Min", "Mish", "Mul", "Neg", "PRelu", "Pad", "Pow", "Reciprocal", "Relu"),
        *("Resize", "Selu", "Sigmoid", "Sign", "Sin", "Slice", "Softplus", "Softsign", "Sqrt"),
        *("Sub", "Sum", "Tanh", "ThresholdedRelu", "Upsample", "Where"),
    )
)
"""Operators that leave the axes where they are."""


def channels_first(graph: Any, name: str) -> bool | None:
    """Whether channels stand in front of rows and columns; None where no operator says so."""
    users: dict[str, list[Any]] = {}
    for node in graph.node:
        for given in node.input:
            users.setdefault(given, []).append(node)
    seen, waiting, turned = {name}, [name], False
    while waiting:
        for node in users.get(waiting.pop(), []):
            if node.op_type in WINDOWED:
                return True
            turned |= node.op_type == "Transpose" and _perm(node) == [0, 3, 1, 2]
            if node.op_type in KEEPING:
                new = set(node.output) - seen
                seen |= new
                waiting += new
    return False if turned else None


def _perm(node: Any) -> list[int]:
    return [axis for entry in node.attribute if entry.name == "perm" for axis in entry.ints]
