"""Helpers that work on parts of a search: processes that take parts and give back what is left.

A helper is given a compact problem once, then again and again some open parts of one disjunct and a
few seconds. It splits them as the search itself does and sends back the parts that are still open,
what it closed, and the best point it came upon. It keeps nothing: a helper that dies loses nothing
either, since whoever gave it parts holds them until the answer is there.
"""

from __future__ import annotations

import select
import sys
import time
from collections.abc import Mapping
from dataclasses import fields
from typing import IO, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.numerics.domains import Ball, Domain, Plane
from mipc.numerics.interval import Interval
from mipc.numerics.rounding import check_float_environment
from mipc.search.branching import Branching
from mipc.search.compact import Block, Compact, Level
from mipc.search.dual import Multipliers
from mipc.search.parts import Parts
from mipc.search.progress import Returned
from mipc.search.store import Opened
from mipc.solvers.child import Process, answers, confine, kill, post, receive_by, spawn
from mipc.solvers.wire import Arrays, receive, send

__all__ = ["Helper", "Team", "main"]

Array: TypeAlias = npt.NDArray[np.float64]

SLICE = 1.0
"""Seconds that a helper works before it gives back what is left."""

PATIENCE = 60.0
"""Seconds after which a helper that does not answer is taken for dead."""


class Helper:
    """A process that knows a compact problem; it is given parts, and asked whether it is done."""

    def __init__(self) -> None:
        self.process: Process = spawn("mipc.search.team")
        self.search: Branching | None = None
        self.given: Opened | None = None
        self.deaths = 0
        self.is_busy = False
        self._since = 0.0
        self._told: Compact | None = None

    def give(self, search: Branching, opened: Opened) -> None:
        """Have some parts worked on; the helper is not working on others."""
        self.search, self.given = search, opened
        header: dict[str, Any] = {
            "target": search.target, "margin": search.reached.margin, "first": search.bounds.first,
        }  # fmt: skip
        arrays: Arrays = {}
        if self._told is not search.compact:
            header["compact"] = _packed_compact(search.compact, arrays)
            self._told = search.compact
        header["phases"] = [list(map(list, phases)) for phases in opened.phases]
        header["shapes"] = _packed(_columns(opened), arrays)
        if search.bounds.lines is not None:
            header["lines"] = list(search.bounds.lines.shape)
            arrays["lines"] = search.bounds.lines.reshape(-1)
        self._since = time.perf_counter()
        self.is_busy = True
        post(self.process, header, arrays)

    def answered(self) -> Returned | None:
        """What it gives back, if it is done.

        Raises
        ------
        EOFError
            It has died; :attr:`given` still holds what it was given.
        """
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], 0.0)
        if not ready:
            if time.perf_counter() - self._since > PATIENCE:
                raise EOFError
            return None
        header, arrays = receive_by(self.process, None)
        self.is_busy = False
        opened = _opened(header, arrays) if "shapes" in header else None
        point = arrays.get("reached")
        return Returned(
            opened, header["closed"], header["stuck"], header["parts"], header["margin"], point
        )

    def forget(self) -> None:
        """Nobody waits any more for what it works on."""
        self.search = self.given = None

    def renew(self) -> None:
        """A process that has died is replaced."""
        kill(self.process)
        self.deaths += 1
        self.process, self._told = spawn("mipc.search.team"), None
        self.is_busy = False
        self.forget()

    def end(self) -> None:
        """End the process."""
        kill(self.process)


