"""Reading texts with care: what a character, a number and a line may be, in any of the formats."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import NoReturn

from mipc.errors import ParseError

__all__ = ["Lines", "ascii_text", "cut_off", "number", "shown"]

cut_off = "The file was cut off: make it again."
"""What to do about a text without its end."""

_decimal = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?").fullmatch
_controls = bytes(set(range(32)) - {9, 10}) + bytes([127])
_ordinary = bytes(set(range(256)) - set(_controls))


def ascii_text(data: bytes, where: str) -> str:
    """Decode a file: ASCII, no control characters, lines ended by LF."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    if not data.isascii() or data.translate(None, _ordinary):
        places = re.search(rb"[^\t\n\x20-\x7e]", data)
        line = data.count(b"\n", 0, places.start() if places else 0) + 1
        raise ParseError(
            "a character that is not printable ASCII",
            where=f"{where}:{line}",
            remedy="Rename what carries it; compressed files need the suffix .gz.",
        )
    return data.decode("ascii")


def number(text: str) -> float | None:
    """Read a finite decimal number, or None for ``nan``, ``inf``, ``0x1``, ``1.5D1``, ``1_0``."""
    if len(text) > 64 or not _decimal(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def shown(text: str) -> str:
    """Quote a text, short enough for a message."""
    return repr(text if len(text) <= 40 else text[:37] + "...")


class Lines:
    """The lines of a file, read one after another."""

    def __init__(self, text: str, where: str) -> None:
        self.lines = text.split("\n")
        self.where = where
        self.at = -1

    def next(self) -> str:
        """Step to the next line, which must be there."""
        self.at += 1
        if self.at >= len(self.lines):
            raise ParseError("ends too early", where=self.where, remedy=cut_off)
        return self.lines[self.at]

    def rest(self) -> Iterator[list[str]]:
        """Step through the lines that are left, as fields; blank lines are left out."""
        while self.at + 1 < len(self.lines):
            if fields := self.next().split():
                yield fields

    def fail(self, what: str, remedy: str = "") -> NoReturn:
        """Stop at this line."""
        raise ParseError(what, where=f"{self.where}:{self.at + 1}", remedy=remedy)

    def number(self, text: str) -> float:
        """Read a finite number on this line."""
        value = number(text)
        if value is None:
            self.fail(f"{shown(text)} is not a finite decimal number")
        return value

    def count(self, text: str) -> int:
        """Read a number of lines, or a position."""
        if not re.fullmatch(r"[0-9]{1,9}", text):
            self.fail(f"{shown(text)} is no count")
        return int(text)

    def after(self, beginning: str) -> str:
        """Step to the next line, which must begin so, and return the rest of it."""
        line = self.next()
        if not line.startswith(beginning):
            self.fail(f"{shown(line)} where {beginning!r} should be")
        return line.removeprefix(beginning).strip()

    def put(self, values: dict[str, float], name: str, text: str) -> None:
        """Note the value of a column, the only one."""
        if name in values:
            self.fail(f"a second value of {shown(name)}")
        values[name] = self.number(text)
