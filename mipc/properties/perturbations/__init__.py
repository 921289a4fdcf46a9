"""Families of perturbations: one file and one row of this table each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from mipc.errors import OptionError
from mipc.properties.perturbations.balls import L1, L2
from mipc.properties.perturbations.blur import Blur
from mipc.properties.perturbations.box import BoxOfArrays
from mipc.properties.perturbations.grid import Grid
from mipc.properties.perturbations.head import Head
from mipc.properties.perturbations.light import Brightness, Contrast
from mipc.properties.perturbations.linf import LInf
from mipc.properties.perturbations.patch import Patch
from mipc.properties.perturbations.translate import Translate
from mipc.properties.perturbations.unrestricted import Unrestricted

__all__ = [
    "FAMILIES",
    "L1",
    "L2",
    "Blur",
    "BoxOfArrays",
    "Brightness",
    "Combined",
    "Contrast",
    "Grid",
    "Head",
    "LInf",
    "Patch",
    "Perturbation",
    "Translate",
    "Unrestricted",
    "parse_perturbation",
]


class Perturbation(Protocol):
    """A family with its parameters; ``str`` writes it as it is read."""

    def apply(self, head: Head) -> tuple[Head, ...]:
        """The heads after it: several where the set is a union."""
        ...


FAMILIES: dict[str, tuple[str, Callable[[str], Perturbation]]] = {
    "linf": ("linf:RADIUS", LInf.parse),
    "l1": ("l1:RADIUS", L1.parse),
    "l2": ("l2:RADIUS", L2.parse),
    "box": ("box:LOWER.npy,UPPER.npy", BoxOfArrays.parse),
    "unrestricted": ("unrestricted", Unrestricted.parse),
    "brightness": ("brightness:MOST", Brightness.parse),
    "contrast": ("contrast:MOST", Contrast.parse),
    "blur": ("blur:K or blur:HxW", Blur.parse),
    "translate": ("translate:PIXELS", Translate.parse),
    "patch": ("patch:HxW or patch:HxW@ROW,COLUMN", Patch.parse),
    "grid": ("grid:STEPS", Grid.parse),
}
"""Name -> how it is written, and the reader of what follows the colon."""


@dataclass(frozen=True)
class Combined:
    """Several perturbations, each of the result of the one before."""

    parts: tuple[Perturbation, ...]

    def __str__(self) -> str:
        return "+".join(map(str, self.parts))

    def apply(self, head: Head) -> tuple[Head, ...]:
        """All of them in turn."""
        heads: tuple[Head, ...] = (head,)
        for part in self.parts:
            heads = tuple(after for before in heads for after in part.apply(before))
        return heads


def parse_perturbation(text: str, *, files: bool = True) -> Perturbation:
    """Read ``linf:0.1``, ``box:LOWER.npy,UPPER.npy``, or several joined by ``+``.

    Parameters
    ----------
    files : bool
        Whether families that read files are allowed.

    Raises
    ------
    OptionError
        A family is not known, or its parameter is malformed.
    """
    parts = tuple(_parse_one(part, files) for part in text.split("+"))
    return parts[0] if len(parts) == 1 else Combined(parts)


def _parse_one(text: str, files: bool) -> Perturbation:
    family, colon, rest = text.partition(":")
    reads = family == "box"
    if (
        family not in FAMILIES
        or (reads and not files)
        or (not colon and ":" in FAMILIES[family][0])
    ):
        known = ", ".join(usage for usage, _ in FAMILIES.values())
        raise OptionError(
            f"{text!r} is no perturbation",
            where="--perturbation",
            remedy=f"one of {known}, or several joined by +",
        )
    return FAMILIES[family][1](rest)
