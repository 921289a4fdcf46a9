"""Reads an ONNX file into a :class:`Network`: checked before memory is taken, then spelled out."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from mipc.errors import ModelError, UnsafeModel, UnsupportedOperator
from mipc.frontend.builder import Builder, Constant, Tensor, Value
from mipc.frontend.limits import count
from mipc.frontend.located import located
from mipc.frontend.repair import check_arg_max, peel_arg_max, repair
from mipc.frontend.spelling import spell
from mipc.frontend.tensors import read_tensor
from mipc.ir.graph import Graph
from mipc.ir.network import Dtype, Network, Port

__all__ = ["read_network"]

MOST_BYTES = 2 * 1024**3
MOST_NODES = 100_000
OLDEST_OPSET = 7


def read_network(path: str | Path) -> Network:
    """Read an ONNX file, opset 7 or newer.

    Raises
    ------
    UnsupportedOperator
        Names the node, its operator, and what is supported.
    UnsafeModel
        Huge declared shapes, external data outside the model's folder: before memory is taken.
    ModelError
        Not an ONNX file; non-finite weights; no input.
    """
    path = Path(path)
    with located("this is not a well-formed ONNX file", str(path)):
        model, digest = _parse(path)
        return _network(model, digest, path)


def _network(model: Any, digest: str, path: Path) -> Network:
    opset = _opset(model, path)
    repaired = repair(model)
    indexed = peel_arg_max(model.graph)
    build = Builder()
    tensors = _initializers(model.graph, build, path)
    inputs = []
    for entry in model.graph.input:
        if entry.name not in tensors:
            shape, dtype = _input_type(entry, f"{path}: input '{entry.name}'")
            source = build.input(entry.name, shape)
            tensors[entry.name] = source
            inputs.append(Port(entry.name, source.name, shape, dtype))
    if not inputs:
        raise ModelError("the network has no input", where=str(path))
    spell(model.graph, tensors, build, opset, path)
    check_arg_max(model.graph, indexed, tensors, path)
    outputs = tuple(
        _output(entry, tensors, build, path, indexed.get(entry.name))
        for entry in model.graph.output
    )
    names = dict.fromkeys(port.node for port in outputs)
    ordered = dict.fromkeys(port.order for port in outputs if port.order)
    graph = Graph(build.nodes, [*names, *(name for name in ordered if name not in names)]).pruned()
    notes = tuple(
        f"{name!r} is declared double over float weights; read as float" for name in repaired
    )
    return Network(
        graph=graph,
        path=path,
        sha256=digest,
        inputs=tuple(inputs),
        outputs=outputs,
        opset=opset,
        notes=notes,
        hidden={
            name: Port(name, value.name, value.shape)
            for name, value in tensors.items()
            if isinstance(value, Value) and value.name in graph
        },
        repaired=bool(repaired),
    )


def _output(
    entry: Any, tensors: dict[str, Tensor], build: Builder, path: Path, index: str | None
) -> Port:
    """A border of the network; ``index`` is the original name where an arg-max was taken away."""
    where = f"{path}: output '{index or entry.name}'"
    found = tensors.get(entry.name)
    if found is None:
        raise ModelError("the output is not computed by any node", where=where)
    if isinstance(found, Constant):
        if found.array.dtype.kind not in "fiub" or found.array.size == 0:
            raise ModelError("the output holds no numbers", where=where)
        radius = 2 * found.relative * np.abs(found.array)
        found = build.affine(
            [], [], found.array, found.shape, radius=radius, origin="output", name=entry.name
        )
    order = build.order.get(found.name)
    if index is not None:
        scores = order.node if order else found.name
        return Port(index, found.name, found.shape, "int64", order=scores, index=True)
    kind = _kinds().get(entry.type.tensor_type.elem_type, "float32")
    if order is None:
        return Port(entry.name, found.name, found.shape, kind)
    return Port(entry.name, found.name, found.shape, kind, order.node, order.scores)


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


def _input_type(entry: Any, where: str) -> tuple[tuple[int, ...], Dtype]:
    """Shape and type of the input; a batch dimension that is not fixed becomes 1."""
    import onnx

    kinds = _kinds()
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


def _kinds() -> dict[int, Dtype]:
    """The types of tensors that networks may take and give."""
    import onnx

    return {onnx.TensorProto.FLOAT: "float32", onnx.TensorProto.DOUBLE: "float64"}
