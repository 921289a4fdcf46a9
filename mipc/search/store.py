"""Open parts of a branch-and-bound search, packed in half their size, the largest bound first.

When the memory for them runs out the latest part comes first instead, so that the search goes deep
and hardly grows.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field, fields
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.search.dual import Multipliers
from mipc.search.parts import Parts

__all__ = ["Opened", "Phases", "Store"]

Array: TypeAlias = npt.NDArray[np.float64]
Index: TypeAlias = npt.NDArray[np.intp]
Phases: TypeAlias = tuple[tuple[int, bool], ...]

_Packed: TypeAlias = tuple[Phases, int, tuple[npt.NDArray[np.float32], ...]]

MOST_BYTES = 1 << 30
"""Memory for the open parts of a search."""


@dataclass(frozen=True, eq=False)
class Opened:
    """Parts that are open, with where the search for multipliers stands: ``N`` of each.

    Attributes
    ----------
    bound : (N,)
    parts : Parts
    multipliers : Multipliers
    phases : list of tuple of (split, side)
        The splits that led to each; True is the active or the upper side.
    split : (N,) int
        Where each is to be split, see :mod:`mipc.search.choice`; -1 where it cannot be.
    """

    bound: Array
    parts: Parts
    multipliers: Multipliers
    phases: list[Phases]
    split: Index

    def __len__(self) -> int:
        return len(self.bound)

    def take(self, which: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> Opened:
        """Some of them."""
        places = np.arange(len(self))[which]
        phases = [self.phases[place] for place in places]
        return Opened(
            self.bound[which], self.parts.take(which), self.multipliers.take(which), phases,
            self.split[which],
        )  # fmt: skip


@dataclass
class Store:
    """Open parts; at most ``most`` bytes of them before the search goes deep."""

    most: int = MOST_BYTES
    _waiting: dict[int, _Packed] = field(default_factory=dict)
    _heap: list[tuple[float, int]] = field(default_factory=list)
    _bytes: int = 0
    _serial: int = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def largest(self) -> float:
        """The largest bound of an open part; minus infinity without any."""
        while self._heap and self._heap[0][1] not in self._waiting:
            heapq.heappop(self._heap)
        return -self._heap[0][0] if self._heap else -np.inf

    def add(self, opened: Opened) -> None:
        """Keep parts. Their bounds are rounded outward to 32 bits."""
        parts, now = opened.parts, opened.multipliers
        columns = [
            _below(parts.lower), -_below(-parts.upper), _below(parts.low), -_below(-parts.high),
            *(getattr(now, part.name).astype(np.float32) for part in fields(now)),
        ]  # fmt: skip
        for place in range(len(opened)):
            packed = tuple(column[place] for column in columns)
            self._bytes += sum(column.nbytes for column in packed)
            entry = opened.phases[place], int(opened.split[place]), packed
            self._waiting[self._serial] = entry
            heapq.heappush(self._heap, (-float(opened.bound[place]), self._serial))
            self._serial += 1

    def pop(self, count: int) -> Opened:
        """The next parts, at most so many; there is at least one."""
        taken = [self._next() for _ in range(min(count, len(self)))]
        columns = [
            np.array(column, dtype=np.float64)
            for column in zip(*(packed for _, (_, _, packed) in taken), strict=True)
        ]
        bound = np.array([bound for bound, _ in taken])
        split = np.array([split for _, (_, split, _) in taken], dtype=np.intp)
        phases = [phases for _, (phases, _, _) in taken]
        return Opened(bound, Parts(*columns[:4]), Multipliers(*columns[4:]), phases, split)

    def _next(self) -> tuple[float, _Packed]:
        bound = self.largest
        if self._bytes > self.most:
            serial = next(reversed(self._waiting))
        else:
            _, serial = heapq.heappop(self._heap)
        packed = self._waiting.pop(serial)
        self._bytes -= sum(column.nbytes for column in packed[2])
        return bound, packed


def _below(values: Array) -> npt.NDArray[np.float32]:
    """The float32 at or below each number."""
    near = values.astype(np.float32)
    return np.where(near > values, np.nextafter(near, np.float32(-np.inf)), near)
