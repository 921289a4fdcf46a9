"""What a row of the tables of operator cases is.

To test an operator or an attribute, add a row to a ``table_*.py``: a name, the shape of the
input, and nodes. It is run at each of its opsets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx_models import NEWEST, Node, model

__all__ = ["ALL", "CASES", "Case", "row"]

ALL = (7, NEWEST)


@dataclass(frozen=True, eq=False)
class Case:
    """A model: nodes on an input of a shape."""

    name: str
    shape: tuple[int | str, ...]
    nodes: tuple[Node, ...]
    opset: int
    dtype: Any
    listed: bool

    def proto(self) -> onnx.ModelProto:
        return model(self.nodes, self.shape, opset=self.opset, dtype=self.dtype, listed=self.listed)

    def __str__(self) -> str:
        return f"{self.name}-{self.opset}"


CASES: list[Case] = []


def row(
    name: str,
    shape: tuple[int | str, ...],
    *nodes: Node,
    opsets: tuple[int, ...] = ALL,
    dtype: Any = np.float32,
    listed: bool = False,
) -> None:
    for opset in opsets:
        CASES.append(Case(name, shape, nodes, opset, dtype, listed))
