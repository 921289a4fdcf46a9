"""A violating input as a file: ``.npy`` or ``.npz`` exactly, ``.png`` to look at."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mipc.errors import OptionError
from mipc.ir.network import Port
from mipc.milp.files import check_folder, write_atomic
from mipc.properties.pictures import pixels
from mipc.properties.query import Query
from mipc.replay import Replay, input_names, named_inputs

__all__ = ["check_witness_path", "write_witness"]

MOST_NAME = 1000

SUFFIXES = (".npy", ".npz", ".png")


def check_witness_path(path: Path, query: Query | None = None) -> None:
    """Refuse a path that no witness (of a query) can be written to, before any work is done.

    Raises
    ------
    OptionError
        The suffix is none of ``.npy``, ``.npz`` and ``.png``, or does not suit the inputs.
    InputError
        Its folder is not there.
    """
    check_folder(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise OptionError(f"{path.name!r} ends in none of {', '.join(SUFFIXES)}", where="--witness")
    if query is None:
        return
    if suffix == ".npz":
        _check_names(query)
        return
    ports = [port for _, _, port in query.feeds]
    if len(ports) > 1:
        raise OptionError(
            f"there are {len(ports)} inputs, and {suffix} holds one",
            where="--witness",
            remedy="use .npz, which holds each by its name",
        )
    if suffix == ".png" and not _is_picture(ports[0]):
        raise OptionError(
            f"an input of shape {list(ports[0].shape)} is no picture",
            where="--witness",
            remedy="use .npy",
        )


def write_witness(path: Path, query: Query, run: Replay) -> None:
    """Write a witness.

    ``.npy`` holds what the network's input was fed, in its shape and type; ``.npz`` that of each
    input by name (of several networks ``network:input``). ``.png`` shows the image, before any
    normalisation, as ``value * 255``: rounded to 256 levels it may no longer violate anything.
    """
    check_witness_path(path, query)
    port = query.feeds[0][2]
    buffer = io.BytesIO()
    match path.suffix.lower():
        case ".npy":
            buffer.write(_npy(run.point.reshape(port.shape)))
        case ".npz":
            with zipfile.ZipFile(buffer, "w") as archive:
                for name, point in named_inputs(query, run).items():
                    archive.writestr(zipfile.ZipInfo(f"{name}.npy"), _npy(point))
        case _:
            image = run.point if run.image is None else run.image
            _picture(image.astype(np.float64), port).save(buffer, format="PNG")
    write_atomic(path, buffer.getvalue())


def _check_names(query: Query) -> None:
    """Refuse inputs whose names are not told apart in an archive, or do not fit."""
    names = input_names(query)
    if len(set(names)) < len(names) or any(
        "\0" in name or name.endswith(".npy") or len(name.encode()) > MOST_NAME for name in names
    ):
        raise OptionError(
            "no .npz holds inputs of these names", where="--witness", remedy="use --json"
        )


def _npy(array: npt.NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _is_picture(port: Port) -> bool:
    found = pixels(port.shape, port.channels_first)
    return found is not None and len(found) in (1, 3)


def _picture(image: npt.NDArray[np.float64], port: Port) -> Any:
    from PIL import Image

    place = pixels(port.shape, port.channels_first)
    assert place is not None
    levels = np.clip(np.round(image * 255), 0, 255).astype(np.uint8)[place]
    return Image.fromarray(levels[0] if len(levels) == 1 else levels.transpose(1, 2, 0))
