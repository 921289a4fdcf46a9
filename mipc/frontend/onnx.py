"""Reads an ONNX file into a :class:`Network`: checked before memory is taken, then spelled out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mipc.errors import ModelError, UnsupportedOperator
from mipc.frontend.builder import Builder, Constant, Tensor, Value
from mipc.frontend.element_types import declared
from mipc.frontend.layout import channels_first
from mipc.frontend.limits import count
from mipc.frontend.located import located
from mipc.frontend.opening import parse
from mipc.frontend.refusals import Refusals
from mipc.frontend.repair import check_arg_max, declared_opset, peel_arg_max, repair
from mipc.frontend.spelling import spell
from mipc.frontend.survey import Survey
from mipc.frontend.tensors import read_tensor
from mipc.ir.network import Dtype, Network, Port

__all__ = ["OLDEST_OPSET", "read_network", "survey"]

OLDEST_OPSET = 7

DTYPES: dict[str, Dtype] = {"float": "float32", "double": "float64"}
"""The types of tensors that questions may be about."""

MALFORMED = "this is not a well-formed ONNX file"


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
    with located(MALFORMED, str(path)):
        return _network(_survey(Path(path), Refusals()))


def survey(path: str | Path) -> Survey:
    """Read an ONNX file as far as possible: what is refused is told, and the rest still read.

    Raises
    ------
    ModelError
        There is nothing to read: no ONNX file, or one that may not be opened.
    """
    with located(MALFORMED, str(path)):
        return _survey(Path(path), Refusals(keep=True))


def _survey(path: Path, refusals: Refusals) -> Survey:
    model, digest = parse(path)
    opset, build = 0, Builder()
    tensors: dict[str, Tensor] = {}
    inputs: list[Port] = []
    outputs: list[Port] = []
    types: dict[str, str] = {}
    repaired = repair(model)
    indexed = peel_arg_max(model.graph)
    with refusals.at():
        opset = _opset(model, path)
        _add_initializers(model.graph, tensors, build, path, refusals)
        _add_inputs(model.graph, tensors, inputs, build, path, refusals)
        types = spell(model.graph, tensors, build, opset, path, refusals)
        names = [entry.name for entry in model.graph.output]
        if len(set(names)) < len(names):
            raise ModelError(f"an output is listed twice: {', '.join(names)}", where=str(path))
        check_arg_max(model.graph, indexed, tensors, path)
        for entry in model.graph.output:
            if entry.name not in refusals.unknown:
                with refusals.at([entry.name]):
                    index = indexed.get(entry.name)
                    kind = DTYPES.get(types.get(entry.name, ""), "float32")
                    outputs.append(_output(entry, kind, tensors, build, path, index))
    return Survey(
        path,
        model,
        digest,
        opset,
        repaired,
        indexed,
        tensors,
        types,
        build.nodes,
        inputs,
        outputs,
        refusals,
    )


def _network(read: Survey) -> Network:
    graph = read.graph
    assert graph is not None
    notes = tuple(
        f"{name!r} is declared double over float weights; read as float" for name in read.repaired
    )
    return Network(
        graph=graph,
        path=read.path,
        sha256=read.sha256,
        inputs=tuple(read.inputs),
        outputs=tuple(read.outputs),
        opset=read.opset,
        notes=notes,
        hidden={
            name: Port(name, value.name, value.shape, DTYPES[read.types[name]])
            for name, value in read.tensors.items()
            if isinstance(value, Value) and value.name in graph and read.types[name] in DTYPES
        },
        repaired=bool(read.repaired),
    )


def _add_inputs(
    graph: Any,
    tensors: dict[str, Tensor],
    inputs: list[Port],
    build: Builder,
    path: Path,
    refusals: Refusals,
) -> None:
    """The inputs of the network: those of the graph that no initializer gives."""
    free = [e for e in graph.input if e.name not in tensors and e.name not in refusals.unknown]
    if not free:
        raise ModelError("the network has no input", where=str(path))
    for entry in free:
        with refusals.at([entry.name]):
            shape, dtype = _input_type(entry, f"{path}: input '{entry.name}'")
            source = build.input(entry.name, shape)
            tensors[entry.name] = source
            first = channels_first(graph, entry.name)
            inputs.append(Port(entry.name, source.name, shape, dtype, channels_first=first))


def _output(
    entry: Any,
    kind: Dtype,
    tensors: dict[str, Tensor],
    build: Builder,
    path: Path,
    index: str | None,
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
    if order is None:
        return Port(entry.name, found.name, found.shape, kind)
    return Port(entry.name, found.name, found.shape, kind, order.node, order.scores)


def _opset(model: Any, path: Path) -> int:
    """The opset of the standard domain, if it is declared and supported."""
    opset = declared_opset(model)
    if opset is None:
        raise ModelError("no opset of the standard domain is declared", where=str(path))
    if opset < OLDEST_OPSET:
        raise ModelError(
            f"opset {opset} is older than {OLDEST_OPSET}, the oldest supported",
            where=str(path),
            remedy="convert it with onnx.version_converter, or export it again",
        )
    return opset


def _add_initializers(
    graph: Any, tensors: dict[str, Tensor], build: Builder, path: Path, refusals: Refusals
) -> None:
    """All constants of the file, whether they are used or not."""
    with refusals.at(entry.values.name for entry in graph.sparse_initializer):
        if graph.sparse_initializer:
            raise UnsupportedOperator("sparse initializers are not supported", where=str(path))
    for initializer in graph.initializer:
        where = f"{path}: initializer '{initializer.name}'"
        with refusals.at([initializer.name]):
            if initializer.name in tensors:
                raise ModelError("it is given twice", where=where)
            build.take(count(initializer.dims, where), where)
            tensors[initializer.name] = read_tensor(initializer, where, path)


def _input_type(entry: Any, where: str) -> tuple[tuple[int, ...], Dtype]:
    """Shape and type of the input; a batch dimension that is not fixed becomes 1."""
    tensor = entry.type.tensor_type
    kind = declared(tensor.elem_type)
    if kind not in DTYPES:
        name = kind.upper() or tensor.elem_type
        raise ModelError(
            f"inputs of type {name} are not supported, only FLOAT, DOUBLE", where=where
        )
    if not tensor.HasField("shape"):
        raise ModelError("the shape of the input is not declared", where=where)
    shape = tuple(_size(axis, entry, where) for axis, entry in enumerate(tensor.shape.dim))
    count(shape, where)
    return shape, DTYPES[kind]


def _size(axis: int, dimension: Any, where: str) -> int:
    if dimension.dim_value > 0:
        return int(dimension.dim_value)
    fixed = dimension.HasField("dim_value")
    if axis == 0 and (not fixed or dimension.dim_value < 0):
        return 1
    if fixed:
        raise ModelError(f"dimension {axis} is {dimension.dim_value}", where=where)
    raise ModelError(
        f"dimension {axis} is not fixed",
        where=where,
        remedy="only the batch dimension, the first, may be symbolic",
    )
