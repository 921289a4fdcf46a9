"""What is put right in an ONNX graph before it is read, and told to the user.

Some exporters declare inputs of type double over float weights. ONNX allows no such mixture and
ONNX Runtime refuses it; the network that was meant has float inputs.

An arg-max as the last operator is taken away: the class it names is that of the largest score, so
questions are asked of the scores, and answers replayed on the original.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mipc.errors import UnsupportedOperator
from mipc.frontend.builder import Tensor
from mipc.frontend.element_types import declared

__all__ = ["check_arg_max", "declared_opset", "peel_arg_max", "repair", "runnable"]

SHAPING = ("Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze")
"""Operators that may stand between an arg-max and the output."""

INDEX_TYPES = ("int32", "int64", "float", "double")
"""What class numbers may be cast to: all of them are held exactly, below :data:`MOST_CLASSES`."""

MOST_CLASSES = 2**24


def repair(model: Any) -> list[str]:
    """Declare inputs float that are double and meet float weights; their names."""
    import onnx

    float_, double = onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE
    weights = {entry.name: entry.data_type for entry in model.graph.initializer}
    opset = declared_opset(model) or 1
    wrong = []
    for entry in model.graph.input:
        if entry.name in weights or entry.type.tensor_type.elem_type != double:
            continue
        reached = _unchanged(model.graph, entry.name)
        users = [node for node in model.graph.node if reached & set(node.input)]
        kinds = {weights[name] for node in users for name in _partners(node, reached, opset)
                 if name in weights}  # fmt: skip
        if kinds == {float_}:
            wrong.append(entry.name)
    if wrong:
        kept = weights.keys() | _doubles(model.graph)
        for entry in (*model.graph.input, *model.graph.output, *model.graph.value_info):
            if entry.type.tensor_type.elem_type == double and entry.name not in kept:
                entry.type.tensor_type.elem_type = float_
    return wrong


def _doubles(graph: Any) -> set[str]:
    """The tensors that are double whatever the inputs are: casts, and what is made of them."""
    found: set[str] = set()
    for node in graph.node:
        cast = node.op_type == "Cast"
        if _cast_to(node) == "double" if cast else found & set(node.input):
            found.update(node.output)
    return found


def _cast_to(node: Any) -> str:
    """The name of the type that a cast says; empty if it says none."""
    targets = [declared(entry.i) for entry in node.attribute if entry.name == "to"]
    return targets[-1] if targets else ""


def declared_opset(model: Any) -> int | None:
    """The opset of the standard domain: of several, ONNX Runtime takes the last."""
    versions = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    return int(versions[-1]) if versions else None


def _partners(node: Any, reached: set[str], opset: int) -> set[str]:
    """The other inputs of a node that must have the type of those reached.

    An exponent of Pow or the scales of a Resize may have another: that is no mixture.
    """
    import onnx

    if node.domain not in ("", "ai.onnx") or not onnx.defs.has(node.op_type, opset, ""):
        return set()
    formals = onnx.defs.get_schema(node.op_type, opset, "").inputs
    if not formals:
        return set()
    slots = [
        (name, formals[min(i, len(formals) - 1)].type_str) for i, name in enumerate(node.input)
    ]
    mine = {slot for name, slot in slots if name in reached}
    return {name for name, slot in slots if slot in mine}


def _unchanged(graph: Any, name: str) -> set[str]:
    """The tensors that are the input in another shape."""
    names = {name}
    shaping = {"Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze", "Transpose", "Dropout"}
    for node in graph.node:
        if node.op_type in shaping and node.input and node.input[0] in names:
            names.update(node.output[:1])
    return names


def runnable(data: bytes, shown: Sequence[str] = ()) -> bytes:
    """A file as it was read, with its input types put right, that also shows tensors inside.

    Parameters
    ----------
    data : bytes
        The original file.
    shown : sequence of str
        Names of tensors that become outputs too.
    """
    import onnx

    model = onnx.ModelProto.FromString(data)
    repair(model)
    known = {entry.name for entry in model.graph.output}
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in shown if name not in known)
    text: bytes = model.SerializeToString()
    return text


def peel_arg_max(graph: Any) -> dict[str, str]:
    """Let outputs that are an arg-max name its scores instead.

    Returns
    -------
    dict of str to str
        The scores' name -> the output's original name.
    """
    makers = {name: node for node in graph.node for name in node.output}
    peeled: dict[str, str] = {}
    for entry in graph.output:
        node = makers.get(entry.name)
        for _ in graph.node:  # nodes that go round in a circle are refused later
            if node is not None and _hands_on(node) and node.input:
                node = makers.get(node.input[0])
        if node is not None and _is_standard(node, "ArgMax") and node.input:
            peeled[node.input[0]] = entry.name
            entry.name = node.input[0]
    return peeled


def _hands_on(node: Any) -> bool:
    """Whether a node leaves class numbers what they are."""
    if not _is_standard(node, *SHAPING):
        return False
    return node.op_type != "Cast" or _cast_to(node) in INDEX_TYPES


def _is_standard(node: Any, *names: str) -> bool:
    """Whether a node is one of some operators of the standard."""
    return node.op_type in names and node.domain in ("", "ai.onnx")


def check_arg_max(
    graph: Any, peeled: Mapping[str, str], tensors: Mapping[str, Tensor], path: Path
) -> None:
    """Refuse an arg-max that was taken away but does not choose among all scores.

    Along another axis, or of several rows, it names places in parts of the scores; a question about
    the largest of all would be another one.

    Raises
    ------
    UnsupportedOperator
        Some score is not along its axis.
    """
    for node in graph.node:
        if node.op_type != "ArgMax" or node.input[0] not in peeled.keys() & tensors.keys():
            continue
        shape = tensors[node.input[0]].shape
        axis = next((entry.i for entry in node.attribute if entry.name == "axis"), 0)
        size = math.prod(shape)
        whole = -len(shape) <= axis < len(shape) and shape[axis] == size
        if not whole or size > MOST_CLASSES:
            raise UnsupportedOperator(
                f"the arg-max along axis {axis} of scores of shape {list(shape)}",
                where=f"{path}: output '{peeled[node.input[0]]}'",
                remedy="as the last operator it has to choose among all scores, of one input",
            )
