"""Model files on disk: by suffix, compressed the same way each time, whole or not at all."""

from __future__ import annotations

import gzip
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from milp_models import same, small_model

from mipc.errors import InputError, MipcError, ParseError, RangeError
from mipc.milp import mps
from mipc.milp.files import read_bytes, read_model, text_sha256, write_atomic, write_model

suffixes = pytest.mark.parametrize("suffix", [".mps", ".lp", ".mps.gz", ".lp.gz"])


@suffixes
def test_model_comes_back(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"model{suffix}"
    write_model(small_model(), path)
    assert same(read_model(path), small_model())


@suffixes
def test_same_model_gives_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    first, second = tmp_path / f"first{suffix}", tmp_path / f"second{suffix}"
    write_model(small_model(), first)
    write_model(small_model(), second)
    assert text_sha256(first) == text_sha256(second)
    assert len(text_sha256(first)) == 64


def test_gzip_header_has_neither_time_nor_name(tmp_path: Path) -> None:
    path = tmp_path / "model.mps.gz"
    write_model(small_model(), path)
    header = path.read_bytes()[:10]
    assert header[3] == 0
    assert header[4:8] == b"\0\0\0\0"
    assert gzip.decompress(path.read_bytes()) == mps.write(small_model())


def test_refused_model_leaves_nothing(tmp_path: Path) -> None:
    model = small_model()
    model.rhs[0] = float("nan")
    with pytest.raises(RangeError):
        write_model(model, tmp_path / "model.mps")
    assert not list(tmp_path.iterdir())


def test_failed_write_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomic(path, b"old")

    def broken() -> Iterator[bytes]:
        yield b"new"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomic(path, broken())
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
    assert path.read_bytes() == b"old"


def test_new_file_is_readable_as_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomic(tmp_path / "file", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("name", "written", "read"),
    [
        ("missing/model.mps", "there is no such folder", "no such file or folder"),
        ("file/model.mps", "there is no such folder", "ot a directory"),
        ("model.txt", "'.txt' names no format", "no such file"),
        ("model.gz", "'' names no format", "no such file"),
        ("folder.mps", "is a folder", "is a folder"),
    ],
)
def test_paths_that_cannot_be_used(name: str, written: str, read: str, tmp_path: Path) -> None:
    (tmp_path / "folder.mps").mkdir()
    (tmp_path / "file").touch()
    uses = {written: lambda path: write_model(small_model(), path), read: read_model}
    for words, use in uses.items():
        with pytest.raises(InputError) as error:
            use(tmp_path / name)
        assert words in error.value.what
        assert error.value.where == str(tmp_path / name)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "folder.mps"]


def test_missing_file() -> None:
    with pytest.raises(InputError, match="no such file"):
        text_sha256("no/such/file")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (gzip.compress(bytes(64 << 20)), "unpacks to far more"),
        (gzip.compress(b"NAME")[:-6], "ends too early"),
        (b"NAME demo FREE\n", "not a gzip file"),
        (gzip.compress(b"ROWS") + b"rubbish", "not a gzip file"),
    ],
)
def test_compressed_files_that_are_refused(data: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "model.mps.gz"
    path.write_bytes(data)
    with pytest.raises(ParseError, match=words):
        read_model(path)


def test_gzip_of_several_members_is_read_in_full(tmp_path: Path) -> None:
    path = tmp_path / "text.gz"
    path.write_bytes(gzip.compress(b"one ") + gzip.compress(b"two"))
    assert read_bytes(path) == b"one two"


def test_error_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "model.mps"
    path.write_text("NAME m FREE\nROWS\n X obj\n")
    with pytest.raises(MipcError) as error:
        read_model(path)
    assert error.value.where == f"{path}:3"
