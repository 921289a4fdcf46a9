"""The nodes of an ONNX graph, in an order that can be computed, spelled in the core language."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mipc.errors import ModelError, UnsupportedOperator
from mipc.frontend import operators as _operators  # noqa: F401  (fills the table)
from mipc.frontend.builder import Builder, Constant, Tensor, Value
from mipc.frontend.element_types import FLOATS, declared, held_by, outputs_of, representable
from mipc.frontend.located import located
from mipc.frontend.refusals import Refusals
from mipc.frontend.registry import Call, Operator, find, supported
from mipc.frontend.tensors import read_tensor

__all__ = ["place_of", "spell"]

MOST_HELD = 1_000_000
"""Numbers of a tensor that is looked through; larger ones are no shapes and no indices."""

ROUND_ONCE = frozenset(
    (
        *("Abs", "Add", "Cast", "CastLike", "Ceil", "Concat", "Constant", "ConstantOfShape", "Div"),
        *("Dropout", "Expand", "Flatten", "Floor", "Gather", "GatherElements", "GatherND"),
        *("Identity", "Mul", "Neg", "Pad", "Relu", "Reshape", "Round", "ScatterElements"),
        *("ScatterND", "Slice", "Split", "Squeeze", "Sub", "Tile", "Transpose", "Unsqueeze"),
        "Where",
    )
)
"""Operators each number of whose result is rounded at most once, correctly."""


def spell(
    graph: Any,
    tensors: dict[str, Tensor],
    build: Builder,
    opset: int,
    path: Path,
    refusals: Refusals,
) -> dict[str, str]:
    """Add to ``tensors`` whatever the outputs need.

    Parameters
    ----------
    graph : onnx.GraphProto
        With at least one output.
    tensors : dict of name to tensor
        The inputs and the initializers.
    refusals : Refusals
        What becomes of nodes that cannot be spelled.

    Returns
    -------
    dict of name to str
        The ONNX type of each tensor, as :mod:`mipc.frontend.element_types` names it.
    """
    given = {name for name, x in tensors.items() if isinstance(x, Constant)}
    types, precision = _declared(graph), _precision(graph, tensors)
    scope = _Scope(tensors, types, precision, build, opset, path, given)
    used = {name for node in graph.node for name in node.input}
    used.update(entry.name for entry in graph.output)
    makers = _makers(graph, tensors, path)
    for number in _order(graph, makers, path):
        node = graph.node[number]
        place = place_of(node, number)
        if refusals.block(number, node.input, node.output):
            with refusals.at(node=number):
                _operator(node, place, opset, path)
            continue
        fits = located("its inputs and attributes do not fit", f"{path}: {place}")
        made: tuple[Tensor, ...] = ()
        with refusals.at(node.output, number), fits:
            made = _spelled(node, place, scope)
        tensors.update({name: x for name, x in zip(node.output, made, strict=False) if name})
        missing = [name for name in node.output[len(made) :] if name in used]
        if extra := [name for name in missing if name not in refusals.unknown]:
            with refusals.at(extra, number):
                raise UnsupportedOperator(
                    f"its output {extra[0]!r} is used, and is not supported",
                    where=f"{path}: {place}",
                )
    return scope.types


@dataclass(frozen=True)
class _Scope:
    """What is known while the nodes of a graph are spelled, one after the other.

    ``types`` holds the ONNX type of each tensor, ``precision`` the widest of the inputs' types,
    ``held`` the names of constants that the runtime holds exactly as they are here.
    """

    tensors: dict[str, Tensor]
    types: dict[str, str]
    precision: str
    build: Builder
    opset: int
    path: Path
    held: set[str]


def _declared(graph: Any) -> dict[str, str]:
    """The types of inputs and initializers."""
    types = {entry.name: declared(entry.type.tensor_type.elem_type) for entry in graph.input}
    return types | {entry.name: declared(entry.data_type) for entry in graph.initializer}


def _precision(graph: Any, tensors: dict[str, Tensor]) -> str:
    """The widest type of the network's inputs."""
    types = _declared(graph)
    kinds = [types[name] for name, x in tensors.items() if isinstance(x, Value)]
    return max((kind for kind in kinds if kind in FLOATS), key=FLOATS.index, default="float")


def place_of(node: Any, number: int) -> str:
    """A node, for people."""
    title = f" '{node.name}'" if node.name else ""
    return f"{node.op_type}{title} (node {number})"


def _makers(graph: Any, tensors: dict[str, Tensor], path: Path) -> dict[str, int]:
    """Which node makes each tensor."""
    makers: dict[str, int] = {}
    for number, node in enumerate(graph.node):
        for name in filter(None, node.output):
            if name in makers or name in tensors:
                raise ModelError(
                    f"its output {name!r} is defined before it",
                    where=f"{path}: {place_of(node, number)}",
                )
            makers[name] = number
    return makers


