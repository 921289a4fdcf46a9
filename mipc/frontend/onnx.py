"""Reads an ONNX file into a :class:`Network`: checked before memory is taken, then spelled out."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mipc.errors import ModelError, UnsafeModel, UnsupportedOperator
from mipc.frontend import operators as _operators  # noqa: F401  (fills the table)
from mipc.frontend.builder import MOST_NUMBERS, Builder, Constant, Tensor, Value
from mipc.frontend.registry import Call, find, supported
from mipc.ir.graph import Graph
from mipc.ir.network import Dtype, Network

__all__ = ["Network", "read_network"]

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
    model, digest = _parse(path)
    opset = _opset(model, path)
    tensors: dict[str, Tensor] = {}
    for initializer in model.graph.initializer:
        tensors[initializer.name] = _constant(initializer, path)
    if model.graph.sparse_initializer:
        raise UnsupportedOperator("sparse initializers are not supported", where=str(path))
    build = Builder()
    given = [entry for entry in model.graph.input if entry.name not in tensors]
    source = _only(given, "input", path)
    shape, dtype = _input_type(source, path)
    tensors[source.name] = build.input(source.name, shape)
    for number, node in enumerate(model.graph.node):
        _spell(node, number, tensors, build, opset, path)
    target = _only(list(model.graph.output), "output", path)
    output = tensors.get(target.name)
    if not isinstance(output, Value):
        raise ModelError("the output does not depend on the input", where=f"{path}: {target.name}")
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
        raise UnsafeModel(f"{len(model.graph.node)} nodes", where=str(path))
    return model, hashlib.sha256(data).hexdigest()


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


def _only(entries: list[Any], kind: str, path: Path) -> Any:
    if len(entries) != 1:
        names = ", ".join(entry.name for entry in entries) or "none"
        raise ModelError(
            f"a network with one {kind} is needed; this one has {len(entries)}: {names}",
            where=str(path),
        )
    return entries[0]


def _input_type(entry: Any, path: Path) -> tuple[tuple[int, ...], Dtype]:
    import onnx

    where = f"{path}: input '{entry.name}'"
    kinds: dict[int, Dtype] = {onnx.TensorProto.FLOAT: "float32", onnx.TensorProto.DOUBLE: "float64"}
    tensor = entry.type.tensor_type
    if tensor.elem_type not in kinds:
        name = onnx.TensorProto.DataType.Name(tensor.elem_type)
        raise ModelError(f"inputs of type {name} are not supported, only FLOAT, DOUBLE", where=where)
    if not tensor.HasField("shape"):
        raise ModelError("the shape of the input is not declared", where=where)
    shape: list[int] = []
    for axis, dimension in enumerate(tensor.shape.dim):
        known = dimension.HasField("dim_value") and dimension.dim_value != 0
        if not known and axis > 0:
            raise ModelError(
                f"dimension {axis} is not fixed",
                where=where,
                remedy="only the batch dimension, the first, may be symbolic",
            )
        size = dimension.dim_value if known else 1
        if size < 0:
            if axis > 0:
                raise ModelError(f"dimension {axis} is {size}", where=where)
            size = 1
        shape.append(int(size))
    _guard(shape, where)
    return tuple(shape), kinds[tensor.elem_type]


def _guard(shape: list[int], where: str) -> None:
    """Refuse shapes that would take too much memory, in Python integers, before any is taken."""
    total = 1
    for size in shape:
        if size < 0:
            raise ModelError(f"a negative dimension in shape {shape}", where=where)
        total *= size
    if total > MOST_NUMBERS:
        raise UnsafeModel(
            f"shape {shape} declares {total} numbers; at most {MOST_NUMBERS} are accepted",
            where=where,
        )


def _constant(proto: Any, path: Path) -> Constant:
    """An initializer as exact numbers: floating-point types become float64."""
    import onnx
    from onnx import numpy_helper

    where = f"{path}: tensor '{proto.name}'"
    _guard(list(proto.dims), where)
    if proto.data_location == onnx.TensorProto.EXTERNAL:
        proto = _with_external_data(proto, path, where)
    try:
        array = numpy_helper.to_array(proto)
    except (ValueError, TypeError, AttributeError) as error:
        raise ModelError(f"its numbers do not fit its shape and type: {error}", where=where) from error
    return constant_of(array, where)


def constant_of(array: npt.NDArray[Any], where: str) -> Constant:
    """Numbers of an ONNX tensor as a :class:`Constant`; refused if any is not finite."""
    if array.dtype.kind in "biu":
        return Constant(array if array.dtype == bool else array.astype(np.int64))
    if array.dtype.kind not in "fV":
        raise ModelError(f"numbers of type {array.dtype} are not supported", where=where)
    exact = array.astype(np.float64)
    if not np.isfinite(exact).all():
        count = int(np.count_nonzero(~np.isfinite(exact)))
        raise ModelError(f"{count} of its numbers are NaN or infinite", where=where)
    return Constant(exact)


def _with_external_data(proto: Any, path: Path, where: str) -> Any:
    """The tensor with its bytes, read only from a plain file inside the model's folder."""
    import onnx

    entries = {entry.key: entry.value for entry in proto.external_data}
    folder = path.resolve().parent
    location = entries.get("location", "")
    target = folder / location
    inside = target.resolve().is_relative_to(folder)
    if not location or Path(location).is_absolute() or not inside or target.is_symlink():
        raise UnsafeModel(
            f"external data {location!r} is not a plain file inside the model's folder",
            where=where,
        )
    try:
        offset = int(entries.get("offset", "0"))
        size = target.stat().st_size
        length = int(entries.get("length", size - offset))
        if not 0 <= offset <= offset + length <= size:
            raise UnsafeModel(
                f"external data reaches beyond the {size} bytes of {location!r}", where=where
            )
        with target.open("rb") as file:
            file.seek(offset)
            data = file.read(length)
    except (OSError, ValueError) as error:
        raise ModelError(f"external data cannot be read: {error}", where=where) from error
    copy = onnx.TensorProto()
    copy.CopyFrom(proto)
    copy.ClearField("external_data")
    copy.data_location = onnx.TensorProto.DEFAULT
    copy.raw_data = data
    return copy


