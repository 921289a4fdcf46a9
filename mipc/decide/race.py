"""Disjuncts that are left, handed to as many solvers at a time as there are processes for.

Each solver has a thread of its own here and a process of its own behind it. What settles the
question ends the others' work.
"""

from __future__ import annotations

import contextvars
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from mipc.decide.attempt import Attempt
from mipc.decide.state import Bounded, State
from mipc.formulation import Part
from mipc.solvers.base import Solver
from mipc.solvers.highs import Highs

__all__ = ["race"]


def race(state: State, bounded: Bounded, pending: Sequence[Part]) -> None:
    """Find out about disjuncts, the most promising first, until the question is settled.

    Raises
    ------
    SolverError
        The solver is missing or may not be used.
    """
    with ExitStack() as stack:
        solvers = [state.solver]
        if isinstance(state.solver, Highs):
            more = min(state.jobs, len(pending)) - 1
            solvers += [stack.enter_context(Highs()) for _ in range(more)]
        if len(solvers) == 1:
            _Race(state, bounded, pending).run(state.solver)
        else:
            _together(_Race(state, bounded, pending), solvers)


def _together(course: _Race, solvers: Sequence[Solver]) -> None:
    """Let solvers work at the same time; whatever ends one of them badly ends all."""
    for solver in solvers:
        if isinstance(solver, Highs):
            solver.start()  # here: what a thread starts ends with it
    try:
        with ThreadPoolExecutor(len(solvers)) as pool:
            waiting = [
                pool.submit(contextvars.copy_context().run, course.run, solver)
                for solver in solvers
            ]
            try:
                for future in waiting:
                    future.result()
            except BaseException:
                course.stop(solvers)
                raise
    finally:
        for solver in solvers:
            if isinstance(solver, Highs):
                solver.halted = False


class _Race:
    def __init__(self, state: State, bounded: Bounded, pending: Sequence[Part]) -> None:
        self.state, self.bounded = state, bounded
        self.waiting = deque(enumerate(pending, 1))
        self.count = len(pending)
        self.solvers: list[Solver] = []
        self.is_over = False
        self.names = {d.number: d.name for d in bounded.case.disjuncts}

    def run(self, solver: Solver) -> None:
        """Take one disjunct after the other."""
        state, bounded = self.state, self.bounded
        self.solvers.append(solver)
        attempt = Attempt(state, bounded.case, bounded.problem, solver, lambda: self.is_over)
        while not self.is_over:
            try:
                number, part = self.waiting.popleft()
            except IndexError:
                return
            words = f"{self.names[part.target]}, {number} of {self.count}{bounded.words}"
            state.say(f"solving for {words}")
            if attempt.can_matter(part):
                state.findings[part.target] = attempt.at(part)
            if state.is_settled:
                self.stop([other for other in self.solvers if other is not solver])

    def stop(self, solvers: Sequence[Solver]) -> None:
        """Nothing more is begun, and what some solvers work on is ended."""
        self.is_over = True
        for solver in solvers:
            if isinstance(solver, Highs):
                solver.interrupt()
