"""A violating input as a file: ``.npy`` exactly, ``.png`` to look at."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mipc.errors import OptionError
from mipc.milp.files import check_folder, write_atomic

__all__ = ["check_witness_path", "write_witness"]


def check_witness_path(path: Path, shape: tuple[int, ...] | None = None) -> None:
    """Refuse a path that no witness (of a shape) can be written to, before any work is done.

    Raises
    ------
    OptionError
        The suffix is neither ``.npy`` nor ``.png``.
    InputError
        Its folder is not there.
    """
    check_folder(path)
    if path.suffix.lower() == ".png" and shape is not None and not _is_picture(shape):
        raise OptionError(
            f"an input of shape {list(shape)} is no picture", where="--witness", remedy="use .npy"
        )
    if path.suffix.lower() not in (".npy", ".png"):
        raise OptionError(f"{path.name!r} ends in neither .npy nor .png", where="--witness")


def write_witness(path: Path, point: npt.NDArray[Any], shape: tuple[int, ...]) -> None:
    """Write a point: ``.npy`` in the network's shape and type, ``.png`` as ``value * 255``.

    A ``.png`` rounds to 256 levels, so it may no longer violate anything; it needs an input of
    one or three channels.
    """
    check_witness_path(path, shape)
    buffer = io.BytesIO()
    if path.suffix.lower() == ".npy":
        np.save(buffer, point.reshape(shape), allow_pickle=False)
    else:
        _picture(point, shape).save(buffer, format="PNG")
    write_atomic(path, buffer.getvalue())


def _is_picture(shape: tuple[int, ...]) -> bool:
    planes = [size for size in shape if size != 1]
    return len(planes) == 2 or (len(planes) == 3 and planes[0] == 3)


def _picture(point: npt.NDArray[Any], shape: tuple[int, ...]) -> Any:
    from PIL import Image

    planes = [size for size in shape if size != 1]
    pixels = np.clip(np.round(point.astype(np.float64) * 255), 0, 255).astype(np.uint8)
    shaped = pixels.reshape(planes)
    return Image.fromarray(shaped if len(planes) == 2 else shaped.transpose(1, 2, 0))
