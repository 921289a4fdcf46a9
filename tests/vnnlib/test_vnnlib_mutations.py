"""Damaged and hostile properties: a named error or a property that means its text, soon."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import hostile_properties
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_properties import normal_form_holds

from mipc.errors import PropertyError
from mipc.properties.vnnlib import Property, read_property

FIRST = b"""; a box, linear conditions on inputs, outputs and both
(declare-const X_0 Real)
(declare-const X_1 Real)
(declare-fun Y_0 () Real)
(declare-const Y_1 Real)

(assert (<= X_0 0.6798577687061284))
(assert (>= X_0 -5e-1))
(assert (<= (* -1.0 X_1) 0.0))
(assert (<= (- (* 1.5 X_0) X_1) -0.25))
(assert (or
    (and (<= X_1 0.5) (<= Y_0 Y_1) (>= Y_0 1.0))
    (and (>= X_1 0.5) (> (+ Y_0 X_0) 3.991125645861615))
    (= Y_1 2)
))
"""
SECOND = b"""(vnnlib-version <2.0>)
; a network twice
(declare-network N
    (declare-input X float32 [1,2] "input")
    (declare-output Y float32 [2] "output")
)
(declare-network M
    (equal-to N)
    (declare-input U float32 [1, 2])
    (declare-hidden H real [] "hidden")
    (declare-output V float32 [2])
)
(assert (<= X[0,0] 0.5))
(assert (and (>= X[0,1] -0.5) (< U[0,0] X[0,1])))
(assert (or (<= H 0.0) (!= (+ Y[0] (* 2.0 V [1])) 1.0) (== X[0,0] -1.25)))
"""
TEXTS = [FIRST, SECOND]
PIECES = [
    *(b"(", b")", b"()", b"[", b"]", b",", b'"', b";", b"\n", b"\r", b"\0", b"\xff", b" ", b"-"),
    *(b"1e999999999", b"1e-999999999", b"9" * 2000, b"0.", b"nan", b"inf", b"(- 1)", b"1/3"),
    *(b"X_0", b"X_00", b"X_99999999999", b"Y_1", b"Z_0", b"X[0,0]", b"X", b"Y[2]", b"H", b"H[0]"),
    *(b"and", b"or", b"not", b"+", b"*", b"<=", b"!=", b"assert", b"declare-const", b"Real"),
    *(b"real", b"int8", b"bool", b"[1000000000,1000000000]", b"[0]", b"<2.0>", b"<3.1>"),
    *(b"(declare-const X_2 Real)", b"(assert (<= X_0 X_1))", b"(and " * 2000, b"(* X_0 Y_0)"),
]

texts = st.sampled_from(TEXTS)
many = settings(max_examples=550)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("properties")


def check(folder: Path, data: bytes) -> None:
    """Reading gives a property that means its text, or an error with a place, within 2 s."""
    path = folder / "p.vnnlib"
    path.write_bytes(data)
    start = time.process_time()
    try:
        read = read_property(path)
    except PropertyError as error:
        assert error.where.startswith(str(path))  # noqa: PT017
    else:
        check_meaning(read)
    assert time.process_time() - start < 2


def check_meaning(read: Property) -> None:
    """The assertions and the normal form agree at some points."""
    if sum(tensor.size for tensor in read.tensors.values()) > 100:
        return
    for filled in (Fraction(0), Fraction(1, 2), Fraction(-5, 4), Fraction(3)):
        point = {
            tensor.name: [filled + i for i in range(tensor.size)]
            for tensor in read.tensors.values()
        }
        assert read.holds(point) == normal_form_holds(read, point)


def place(data: st.DataObject, text: bytes | bytearray) -> int:
    return data.draw(st.integers(0, len(text) - 1))


def test_undamaged_texts_are_read(folder: Path) -> None:
    for text, cases in zip(TEXTS, (3, 2), strict=True):
        (folder / "p.vnnlib").write_bytes(text)
        assert len(read_property(folder / "p.vnnlib").cases) == cases
        check(folder, text)


@pytest.mark.parametrize("text", TEXTS)
def test_texts_cut_off_anywhere(folder: Path, text: bytes) -> None:
    for length in range(len(text)):
        check(folder, text[:length])


@many
@given(texts, st.data())
def test_other_bytes(folder: Path, text: bytes, data: st.DataObject) -> None:
    damaged = bytearray(text)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[place(data, text)] = data.draw(st.integers(0, 255))
    check(folder, bytes(damaged))


@many
@given(texts, st.data())
def test_parentheses_left_out_or_doubled(folder: Path, text: bytes, data: st.DataObject) -> None:
    damaged = text
    for _ in range(data.draw(st.integers(1, 3))):
        places = [i for i, byte in enumerate(damaged) if byte in b"()"]
        i = data.draw(st.sampled_from(places))
        times = data.draw(st.sampled_from([0, 2, 3]))
        damaged = damaged[:i] + damaged[i : i + 1] * times + damaged[i + 1 :]
    check(folder, damaged)


@many
@given(texts, st.data())
def test_pieces_put_in(folder: Path, text: bytes, data: st.DataObject) -> None:
    damaged = text
    for _ in range(data.draw(st.integers(1, 3))):
        i, length = place(data, damaged), data.draw(st.sampled_from([0, 0, 1, 3, 12]))
        damaged = damaged[:i] + data.draw(st.sampled_from(PIECES)) + damaged[i + length :]
    check(folder, damaged)


@many
@given(texts, st.data())
def test_words_exchanged(folder: Path, text: bytes, data: st.DataObject) -> None:
    words = text.split(b" ")
    for _ in range(data.draw(st.integers(1, 3))):
        i, j = place(data, words), place(data, words)  # type: ignore[arg-type]
        words[i], words[j] = words[j], words[i] if data.draw(st.booleans()) else words[j]
    check(folder, b" ".join(words))


@given(st.binary(max_size=300), st.sampled_from(["p.vnnlib", "p.vnnlib.gz"]))
def test_random_bytes(folder: Path, data: bytes, name: str) -> None:
    path = folder / name
    path.write_bytes(data)
    with pytest.raises(PropertyError):
        read_property(path)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on a process's memory")
def test_hostile_texts_end_soon_and_in_little_memory() -> None:
    """Each within 2 s, all in one process that may have 1 GiB."""
    script = hostile_properties.__file__
    run = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )
    assert run.returncode == 0, run.stderr[-2000:]
    ends = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(ends) == len(hostile_properties.TEXTS) + len(hostile_properties.BYTES)
    for end in ends:
        assert end["seconds"] < 2, end
        assert "memory" not in end["outcome"], end
    assert sum("cases" in end["outcome"] for end in ends) < 6
