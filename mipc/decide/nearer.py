"""Of a closest question, witnesses nearer than those that are known."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.decide.state import State
from mipc.errors import RangeError
from mipc.properties.query import Case
from mipc.replay import Replay
from mipc.search import approach, steeper

__all__ = ["come_nearer"]

Point: TypeAlias = Mapping[str, npt.NDArray[Any]]

WORTH = 1e-3
"""The share by which a nearer witness has to be nearer for the search to go on."""


def come_nearer(state: State, case: Case) -> None:
    """Look for nearer witnesses than the nearest one of a case, until that brings little."""
    targets = {disjunct.number for disjunct in case.disjuncts}
    mine = [run for run in state.replays if run.violates and run.target in targets]
    if not mine:
        return
    best = min(mine, key=lambda run: np.inf if run.distance is None else run.distance)
    with suppress(RangeError), np.errstate(over="ignore", invalid="ignore"):
        # a function that is not defined on the way: nothing is found there
        near = _on_the_line(state, case, best.parameters) or best
        while (point := _steeper(state, case, near)) is not None and state.left() != 0.0:
            found = _on_the_line(state, case, point)
            if found is None or not _is_nearer(found, near):
                return
            near = found


def _on_the_line(state: State, case: Case, violation: Point) -> Replay | None:
    """The first witness from where nothing is perturbed to a violation."""
    for point in approach(case, violation):
        if state.replay(case, point):
            return state.replays[-1]
    return None


def _steeper(state: State, case: Case, near: Replay) -> Point | None:
    """A point as far away with a larger margin; None where the image is no parameter."""
    name, centre = state.query.image, state.query.centre
    if centre is None or name is None or set(case.regions) != {name}:
        return None
    point = near.parameters[name].astype(np.float64)
    return {name: steeper(case, name, state.query.norm, centre, point)}


def _is_nearer(found: Replay, near: Replay) -> bool:
    """Whether a witness is nearer than another by a share that is worth the search."""
    if found.distance is None or near.distance is None:
        return False
    return found.distance < (1.0 - WORTH) * near.distance
