"""The tensors that a property declares, found in its networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from mipc.errors import QuestionError
from mipc.ir.network import Network, Port
from mipc.properties.vnnlib import Declared, Property, Tensor

__all__ = ["Bound", "bind", "prefix"]

_Side: TypeAlias = tuple[Literal["input", "output"], tuple[Tensor, ...], tuple[Port, ...]]


@dataclass(frozen=True)
class Bound:
    """A declared tensor and the tensor of a network that it is.

    Attributes
    ----------
    tensor : Tensor
    network : int
        The number of the network among those that the property declares.
    port : Port
        Its node has the name that it has in the joined graph.
    side : "input", "output" or "hidden"
    """

    tensor: Tensor
    network: int
    port: Port
    side: Literal["input", "output", "hidden"]


def bind(networks: Mapping[str, Network], source: Property) -> tuple[list[Network], list[Bound]]:
    """The network of each declaration, and the tensor that each declared tensor is.

    Raises
    ------
    QuestionError
        They do not fit: names, numbers, types.
    """
    chosen = [_network_of(declared, networks, source) for declared in source.networks]
    bound = [
        entry
        for i, (declared, network) in enumerate(zip(source.networks, chosen, strict=True))
        for entry in _bindings(i, declared, network, prefix(declared, source), source.version)
    ]
    return chosen, bound


def prefix(declared: Declared, source: Property) -> str:
    """What the values of a network are called by in the joined graph: nothing, if it is alone."""
    return f"{declared.name}." if len(source.networks) > 1 else ""


def _network_of(declared: Declared, networks: Mapping[str, Network], source: Property) -> Network:
    name: str | None = declared.name
    by_name = {other.name: other for other in source.networks}
    while name is not None and name not in networks:
        other = by_name[name]
        name = other.same_as if other.same_kind == "equal" else None
    if name is None:
        raise QuestionError(
            f"no file is given for the network {declared.name!r} of the property",
            where=source.source,
            remedy=f"give --network {declared.name}=FILE.onnx",
        )
    return networks[name]


def _bindings(
    number: int, declared: Declared, network: Network, prefix: str, version: str
) -> list[Bound]:
    """Each declared tensor of a network with its port, prefixed."""
    found: list[Bound] = []
    where = f"{network.path}, network {declared.name!r}"
    sides: tuple[_Side, _Side] = (
        ("input", declared.inputs, network.inputs),
        ("output", declared.outputs, network.outputs),
    )
    for side, tensors, ports in sides:
        if len(tensors) != len(ports):
            raise QuestionError(
                f"the property declares {len(tensors)} {side}s, the network has {len(ports)}",
                where=where,
            )
        by_name = {port.name: port for port in ports}
        for tensor, default in zip(tensors, ports, strict=True):
            if tensor.onnx_name is not None and tensor.onnx_name not in by_name:
                raise QuestionError(f"the network has no {side} {tensor.onnx_name!r}", where=where)
            port = by_name[tensor.onnx_name] if tensor.onnx_name is not None else default
            found.append(
                Bound(tensor, number, _fitting(tensor, port, prefix, where, version), side)
            )
    for tensor in declared.hidden:
        name = tensor.onnx_name or tensor.name
        if name not in network.hidden:
            raise QuestionError(
                f"the network has no tensor {name!r} that its outputs depend on",
                where=where,
                remedy="name it as the ONNX file does",
            )
        port = network.hidden[name]
        found.append(
            Bound(tensor, number, _fitting(tensor, port, prefix, where, version), "hidden")
        )
    if len({b.port.name for b in found if b.side == "input"}) != len(network.inputs):
        raise QuestionError("two declared inputs are the same input of the network", where=where)
    return found


def _long_axes(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without its axes of length 1."""
    return tuple(length for length in shape if length != 1)


def _fitting(tensor: Tensor, port: Port, prefix: str, where: str, version: str) -> Port:
    """The port, checked against its declaration, under its name in the joined graph."""
    if tensor.size != port.size:
        raise QuestionError(
            f"{tensor.name!r} is declared with {tensor.size} numbers, {port.name!r} of the "
            f"network has {port.size} (shape {list(port.shape)})",
            where=where,
        )
    if version != "1" and _long_axes(tensor.shape) != _long_axes(port.shape):
        raise QuestionError(
            f"{tensor.name!r} is declared with shape {list(tensor.shape)}, {port.name!r} of the "
            f"network has {list(port.shape)}",
            where=where,
            remedy="declare the network's shape; only axes of length 1 may differ",
        )
    if tensor.dtype not in ("real", port.dtype):
        raise QuestionError(
            f"{tensor.name!r} is declared {tensor.dtype}, {port.name!r} of the network is "
            f"{port.dtype}",
            where=where,
        )
    order = None if port.order is None else prefix + port.order
    return replace(port, node=prefix + port.node, order=order)
