"""Where inputs come from: arrays, images, and data sets kept on this machine.

A data set is looked for in ``$MIPC_DATA``, then in the user's cache. Pixels become ``value / 255``
in float64. Nothing is downloaded and nothing is unpickled.
"""

from __future__ import annotations

import gzip
import math
import os
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.errors import DatasetError, OptionError
from mipc.properties.pictures import pixels

__all__ = [
    "DATASETS",
    "Dataset",
    "Sample",
    "check_layout",
    "data_folders",
    "read_array",
    "read_dataset",
    "read_input",
    "read_sample",
    "user_cache",
]

Array: TypeAlias = npt.NDArray[np.float64]

MOST_BYTES = 1024**3


@dataclass(frozen=True, eq=False)
class Sample:
    """An input and its true class: ``image`` is float64 in its own shape."""

    image: Array
    label: int


def read_array(path: str | Path) -> Array:
    """Numbers of an ``.npy`` file, as float64.

    Raises
    ------
    DatasetError
        Not such a file, or not real finite numbers that float64 holds exactly.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DatasetError(f"more than {MOST_BYTES} bytes", where=str(path))
        array = np.load(path, allow_pickle=False)
    except OSError as error:
        raise DatasetError(f"cannot be read: {error.strerror or error}", where=str(path)) from error
    except (ValueError, EOFError, SyntaxError, zipfile.BadZipFile, MemoryError) as error:
        raise DatasetError(
            f"this is not an .npy file of numbers: {error}", where=str(path)
        ) from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
        raise DatasetError("this is not one array of real numbers", where=str(path))
    numbers = array.astype(np.float64)
    if not np.isfinite(numbers).all():
        raise DatasetError("some of its numbers are NaN or infinite", where=str(path))
    if not _is_held(array, numbers):
        raise DatasetError(f"float64 does not hold some {array.dtype} of it", where=str(path))
    return numbers


def _is_held(array: npt.NDArray[Any], numbers: Array) -> bool:
    """Whether float64 numbers are exactly what was read."""
    if array.dtype.kind == "f":
        return bool((numbers.astype(array.dtype) == array).all())
    large = np.abs(numbers) >= 2.0**53
    return all(int(a) == int(b) for a, b in zip(array[large], numbers[large], strict=True))


def read_image(path: Path, channels: int) -> Array:
    """Pixels of an image file as ``value / 255``, channels first, grey where one is wanted."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            wide = any(";16" in str(part[-1]) for part in image.tile)
            if wide or image.mode.startswith(("I", "F")):
                raise DatasetError(
                    f"an image of more than 8 bits a channel (mode {image.mode})",
                    where=str(path),
                    remedy="give its numbers as .npy",
                )
            levels = np.asarray(image.convert("RGB" if channels == 3 else "L"))
    except UnidentifiedImageError as error:
        raise DatasetError("this is not an image", where=str(path)) from error
    except OSError as error:
        raise DatasetError(f"cannot be read: {error.strerror or error}", where=str(path)) from error
    except (ValueError, Image.DecompressionBombError) as error:
        raise DatasetError(f"the image is unusable: {error}", where=str(path)) from error
    planes = levels.transpose(2, 0, 1) if levels.ndim == 3 else levels
    return planes.astype(np.float64) / 255.0


def read_input(
    path: str | Path, shape: tuple[int, ...], channels_first: bool | None = None
) -> Array:
    """An input from ``.npy`` or an image file, flattened: (n,) for a network input of ``shape``.

    The channels of an image go where the network has them, as far as is known.
    """
    path = Path(path)
    if path.suffix.lower() == ".npy":
        numbers = read_array(path)
        check_layout(numbers.shape, shape, str(path))
        return numbers.reshape(-1)
    place = pixels(shape, channels_first)
    numbers = read_image(path, 1 if place is None else len(place))
    if place is None:
        check_layout(numbers.shape, shape, str(path))
        return numbers.reshape(-1)
    check_layout(numbers.shape, place.shape, str(path))
    placed = np.zeros(place.size)
    placed[place.reshape(-1)] = numbers.reshape(-1)
    return placed