def _spell(
    node: Any, number: int, tensors: dict[str, Tensor], build: Builder, opset: int, path: Path
) -> None:
    """One node: find its operator, apply it, keep its output."""
    title = f" '{node.name}'" if node.name else ""
    place = f"{node.op_type}{title} (node {number})"
    function = find(node.op_type, opset) if node.domain in ("", "ai.onnx") else None
    if function is None:
        domain = f" of domain {node.domain!r}" if node.domain else ""
        raise UnsupportedOperator(
            f"operator {node.op_type}{domain} is not supported",
            where=f"{path}: {place}",
            remedy=f"supported: {', '.join(supported())}",
        )
    inputs = [_look_up(name, tensors, place, path) for name in node.input]
    attributes = {entry.name: _attribute(entry, f"{path}: {place}") for entry in node.attribute}
    used = sum(1 for name in node.output if name)
    call = Call(node.op_type, place, inputs, attributes, node.output[0], used, opset, build)
    try:
        tensors[node.output[0]] = function(call)
    except (UnsupportedOperator, UnsafeModel) as error:
        raise type(error)(
            error.what, where=f"{path}: {error.where}", remedy=error.remedy
        ) from error
    except (ValueError, IndexError, TypeError, KeyError, ZeroDivisionError) as error:
        shapes = [list(t.shape) if t is not None else None for t in inputs]
        raise ModelError(
            f"its attributes do not fit inputs of shapes {shapes}: {error}",
            where=f"{path}: {place}",
        ) from error


def _look_up(name: str, tensors: dict[str, Tensor], place: str, path: Path) -> Tensor | None:
    if not name:
        return None
    if name not in tensors:
        raise ModelError(f"input {name!r} is not defined before it", where=f"{path}: {place}")
    return tensors[name]


def _attribute(entry: Any, where: str) -> Any:
    import onnx

    if entry.type == onnx.AttributeProto.TENSOR:
        from onnx import numpy_helper

        _guard(list(entry.t.dims), where)
        if entry.t.data_location == onnx.TensorProto.EXTERNAL:
            raise UnsafeModel("an attribute with external data", where=where)
        return numpy_helper.to_array(entry.t)
    value = onnx.helper.get_attribute_value(entry)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, int | float):
        return value
    return list(value) if hasattr(value, "__iter__") else value
