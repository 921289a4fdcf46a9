"""Reads an ONNX file into a :class:`Network`: checked before memory is taken, then spelled out."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from mipc.errors import ModelError, UnsafeModel, UnsupportedOperator
from mipc.frontend.builder import Builder, Tensor, Value
from mipc.frontend.limits import count
from mipc.frontend.located import located
from mipc.frontend.spelling import spell
from mipc.frontend.tensors import read_tensor
from mipc.ir.graph import Graph
from mipc.ir.network import Dtype, Network

__all__ = ["read_network"]

MOST_BYTES = 2 * 1024**3
MOST_NODES = 100_000
OLDEST_OPSET = 7


def read_network(path: str | Path) -> Network:
    """Read an ONNX file, opset 7 or newer, with one input and one output.

    Raises
    ------
    UnsupportedOperator
        Names the node, its operator, and what is supported.
    UnsafeModel
        Huge declared shapes, external data outside the model's folder: before memory is taken.
    ModelError
        Not an ONNX file; non-finite weights; several inputs or outputs.
    """
    path = Path(path)
    with located("this is not a well-formed ONNX file", str(path)):
        model, digest = _parse(path)
        return _network(model, digest, path)


def _network(model: Any, digest: str, path: Path) -> Network:
    opset = _opset(model, path)
    build = Builder()
    tensors = _initializers(model.graph, build, path)
    given = [entry for entry in model.graph.input if entry.name not in tensors]
    source = _only(given, "input", path)
    shape, dtype = _input_type(source, f"{path}: input '{source.name}'")
    tensors[source.name] = build.input(source.name, shape)
    target = _only(model.graph.output, "output", path)
    spell(model.graph, tensors, build, opset, path)
    output = tensors.get(target.name)
    if not isinstance(output, Value):
        known = "does not depend on the input" if output else "is not computed by any node"
        raise ModelError(f"the output {known}", where=f"{path}: output '{target.name}'")
    return Network(
        graph=Graph(build.nodes, [output.name]).pruned(),
        path=path,
        sha256=digest,
        input_name=source.name,
        output_name=target.name,
        input_shape=shape,
        output_shape=output.shape,
        dtype=dtype,
        opset=opset,
    )


def _parse(path: Path) -> tuple[Any, str]:
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


def _opset(model: Any, path: Path) -> int:
    versions = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    if not versions:
        raise ModelError("no opset of the standard domain is declared", where=str(path))
    if versions[0] < OLDEST_OPSET:
        raise ModelError(
            f"opset {versions[0]} is older than {OLDEST_OPSET}, the oldest supported",
            where=str(path),
            remedy="convert it with onnx.version_converter, or export it again",
        )
    return int(versions[0])


def _initializers(graph: Any, build: Builder, path: Path) -> dict[str, Tensor]:
    """All constants of the file, whether they are used or not."""
    if graph.sparse_initializer:
        raise UnsupportedOperator("sparse initializers are not supported", where=str(path))
    tensors: dict[str, Tensor] = {}
    for initializer in graph.initializer:
        where = f"{path}: initializer '{initializer.name}'"
        if initializer.name in tensors:
            raise ModelError("it is given twice", where=where)
        build.take(count(initializer.dims, where), where)
        tensors[initializer.name] = read_tensor(initializer, where, path)
    return tensors


def _only(entries: Any, kind: str, path: Path) -> Any:
    if len(entries) != 1:
        names = ", ".join(entry.name for entry in entries) or "none"
        raise ModelError(
            f"a network with one {kind} is needed; this one has {len(entries)}: {names}",
            where=str(path),
        )
    return entries[0]


def _input_type(entry: Any, where: str) -> tuple[tuple[int, ...], Dtype]:
    """Shape and type of the input; a batch dimension that is not fixed becomes 1."""
    import onnx

    kinds: dict[int, Dtype] = {
        onnx.TensorProto.FLOAT: "float32",
        onnx.TensorProto.DOUBLE: "float64",
    }
    tensor = entry.type.tensor_type
    if tensor.elem_type not in kinds:
        names = {number: name for name, number in onnx.TensorProto.DataType.items()}
        name = names.get(tensor.elem_type, tensor.elem_type)
        raise ModelError(
            f"inputs of type {name} are not supported, only FLOAT, DOUBLE", where=where
        )
    if not tensor.HasField("shape"):
        raise ModelError("the shape of the input is not declared", where=where)
    shape = tuple(_size(axis, entry, where) for axis, entry in enumerate(tensor.shape.dim))
    count(shape, where)
    return shape, kinds[tensor.elem_type]


def _size(axis: int, dimension: Any, where: str) -> int:
    if dimension.dim_value > 0:
        return int(dimension.dim_value)
    if axis == 0:
        return 1
    given = f" but {dimension.dim_value}" if dimension.dim_value else ""
    raise ModelError(
        f"dimension {axis} is not fixed{given}",
        where=where,
        remedy="only the batch dimension, the first, may be symbolic",
    )
