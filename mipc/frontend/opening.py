"""Opens an ONNX file: its size, its names and the number of its nodes are checked first."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from mipc.errors import ModelError, UnsafeModel, UnsupportedOperator

__all__ = ["parse"]

MOST_BYTES = 2 * 1024**3
MOST_NODES = 100_000


def parse(path: Path) -> tuple[Any, str]:
    """The file as it is, and the SHA-256 of its bytes."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise UnsafeModel(f"{size} bytes; at most {MOST_BYTES} are accepted", where=str(path))
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"cannot be read: {error.strerror}", where=str(path)) from error
    try:
        model = onnx.ModelProto.FromString(data)
    except DecodeError as error:
        raise ModelError("this is not an ONNX file", where=str(path)) from error
    if not model.graph.node:
        raise ModelError("this is not an ONNX file, or its graph is empty", where=str(path))
    if len(model.graph.node) > MOST_NODES:
        raise UnsafeModel(
            f"{len(model.graph.node)} nodes; at most {MOST_NODES} are accepted", where=str(path)
        )
    if any(function.domain in ("", "ai.onnx") for function in model.functions):
        raise UnsupportedOperator(
            "it defines operators of the standard anew", where=str(path), remedy="export it without"
        )
    _check_names(model.graph, path)
    return model, hashlib.sha256(data).hexdigest()


def _check_names(graph: Any, path: Path) -> None:
    """Refuse names that are not UTF-8, which protobuf hands out as bytes."""
    tensors = (
        entry.name for kind in (graph.input, graph.output, graph.initializer) for entry in kind
    )
    names = [graph.name, *tensors]
    for node in graph.node:
        names += [node.name, node.op_type, node.domain, *node.input, *node.output]
        names += [entry.name for entry in node.attribute]
    if wrong := [name for name in names if not isinstance(name, str)]:
        raise ModelError(f"the name {wrong[0]!r} is not UTF-8", where=str(path))
