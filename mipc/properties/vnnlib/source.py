"""The text of a property: its forms, read from the inside out, and where each word stands.

VNN-LIB is written in forms ``(head item ...)``. A fold reads one form and hands every closed
parenthesis to a function of its items; there is no tree, and no recursion.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, NoReturn

from mipc.errors import PropertyError

__all__ = ["Element", "Quoted", "Source", "Word", "blank", "decimal", "is_number"]

deepest = 1000
"""How many parentheses may be open at once."""

most_characters = 1100
largest_exponent = 300
largest_number = 10**308

blank = r"[ \t\r\n\f]*+(?:;[^\n]*+[ \t\r\n\f]*+)*+"
"""What may stand between any two words, as a regular expression: blanks and comments."""

_token = re.compile(
    rf"{blank}(?:(\()|(\))|([^\s()\[\],;\"]++)(?:{blank}\[([^\[\]()\"]*+)\])?"
    r"|\"([^\"\\]*+(?:\\[\"\\nt][^\"\\]*+)*+)\"|(.))?",
    re.DOTALL,
).match
_skip = re.compile(blank).match
_head = re.compile(rf"\({blank}([^\s()\[\],;\"]++)").match
_open, _close, _word, _element, _quoted, _stray = 1, 2, 3, 4, 5, 6
_shown = re.compile(r"[^\s()\[\],;\"]+(?: ?\[[^\[\]()\"]*\])?|\"[^\"]*\"?").match
_comment = re.compile(r";[^\n]*")
_index = re.compile(r"[ \t\r\n\f]*([0-9]{1,18})[ \t\r\n\f]*").fullmatch
_number = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,4}))?").fullmatch
_escape = re.compile(r"\\(.)")
_escaped = {"n": "\n", "t": "\t"}


class Word(NamedTuple):
    """A name, a number or an operator, and the offset where it begins."""

    at: int
    text: str


class Element(NamedTuple):
    """A word followed by brackets: ``X[0,1]``, or the type and shape ``float32 [2,3]``."""

    at: int
    name: str
    indices: tuple[int, ...]


class Quoted(NamedTuple):
    """A text in quotation marks, without them."""

    at: int
    text: str


@dataclass(frozen=True, eq=False)
class Source:
    """A text, and what to call it in errors."""

    text: str
    where: str

    def fold(
        self, at: int, reduce: Callable[[int, list[object]], object]
    ) -> tuple[object, int] | None:
        """Read the form that comes next.

        Parameters
        ----------
        at : int
            The offset to start from.
        reduce : callable
            Called at every closed parenthesis, the innermost first, with the offset of the open
            one and the items between: Word, Element, Quoted, or what it returned for inner forms.

        Returns
        -------
        tuple of object and int, or None
            What it returned for the whole form, and the offset behind it; None at the end.

        Raises
        ------
        PropertyError
            There is something else than a form, or the form does not end.
        """
        text = self.text
        starts: list[int] = []
        outer: list[list[object]] = []
        items: list[object] = []
        while True:
            token = _token(text, at)
            kind = token.lastindex if token else None
            if token is None or kind is None:
                if starts:
                    self.fail(starts[0], "a parenthesis that is not closed", _cut_off)
                return None
            at = token.end()
            if kind == _open:
                if len(starts) == deepest:
                    self.fail(at - 1, f"more than {deepest} forms inside one another", _flatter)
                starts.append(at - 1)
                outer.append(items)
                items = []
            elif kind == _close:
                if not starts:
                    self.fail(at - 1, "a closing parenthesis without an opening one")
                value = reduce(starts.pop(), items)
                if not starts:
                    return value, at
                items = outer.pop()
                items.append(value)
            else:
                items.append(self._item(token, kind))
                if not starts:
                    self.fail(token.start(kind), "text outside of parentheses")

    def first(self) -> tuple[int, str] | None:
        """Where the first form begins, and its first word if it has one; None if all is blank."""
        start = _skip(self.text)
        at = start.end() if start else 0
        head = _head(self.text, at)
        return None if at == len(self.text) else (at, head[1] if head else "")

    def place(self, at: int) -> str:
        """The name, line and column of an offset."""
        line = self.text.count("\n", 0, at) + 1
        return f"{self.where}:{line}:{at - self.text.rfind(chr(10), 0, at)}"

    def fail(
        self, at: int, what: str, remedy: str = "", kind: type[PropertyError] = PropertyError
    ) -> NoReturn:
        """Stop at an offset, and show what stands there, if anything does."""
        what = f"{what}: {self.shown(at)}" if at < len(self.text) else what
        raise kind(what, where=self.place(at), remedy=remedy)

    def shown(self, at: int) -> str:
        """Quote the word or the form at an offset, short enough for a message."""
        rest = self.text[at : at + 41].split("\n")[0]
        depth = 0
        for end, character in enumerate(rest, 1):
            depth += (character == "(") - (character == ")")
            if character == ")" and depth == 0:
                rest = rest[:end]
                break
        if not rest.startswith("("):
            word = _shown(rest)
            rest = word[0] if word else rest[:1]
        rest = rest.rstrip(" ")
        return repr(rest if len(rest) <= 40 else rest[:37] + "...")

    def _item(self, token: re.Match[str], kind: int) -> Word | Element | Quoted:
        """The item that a token is."""
        if kind == _stray:
            what = _strays.get(token[_stray], "a character no form may have")
            self.fail(token.start(_stray), what)
        if kind == _word:
            return Word(token.start(_word), token[_word])
        if kind == _element:
            return self._indexed(token)
        text = _escape.sub(lambda escape: _escaped.get(escape[1], escape[1]), token[_quoted])
        return Quoted(token.start(_quoted) - 1, text)

    def _indexed(self, token: re.Match[str]) -> Element:
        inside = _comment.sub("", token[_element])
        numbers = [_index(part) for part in inside.split(",")] if inside.strip() else []
        indices = tuple(int(number[1]) for number in numbers if number)
        if len(indices) < len(numbers):
            self.fail(token.start(_word), "no indices or lengths in brackets", _whole)
        return Element(token.start(_word), token[_word], indices)


def is_number(text: str) -> bool:
    """Whether a word is meant to be a number."""
    return text[0] in "0123456789.+-"


def decimal(text: str) -> Fraction | None:
    """The exact value of ``0.1``, ``-2`` or ``1e-3``, or None if it is none, or out of range.

    Digits may be 1100 and exponents 300, so that a short text never makes a long number.
    """
    match = _number(text) if len(text) <= most_characters else None
    if match is None:
        return None
    sign, whole, part, power = match.groups()
    digits = whole + (part or "")
    exponent = int(power) if power else 0
    if not digits or abs(exponent) > largest_exponent:
        return None
    value, exponent = int(sign + digits), exponent - len(part or "")
    if exponent >= 0:
        value *= 10**exponent
        return Fraction(value) if abs(value) < largest_number else None
    exact = Fraction(value, 10**-exponent)
    return exact if len(whole) < 300 or abs(exact) < largest_number else None


_strays = {
    '"': "a quotation mark that is not closed",
    "[": "brackets that do not follow a word, or are not closed",
    "]": "a closing bracket without an opening one",
    ",": "a comma outside of brackets",
}
_whole = "Write whole numbers from 0, separated by commas."
_cut_off = "The file was cut off, or a ')' is missing."
_flatter = "Write (and a b c ...) instead of (and a (and b (and c ...)))."