class Team:
    """Helpers that are started when there is work for them, and stay for the searches that follow.

    Use it as a context manager.

    Attributes
    ----------
    size : int
        How many there may be.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.helpers: list[Helper] = []

    def __enter__(self) -> Team:
        return self

    def __exit__(self, *_: object) -> None:
        while self.helpers:
            self.helpers.pop().end()

    def grow(self) -> None:
        """Start one more helper, unless there are enough."""
        if len(self.helpers) < self.size:
            self.helpers.append(Helper())

    def forget(self) -> None:
        """A search is over."""
        for helper in self.helpers:
            helper.forget()


def main() -> None:
    """Serve parts until standard input ends."""
    stream = answers()
    confine()
    check_float_environment()
    dense: Compact | None = None
    while (message := receive(sys.stdin.buffer)) is not None:
        header, arrays = message
        if dense is None or "compact" in header:
            dense = _compact(header["compact"], arrays)
        _serve(dense, header, arrays, stream)


def _serve(dense: Compact, header: dict[str, Any], arrays: Arrays, stream: IO[bytes]) -> None:
    """Work on parts for a while, and send back what is left."""
    search = Branching(dense, header["target"], reduces=False)  # all its parts go back
    search.bounds.first = header["first"]
    if "lines" in header:
        search.bounds.lines = arrays["lines"].reshape(header["lines"])
    search.resume(_opened(header, arrays), header["margin"])
    until = time.perf_counter() + SLICE
    reached = search.reached
    while not search.is_over and time.perf_counter() < until:
        search.advance()
        if reached.point is not None and reached.margin >= 0:
            break
    left = search.store.pop(len(search.store)) if len(search.store) else None
    reply: dict[str, Any] = {
        "closed": search.closed, "stuck": search.stuck, "parts": search.parts,
        "margin": search.reached.margin,
    }  # fmt: skip
    sent: Arrays = {}
    if left is not None:
        reply["phases"] = [list(map(list, phases)) for phases in left.phases]
        reply["shapes"] = _packed(_columns(left), sent)
    if search.reached.point is not None:
        sent["reached"] = search.reached.point
    send(stream, reply, sent)


def _columns(opened: Opened) -> dict[str, npt.NDArray[Any]]:
    """All arrays of some parts, by name."""
    columns: dict[str, npt.NDArray[Any]] = {"bound": opened.bound, "split": opened.split}
    for group in (opened.parts, opened.multipliers):
        columns |= {field.name: getattr(group, field.name) for field in fields(group)}
    return columns


def _opened(header: dict[str, Any], arrays: Arrays) -> Opened:
    """The parts of a message."""
    shaped = {name: arrays[name].reshape(shape) for name, shape in header["shapes"].items()}
    phases = [tuple((int(i), bool(side)) for i, side in one) for one in header["phases"]]
    parts = Parts(*(shaped[field.name] for field in fields(Parts)))
    multipliers = Multipliers(*(shaped[field.name] for field in fields(Multipliers)))
    return Opened(shaped["bound"], parts, multipliers, phases, shaped["split"])


def _packed(columns: Mapping[str, npt.NDArray[Any]], arrays: Arrays) -> dict[str, list[int]]:
    """Put arrays into a message, flat; their shapes."""
    for name, column in columns.items():
        arrays[name] = column.reshape(-1)
    return {name: list(column.shape) for name, column in columns.items()}


def _packed_compact(dense: Compact, arrays: Arrays) -> dict[str, Any]:
    """Put a compact problem into a message."""
    blocks = [*dense.levels, *dense.disjuncts.values()]
    columns = {
        f"{name}{number}": getattr(block, name)
        for number, block in enumerate(blocks)
        for name in ("weights", "offset", "slack")
    }
    columns |= {f"centre {name}": cut.ball.centre for name, cut in dense.cuts.items() if cut.ball}
    columns |= {
        "box_lower": dense.box.lower, "box_upper": dense.box.upper,
        "bounds_lower": dense.bounds.lower, "bounds_upper": dense.bounds.upper,
    }  # fmt: skip
    return {
        "shapes": _packed(columns, arrays),
        "parameters": {name: [at.start, at.stop] for name, at in dense.parameters.items()},
        "levels": [[level.node, level.place.start, level.place.stop] for level in dense.levels],
        "disjuncts": list(dense.disjuncts),
        "cuts": {name: _packed_cut(cut) for name, cut in dense.cuts.items()},
    }


def _packed_cut(cut: Domain) -> dict[str, Any]:
    """What a message says of a cut, beside the centre of its ball."""
    ball, plane = cut.ball, cut.plane
    return {
        "ball": ball and [ball.norm, float(ball.radius[0])],
        "plane": plane and plane.total,
    }


def _compact(header: dict[str, Any], arrays: Arrays) -> Compact:
    """The compact problem of a message."""
    shaped = {name: arrays[name].reshape(shape) for name, shape in header["shapes"].items()}

    def block(number: int) -> tuple[Array, Array, Array]:
        weights, offset, slack = (shaped[f"{n}{number}"] for n in ("weights", "offset", "slack"))
        return weights, offset, slack

    def cut(name: str, facts: dict[str, Any]) -> Domain:
        place = slice(*header["parameters"][name])
        ball = None
        if facts["ball"]:
            norm, radius = facts["ball"]
            ball = Ball(norm, shaped[f"centre {name}"], np.array([radius]))
        plane = None if facts["plane"] is None else Plane(facts["plane"])
        box = Interval(shaped["box_lower"][None, place], shaped["box_upper"][None, place])
        return Domain(box, ball, plane)

    levels = tuple(
        Level(*block(number), node, slice(start, stop))
        for number, (node, start, stop) in enumerate(header["levels"])
    )
    return Compact(
        {name: slice(*ends) for name, ends in header["parameters"].items()},
        Interval(shaped["box_lower"], shaped["box_upper"]),
        levels,
        Interval(shaped["bounds_lower"], shaped["bounds_upper"]),
        {
            target: Block(*block(len(levels) + number))
            for number, target in enumerate(header["disjuncts"])
        },
        {name: cut(name, facts) for name, facts in header["cuts"].items()},
    )


if __name__ == "__main__":
    main()
