"""Inputs from files: the numbers that are there, where the network has them."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mipc.errors import DatasetError
from mipc.properties.inputs import read_array, read_input


@pytest.mark.parametrize(
    "number",
    [
        np.int64(2**53 + 1),
        np.uint64(2**64 - 1),
        pytest.param(
            np.longdouble(1) + np.longdouble(2) ** -60,
            marks=pytest.mark.skipif(
                np.finfo(np.longdouble).nmant < 60, reason="long double is no wider here"
            ),
        ),
    ],
)
def test_numbers_that_float64_does_not_hold_are_refused(number: np.generic, tmp_path: Path) -> None:
    """Rounded, a box between such corners would be a smaller one."""
    np.save(tmp_path / "x.npy", np.array([number]))
    with pytest.raises(DatasetError, match="float64 does not hold"):
        read_array(tmp_path / "x.npy")


@pytest.mark.parametrize("number", [np.int64(-(2**63)), np.uint64(2**53), np.int64(2**60)])
def test_large_numbers_that_float64_holds_are_read(number: np.integer, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([1, number], dtype=number.dtype))
    assert read_array(tmp_path / "x.npy").tolist() == [1.0, float(number)]


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", ">f4", "i1", "u8", "i8", "?"])
def test_numbers_of_every_type_are_read_exactly(kind: str, tmp_path: Path) -> None:
    numbers = np.array([[0, 1], [1, 0]]).astype(kind)
    np.save(tmp_path / "x.npy", numbers)
    np.testing.assert_array_equal(read_array(tmp_path / "x.npy"), numbers.astype(float))


@pytest.mark.parametrize(
    ("shape", "channels_first", "order"),
    [
        ((1, 3, 6, 5), None, (2, 0, 1)),
        ((1, 6, 5, 3), None, (0, 1, 2)),
        ((1, 6, 5, 3), False, (0, 1, 2)),
        ((3, 6, 5), True, (2, 0, 1)),
    ],
)
def test_colours_go_where_the_network_has_them(
    shape: tuple[int, ...], channels_first: bool | None, order: tuple[int, ...], tmp_path: Path
) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    Image.fromarray(levels).save(tmp_path / "x.png")
    read = read_input(tmp_path / "x.png", shape, channels_first)
    np.testing.assert_array_equal(read, levels.transpose(order).reshape(-1) / 255.0)


@pytest.mark.parametrize("colours", [False, True])
def test_a_picture_of_sixteen_bits_is_refused(colours: bool, tmp_path: Path) -> None:
    """Cut off at 255, or to its upper bits, it would be another picture."""
    place = tmp_path / "x.png"
    if colours:
        rows = b"".join(b"\0" + b"\x12\x34" * 6 for _ in range(2))
        place.write_bytes(
            b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 16, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows))
            + chunk(b"IEND", b"")
        )
    else:
        Image.fromarray(np.full((2, 2), 300, dtype=np.uint16)).save(place)
    with pytest.raises(DatasetError, match="8 bits"):
        read_input(place, (1, 3 if colours else 1, 2, 2))


def chunk(kind: bytes, data: bytes) -> bytes:
    """A part of a PNG file."""
    checked = kind + data
    return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))
