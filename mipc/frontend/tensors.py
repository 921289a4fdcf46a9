"""The numbers of an ONNX file as constants: bounded before memory is taken, finite, exact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mipc.errors import ModelError, UnsafeModel
from mipc.frontend.builder import Constant
from mipc.frontend.limits import count
from mipc.frontend.located import located

__all__ = ["constant_of", "read_tensor", "tensor_bytes"]


def read_tensor(proto: Any, where: str, path: Path | None = None) -> Constant:
    """A tensor of the file at ``path``, or of an attribute, as exact numbers.

    Raises
    ------
    UnsafeModel
        Its declared shape is huge, or its numbers lie in a file that must not be read.
    ModelError
        Its numbers do not fit its shape and type, or some are not finite.
    """
    import onnx
    from onnx import numpy_helper

    numbers = count(proto.dims, where)
    with located("its numbers do not fit its shape and type", where):
        if proto.data_type not in onnx.helper.get_all_tensor_dtypes():
            raise ValueError(f"there is no type {proto.data_type}")
        if proto.data_location == onnx.TensorProto.EXTERNAL:
            proto = _with_external_data(proto, numbers, where, path)
        return constant_of(numpy_helper.to_array(proto), where)


def tensor_bytes(name: str, array: npt.NDArray[Any]) -> bytes:
    """A tensor as the bytes of an ONNX ``TensorProto``, of the array's type and shape."""
    from onnx import numpy_helper

    data: bytes = numpy_helper.from_array(np.asarray(array, order="C"), name).SerializeToString()
    return data


def constant_of(array: npt.NDArray[Any], where: str) -> Constant:
    """Numbers as a :class:`Constant`: floating-point types become float64.

    Raises
    ------
    ModelError
        They are no numbers, or not finite.
    """
    if array.dtype.kind in "biu":
        if array.dtype == np.uint64 and array.size and int(array.max()) >= 2**63:
            raise ModelError("integers of 2**63 and more are not supported", where=where)
        return Constant(array if array.dtype == bool else array.astype(np.int64))
    if array.dtype.kind not in "fV":
        raise ModelError(f"numbers of type {array.dtype} are not supported", where=where)
    with np.errstate(invalid="ignore"):  # a signalling NaN is refused below, in words
        exact = array.astype(np.float64)
    wrong = exact.size - int(np.count_nonzero(np.isfinite(exact)))
    if wrong:
        raise ModelError(f"{wrong} of its numbers are NaN or infinite", where=where)
    return Constant(exact)


def _with_external_data(proto: Any, numbers: int, where: str, path: Path | None) -> Any:
    """The tensor with its bytes, read from a plain file inside the model's folder."""
    import onnx

    entries = {entry.key: entry.value for entry in proto.external_data}
    file = _inside(entries.get("location", ""), where, path)
    size = file.stat().st_size
    offset = int(entries.get("offset", "0"))
    length = int(entries.get("length", size - offset))
    if not 0 <= offset <= offset + length <= size:
        raise UnsafeModel(
            f"external data reaches beyond the {size} bytes of {file.name!r}", where=where
        )
    wanted = numbers * onnx.helper.tensor_dtype_to_np_dtype(proto.data_type).itemsize
    if length != wanted:
        raise ValueError(f"{wanted} bytes are needed and external data has {length}")
    whole = onnx.TensorProto(data_type=proto.data_type, dims=proto.dims)
    with file.open("rb") as stream:
        stream.seek(offset)
        whole.raw_data = stream.read(length)
    return whole


def _inside(location: str, where: str, path: Path | None) -> Path:
    """The file that external data lies in, if it may be read."""
    refusal = UnsafeModel(
        f"external data {location!r} is not a plain file inside the model's folder", where=where
    )
    if path is None or not location or Path(location).is_absolute():
        raise refusal
    try:
        folder = path.resolve().parent
        file = folder / location
        inside = file.resolve().is_relative_to(folder) and not file.is_symlink()
        if inside and file.is_file():
            return file
    except (OSError, ValueError, RuntimeError) as error:  # loops of links, names with NUL
        raise refusal from error
    raise refusal
