"""Families of perturbations: one file and one row of this table each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from mipc.errors import OptionError
from mipc.properties.perturbations.box import BoxOfArrays
from mipc.properties.perturbations.linf import LInf

__all__ = ["FAMILIES", "BoxOfArrays", "LInf", "Perturbation", "parse_perturbation"]

Perturbation: TypeAlias = LInf | BoxOfArrays

FAMILIES: dict[str, Callable[[str], Perturbation]] = {
    "linf": LInf.parse,
    "box": BoxOfArrays.parse,
}
"""Name -> reader of what follows the colon."""


def parse_perturbation(text: str) -> Perturbation:
    """Read ``linf:0.1`` or ``box:LOWER.npy,UPPER.npy``.

    Raises
    ------
    OptionError
        The family is not known, or its parameter is malformed.
    """
    family, colon, rest = text.partition(":")
    if family not in FAMILIES or not colon:
        raise OptionError(
            f"{text!r} is no perturbation",
            where="--perturbation",
            remedy="write linf:RADIUS or box:LOWER.npy,UPPER.npy",
        )
    return FAMILIES[family](rest)
