"""Pipelines as text: ``bounds{method=interval},stable-relu``."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

from mipc.errors import OptionError
from mipc.passes.affine_fusion import AffineFusion
from mipc.passes.base import Pass
from mipc.passes.bounds import Bounds
from mipc.passes.dead_neurons import DeadNeurons
from mipc.passes.dominated_max import DominatedMax
from mipc.passes.envelopes import Envelopes
from mipc.passes.max_as_relus import MaxAsRelus
from mipc.passes.stable_relu import StableRelu

__all__ = ["ALL", "DEFAULT", "parse_passes"]

ALL: dict[str, type[Any]] = {
    kind.name: kind
    for kind in (
        Bounds,
        StableRelu,
        DominatedMax,
        MaxAsRelus,
        DeadNeurons,
        AffineFusion,
        Envelopes,
    )
}
"""Name -> pass."""

DEFAULT: tuple[Pass, ...] = (
    Bounds(),
    StableRelu(),
    DominatedMax(),
    DeadNeurons(),
    AffineFusion(),
)
"""The pipeline that is run where none is named."""

_STEP = re.compile(r"\s*([a-z-]+)\s*(?:\{([^{}]*)\})?\s*(?:,|\Z)")


def parse_passes(text: str) -> tuple[Pass, ...]:
    """Read a pipeline; the empty text is the empty pipeline, ``default`` the default one.

    Raises
    ------
    OptionError
        A pass or an option is not known, or its value means nothing.
    """
    steps: list[Pass] = []
    position = 0
    while position < len(text):
        found = _STEP.match(text, position)
        if not found:
            raise OptionError(
                f"cannot be read from {text[position:]!r} on",
                where="--passes",
                remedy="write it like: bounds{method=interval},stable-relu",
            )
        if found[1] == "default" and not found[2]:
            steps += DEFAULT
        else:
            steps.append(_pass(found[1], found[2] or ""))
        position = found.end()
    return tuple(steps)


def _pass(name: str, options: str) -> Pass:
    if name not in ALL:
        raise OptionError(
            f"there is no pass {name!r}",
            where="--passes",
            remedy=f"known: {', '.join((*ALL, 'default'))}",
        )
    allowed: dict[str, tuple[str, ...]] = getattr(ALL[name], "choices", {})
    ranges: dict[str, tuple[int, int]] = getattr(ALL[name], "ranges", {})
    chosen: dict[str, str | int] = {}
    for part in filter(None, (part.strip() for part in options.split(","))):
        key, _, value = part.partition("=")
        if key not in {f.name for f in fields(ALL[name])}:
            raise OptionError(f"pass {name!r} has no option {key!r}", where="--passes")
        if key in ranges:
            chosen[key] = _integer(name, key, value, ranges[key])
            continue
        if value not in allowed[key]:
            raise OptionError(
                f"{key}={value!r} of pass {name!r}",
                where="--passes",
                remedy=f"one of {', '.join(allowed[key])}",
            )
        chosen[key] = value
    made: Pass = ALL[name](**chosen)
    return made


def _integer(name: str, key: str, value: str, limits: tuple[int, int]) -> int:
    """A whole number within limits."""
    if not (value.isascii() and value.isdecimal()) or not limits[0] <= int(value[:9]) <= limits[1]:
        raise OptionError(
            f"{key}={value!r} of pass {name!r}",
            where="--passes",
            remedy=f"a whole number from {limits[0]} to {limits[1]}",
        )
    return int(value)
