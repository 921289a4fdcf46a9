"""Branch and bound on the phases of ReLUs, or on inputs where few vary, many parts at a time.

A part whose bound is not below 0 is split at an undecided neuron, active here, inactive there; or
its box is halved. Both children start with their parent's multipliers and its bounds, which are met
with what the split says of other neurons (:mod:`mipc.search.refine`). Corners at which bounds are
attained, and means of them, are places to climb from to a violation.

Sound: the two phases of a neuron cover it, as halves cover a box; a part is dropped only if it is
empty or its bound is below 0, and both are rounded outward. The search is complete when no part is
left.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc import clock
from mipc.errors import TimeUp
from mipc.search.bounding import STEPS, Bounding, the_only
from mipc.search.cells import higher
from mipc.search.choice import chosen_neurons, halved, split, thin
from mipc.search.climbing import climbed, steepest
from mipc.search.compact import Block, Compact
from mipc.search.descent import first_multipliers
from mipc.search.dual import Weighed
from mipc.search.envelope import Envelope
from mipc.search.parts import Parts
from mipc.search.progress import Leaf, Reached, Returned
from mipc.search.reduction import reduced
from mipc.search.refine import clipped, levels_to_refine, refined, tightened
from mipc.search.store import Opened, Store

__all__ = ["Branching"]

Array: TypeAlias = npt.NDArray[np.float64]

ROUNDS, WORTH = 4, 0.95
"""How often the whole region is bounded and clipped, at most; as long as bounds fall by so much."""

MOST_TOGETHER, FEW_TOGETHER, NUMBERS = 32, 4, 200_000
"""Parts that are split together; where they are bounded one by one; numbers of all of them."""

SMALLER, LEAST_NEURONS = 1 / 3, 24
"""A part with so small a share of undecided neurons is searched without the decided ones."""

FIRST_WALK, WALK = 50, 2.0
"""After so many parts the first walk, and the seconds that one may take."""

LENT = 64
"""Parts that are given away together, at most."""

HOPELESS = 2.0**-20
"""Bounds this close to a margin that was reached will not close it: a tie, or almost one."""

STARTS, CLIMBING = (4, 32), 1_000_000
"""Parts of each batch from which a violation is climbed for, by how much work that is."""


class Branching:
    """The search for a violation of one disjunct, or for the proof that there is none.

    Attributes
    ----------
    closed : float
        The largest bound that closed a part.
    taken : float
        The largest bound of the parts that are being worked on: not closed, if that is stopped.
    stuck : list of float
        Bounds of parts that are open and will stay so.
    lent : list of Opened
        Parts that others work on.
    within : list of Branching
        Searches of parts in which most neurons are decided, without those.
    reached : Reached
        Shared with the searches within.
    """

    def __init__(
        self,
        compact: Compact,
        target: int,
        *,
        store: Store | None = None,
        watch: Callable[[Leaf], None] | None = None,
        reached: Reached | None = None,
        reduces: bool = True,
    ) -> None:
        self.compact, self.target, self.watch = compact, target, watch
        self.reached = Reached() if reached is None else reached
        self.within: list[Branching] = []
        self.reduces = reduces and compact.neurons >= LEAST_NEURONS
        self.block: Block = compact.disjuncts[target]
        self.store = Store() if store is None else store
        self.counted = 0
        self.closed, self.taken = -np.inf, np.inf
        self.next_walk, self.walked = FIRST_WALK, -np.inf
        self.stuck: list[float] = []
        self.lent: list[Opened] = []
        self.bounds = Bounding(compact, self.block)
        self.halves = self.bounds.halves
        self.levels = len(compact.levels) if self.halves else levels_to_refine(compact, STEPS)
        size = compact.inputs + compact.neurons
        most = FEW_TOGETHER if self.bounds.one_by_one else MOST_TOGETHER * (1 + self.halves)
        work = sum(level.weights.size for level in compact.levels) + 1
        self.starts = int(np.clip(CLIMBING // work, *STARTS))
        self.together = int(np.clip(NUMBERS // size, 2, most))

    @property
    def bound(self) -> float:
        """No point of the region has a larger margin, or a margin of 0 or more."""
        lent = [float(opened.bound.max()) for opened in self.lent]
        within = [search.bound for search in self.within]
        return max(self.store.largest, self.closed, self.taken, *self.stuck, *lent, *within)

    @property
    def parts(self) -> int:
        """How many parts were bounded."""
        return self.counted + sum(search.parts for search in self.within)

    @property
    def waiting(self) -> int:
        """How many parts are open."""
        return len(self.store) + sum(search.waiting for search in self.within)

    @property
    def all_within(self) -> Iterator[Branching]:
        """The search itself and those within it."""
        yield self
        for search in self.within:
            yield from search.all_within

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left to split, and no part was lost when time ran out."""
        nothing = not len(self.store) and not self.lent and not self.within
        return self.taken == -np.inf and nothing

    @property
    def is_closed(self) -> bool:
        """Whether it is proved that there is no violation."""
        return self.is_over and not self.stuck

    def resume(self, opened: Opened, margin: float) -> None:
        """Go on from open parts, with a margin that was reached elsewhere."""
        self.store.add(opened)
        self.reached.margin, self.taken = margin, -np.inf

    def lend(self) -> Opened:
        """Give half of the open parts away, at most :data:`LENT`; they count as open meanwhile."""
        opened = self._popped(min(len(self.store) // 2, LENT))
        self.lent.append(opened)
        return opened

    def take_back(self, lent: Opened, found: Returned | None) -> None:
        """What became of parts that were given away; they themselves, where nobody knows."""
        self.lent = [opened for opened in self.lent if opened is not lent]
        left = lent if found is None else found.opened
        if left is not None:
            self.store.add(left)
        if found is None:
            return
        self.closed = max(self.closed, found.closed)
        self.stuck += found.stuck
        self.counted += found.parts
        if found.point is not None:
            self._reach(found.point, found.margin)

    def begin(self, whole: Parts) -> None:
        """Bound the whole region, by rounds of descent and clipping."""
        self._begin(whole)
        self.taken = -np.inf

    def _begin(self, whole: Parts) -> None:
        part, last = whole, np.inf
        rows = len(self.block.offset)
        multipliers = first_multipliers(
            part, rows, inputs=self.compact.inputs * self.bounds.one_by_one
        )
        for number in range(ROUNDS):
            opened = the_only(part, multipliers, last)
            if self.bounds.dense and number == 1 and not self.bounds.one_by_one:
                opened = self.bounds.with_lines(opened)
            known, envelope, mean = self.bounds.bounded(opened, first=True)
            known = self._closed(known, envelope)
            if not len(known):
                return
            bound, multipliers = float(known.bound[0]), known.multipliers
            self.bounds.first = bound
            found = self.bounds.weighed(known, envelope)
            self._climb(known, found, mean)
            clip, filled = refined(
                self.compact, clipped(known.parts, found), len(self.compact.levels)
            )
            if not filled[0]:
                self._leave(known, envelope, -np.inf)
                return
            if (bound > WORTH * last and number) or number == ROUNDS - 1:
                break
            part, last = tightened(self.compact, clip), bound
        self._keep(known, envelope, found)

    def advance(self) -> None:
        """Split some parts, the most promising first."""
        if self._is_hopeless:
            self._give_up()
            return
        if self._advance_within():
            return
        self.taken = self.store.largest
        opened = self._popped(self.together)
        if self.halves:
            self._process(opened)
        else:
            self._advance(self._splittable(opened))
        if self.counted >= self.next_walk:
            self.next_walk = 2 * self.counted
            self._walk()
        self.taken = -np.inf

    def _popped(self, count: int) -> Opened:
        """The next parts; what storing has widened does not reach beyond the region."""
        opened = self.store.pop(count)
        parts, box, bounds = opened.parts, self.compact.box, self.compact.bounds
        within = Parts(
            np.maximum(parts.lower, bounds.lower), np.minimum(parts.upper, bounds.upper),
            np.maximum(parts.low, box.lower), np.minimum(parts.high, box.upper),
        )  # fmt: skip
        return replace(opened, parts=within)

    @property
    def _is_hopeless(self) -> bool:
        """Whether bounds are as close to what was reached as they get."""
        margin = self.reached.margin
        return bool(self.bound - margin <= HOPELESS * max(1.0, abs(margin)))

    def _give_up(self) -> None:
        """Nothing that waits is tried any more."""
        while len(self.store):
            self.stuck += self.store.pop(self.together).bound.tolist()
        for search in self.within:
            search._give_up()
        self.tidy()

    def tidy(self) -> None:
        """Take over what searches within have found, once they are over."""
        for search in list(self.within):
            search.tidy()
            if search.is_over:
                self.within.remove(search)
                self.closed = max(self.closed, search.closed)
                self.stuck += search.stuck
                self.counted += search.parts

    def _advance_within(self) -> bool:
        """Go on with the most promising search within, if it is more so than what waits here."""
        ready = [search for search in self.within if search.waiting]
        search = max(ready, key=lambda search: search.bound, default=None)
        if search is None or search.bound < self.store.largest:
            return False
        search.advance()
        self.tidy()
        return True

    def _advance(self, opened: Opened) -> None:
        if not len(opened):
            return
        children = split(opened)
        parts, filled = refined(self.compact, children.parts, self.levels)
        children = self._filled(children, parts, filled)
        self.counted += len(children)
        if self.bounds.one_by_one:
            for one in range(len(children)):
                self._process(children.take(np.array([one])))
        elif len(children):
            self._process(children)

    def _process(self, children: Opened) -> None:
        """Bound parts, leave those that are closed and keep the others."""
        known, envelope, mean = self.bounds.bounded(children)
        known = self._sharpened(known)
        open_ = known.bound >= 0
        left = self._closed(known, envelope)
        if not len(left):
            return
        envelope = None if envelope is None else envelope.take(np.flatnonzero(open_))
        found = self.bounds.weighed(left, envelope)
        self._climb(left, found, mean[open_])
        self._keep(left, envelope, found)

    def _keep(self, opened: Opened, envelope: Envelope | None, found: Weighed) -> None:
        """Put open parts aside, clipped, with the place at which each will be split."""
        rounded = found.bound < 4.0 * found.error  # splitting does not make that smaller
        if rounded.any():
            self.stuck += opened.bound[rounded].tolist()
            left = np.flatnonzero(~rounded)
            opened, found = opened.take(left), found.take(left)
            envelope = None if envelope is None else envelope.take(left)
            if not len(opened):
                return
        clip = replace(opened, parts=clipped(opened.parts, found))
        if self.halves:
            self._halve(clip)
            return
        chosen = chosen_neurons(self.compact, self.block, opened, found, envelope)
        self.store.add(replace(clip, split=chosen))

    def _halve(self, opened: Opened) -> None:
        """Put aside the halves of parts, as far as they are open."""
        last = thin(opened.parts)
        if last.any():
            self._bound_at_length(opened.take(last))
            opened = opened.take(~last)
        if not len(opened):
            return
        children, filled = halved(self.compact, self.block, opened)
        self.counted += len(children)
        left = self._closed(self._filled(children, children.parts, filled), None)
        few = left.parts.undecided.sum(axis=1) <= SMALLER * self.compact.neurons
        if self.reduces and few.any():
            for place in np.flatnonzero(few):
                self._reduce(left.take(np.array([place])))
            left = left.take(~few)
        if len(left):
            self.store.add(left)

    def _reduce(self, opened: Opened) -> None:
        """Search a part in which most neurons are decided without those."""
        small, kept = reduced(self.compact, opened.parts)
        parts, now = opened.parts, opened.multipliers
        search = Branching(
            small, self.target, store=Store(self.store.most), watch=self.watch, reached=self.reached
        )
        nowhere = np.zeros((1, self.compact.inputs * search.bounds.one_by_one))
        inner = replace(
            opened,
            parts=Parts(parts.lower[:, kept], parts.upper[:, kept], parts.low, parts.high),
            multipliers=replace(
                now, slopes=now.slopes[:, kept], prices=now.prices[:, kept],
                shares=now.shares[:, kept], point=nowhere, pull=nowhere,
            ),
        )  # fmt: skip
        search.bounds.first = self.bounds.first
        if search.halves:
            search.resume(inner, self.reached.margin)
        else:
            search._process(inner)
            search.taken = -np.inf
        self.within.append(search)

    def _closed(self, opened: Opened, envelope: Envelope | None) -> Opened:
        """Leave the parts whose bound is below 0; the others."""
        shut = opened.bound < 0
        for place in np.flatnonzero(shut):
            one = None if envelope is None else envelope.take(np.array([place]))
            self._leave(opened.take(np.array([place])), one, float(opened.bound[place]))
        return opened.take(~shut)

    def _filled(self, opened: Opened, parts: Parts, filled: npt.NDArray[np.bool_]) -> Opened:
        """Leave the parts that turned out to be empty; the others, with new bounds."""
        for place in np.flatnonzero(~filled):
            self._leave(opened.take(np.array([place])), None, -np.inf)
        return replace(opened, parts=parts).take(filled)

    def _leave(self, closed: Opened, envelope: Envelope | None, bound: float) -> None:
        """A part is closed."""
        self.closed = max(self.closed, bound)
        if self.watch is not None:
            leaf = Leaf(
                self.target, closed.phases[0], closed.parts, closed.multipliers, envelope, bound
            )
            self.watch(leaf)

    def _splittable(self, opened: Opened) -> Opened:
        """The parts with an undecided neuron; the others are bounded at length."""
        linear = opened.split < 0
        if not linear.any():
            return opened
        self._bound_at_length(opened.take(linear))
        return opened.take(~linear)

    def _bound_at_length(self, last: Opened) -> None:
        """Bound parts that cannot be split; what does not close then stays open."""
        parts, filled = refined(self.compact, last.parts, self.levels)
        last = self._filled(last, parts, filled)
        last = self._closed(self._sharpened(last, last=True), None)
        if not len(last):
            return
        known, envelope = self.bounds.bounded_at_length(last)
        self.stuck.extend(self._closed(known, envelope).bound.tolist())

    def _sharpened(self, opened: Opened, *, last: bool = False) -> Opened:
        """Parts as linear programs bound them; their points are climbed from."""
        known, points = self.bounds.sharpened(opened, last=last)
        if len(points):
            box = self.compact.box
            self._reach(*climbed(self.compact, self.block, points, box.upper - box.lower))
        return known

    def _walk(self) -> None:
        """Climb on through cells from the highest point that was reached."""
        point = self.reached.point
        if point is None or self.reached.margin == self.walked:
            return
        left = clock.left()
        until = time.perf_counter() + min(WALK, WALK if left is None else left)
        with clock.limit(until), suppress(TimeUp):
            for found in higher(self.compact, self.block, point):
                self._reach(found, float(steepest(self.compact, self.block, found[None])[0][0]))
        self.walked = self.reached.margin

    def _reach(self, point: Array, margin: float) -> None:
        """A point with a margin."""
        if margin > self.reached.margin:
            self.reached.margin, self.reached.point = margin, point

    def _climb(self, opened: Opened, found: Weighed, mean: Array) -> None:
        """Climb from corners and from means of corners."""
        first = np.argsort(-opened.bound, kind="stable")[: self.starts]
        corners, means = found.corner[first], mean[first]
        points = np.concatenate([corners, means, (corners + means) / 2])
        box = self.compact.box
        width = box.upper - box.lower
        if self.halves:  # far and near
            own = (opened.parts.high - opened.parts.low)[first]
            width = np.concatenate([np.tile(width, (len(own), 1)), own, own])
        self._reach(*climbed(self.compact, self.block, points, width))
