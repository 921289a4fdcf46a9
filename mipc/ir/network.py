"""A network as mipc sees it, and what is needed to run the original file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from mipc.errors import QuestionError
from mipc.ir.graph import Graph

__all__ = ["Dtype", "Network", "Port"]

Dtype: TypeAlias = Literal["float32", "float64", "int64"]


@dataclass(frozen=True)
class Port:
    """A tensor at the border of a network.

    Attributes
    ----------
    name : str
        In the ONNX file.
    node : str
        The value of the graph that holds its numbers.
    shape : tuple of int
        A symbolic batch dimension is 1.
    dtype : "float32", "float64" or "int64"
        Of the numbers in the original network; ``int64`` only for an arg-max.
    order : str or None
        A value whose numbers have the same order as this one's: what a final softmax, sigmoid or
        arg-max was applied to.
    scores : bool
        Whether differences of ``order`` are those of this tensor too (log-softmax).
    index : bool
        Whether the tensor is the arg-max of ``order``: one class number instead of scores.
    channels_first : bool or None
        Of an input, whether the operators that follow read its channels in front of its rows and
        columns; None where they do not say.
    """

    name: str
    node: str
    shape: tuple[int, ...]
    dtype: Dtype = "float32"
    order: str | None = None
    scores: bool = False
    index: bool = False
    channels_first: bool | None = None

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)


@dataclass(frozen=True, eq=False)
class Network:
    """A graph, its borders, and the file it was read from.

    Attributes
    ----------
    graph : Graph
        float64 numbers taken from the file exactly.
    path : Path
    sha256 : str
        Of the file's bytes (external data not included).
    inputs, outputs : tuple of Port
        In the order of the ONNX file.
    opset : int
    notes : tuple of str
        What was repaired while reading, for people.
    hidden : mapping of str to Port
        Tensors inside that questions may name, by their names in the ONNX file.
    repaired : bool
        Whether the file's declared input type was wrong, so that it runs only as repaired.
    """

    graph: Graph
    path: Path
    sha256: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    opset: int
    notes: tuple[str, ...] = ()
    hidden: Mapping[str, Port] = field(default_factory=dict)
    repaired: bool = False

    @property
    def input(self) -> Port:
        """The only input.

        Raises
        ------
        QuestionError
            There are several.
        """
        return self._only(self.inputs, "input")

    @property
    def output(self) -> Port:
        """The only output.

        Raises
        ------
        QuestionError
            There are several.
        """
        return self._only(self.outputs, "output")

    def _only(self, ports: tuple[Port, ...], kind: str) -> Port:
        if len(ports) != 1:
            names = ", ".join(port.name for port in ports)
            raise QuestionError(
                f"this question needs a network with one {kind}; it has {len(ports)}: {names}",
                where=str(self.path),
                remedy="ask with a VNN-LIB property, which names its tensors",
            )
        return ports[0]
