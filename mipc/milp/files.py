"""Models on disk: the format and compression by the suffix, and no half-written file ever."""

from __future__ import annotations

import hashlib
import os
import secrets
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from mipc.errors import InputError, OptionError, ParseError
from mipc.milp.model import Model

__all__ = [
    "check_folder",
    "check_model_path",
    "model_sha256",
    "parse_model",
    "read_bytes",
    "read_model",
    "text_sha256",
    "write_atomic",
    "write_model",
]

_PathLike: TypeAlias = str | os.PathLike[str]
_Writer: TypeAlias = Callable[[Model], Iterator[bytes]]
_Reader: TypeAlias = Callable[[bytes, str], Model]

_suffixes = (".mps", ".lp")
largest_text = 4 << 30
largest_ratio = 200
"""How many bytes of text a byte of a compressed file may stand for, after the first MiB."""


def write_model(model: Model, path: _PathLike) -> str:
    """Write the model to ``*.mps``, ``*.lp``, ``*.mps.gz`` or ``*.lp.gz``.

    Same model, same bytes. The file is there in full or not at all.

    Returns
    -------
    str
        The SHA-256 of the text, before any compression, in hexadecimal.

    Raises
    ------
    RangeError
        The model has numbers or names solvers would not all read the same way.
    InputError
        The path cannot be written.
    """
    (chunks, _), packed = _format(path)
    digest = hashlib.sha256()
    text = _watched(chunks(model), digest.update)
    write_atomic(path, _gzip(text) if packed else text)
    return digest.hexdigest()


def text_sha256(path: _PathLike) -> str:
    """Compute the SHA-256 of a model file's text, after any decompression, in hexadecimal."""
    return hashlib.sha256(read_bytes(path)).hexdigest()


def model_sha256(model: Model, path: _PathLike) -> str:
    """Compute what :func:`write_model` would return, without writing."""
    (chunks, _), _ = _format(path)
    digest = hashlib.sha256()
    for chunk in chunks(model):
        digest.update(chunk)
    return digest.hexdigest()


def read_model(path: _PathLike) -> Model:
    """Read the model in ``*.mps``, ``*.lp``, ``*.mps.gz`` or ``*.lp.gz``.

    Raises
    ------
    InputError
        The path cannot be read.
    ParseError
        With the line, for what is malformed and for what solvers read differently.
    """
    return parse_model(read_bytes(path), path)


def parse_model(data: bytes, path: _PathLike) -> Model:
    """Read a model from the text of the file at ``path``, whose suffix tells the format."""
    (_, read), _ = _format(path)
    return read(data, os.fspath(path))


def read_bytes(path: _PathLike) -> bytes:
    """All bytes of a file, decompressed if its name ends in ``.gz``; not more than 4 GiB."""
    where = os.fspath(path)
    try:
        if Path(path).stat().st_size > largest_text:
            raise ParseError("larger than 4 GiB", where=where)
        data = Path(path).read_bytes()
    except OSError as error:
        raise _input_error(error, where) from error
    return _gunzip(data, where) if where.endswith(".gz") else data


def write_atomic(path: _PathLike, data: bytes | Iterable[bytes]) -> None:
    """Write a file so that under its name there is the old content or all of the new.

    Parameters
    ----------
    path : str or path
    data : bytes or iterable of bytes
        If the iterable raises, nothing is left behind.

    Raises
    ------
    InputError
        The folder is missing or cannot be written, or the path is a folder.
    """
    target = Path(path)
    temporary = target.parent / f".{target.name}.{secrets.token_hex(6)}"
    try:
        if target.is_dir():
            raise IsADirectoryError
        check_folder(target)
        _write_synced(temporary, [data] if isinstance(data, bytes) else data)
        temporary.replace(target)
        _sync_folder(target.parent)
    except OSError as error:
        raise _input_error(error, os.fspath(path)) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def _format(path: _PathLike) -> tuple[tuple[_Writer, _Reader], bool]:
    name = Path(path).name
    packed = name.endswith(".gz")
    suffix = Path(name.removesuffix(".gz")).suffix
    if suffix not in _suffixes:
        raise OptionError(
            f"the suffix {suffix!r} names no format",
            where=os.fspath(path),
            remedy="Use .mps, .lp, .mps.gz or .lp.gz.",
        )
    from mipc.milp import lp, mps  # they take polars along, which reading bytes does not need

    return ((mps.chunks, mps.read) if suffix == ".mps" else (lp.chunks, lp.read)), packed


def _write_synced(path: Path, chunks: Iterable[bytes]) -> None:
    with open(path, "xb") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def check_model_path(path: _PathLike) -> None:
    """Refuse a path that no model file can be written to, before any work is done.

    Raises
    ------
    OptionError
        Its suffix is none of .mps, .lp, .mps.gz, .lp.gz; or its name is not UTF-8, in which the
        sidecar repeats it.
    InputError
        Its folder is not there.
    """
    _format(path)
    if readable(Path(path)) != Path(path).name:
        raise OptionError("the name is not UTF-8", where=readable(Path(path)))
    check_folder(path)


def readable(path: Path) -> str:
    """The name of a file in characters that can be written: others than UTF-8 are replaced."""
    return os.fsencode(path.name).decode("utf-8", "replace")


def check_folder(path: _PathLike) -> None:
    """Refuse a path whose folder is not there."""
    if not Path(path).parent.is_dir():
        raise InputError("there is no such folder", where=os.fspath(path))


def _watched(chunks: Iterator[bytes], see: Callable[[bytes], object]) -> Iterator[bytes]:
    for chunk in chunks:
        see(chunk)
        yield chunk


def _gzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Compress the chunks, with neither a time nor a name in the header."""
    packer = zlib.compressobj(level=1, wbits=31)
    for chunk in chunks:
        yield packer.compress(chunk)
    yield packer.flush()


def _gunzip(data: bytes, where: str) -> bytes:
    limit = min(largest_text, largest_ratio * len(data) + (1 << 20))
    parts: list[bytes] = []
    try:
        while data:
            unpacker = zlib.decompressobj(wbits=31)
            parts.append(unpacker.decompress(data, limit + 1))
            limit -= len(parts[-1])
            if limit < 0:
                raise ParseError("unpacks to far more than it should", where=where)
            if not unpacker.eof:
                raise ParseError("a compressed file that ends too early", where=where)
            data = unpacker.unused_data
    except zlib.error as error:
        raise ParseError(f"not a gzip file ({error})", where=where) from error
    return b"".join(parts)


def _input_error(error: OSError, where: str) -> InputError:
    """Say what the system said, for the person who named the path."""
    if isinstance(error, FileNotFoundError):
        return InputError("no such file or folder", where=where, remedy="Check the path.")
    if isinstance(error, IsADirectoryError):
        return InputError("is a folder, not a file", where=where, remedy="Name a file.")
    return InputError(error.strerror or str(error), where=where)
