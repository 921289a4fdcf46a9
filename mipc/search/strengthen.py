"""What is found out about the neurons that are left, so that a file leaves a solver less to do.

*Tighter bounds.* Level by level, for each neuron that is still undecided: dual bounds by descent;
linear programs over what is known of the levels before, the upper end first, and the lower one
where that left the sign open; and branching on the sign, unless samples have both signs (Tjeng et
al. 2019 call this progressive bounds tightening, with a MILP where we branch).

*Covers.* Where the first level is dense, concave envelopes of single neurons lie far below their
chords (:mod:`mipc.search.envelope`): of each disjunct, the lines over them that bound it best. With
those rows a solver's own relaxation is as tight as ours.

Sound: each bound is one of :func:`~mipc.search.dual.weigh`, or of a search that closed, on the
whole region; nothing is asked of a violation, so that every run of the network stays inside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc import clock
from mipc.compile import simplify
from mipc.errors import TimeUp
from mipc.ir.ops import Relu
from mipc.numerics.interval import Interval
from mipc.passes import Cover, Known, Problem, Tighter
from mipc.properties.query import Case
from mipc.search.bounding import Bounding
from mipc.search.branch import branch
from mipc.search.compact import PASSES, Block, Compact, can_be_compact, compact
from mipc.search.descent import first_multipliers
from mipc.search.dual import rows_of, weigh
from mipc.search.envelope import envelope_over
from mipc.search.parts import Parts
from mipc.search.refine import tightened
from mipc.search.relaxed import best_multipliers

__all__ = ["confirmed", "strengthened"]

Array: TypeAlias = npt.NDArray[np.float64]
Index: TypeAlias = npt.NDArray[np.intp]

STEPS = 50
"""Steps of descent for a bound."""

MOST_PARTS = 200
"""Parts that may be looked at for one sign."""

SAMPLES = 512
"""Points, half of them corners, at which neurons are looked at."""


def strengthened(
    case: Case,
    problem: Problem,
    targets: tuple[int, ...],
    *,
    progress: Callable[[str], None] = lambda words: None,
) -> Known:
    """What can be found out about the neurons that some disjuncts of a bounded case depend on.

    Bounds are rounded outward to 20 bits, so that another machine, whose last bits differ, finds
    no less. It ends early, with what is known by then, when the clock says so; of problems that are
    not piecewise linear or are too large, nothing is known.
    """
    if not can_be_compact(problem):
        return Known()
    seen = _Seen(case, problem, targets)
    tighter = []
    for one in seen.tighter(progress):
        coarse = replace(one, lower=-_coarser(-one.lower), upper=_coarser(one.upper))
        tighter.append(coarse)
    return Known(tuple(tighter), tuple(seen.covers(progress)))


def confirmed(told: Known, case: Case, problem: Problem, targets: tuple[int, ...]) -> bool:
    """Whether what somebody tells of a case is found to be so.

    Bounds are looked for again; lines are compared with the lowest that have their slopes.
    """
    if not told.tighter and not told.covers:
        return True
    if not can_be_compact(problem):
        return False
    seen = _Seen(case, problem, targets)
    if not all(map(seen.holds, told.covers)):
        return False
    if not told.tighter:
        return True
    own = problem.tightened(seen.tighter(lambda words: None))
    return all(_is_implied(one, own) for one in told.tighter)


def _is_implied(told: Tighter, known: Problem) -> bool:
    own = known.bounds.get(told.node)
    if own is None or not _are_of(told.neurons, own.lower.shape[1]):
        return False
    lower, upper = own.lower[0, told.neurons], own.upper[0, told.neurons]
    return bool(((told.lower <= lower) & (told.upper >= upper)).all())


def _are_of(neurons: Index, size: int) -> bool:
    return bool(((neurons >= 0) & (neurons < size)).all())


class _Seen:
    """A case in its compact form, and which neurons of the network its neurons are."""

    def __init__(self, case: Case, problem: Problem, targets: tuple[int, ...]) -> None:
        self.problem, self.graph = problem, simplify(case, problem, targets, PASSES)[0].graph
        self.dense = compact(case, problem, targets)

    def tighter(self, progress: Callable[[str], None]) -> list[Tighter]:
        """Bounds of neurons, where they are tighter than those of the problem."""
        dense, part = self.dense, self.dense.whole
        with suppress(TimeUp):
            progress("tightening bounds by descent")
            part = tightened(dense, part, STEPS)
            for number, level in enumerate(dense.levels[1:], 1):
                for words, tight in _of_level(dense, number, part):
                    part = tight
                    progress(f"tightening {level.node}: {words}")
        found = []
        for level in dense.levels:
            name, neurons = self.graph[level.node].neurons(np.arange(len(level.offset)))
            if name not in self.problem.bounds:  # it is part of how a maximum is written
                continue
            lower, upper = part.lower[0, level.place], part.upper[0, level.place]
            old = dense.bounds[level.place]
            better = (lower > old.lower) | (upper < old.upper)
            found.append(Tighter(name, neurons[better], lower[better], upper[better]))
        return [tighter for tighter in found if len(tighter.neurons)]

    def covers(self, progress: Callable[[str], None]) -> Iterator[Cover]:
        """Lines over the neurons of a dense first level, for each disjunct."""
        for target, block in self.dense.disjuncts.items():
            bounds = Bounding(self.dense, block)
            if not bounds.dense or not self._are_written:
                return
            progress("looking for lines over the first level")
            with suppress(TimeUp):
                some, slope = bounds.fitted_lines(self.dense.whole)
                if len(some):
                    slope = _short(slope)
                    offset = _coarser(self._offsets(some, slope))
                    yield Cover(*self._first(some), target, slope, offset)

    def holds(self, told: Cover) -> bool:
        """Whether lines lie over the ReLUs they are said to be of."""
        if not self.dense.levels or not self._are_written:
            return False
        name, neurons = self._first(np.arange(len(self.dense.levels[0].offset)))
        places = {neuron: place for place, neuron in enumerate(neurons.tolist())}
        some = [places.get(neuron, -1) for neuron in told.neurons.tolist()]
        fits = told.slope.shape == (len(some), self.dense.inputs)
        if name != told.node or not fits or min(some, default=-1) < 0 or len({*some}) < len(some):
            return False
        offsets = self._offsets(np.array(some, dtype=np.intp), told.slope)
        return bool((told.offset >= offsets).all())

    @property
    def _are_written(self) -> bool:
        """Whether neurons of the first level are in a file, over the only input."""
        name, _ = self._first(np.arange(0))
        return len(self.graph.inputs) == 1 and name in self.problem.bounds

    def _first(self, some: Index) -> tuple[str, Index]:
        """Neurons of the first level, as neurons of a ReLU of the network."""
        node = self.dense.levels[0].node
        (relu,) = (n for n in self.graph if isinstance(n.op, Relu) and n.operands[0] == node)
        return relu.neurons(some)

    def _offsets(self, some: Index, slope: Array) -> Array:
        """The least offsets with which lines lie over neurons of the first level."""
        every = np.zeros_like(self.dense.levels[0].weights)
        every[some] = slope
        whole = self.dense.whole
        return np.asarray(envelope_over(self.dense, every, whole.low, whole.high).offset[0, some])


def _short(slope: Array) -> Array:
    """Slopes with four digits: they need not be exact, and are written in full."""
    size = np.where(slope == 0, 1.0, np.abs(slope))
    digits = 3 - np.floor(np.log10(size))
    unit = 10.0**digits
    return np.asarray(np.where(np.abs(digits) < 30, np.rint(slope * unit) / unit, 0.0))


def _coarser(upper: Array) -> Array:
    """Upper bounds rounded up to 20 bits."""
    _, exponents = np.frexp(upper)
    return np.asarray(np.ldexp(np.ceil(np.ldexp(upper, 20 - exponents)), exponents - 20))


def _of_level(dense: Compact, number: int, part: Parts) -> Iterator[tuple[str, Parts]]:
    """Better and better bounds of the undecided neurons of a level."""
    level = dense.levels[number]
    samples = _samples(dense)[:, level.place]
    undecided = np.flatnonzero(part.undecided[0, level.place])
    for count, i in enumerate(undecided.tolist()):
        at = level.place.start + i
        before = _before(dense, number, part)
        lower, upper = part.lower.copy(), part.upper.copy()
        for sign, end in ((1.0, upper), (-1.0, lower)):
            row = Block(sign * level.weights[i : i + 1], sign * level.offset[i : i + 1],
                        level.slack[i : i + 1])  # fmt: skip
            most = min(_by_program(before, row), sign * float(end[0, at]))
            if most > 0 and not (sign * samples[:, i] >= 0).any():
                most = min(most, _by_branching(before, row))
            end[0, at] = sign * most
            part = Parts(lower, upper, part.low, part.high)
            if most <= 0:
                break
        yield f"{count + 1} of {len(undecided)}", part


def _before(dense: Compact, number: int, part: Parts) -> Compact:
    """The levels before one, with the bounds that are known now."""
    count = dense.levels[number].place.start
    bounds = Interval(part.lower[0, :count], part.upper[0, :count])
    return Compact(dense.parameters, dense.box, dense.levels[:number], bounds, {}, dense.cuts)


def _by_program(dense: Compact, row: Block) -> float:
    """An upper bound of one row, by the multipliers of a linear program."""
    whole = dense.whole
    best = best_multipliers(dense, row, whole, first_multipliers(whole, 1))
    if best is None:
        return np.inf
    rows = rows_of(dense, row, best[0].weights)
    return float(weigh(dense, rows, whole, best[0], look=False).bound[0])


def _by_branching(dense: Compact, row: Block) -> float:
    """An upper bound of one row, 0 if it is found to be below: a search for where it is not."""
    found = branch(
        replace(dense, disjuncts={0: row}),
        try_point=lambda point: True,
        go_on=lambda done, waiting, bound: done < MOST_PARTS and clock.left() != 0.0,
    )
    return max(found.upper[0], 0.0)


def _samples(dense: Compact) -> Array:
    """Pre-activations at points of the region: (SAMPLES, m)."""
    rng = np.random.default_rng(0)
    shares = rng.random((SAMPLES, dense.inputs))
    shares[::2] = np.rint(shares[::2])
    low, high = dense.box.lower, dense.box.upper
    return dense.values(low + shares * (high - low))[1]
