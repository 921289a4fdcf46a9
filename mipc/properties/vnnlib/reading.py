"""Properties on disk: packed or not, never larger than what they may be, of either version."""

from __future__ import annotations

import hashlib
import os
import re
import zlib
from pathlib import Path
from typing import NoReturn

from mipc.errors import InputError, PropertyError
from mipc.properties.vnnlib import version1, version2
from mipc.properties.vnnlib.property import Property
from mipc.properties.vnnlib.source import Source

__all__ = ["parse_property", "read_hashed", "read_property"]

largest_text = 512 << 20
largest_ratio = 100
"""How many bytes of text a byte of a packed file may stand for, after the first MiB."""

_chunk = 1 << 24


def read_property(path: str | os.PathLike[str]) -> Property:
    """Read a VNN-LIB file, version 1 or 2, packed with gzip if its name ends in ``.gz``.

    Raises
    ------
    InputError
        The file cannot be read.
    PropertyError
        It is malformed, too large, or (UnsupportedProperty) asks for what mipc cannot ask; with
        the line and column where there is one.
    """
    return read_hashed(path)[0]


def read_hashed(path: str | os.PathLike[str]) -> tuple[Property, str]:
    """The same, and the SHA-256 of the very bytes that were read."""
    where = os.fspath(path)
    try:
        if not Path(path).is_file():
            raise InputError("no such file", where=where, remedy="Check the path.")
        if Path(path).stat().st_size > largest_text:
            _too_large(where)
        data = Path(path).read_bytes()
        source = parse_property(_decoded(_unpacked(data, where), where), where)
        return source, hashlib.sha256(data).hexdigest()
    except OSError as error:
        raise InputError(error.strerror or str(error), where=where) from error
    except MemoryError:
        raise PropertyError("too large for the memory there is", where=where) from None


def parse_property(text: str, where: str) -> Property:
    """Read a property from its text.

    Parameters
    ----------
    text : str
    where : str
        What to call it in errors.

    Raises
    ------
    PropertyError
        With the line and column: it is malformed, or (UnsupportedProperty) asks for what mipc
        cannot ask.
    """
    source = Source(text, where)
    lone = re.search(r"\r(?!\n)", text)
    if lone:
        source.fail(lone.start(), "a carriage return alone", "End lines with \\n: comments do.")
    first = source.first()
    if first is None:
        raise PropertyError("an empty property", where=where, remedy="Make the file again.")
    at, word = first
    if word == "vnnlib-version":
        return version2.read(source)
    if word == "declare-network":
        source.fail(at, "no version", "Begin with (vnnlib-version <2.0>).")
    return version1.read(source)


def _unpacked(data: bytes, where: str) -> bytes | bytearray:
    if not where.endswith(".gz"):
        return data
    limit = min(largest_text, largest_ratio * len(data) + (1 << 20))
    text = bytearray()
    try:
        while data:
            unpacker = zlib.decompressobj(wbits=31)
            while data and not unpacker.eof:
                text += unpacker.decompress(data, _chunk)
                data = unpacker.unconsumed_tail
                if len(text) > limit:
                    _too_large(where)
            if not unpacker.eof:
                raise PropertyError("a packed file that ends too early", where=where)
            data = unpacker.unused_data
    except zlib.error as error:
        raise PropertyError(f"not a gzip file ({error})", where=where) from error
    return text


def _decoded(data: bytes | bytearray, where: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise PropertyError(
            f"no text in UTF-8: the byte {data[error.start]:#x}",
            where=f"{where}:{line}:{column}",
            remedy="Packed files need the suffix .gz.",
        ) from error


def _too_large(where: str) -> NoReturn:
    raise PropertyError(
        f"more than {largest_text >> 20} MiB of text, or far more than its packed size",
        where=where,
        remedy="Split the property.",
    )
