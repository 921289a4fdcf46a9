"""A point that satisfies a property, as text: as VNN-COMP writes it, and as the standard does.

Numbers are decimals that read back as exactly the same: a float32 is written as the float64 that
equals it, in the fewest digits that name that float64.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from mipc.properties.vnnlib.property import Property, Tensor

__all__ = ["assignment_text", "competition_text"]

Values = Mapping[str, npt.NDArray[Any]]


def competition_text(source: Property, values: Values) -> str:
    """The counterexample of a VNN-COMP result: ``((X_0 0.5)``, a pair a line, ``(Y_0 1.25))``.

    Parameters
    ----------
    source : Property
    values : mapping from the names of its inputs and outputs to arrays, row by row

    Notes
    -----
    See "Counterexample format" in the rules of the competition: first all inputs, then all
    outputs. Tensors of version 2 are flattened, so that ``X[0,2]`` of shape ``[1,3]`` is ``X_2``.
    """
    networks = source.networks
    tensors = [tensor for network in networks for tensor in network.inputs]
    tensors += [tensor for network in networks for tensor in network.outputs]
    pairs = [
        f"({tensor.name}_{i} {text})"
        for tensor in tensors
        for i, text in enumerate(_numbers(tensor, values))
    ]
    return "(" + "\n ".join(pairs) + ")"


def assignment_text(source: Property, values: Values) -> str:
    """The assignment that section 5.3.1 of the standard asks for, in the order of declarations.

    Parameters
    ----------
    source : Property
    values : mapping from the names of all declared tensors to arrays, row by row

    Returns
    -------
    str
        For each tensor a line ``X float32 [1,2]``, then a line for each of its numbers.
    """
    lines = []
    for tensor in source.tensors.values():
        shape = ",".join(map(str, tensor.shape))
        lines += [f"{tensor.name} {tensor.dtype} [{shape}]", *_numbers(tensor, values)]
    return "\n".join(lines)


def _numbers(tensor: Tensor, values: Values) -> list[str]:
    return [repr(number) for number in np.asarray(values[tensor.name]).reshape(-1).tolist()]
