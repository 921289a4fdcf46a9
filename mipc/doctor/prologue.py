"""A normalisation of the input inside the network, found at its beginning.

Elementwise operators with constants, one after the other, make ``y = scale x + shift``, which is
``(x - mean) / std``. They are followed as long as nothing else uses what they use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.doctor.report import Finding, PrologueFacts
from mipc.doctor.walk import PASSING, line
from mipc.frontend.builder import Constant
from mipc.frontend.spelling import place_of
from mipc.frontend.survey import Survey

__all__ = ["prologue_findings", "prologues"]

Array: TypeAlias = npt.NDArray[np.float64]
Line: TypeAlias = tuple[Array, Array]

MOST_LISTED = 4
"""So many different numbers are taken for one a channel; more are given as a range."""

STEPS: dict[tuple[str, int], Callable[[Array, Array, Array], Line]] = {
    ("Add", 0): lambda scale, shift, c: (scale, shift + c),
    ("Add", 1): lambda scale, shift, c: (scale, shift + c),
    ("Sub", 0): lambda scale, shift, c: (scale, shift - c),
    ("Sub", 1): lambda scale, shift, c: (-scale, c - shift),
    ("Mul", 0): lambda scale, shift, c: (scale * c, shift * c),
    ("Mul", 1): lambda scale, shift, c: (scale * c, shift * c),
    ("Div", 0): lambda scale, shift, c: (scale / c, shift / c),
}
"""Operator and place of the computed operand -> what becomes of scale and shift."""


def prologues(survey: Survey) -> list[PrologueFacts]:
    """The normalisations of all inputs that have one."""
    found = (_prologue(survey, port.name) for port in survey.inputs)
    return [facts for facts in found if facts is not None]


def prologue_findings(found: list[PrologueFacts]) -> Iterator[Finding]:
    """What they mean for questions."""
    for facts in found:
        words = " to ".join if facts.ranges else ", ".join
        mean, std = (words(f"{x:.6g}" for x in side) for side in (facts.mean, facts.std))
        yield Finding(
            level="note",
            topic="borders",
            what=f"the network normalises its input itself: mean {mean}, std {std}",
            where=f"input '{facts.input}'",
            remedy="ask about raw inputs, without --mean and --std"
            + ("; they seem to reach to 255: give --domain 0:255" if _to_255(facts) else ""),
        )


def _to_255(facts: PrologueFacts) -> bool:
    """Whether numbers of 0 to 1 would all look alike after it."""
    return min(facts.std) > 2.0 or min(facts.mean) > 2.0


def _prologue(survey: Survey, name: str) -> PrologueFacts | None:
    graph = survey.model.graph
    scale, shift = np.ones(()), np.zeros(())
    places: list[str] = []
    for number, operand in line(graph, name):
        node = graph.node[number]
        if node.op_type in PASSING:
            if scale.size > 1 or shift.size > 1:
                break  # the axes of the constants would not be those of the input
            continue
        step = _step(survey, node, operand)
        if step is None:
            break
        result = _applied(*step, scale, shift)
        if result is None:
            break
        (scale, shift), places = result, [*places, place_of(node, number)]
    if not places or not scale.all():
        return None
    mean, std = np.broadcast_arrays(-shift / scale + 0.0, 1.0 / scale)
    return _facts(name, places, mean, std)


def _step(survey: Survey, node: Any, operand: str) -> tuple[Callable[..., Line], Array] | None:
    """What a node does to scale and shift, and its constant."""
    if len(node.input) != 2 or node.input[0] == node.input[1]:
        return None
    side = list(node.input).index(operand)
    rule = STEPS.get((node.op_type, side))
    other = survey.tensors.get(node.input[1 - side])
    if rule is None or not isinstance(other, Constant) or other.array.dtype.kind != "f":
        return None
    return rule, other.array


def _applied(rule: Callable[..., Line], constant: Array, scale: Array, shift: Array) -> Line | None:
    try:
        with np.errstate(all="ignore"):
            found = rule(scale, shift, constant)
    except ValueError:
        return None
    fine = all(bool(np.isfinite(side).all()) for side in found)
    return found if fine else None


def _facts(name: str, places: list[str], mean: Array, std: Array) -> PrologueFacts | None:
    """The two as lists of what differs; None where they change nothing."""
    if not mean.any() and (std == 1.0).all():
        return None
    pair = np.stack([mean, std])
    for axis in range(1, pair.ndim):
        if (pair == pair.take([0], axis=axis)).all():
            pair = pair.take([0], axis=axis)
    pair = pair.reshape(2, -1)
    ranges = pair.shape[1] > MOST_LISTED
    if ranges:
        pair = np.stack([pair.min(axis=1), pair.max(axis=1)], axis=1)
    return PrologueFacts(
        input=name, nodes=places, mean=pair[0].tolist(), std=pair[1].tolist(), ranges=ranges
    )
