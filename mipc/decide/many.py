"""Many questions about one network, on several processes.

First bounds, for many questions at a time; then, one by one, those that bounds leave open. A
process that dies or does not keep its time is ended and replaced, and its question is unknown.
Questions are taken as they are needed and answers given as they come: memory does not grow with
their number.
"""

from __future__ import annotations

import select
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from mipc.batch import TOGETHER
from mipc.errors import InputError
from mipc.ir.network import Network
from mipc.properties.question import Question
from mipc.question_facts import QuestionFacts
from mipc.results import AnswerFacts
from mipc.solvers.base import FOREVER, check_limits
from mipc.solvers.child import Process, kill, post, receive_by, spawn

__all__ = ["Decided", "decide_many"]

GRACE = 2.0
"""Seconds after its time limit at which a process is ended."""

START = 60.0
"""Seconds a process may take to start and read the network, beside a question's own time."""


@dataclass(frozen=True)
class Decided:
    """The answer to one of many questions.

    Attributes
    ----------
    index : int
        Which question, in the order in which they were given, from 0.
    answer : AnswerFacts
        In words and numbers, as ``mipc verify --json`` prints it: ``answer.verdict`` is a string,
        ``"robust"``, ``"violated"`` or ``"unknown"``.
    """

    index: int
    answer: AnswerFacts


def decide_many(
    network: Network,
    questions: Iterable[Question],
    *,
    jobs: int = 1,
    timeout: float | None = None,
) -> Iterator[Decided]:
    """Decide many questions about one network.

    Parameters
    ----------
    questions : iterable of Question
    jobs : int
        Processes at work, each on one thread.
    timeout : float, optional
        Seconds for each question that bounds do not answer.

    Yields
    ------
    Decided
        In the order in which they are settled.

    Raises
    ------
    OptionError
        There is no process, or the time limit is no time.
    InputError
        A question does not fit the network.
    """
    check_limits(jobs, timeout)
    limit = None if timeout is None or timeout >= FOREVER else timeout
    course = _Course(network, enumerate(questions), jobs, limit)
    try:
        yield from course.run()
    finally:
        course.end()


@dataclass(eq=False)
class _Task:
    """What a process was asked."""

    stage: str
    questions: list[tuple[int, Question]]
    deadline: float | None


class _Course:
    def __init__(
        self,
        network: Network,
        questions: Iterator[tuple[int, Question]],
        jobs: int,
        timeout: float | None,
    ) -> None:
        self.network, self.questions, self.timeout = network, questions, timeout
        self.open: deque[tuple[int, Question]] = deque()
        self.idle: list[Process] = []
        self.busy: dict[Process, _Task] = {}
        self.jobs = jobs

    def run(self) -> Iterator[Decided]:
        while True:
            while len(self.busy) < self.jobs and (task := self._next()) is not None:
                self._start(task)
            if not self.busy:
                return
            yield from self._wait()

    def end(self) -> None:
        """End all processes."""
        for process in (*self.idle, *self.busy):
            kill(process)
        self.idle, self.busy = [], {}

    def _next(self) -> _Task | None:
        """Bounds for the next questions, as long as there are any; then an open one."""
        if len(self.open) < TOGETHER and (some := list(islice(self.questions, TOGETHER))):
            return _Task("bounds", some, None)
        if not self.open:
            return None
        return _Task("decide", [self.open.popleft()], self.timeout)

    def _start(self, task: _Task) -> None:
        fresh = not self.idle
        process = self._spawned() if fresh else self.idle.pop()
        header = {
            "stage": task.stage,
            "sha256": self.network.sha256,
            "timeout": task.deadline,
            "questions": [QuestionFacts.of(one).model_dump() for _, one in task.questions],
        }
        if task.deadline is not None:
            task.deadline += time.perf_counter() + GRACE + (START if fresh else 0.0)
        self.busy[process] = task
        post(process, header, {})

    def _spawned(self) -> Process:
        return spawn("mipc.decide.worker", str(self.network.path))

    def _wait(self) -> Iterator[Decided]:
        """The answers of the next process that has any, or that is given up."""
        deadlines = [task.deadline for task in self.busy.values() if task.deadline is not None]
        wait = max(min(deadlines) - time.perf_counter(), 0.0) if deadlines else None
        streams = {process.stdout: process for process in self.busy if process.stdout is not None}
        ready, _, _ = select.select(list(streams), [], [], wait)
        now = time.perf_counter()
        for stream in ready:
            yield from self._finished(streams[stream])
        for process, task in list(self.busy.items()):
            if task.deadline is not None and now > task.deadline:
                yield from self._lost(process, "timeout", "ended, it did not keep its time limit")

    def _finished(self, process: Process) -> Iterator[Decided]:
        """Read an answer."""
        try:
            reply, _ = receive_by(process, None)
        except (EOFError, BrokenPipeError):
            yield from self._lost(process, "worker-died", "the process that decided it died")
            return
        if "fault" in reply:
            yield from self._lost(process, "internal-error", reply["fault"])
            return
        task = self.busy.pop(process)
        self.idle.append(process)
        if "error" in reply:
            what, where, remedy = reply["error"]
            raise InputError(what, where=where, remedy=remedy)
        for (index, question), answer in zip(task.questions, reply["answers"], strict=True):
            if answer is None:
                self.open.append((index, question))
            else:
                yield Decided(index, AnswerFacts.model_validate(answer))

    def _lost(self, process: Process, reason: str, detail: str) -> Iterator[Decided]:
        """Give a process up; what it bounded is decided one by one, what it decided is unknown."""
        task = self.busy.pop(process)
        kill(process)
        if task.stage == "bounds":
            self.open.extend(task.questions)
            return
        for index, question in task.questions:
            yield Decided(index, _unknown(question, reason, detail, self.timeout))


def _unknown(question: Question, reason: str, detail: str, seconds: float | None) -> AnswerFacts:
    """The answer where nobody answered."""
    nothing: dict[str, Any] = dict.fromkeys(("trust", "margin", "distance", "witness"))
    return AnswerFacts(
        verdict="unknown", reason=reason, detail=detail, stage="none", seconds=seconds or 0.0,
        label=question.label, **nothing,
    )  # fmt: skip
