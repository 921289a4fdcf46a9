"""The stages that a case goes through, after bounds: each settles what it can."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from mipc import clock
from mipc.decide.bracket import bracket
from mipc.decide.nearer import come_nearer
from mipc.decide.race import race
from mipc.decide.state import Bounded, State
from mipc.errors import RangeError, TimeUp
from mipc.formulation import Part
from mipc.properties.query import Case
from mipc.search import branch, climb, compact, halve

__all__ = ["STAGES", "Stage", "attack"]

TURNS = 2
"""Rounds of the attack on a case."""


def _attack(state: State, bounded: Bounded, pending: Sequence[Part], until: float) -> None:
    """Attack what bounds leave open."""
    attack(state, bounded.case, [part.target for part in pending], bounded.words, until)


def attack(state: State, case: Case, targets: Sequence[int], words: str, until: float) -> None:
    """Climb, and replay what climbs to a violation; the highest point too, for the worst case."""
    state.say(f"climbing to a violation{words}")
    for turn in range(TURNS):
        highest, tried = None, 0.0
        # a function is not defined at some point, or numbers overflow: nothing is found there
        with suppress(RangeError), np.errstate(over="ignore", invalid="ignore"):
            go_on = lambda: time.perf_counter() < until  # noqa: E731
            for highest in climb(case, targets, turn=turn, go_on=go_on):
                if highest.margin >= 2 * tried:
                    tried = max(highest.margin, 1e-6)
                    state.replay(case, highest.point)
                if state.is_settled:
                    return
        if highest is not None and state.query.objective == "worst":
            state.replay(case, highest.point)
    if state.query.objective == "closest":
        come_nearer(state, case)


def _halve(state: State, bounded: Bounded, pending: Sequence[Part], until: float) -> None:
    """Halve the region until bounds close every part of it."""
    case = bounded.case

    def go_on(done: int, waiting: int) -> bool:
        state.say(f"halving the region{bounded.words}: {done} parts done, {waiting} open")
        return time.perf_counter() < until

    targets = tuple(part.target for part in pending)
    try:
        found = halve(case, targets, try_point=lambda x: state.replay(case, x), go_on=go_on)
    except RangeError:
        return
    if found.complete:
        for target, upper in found.upper.items():
            known = state.findings[target]
            state.findings[target] = replace(known, closed="bounds", upper=min(known.upper, upper))


def _branch(state: State, bounded: Bounded, pending: Sequence[Part], until: float) -> None:
    """Branch on the phases of what bounds leave undecided."""
    if state.query.objective != "feasibility":
        bracket(state, bounded, pending, until)
        return
    targets = tuple(part.target for part in pending)
    state.say(f"branching{bounded.words}")

    def go_on(done: int, waiting: int, bound: float) -> bool:
        state.say(
            f"branching{bounded.words}: {done} parts done, {waiting} open, margin below {bound:.3g}"
        )
        return time.perf_counter() < until

    with clock.limit(until):
        try:
            dense = compact(bounded.case, bounded.problem, targets)
        except (RangeError, TimeUp):
            return
        found = branch(
            dense,
            try_point=lambda x: state.replay(bounded.case, x),
            go_on=go_on,
            team=state.team,
        )
    for target, upper in found.upper.items():
        known = state.findings[target]
        if target in found.closed:
            state.findings[target] = replace(known, closed="bounds", upper=min(known.upper, 0.0))
        else:
            known = replace(known, upper=min(known.upper, max(upper, 0.0)))
            state.findings[target] = known


def _solve(state: State, bounded: Bounded, pending: Sequence[Part], until: float) -> None:
    """A model for each open disjunct, the most promising first."""
    with clock.limit(until):
        race(state, bounded, pending)


Stage: TypeAlias = Callable[[State, Bounded, Sequence[Part], float], None]

STAGES: dict[str, Stage] = {
    "attack": _attack,
    "halving": _halve,
    "branching": _branch,
    "solver": _solve,
}
"""What is tried on the disjuncts that bounds leave open, until the clock says so. Which of
them a problem goes through: :data:`mipc.decide.budgets.BUDGETS`."""