def _order(graph: Any, makers: dict[str, int], path: Path) -> Iterator[int]:
    """The nodes that the outputs need, each after those it needs; else as in the file."""
    needed = _needed(graph, makers)
    begun: set[int] = set()
    done: set[int] = set()
    for first in sorted(needed):
        waiting = [first]
        while waiting:
            number = waiting[-1]
            before = [makers[name] for name in graph.node[number].input if name in makers]
            missing = [other for other in before if other not in done]
            if not missing or number in done:
                waiting.pop()
                if number not in done:
                    done.add(number)
                    yield number
            elif number in begun:
                place = place_of(graph.node[number], number)
                raise ModelError("it needs its own output", where=f"{path}: {place}")
            else:
                begun.add(number)
                waiting.extend(missing)


def _needed(graph: Any, makers: dict[str, int]) -> set[int]:
    """The nodes that the outputs depend on."""
    needed: set[int] = set()
    names = [entry.name for entry in graph.output]
    while names:
        number = makers.get(names.pop())
        if number is not None and number not in needed:
            needed.add(number)
            names.extend(graph.node[number].input)
    return needed


def _spelled(node: Any, place: str, scope: _Scope) -> tuple[Tensor, ...]:
    """The outputs of a node, as many as are supported."""
    function = _operator(node, place, scope.opset, scope.path)
    try:
        attributes = {entry.name: _attribute(entry, place) for entry in node.attribute}
        _check(node, place, scope.opset)
        call = _call(node, place, attributes, scope)
        result = function(call)
        made = result if isinstance(result, tuple) else (result,)
        for name, tensor in zip(node.output, made, strict=False):
            if isinstance(tensor, Constant):
                _admit(tensor, scope.types[name], place, scope.build)
                if _is_held(node, call, tensor, scope.types[name]):
                    scope.held.add(name)
        return made
    except ModelError as error:
        where = f"{scope.path}: {error.where}"
        raise type(error)(error.what, where=where, remedy=error.remedy) from error


def _call(node: Any, place: str, attributes: dict[str, Any], scope: _Scope) -> Call:
    """The node with its inputs, and the types of those and of its outputs."""
    scope.types.update(zip(node.output, outputs_of(node, scope.opset, scope.types), strict=True))
    return Call(
        place,
        [_look_up(name, scope.tensors, place) for name in node.input],
        attributes,
        list(node.output),
        scope.build,
        types=tuple(scope.types.get(name, "") for name in node.input),
        target=scope.types[node.output[0]],
        precision=scope.precision,
        held=tuple(name in scope.held for name in node.input),
    )


def _is_held(node: Any, call: Call, x: Constant, kind: str) -> bool:
    """Whether the runtime holds a folded constant exactly as it is here.

    Integers it does. A floating-point number it does where its operator rounds at most once, all
    that it is made from is held, and its type has it: then that one rounding did nothing.
    """
    if x.array.dtype.kind in "bi":
        return True
    if x.array.size > MOST_HELD:
        return False
    before = all(held for held, name in zip(call.held, node.input, strict=True) if name)
    return node.op_type in ROUND_ONCE and before and kind in FLOATS and representable(x, [kind])


def _admit(x: Constant, kind: str, place: str, build: Builder) -> None:
    """Keep account of a constant; refuse integers that their type does not hold."""
    build.take(math.prod(x.shape), place)
    if not held_by(kind, x):
        raise UnsupportedOperator(
            f"it computes integers beyond the type {kind}", where=place, remedy="use int64"
        )


def _check(node: Any, place: str, opset: int) -> None:
    """Refuse a node whose inputs and attributes are not those of its operator at this opset."""
    from onnx import checker

    context = checker.C.CheckerContext()
    context.ir_version = checker.DEFAULT_CONTEXT.ir_version
    context.opset_imports = {node.domain: opset}
    try:
        checker.check_node(node, context)
    except checker.ValidationError as error:
        first = str(error).partition("\n")[0]
        raise ModelError(f"it is not well formed: {first}", where=place) from error


def _operator(node: Any, place: str, opset: int, path: Path) -> Operator:
    """The function of a node's operator, if it is supported."""
    function = find(node.op_type, opset) if node.domain in ("", "ai.onnx") else None
    if function is not None:
        return function
    domain = f" of domain {node.domain!r}" if node.domain else ""
    known = node.op_type in supported() and not domain
    raise UnsupportedOperator(
        f"operator {node.op_type}{domain} is not supported" + f" at opset {opset}" * known,
        where=f"{path}: {place}",
        remedy=f"supported: {', '.join(supported())}",
    )


def _look_up(name: str, tensors: dict[str, Tensor], place: str) -> Tensor | None:
    if not name:
        return None
    if name not in tensors:
        raise ModelError(f"its input {name!r} is not defined", where=place)
    return tensors[name]


def _attribute(entry: Any, place: str) -> Any:
    """The value of an attribute: numbers, lists, decoded text, or a :class:`Constant`."""
    import onnx

    value = onnx.helper.get_attribute_value(entry)
    if entry.type == onnx.AttributeProto.TENSOR:
        return read_tensor(value, f"{place}, attribute '{entry.name}'")
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if entry.type in (onnx.AttributeProto.FLOATS, onnx.AttributeProto.INTS):
        value = list(value)
    numbers = value if isinstance(value, list) else [value]
    if any(isinstance(number, float) and not math.isfinite(number) for number in numbers):
        raise ModelError(f"attribute '{entry.name}' is NaN or infinite", where=place)
    return value
