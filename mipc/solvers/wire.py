"""How a model goes to a worker process and an answer comes back: JSON and raw arrays.

A message is a JSON header with the length of each array, then the arrays' bytes. Nothing is
pickled, and nothing but numbers and a few words is ever read back.
"""

from __future__ import annotations

import json
import struct
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from mipc.milp.model import Model

__all__ = ["Arrays", "model_message", "receive", "send"]

Arrays = dict[str, npt.NDArray[Any]]


def send(stream: IO[bytes], header: dict[str, Any], arrays: Arrays) -> None:
    """Write one message."""
    kinds = {name: [array.dtype.str, len(array)] for name, array in arrays.items()}
    text = json.dumps({"header": header, "arrays": kinds}).encode()
    stream.write(struct.pack("<Q", len(text)) + text)
    for array in arrays.values():
        stream.write(np.ascontiguousarray(array).tobytes())
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[dict[str, Any], Arrays] | None:
    """Read one message; ``None`` at the end of the stream."""
    head = stream.read(8)
    if len(head) < 8:
        return None
    (length,) = struct.unpack("<Q", head)
    message = json.loads(_exactly(stream, length))
    arrays: Arrays = {}
    for name, (kind, count) in message["arrays"].items():
        dtype = np.dtype(kind)
        arrays[name] = np.frombuffer(_exactly(stream, count * dtype.itemsize), dtype).copy()
    return message["header"], arrays


def model_message(model: Model) -> Arrays:
    """The arrays of a model, by rows; its names stay here.

    ``objective``, ``lower``, ``upper``, ``integer`` for the columns, ``data``, ``indices``,
    ``indptr`` for the matrix, ``sense`` and ``rhs`` for the rows, as in :class:`Model`.
    """
    return {
        "objective": model.objective,
        "lower": model.lower,
        "upper": model.upper,
        "integer": model.integer,
        "data": model.matrix.data,
        "indices": model.matrix.indices.astype(np.int32),
        "indptr": model.matrix.indptr.astype(np.int64),
        "sense": model.sense,
        "rhs": model.rhs,
    }


def _exactly(stream: IO[bytes], count: int) -> bytes:
    data = stream.read(count)
    if len(data) != count:
        raise EOFError("the stream ended within a message")
    return data
