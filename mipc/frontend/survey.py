"""A file as far as it could be read: all of a network, or what is around the nodes refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mipc.frontend.builder import Tensor
from mipc.frontend.element_types import declared
from mipc.frontend.refusals import Refusals
from mipc.ir.graph import Graph
from mipc.ir.network import Port
from mipc.ir.ops import Node

__all__ = ["Survey", "type_name"]


def type_name(number: int) -> str:
    """The name of a type of ONNX tensors: 1 is ``FLOAT``."""
    return declared(number).upper() or f"type {number}"


@dataclass(frozen=True, eq=False)
class Survey:
    """What was read of an ONNX file, and what was refused.

    Attributes
    ----------
    path : Path
    model : onnx.ModelProto
        With its types repaired, and without a final arg-max.
    sha256 : str
        Of the file's bytes.
    opset : int
        0 if it was refused.
    repaired : sequence of str
        Inputs whose declared type was put right.
    indexed : mapping of str to str
        Scores of an arg-max that was taken away -> the output's original name.
    tensors : mapping of str to Tensor
        What could be read, by its name in the file.
    types : mapping of str to str
        The ONNX types of tensors.
    nodes : sequence of Node
        Of the core language, in the order in which they were made.
    inputs, outputs : sequence of Port
        Those that could be read.
    refusals : Refusals
    """

    path: Path
    model: Any
    sha256: str
    opset: int
    repaired: Sequence[str]
    indexed: Mapping[str, str]
    tensors: Mapping[str, Tensor]
    types: Mapping[str, str]
    nodes: Sequence[Node]
    inputs: Sequence[Port]
    outputs: Sequence[Port]
    refusals: Refusals

    @property
    def is_complete(self) -> bool:
        """Whether nothing was refused, so that questions can be asked."""
        return not self.refusals.found

    @property
    def graph(self) -> Graph | None:
        """What the outputs need; where some were not read, all that was; None if that is nothing.

        Beside the outputs, what has their order is one.
        """
        if not self.nodes:
            return None
        if not self.is_complete:
            used = {name for node in self.nodes for name in node.operands}
            return Graph(self.nodes, [n.name for n in self.nodes if n.name not in used])
        ordered = [port.order for port in self.outputs if port.order]
        names = dict.fromkeys([*(port.node for port in self.outputs), *ordered])
        return Graph(self.nodes, names).pruned()
