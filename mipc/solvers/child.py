"""Child processes that answer messages: started, waited for no longer than allowed, ended."""

from __future__ import annotations

import ctypes
import os
import resource
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from threading import Thread
from typing import IO, Any

from mipc.solvers.wire import Arrays, receive, send

__all__ = ["Process", "answers", "confine", "kill", "post", "receive_by", "spawn"]

Process = subprocess.Popen[bytes]


def spawn(module: str, *arguments: str) -> Process:
    """Start ``python -m module`` in a session of its own, with one thread for linear algebra."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    )


def kill(process: Process) -> None:
    """End a process and whatever it started, and close its pipes."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(BrokenPipeError):
                stream.close()


def post(process: Process, header: dict[str, Any], arrays: Arrays) -> None:
    """Send a message without waiting until it is read.

    A process that is still starting, or is stopped, does not read, and a pipe does not hold much.
    Where the process has died meanwhile, reading from it will say so.
    """

    def sent() -> None:
        assert process.stdin is not None
        with suppress(OSError, ValueError):
            send(process.stdin, header, arrays)

    Thread(target=sent, daemon=True).start()


def receive_by(process: Process, deadline: float | None) -> tuple[dict[str, Any], Arrays]:
    """The next message; waits no longer than the deadline for its first byte.

    Raises
    ------
    TimeoutError
    EOFError
        The process has ended.
    """
    stream = process.stdout
    assert stream is not None
    wait = None if deadline is None else max(deadline - time.perf_counter(), 0.0)
    ready, _, _ = select.select([stream], [], [], wait)
    if not ready:
        raise TimeoutError
    message = receive(stream)
    if message is None:
        raise EOFError
    return message


def answers() -> IO[bytes]:
    """In a child: where answers go; what libraries print must not mix with them."""
    stream = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return stream


def confine(memory: int | None = None) -> None:
    """In a child: limit memory, leave no core files, and end with the parent, where possible."""
    with suppress(ValueError, OSError):
        if memory is not None:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG on Linux
