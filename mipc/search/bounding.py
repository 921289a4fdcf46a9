"""Bounds of the parts of one disjunct: descent, envelopes, linear programs, whatever suits.

Where the first level is dense, its neurons have envelopes (:mod:`mipc.search.hull`): of each part
where there is one level, else lines that all parts share, found on the whole region. Where a bound
is near 0 and little is undecided, linear programs do what descent cannot.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.search.compact import Block, Compact
from mipc.search.descent import descend, first_multipliers
from mipc.search.dual import Multipliers, Rows, Weighed, rows_of, weigh
from mipc.search.envelope import Envelope, envelope_over
from mipc.search.hull import hull, is_dense
from mipc.search.parts import Parts
from mipc.search.relaxed import sharpened
from mipc.search.store import Opened

__all__ = ["STEPS", "Bounding", "the_only"]

Array: TypeAlias = npt.NDArray[np.float64]
Index: TypeAlias = npt.NDArray[np.intp]

FIRST_STEPS, STEPS, FEW_STEPS, LAST_STEPS = 100, 20, 5, 400
"""Steps of descent: for the whole region, a part, a halved box, and what cannot be split."""

FIRST_LOOKS, LOOKS, POLISH = 100, 20, 2
"""The same where every part has envelopes of its own: points of dual averaging, then descent."""

FEW_INPUTS = 20
"""With so few inputs that vary, boxes are halved instead of neurons split."""

FEW_NEURONS = 12
"""With no more neurons than that their phases are few enough."""

NEAR, MOST_UNDECIDED = 2.0**-6, 64
"""Where a bound is below such a share of the whole region's, and so few neurons are undecided,
linear programs are solved: descent does not come as near. Halving a box is quicker than either."""


def the_only(part: Parts, multipliers: Multipliers, bound: float = np.inf) -> Opened:
    """The whole region as the only part."""
    return Opened(np.array([bound]), part, multipliers, [()], np.array([-1], dtype=np.intp))


class Bounding:
    """How the parts of a disjunct are bounded.

    Attributes
    ----------
    halves : bool
        Whether boxes are halved, as few inputs vary, instead of neurons split.
    dense, one_by_one : bool
        Whether the first level has envelopes, and each part its own.
    first : float
        The bound of the whole region.
    lines : (m, n) or None
        The slopes of the envelopes that all parts share.
    """

    def __init__(self, compact: Compact, block: Block) -> None:
        self.compact, self.block = compact, block
        varying = int((compact.box.lower < compact.box.upper).sum())
        self.halves = 0 < varying <= FEW_INPUTS and compact.neurons > FEW_NEURONS
        self.dense = is_dense(compact) and not self.halves
        self.one_by_one = self.dense and len(compact.levels) == 1
        self.first = np.inf
        self.lines: Array | None = None

    def bounded(
        self, opened: Opened, *, first: bool = False
    ) -> tuple[Opened, Envelope | None, Array]:
        """Better bounds and multipliers; the envelope they rest on; a mean point of each part."""
        if self.one_by_one:
            place = self.compact.levels[0].place
            n = self.compact.inputs
            rows = self._rows(opened).weights[0]
            looks = FIRST_LOOKS if first else LOOKS
            found = hull(
                self.compact, rows[n:][place], rows[:n], opened.parts, opened.multipliers, looks
            )
            envelope: Envelope | None = found.envelope
            multipliers, steps = found.multipliers, POLISH
        else:
            envelope, multipliers = self.envelope(opened.parts), opened.multipliers
            steps = FIRST_STEPS if first else FEW_STEPS if self.halves else STEPS
        better = descend(
            self.compact, self.block, opened.parts, multipliers, steps, envelope=envelope
        )
        bound = np.minimum(better.bound, opened.bound)
        mean = better.multipliers.point if self.one_by_one else better.mean
        return replace(opened, bound=bound, multipliers=better.multipliers), envelope, mean

    def _rows(self, opened: Opened) -> Rows:
        return rows_of(self.compact, self.block, opened.multipliers.weights)

    def weighed(self, opened: Opened, envelope: Envelope | None) -> Weighed:
        """The bounds that the parts' multipliers give, and what they are made of."""
        rows = self._rows(opened)
        return weigh(self.compact, rows, opened.parts, opened.multipliers, envelope=envelope)

    def envelope(self, parts: Parts) -> Envelope | None:
        """The lines over the first level that all parts share, where there are any."""
        if self.lines is None:
            return None
        return envelope_over(self.compact, self.lines, parts.low, parts.high)

    def with_lines(self, opened: Opened) -> Opened:
        """Look for lines over a dense first level; later levels stay as they are meanwhile."""
        rows, now, place = self._rows(opened), opened.multipliers, self.compact.levels[0].place
        found = weigh(self.compact, rows, opened.parts, now, look=False)
        slope = np.where(found.rho > 0, opened.parts.chords, now.slopes)
        mu = slope * found.rho + now.prices
        n = self.compact.inputs
        direct = rows.weights[0, :n].copy()
        for level in self.compact.levels[1:]:
            direct += mu[0, level.place] @ level.weights[:, :n]
        start = replace(now, point=np.zeros((1, n)), pull=np.zeros((1, n)))
        better = hull(self.compact, found.rho[0, place], direct, opened.parts, start, FIRST_LOOKS)
        self.lines = better.envelope.slope
        multipliers = replace(better.multipliers, point=now.point, pull=now.pull)
        return replace(opened, multipliers=multipliers)

    def fitted_lines(self, whole: Parts) -> tuple[Index, Array]:
        """The neurons of a dense first level that have lines of their own on the whole region.

        And the slopes of those: (k,), (k, n).
        """
        inputs = self.compact.inputs * self.one_by_one
        multipliers = first_multipliers(whole, len(self.block.offset), inputs=inputs)
        found, envelope, _ = self.bounded(the_only(whole, multipliers), first=True)
        if not self.one_by_one:
            found = self.with_lines(found)
            envelope = self.envelope(whole)
        assert envelope is not None
        shares = found.multipliers.shares[0, self.compact.levels[0].place]
        return np.flatnonzero(shares > 0), envelope.slope[shares > 0]

    def bounded_at_length(self, opened: Opened) -> tuple[Opened, Envelope | None]:
        """Bounds of parts that cannot be split."""
        envelope = self.envelope(opened.parts)
        found = descend(
            self.compact, self.block, opened.parts, opened.multipliers, LAST_STEPS,
            envelope=envelope,
        )  # fmt: skip
        bound = np.minimum(found.bound, opened.bound)
        return replace(opened, bound=bound, multipliers=found.multipliers), envelope

    def sharpened(self, opened: Opened, *, last: bool = False) -> tuple[Opened, Array]:
        """Parts with a bound near 0, or all at ``last``, as linear programs bound them.

        Returns
        -------
        the parts, and points (k, n) where the relaxations attain their optima
        """
        near = np.inf if last else 0.0 if self.halves else NEAR * self.first
        few = opened.parts.undecided.sum(axis=1) <= MOST_UNDECIDED
        some = np.flatnonzero(few & (opened.bound >= 0) & (opened.bound < near))
        if not len(some):
            return opened, np.zeros((0, self.compact.inputs))
        better, points = sharpened(self.compact, self.block, opened.take(some))
        bound = opened.bound.copy()
        bound[some] = better.bound
        opened.multipliers.put(some, better.multipliers)
        return replace(opened, bound=bound), points
