"""What every tensor that a property declares is at a witness: the networks run once more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mipc.errors import InputError, InternalError
from mipc.frontend.tensors import tensor_bytes
from mipc.ir.network import Network
from mipc.milp.files import write_atomic
from mipc.properties.binding import Bound, bind
from mipc.properties.property_question import PropertyQuestion
from mipc.properties.query import Query
from mipc.replay import Replay
from mipc.runtime import Point, Runtime

__all__ = ["Values", "assignment", "write_tensors"]

Values = dict[str, npt.NDArray[Any]]


def assignment(query: Query, witness: Replay) -> Values:
    """The numbers of all declared tensors, in their declared shapes.

    Inputs, and what the conditions name, are what was replayed; other outputs and hidden tensors
    are what ONNX Runtime says of the same inputs.

    Parameters
    ----------
    query : Query
        Of a :class:`~mipc.properties.property_question.PropertyQuestion`.
    witness : Replay

    Returns
    -------
    dict from the names of tensors to arrays
        Of the types that ONNX Runtime gives and takes.
    """
    question = query.question
    if not isinstance(question, PropertyQuestion):
        raise InternalError("only a property declares tensors")
    names = [declared.name for declared in question.source.networks]
    _, bound = bind(dict(zip(names, query.networks, strict=True)), question.source)
    known = _replayed(query, witness)
    for number, network in enumerate(query.networks):
        mine = [b for b in bound if b.network == number]
        missing = [b for b in mine if (number, b.port.name) not in known]
        known |= _run(number, network, missing, known)
    return {b.tensor.name: known[b.network, b.port.name].reshape(b.tensor.shape) for b in bound}


def write_tensors(folder: Path, values: Values) -> None:
    """Write each tensor as a serialised ONNX ``TensorProto``, ``<name>.pb``, into a folder.

    Raises
    ------
    InputError
        The folder cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"no folder can be made: {error.strerror}", where=str(folder)) from error
    for name, array in values.items():
        write_atomic(folder / f"{name}.pb", tensor_bytes(name, array))


def _replayed(query: Query, witness: Replay) -> dict[tuple[int, str], Point]:
    """Network number and tensor -> its numbers, for what a replay has looked at."""
    case = query.case_of(witness.target)
    known = {
        (seen.network, seen.port.name): value
        for seen, value in zip(case.seen, witness.outputs, strict=True)
    }
    for (_, network, port), point in zip(query.feeds, witness.inputs, strict=True):
        known[network, port.name] = point
    return known


def _run(
    number: int, network: Network, missing: list[Bound], known: dict[tuple[int, str], Point]
) -> dict[tuple[int, str], Point]:
    """The tensors that nothing looked at."""
    if not missing:
        return {}
    hidden = [b.port.name for b in missing if b.side == "hidden"]
    feed = {port.name: np.asarray(known[number, port.name]) for port in network.inputs}
    wanted = list(dict.fromkeys(b.port.name for b in missing))
    first, _ = Runtime(network, hidden).run(feed, wanted)
    return {(number, name): value for name, value in first.items()}
