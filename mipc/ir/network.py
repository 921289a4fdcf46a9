"""A network as mipc sees it, and what is needed to run the original file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from mipc.ir.graph import Graph

__all__ = ["Dtype", "Network"]

Dtype: TypeAlias = Literal["float32", "float64"]


@dataclass(frozen=True, eq=False)
class Network:
    """A graph with one input and one output, and the file it was read from.

    Attributes
    ----------
    graph : Graph
        float64 numbers taken from the file exactly.
    path : Path
    sha256 : str
        Of the file's bytes (external data not included).
    input_name, output_name : str
        The names in the ONNX file.
    input_shape, output_shape : tuple of int
        A symbolic batch dimension is 1.
    dtype : "float32" or "float64"
        Of the input.
    opset : int
    """

    graph: Graph
    path: Path
    sha256: str
    input_name: str
    output_name: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    dtype: Dtype
    opset: int

    @property
    def input_size(self) -> int:
        """How many numbers an input has."""
        return self.graph.inputs[0].size

    @property
    def classes(self) -> int:
        """How many numbers the output has."""
        return self.graph[self.graph.outputs[0]].size
