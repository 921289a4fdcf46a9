"""What kind of numbers each tensor of an ONNX graph holds: what the schemas of its operators say.

While a network is read all its floating-point numbers are float64. What a `Cast` rounds, and what
an integer of 8 bits holds, depends on the types in the file, which are known here by their ONNX
names in small letters: ``float``, ``double``, ``int64``, ``bool``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mipc.frontend.builder import Constant

__all__ = ["FLOATS", "INTEGERS", "declared", "held_by", "outputs_of", "representable", "rounded"]

INTEGERS: dict[str, tuple[int, int]] = {
    "bool": (0, 1),
    **{f"uint{bits}": (0, 2**bits - 1) for bits in (8, 16, 32)},
    **{f"int{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
    "uint64": (0, 2**63 - 1),
}
"""The least and the largest number of each type; of ``uint64`` those that int64 holds too."""

FLOATS = ("float16", "bfloat16", "float", "double")
"""From few digits to many; of the first two, neither holds all numbers of the other."""

ATTRIBUTES = {"value_float": "float", "value_floats": "float"} | {
    "value_int": "int64",
    "value_ints": "int64",
}


def declared(number: int) -> str:
    """The name of a type in the file; empty if there is none such."""
    import onnx

    if number not in onnx.TensorProto.DataType.values():
        return ""
    return str(onnx.TensorProto.DataType.Name(number)).lower()


def held_by(kind: str, x: Constant) -> bool:
    """Whether a type of integers holds numbers; floating-point types hold all."""
    if kind not in INTEGERS or x.array.dtype.kind not in "iu" or x.array.size == 0:
        return True
    least, largest = INTEGERS[kind]
    return least <= int(x.array.min()) and int(x.array.max()) <= largest


def outputs_of(node: Any, opset: int, known: Mapping[str, str]) -> list[str]:
    """The type of each output of a node whose inputs have known types; empty where it is open."""
    import onnx

    schema = onnx.defs.get_schema(node.op_type, opset, "")
    bound = {
        constraint.type_param_str: _named(constraint.allowed_type_strs[0])
        for constraint in schema.type_constraints
        if len(constraint.allowed_type_strs) == 1
    }
    for number, name in enumerate(node.input):
        formal = schema.inputs[min(number, len(schema.inputs) - 1)].type_str
        if known.get(name):
            bound.setdefault(formal, known[name])
    given = _from_attributes(node)
    formals = [schema.outputs[min(i, len(schema.outputs) - 1)] for i in range(len(node.output))]
    return [bound.get(formal.type_str) or given or _named(formal.type_str) for formal in formals]


def _named(text: str) -> str:
    """``tensor(int64)`` -> ``int64``; empty for the name of a type parameter."""
    inside = text.removeprefix("tensor(").removesuffix(")")
    return inside if inside in (*FLOATS, *INTEGERS) else ""


def _from_attributes(node: Any) -> str:
    """The type that an attribute names: to, dtype, or that of a value."""
    for entry in node.attribute:
        if entry.name in ("to", "dtype"):
            return declared(entry.i)
        if entry.name == "value":
            return declared(entry.t.data_type)
        if entry.name in ATTRIBUTES:
            return ATTRIBUTES[entry.name]
    return "float" if node.op_type == "ConstantOfShape" else ""


def rounded(array: npt.NDArray[Any], kind: str) -> npt.NDArray[np.float64]:
    """Each number as the nearest of a type, ties to even; infinite where it is too large."""
    import onnx

    number = onnx.TensorProto.DataType.Value(kind.upper())
    target = onnx.helper.tensor_dtype_to_np_dtype(number)
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(array.astype(target), dtype=np.float64)


def representable(x: Constant, kinds: Sequence[str]) -> bool:
    """Whether numbers are exact in each of some floating-point types."""
    return not x.relative and all(np.array_equal(rounded(x.array, k), x.array) for k in kinds)
