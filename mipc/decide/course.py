"""The course of a decision: the input itself, bounds, and the stages for what is left."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np

from mipc import clock
from mipc.batch import screen
from mipc.compile import bound_case, parts_of
from mipc.decide.budgets import ATTACK, BUDGETS, kind_of
from mipc.decide.stages import STAGES, attack
from mipc.decide.state import Bounded, Progress, State
from mipc.errors import RangeError, TimeUp
from mipc.passes import DEFAULT, Pass
from mipc.properties.query import Case, Query
from mipc.replay import Replay
from mipc.runtime import Runtimes
from mipc.solvers.base import FOREVER, Solver, check_limits
from mipc.solvers.highs import Highs
from mipc.verdict import Answer, Finding, conclude, finding_of

__all__ = ["verify"]

MANY = 4
"""From so many cases on they are bounded together first."""


def verify(
    query: Query,
    *,
    timeout: float | None = None,
    passes: Sequence[Pass] = DEFAULT,
    solver: Solver | None = None,
    progress: Progress | None = None,
    jobs: int = 1,
) -> Answer:
    """Decide a question.

    Parameters
    ----------
    timeout : float, optional
        Seconds for everything; what is not decided then is ``Unknown("timeout")``.
    solver : Solver, optional
        HiGHS in a worker process by default.
    progress : callable, optional
        Told in words what is being done.
    jobs : int
        Processes at work: they branch together, this one among them, and solve one disjunct each.

    Raises
    ------
    OptionError
        There is no process, or the time limit is no time.
    SolverError
        The solver is missing or may not be used.
    """
    check_limits(jobs, timeout)
    begin = time.perf_counter()
    deadline = None if timeout is None or timeout >= FOREVER else begin + timeout
    say = progress or (lambda words: None)
    if solver is not None:
        answer = _decide(query, passes, solver, deadline, say, jobs)
    else:
        with Highs() as highs:
            answer = _decide(query, passes, highs, deadline, say, jobs)
    return replace(answer, seconds=time.perf_counter() - begin)


def _decide(
    query: Query,
    passes: Sequence[Pass],
    solver: Solver,
    deadline: float | None,
    say: Progress,
    jobs: int,
) -> Answer:
    if not query.cases:
        return conclude(query, [], [], "input")
    state = State(query, passes, solver, Runtimes(query), deadline, say, jobs)
    say("running the input through the network")
    first = query.cases[0]
    state.replay(first, first.start())
    if state.replays and _settles(query, state.replays[0]):
        return conclude(query, list(state.findings.values()), state.replays, "input")
    # what overflows proves nothing, and is no matter for warnings
    with state.team, clock.limit(deadline), np.errstate(over="ignore", invalid="ignore"):
        _decide_cases(state)
    return conclude(query, list(state.findings.values()), state.replays, state.stage)


def _decide_cases(state: State) -> None:
    """One case after the other, as long as it matters and there is time."""
    query = state.query
    if len(query.cases) >= MANY and query.objective == "feasibility":
        with suppress(TimeUp):
            _screen(state)
    for number, case in enumerate(query.cases):
        words = f" of case {number + 1} of {len(query.cases)}" if len(query.cases) > 1 else ""
        if not state.is_closed(case):
            try:
                _decide_case(state, case, words)
            except TimeUp:
                state.give_up(case, "timeout")
        if state.is_settled:
            break


def _screen(state: State) -> None:
    """Close by bounds what can be closed of many cases, several at a time."""
    count = len(state.query.cases)

    def go_on(done: int) -> bool:
        state.say(f"bounding {count} cases, {done} done")
        return state.left() != 0.0

    for number, upper in screen(state.query, go_on=go_on).items():
        state.findings[number] = Finding(number, "bounds", upper)


def _decide_case(state: State, case: Case, words: str) -> None:
    """Find out about the disjuncts of a case, by one stage after the other."""
    clock.check()
    state.say(f"bounding every neuron{words}")
    try:
        problem, records = bound_case(case, state.passes)
    except RangeError as error:
        until = ATTACK.until(state.left())
        with state.credited("attack"):
            attack(state, case, [d.number for d in case.disjuncts], words, until)
        state.give_up(case, "unsupported-range", str(error))
        return
    parts = parts_of(state.query, case, problem)
    state.findings.update({part.target: finding_of(part) for part in parts})
    pending = sorted((p for p in parts if p.is_open), key=lambda part: -part.upper)
    bounded = Bounded(case, problem, records[-1].binaries, words)
    for name, budget in BUDGETS[kind_of(state, bounded)]:
        pending = [part for part in pending if state.findings[part.target].closed is None
                   or state.query.objective == "worst"]  # fmt: skip
        if not pending or state.is_settled:
            break
        with state.credited(name):
            STAGES[name](state, bounded, pending, budget.until(state.left()))


def _settles(query: Query, run: Replay) -> bool:
    """Whether the first point replayed already answers: a violation, and none can be nearer."""
    match query.objective:
        case "feasibility":
            return run.violates
        case "closest":
            return run.violates and run.distance == 0.0
        case _:
            return False