def check_layout(given: tuple[int, ...], wanted: tuple[int, ...], where: str) -> None:
    """Refuse numbers in another layout than a network's; flat ones, and axes of size 1, are fine.

    Raises
    ------
    DatasetError
        Shapes differ: reading a picture of 28x32 as 32x28 would scramble it.
    """
    flat = given == (math.prod(wanted),)
    if not flat and [n for n in given if n != 1] != [n for n in wanted if n != 1]:
        raise DatasetError(
            f"numbers of shape {list(given)}; the network takes shape {list(wanted)}", where=where
        )


def data_folders() -> list[Path]:
    """Where data sets are looked for: ``$MIPC_DATA``, then the user's cache."""
    folders = [Path(os.environ["MIPC_DATA"])] if os.environ.get("MIPC_DATA") else []
    return [*folders, user_cache() / "data"]


def user_cache() -> Path:
    """The folder of the user's cache that is mipc's."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mipc"


@dataclass(frozen=True, eq=False)
class Dataset:
    """The samples of a data set.

    Attributes
    ----------
    name : str
    images : (N, C, H, W) uint8
    labels : (N,) int
    """

    name: str
    images: npt.NDArray[Any]
    labels: npt.NDArray[Any]

    def __len__(self) -> int:
        return len(self.images)

    def sample(self, index: int) -> Sample:
        """One sample; ``index`` counts from 0.

        Raises
        ------
        OptionError
            There is no such index.
        """
        if not 0 <= index < len(self):
            raise OptionError(
                f"{self.name} has samples 0 to {len(self) - 1}, not {index}", where="--index"
            )
        return Sample(self.images[index].astype(np.float64) / 255.0, int(self.labels[index]))


def read_dataset(name: str) -> Dataset:
    """A data set that is found in ``$MIPC_DATA`` or in the user's cache.

    Raises
    ------
    OptionError
        The data set is not known.
    DatasetError
        Its files are not here, or damaged.
    """
    if name not in DATASETS:
        raise OptionError(
            f"data set {name!r} is not known; known: {', '.join(DATASETS)}", where="--dataset"
        )
    return Dataset(name, *DATASETS[name]())


def read_sample(dataset: str, index: int) -> Sample:
    """One sample of a data set; ``index`` counts from 0.

    Raises
    ------
    OptionError
        The data set is not known, or has no such index.
    DatasetError
        Its files are not here, or damaged.
    """
    return read_dataset(dataset).sample(index)


def _find(*names: str) -> Path:
    for folder in data_folders():
        for name in names:
            if (folder / name).is_file():
                return folder / name
    places = " or ".join(str(folder) for folder in data_folders())
    raise DatasetError(
        f"{names[0]} is not in {places}",
        remedy="set MIPC_DATA to the folder that holds it",
    )


def _idx(name: str, rank: int) -> npt.NDArray[np.uint8]:
    """An IDX file of bytes, plain or gzip (the format of the MNIST distribution)."""
    path = _find(f"{name}.gz", name)
    try:
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
        zero, kind, axes = struct.unpack(">HBB", data[:4])
        shape = struct.unpack(f">{axes}I", data[4 : 4 + 4 * axes])
        if (zero, kind, axes) != (0, 8, rank):
            raise ValueError("not an IDX file of bytes")
        return np.frombuffer(data, np.uint8, offset=4 + 4 * axes).reshape(shape)
    except (OSError, EOFError, zlib.error, struct.error, ValueError) as error:
        raise DatasetError(f"damaged: {error}", where=str(path)) from error


def _mnist() -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    images = _idx("mnist/t10k-images-idx3-ubyte", 3)
    return images[:, None], _idx("mnist/t10k-labels-idx1-ubyte", 1)


def _cifar10() -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    path = _find("cifar10/test.npz", "cifar10/cifar10_first100_chw_uint8.npz")
    try:
        with np.load(path, allow_pickle=False) as archive:
            names = {archive[name].ndim: archive[name] for name in archive.files}
        return names[4], names[1]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DatasetError(f"damaged: {error}", where=str(path)) from error


DATASETS = {"mnist": _mnist, "cifar10": _cifar10}
"""Name -> reader of (images (N, C, H, W) uint8, labels (N,))."""
