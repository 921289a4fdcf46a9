"""HiGHS, in a worker process: a crash, a hang or a memory blow-up is a status, never the end.

The worker is started on first use and kept for the next model. It is killed when it passes its
time, and started again when it is next needed.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from mipc.errors import SolverError
from mipc.milp.model import Model
from mipc.milp.solution import Solution, Status
from mipc.solvers.base import Limits
from mipc.solvers.child import Process, spawn
from mipc.solvers.child import kill as _kill
from mipc.solvers.child import receive_by as _receive
from mipc.solvers.wire import model_message, send

__all__ = ["GRACE", "Highs"]

GRACE = 1.5
"""Seconds after its time limit at which a solver is killed."""

START = 60.0
"""Seconds a worker may take to start and pass its self-test."""


@dataclass
class Highs:
    """A solver with a worker process of its own; use it as a context manager.

    Attributes
    ----------
    halted : bool
        Nothing is solved as long as it is set.
    """

    name: str = "highs"
    version: str = ""
    halted: bool = False
    _worker: Process | None = field(default=None, repr=False)

    def __enter__(self) -> Highs:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the worker."""
        if self._worker is not None:
            worker, self._worker = self._worker, None
            _kill(worker)

    def interrupt(self) -> None:
        """End what it works on, from another thread, and halt it."""
        self.halted = True
        worker = self._worker
        if worker is not None and worker.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)

    def solve(self, model: Model, limits: Limits) -> Solution:
        """Solve a model; see :class:`~mipc.solvers.base.Solver`."""
        begin = time.perf_counter()
        worker = None if self.halted else self._started(limits)
        if worker is None or self.halted:
            return Solution(
                Status.STOPPED, None, None, None, time.perf_counter() - begin, "HiGHS: starting"
            )
        options: dict[str, Any] = {}
        if limits.seconds is not None:
            left = limits.seconds - (time.perf_counter() - begin)
            options["time_limit"] = max(left, 0.01)
        if limits.target is not None:
            options["objective_target"] = limits.target
        deadline = None if limits.seconds is None else begin + limits.seconds + GRACE
        try:
            assert worker.stdin is not None
            send(worker.stdin, options, model_message(model))
            answer = _receive(worker, deadline)
        except (BrokenPipeError, EOFError, TimeoutError) as error:
            detail = self._obituary(error)
            status = Status.STOPPED if isinstance(error, TimeoutError) else Status.FAILED
            return Solution(status, None, None, None, time.perf_counter() - begin, detail)
        except BaseException:
            self.close()  # an answer still on its way must not be taken for that to the next model
            raise
        header, arrays = answer
        status = Status(header["status"]).seen_with(point="values" in arrays)
        return Solution(
            status=status,
            objective=header["objective"] if status.has_point else None,
            dual_bound=header["dual_bound"],
            values=arrays.get("values") if status.has_point else None,
            seconds=time.perf_counter() - begin,
            detail=header["detail"],
        )

    def start(self, limits: Limits | None = None) -> None:
        """Start the worker without waiting for it, so that the first solve finds it ready.

        Raises
        ------
        SolverError
            It cannot be started.
        """
        if self._worker is None or self._worker.poll() is not None:
            self._worker = _spawn((limits or Limits()).memory)
            self.version = ""

    def _started(self, limits: Limits) -> Process | None:
        """The worker, ready to solve; None if time runs out while it starts."""
        seconds = START if limits.seconds is None else min(limits.seconds, START)
        self.start(limits)
        worker = self._worker
        assert worker is not None
        if not self.version:
            try:
                header, _ = _receive(worker, time.perf_counter() + seconds)
            except (EOFError, TimeoutError) as error:
                if self.halted or (isinstance(error, TimeoutError) and seconds < START):
                    return None
                raise SolverError(
                    f"HiGHS does not start: {self._obituary(error)}",
                    remedy="reinstall highspy",
                ) from error
            except BaseException:
                self.close()
                raise
            self.version = header["version"]
            if header["failed"]:
                self.close()
                raise SolverError(
                    f"HiGHS {header['version']} answers wrongly on models with known answers: "
                    f"{', '.join(header['failed'])}",
                    remedy="install the highspy version that mipc asks for",
                )
        return worker

    def _obituary(self, error: Exception) -> str:
        """End a worker that did not answer, and say what it died of."""
        worker, self._worker = self._worker, None
        assert worker is not None
        if isinstance(error, TimeoutError):
            _kill(worker)
            return "HiGHS: killed, it did not stop at its time limit"
        code = worker.wait()
        _kill(worker)
        cause = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return f"HiGHS: its process died ({cause})"


def _spawn(memory: int) -> Process:
    return spawn("mipc.solvers.highs_worker", str(memory))
