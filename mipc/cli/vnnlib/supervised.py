"""Work in a process of its own, so that a clock that runs out always ends it.

Bounding a large network, or a library in the middle of a step, looks at no clock. The work is
therefore done by a fork, whose answer is waited for, and which is ended when there is none in time.
The fork is made before numerical libraries are imported, so that they are started only once.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from mipc.solvers.base import FOREVER

__all__ = ["supervised"]

GRACE = 1.0
"""Seconds that work which is asked to end has to end what it started."""


def supervised(work: Callable[[], str], seconds: float | None) -> str | None:
    """What a function returns, done in a process of its own; None where it takes longer.

    Raises
    ------
    SystemExit
        With the exit code of the work, where it fails; its message is on standard error.
    """
    deadline = None if seconds is None or seconds >= FOREVER else time.monotonic() + seconds
    answer, ours = os.pipe()
    alive, held = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.close(answer)
        os.close(held)
        _be_child(work, ours, alive)
    os.close(ours)
    os.close(alive)
    previous = signal.signal(signal.SIGTERM, _leave)
    try:
        text = _read(answer, deadline)
        if text is None:
            return None
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        child = 0
        if code != 0:
            raise SystemExit(code if code > 0 else 2)
        return text
    finally:
        if child:
            _end(child)
        os.close(held)
        os.close(answer)
        signal.signal(signal.SIGTERM, previous)


def _be_child(work: Callable[[], str], pipe: int, alive: int) -> None:
    """Do the work and send its answer; end when asked to, or when nobody waits any more."""
    code = 2
    try:
        signal.signal(signal.SIGTERM, _leave)
        threading.Thread(target=_watch, args=(alive,), daemon=True).start()
        data = work().encode()
        with os.fdopen(pipe, "wb") as stream:
            stream.write(data)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 2
    except KeyboardInterrupt:
        code = 130
    finally:
        with suppress(OSError, ValueError):
            sys.stderr.flush()
        os._exit(code)


def _watch(alive: int) -> None:
    """Wait until the process that waits for the answer is gone."""
    os.read(alive, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def _leave(number: int, frame: FrameType | None) -> None:
    """Leave as ``sys.exit`` does, once, so that what was started is ended in peace."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(128 + number)


def _read(pipe: int, deadline: float | None) -> str | None:
    """All that is sent, or None if the end is not reached in time."""
    pieces: list[bytes] = []
    while True:
        left = None if deadline is None else max(deadline - time.monotonic(), 0.0)
        ready, _, _ = select.select([pipe], [], [], left)
        if not ready:
            return None
        piece = os.read(pipe, 1 << 20)
        if not piece:
            return b"".join(pieces).decode()
        pieces.append(piece)


def _end(child: int) -> None:
    """End a process: politely, and then for certain."""
    with suppress(ProcessLookupError, ChildProcessError):
        os.kill(child, signal.SIGTERM)
        until = time.monotonic() + GRACE
        while time.monotonic() < until:
            if os.waitpid(child, os.WNOHANG)[0]:
                return
            time.sleep(0.02)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
