"""A time limit that long computations look at: it comes by context, not as a parameter."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from mipc.errors import TimeUp

__all__ = ["check", "left", "limit"]

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def limit(deadline: float | None) -> Iterator[None]:
    """Within it :func:`check` raises once `time.perf_counter` has passed the deadline."""
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


def check() -> None:
    """Go on, if there is time.

    Raises
    ------
    TimeUp
        The deadline has passed.
    """
    deadline = _deadline.get()
    if deadline is not None and time.perf_counter() > deadline:
        raise TimeUp("the time limit came first")


def left() -> float | None:
    """Seconds until the deadline, where there is one."""
    deadline = _deadline.get()
    return None if deadline is None else max(deadline - time.perf_counter(), 0.0)
