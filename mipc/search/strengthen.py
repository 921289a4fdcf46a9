"""Tighter bounds of the neurons that are left, so that a file leaves a solver less to do.

Level by level, for each neuron that is still undecided: dual bounds by descent; linear programs
over what is known of the levels before, the upper end first, and the lower one where that left the
sign open; and branching on the sign, unless samples have both signs (Tjeng et al. 2019 call this
progressive bounds tightening, with a MILP where we branch).

Sound: each bound is one of :func:`~mipc.search.dual.weigh`, or of a search that closed, on the
whole region; nothing is asked of a violation, so that every run of the network stays inside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc import clock
from mipc.compile import simplify
from mipc.errors import TimeUp
from mipc.numerics.interval import Interval
from mipc.passes import Problem, Tighter
from mipc.properties.query import Case
from mipc.search.branch import branch
from mipc.search.compact import PASSES, Block, Compact, can_be_compact, compact
from mipc.search.descent import first_multipliers
from mipc.search.dual import rows_of, weigh
from mipc.search.parts import Parts
from mipc.search.refine import tightened
from mipc.search.relaxed import best_multipliers

__all__ = ["implied", "strengthened"]

Array: TypeAlias = npt.NDArray[np.float64]

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
    rounded: bool = True,
    progress: Callable[[str], None] = lambda words: None,
) -> tuple[Tighter, ...]:
    """What can be found out about the neurons that some disjuncts of a bounded case depend on.

    It ends early, with what is known by then, when the clock says so; of problems that are not
    piecewise linear, have maxima or are too large, nothing is known.

    Parameters
    ----------
    rounded : bool
        Outward, to 20 bits, so that another machine, whose last bits differ, finds no less.
    """
    if not can_be_compact(problem):
        return ()
    simple, _ = simplify(case, problem, targets, PASSES)
    dense = compact(case, problem, targets)
    part = dense.whole
    with suppress(TimeUp):
        progress("tightening bounds by descent")
        part = tightened(dense, part, STEPS)
        for number, level in enumerate(dense.levels[1:], 1):
            for words, tight in _of_level(dense, number, part):
                part = tight
                progress(f"tightening {level.node}: {words}")
    found = []
    for level in dense.levels:
        name, neurons = simple.graph[level.node].neurons(np.arange(len(level.offset)))
        lower, upper = part.lower[0, level.place], part.upper[0, level.place]
        old = dense.bounds[level.place]
        better = (lower > old.lower) | (upper < old.upper)
        ends = lower[better], upper[better]
        if rounded:
            ends = -_coarser(-ends[0]), _coarser(ends[1])
        found.append(Tighter(name, neurons[better], *ends))
    return tuple(tighter for tighter in found if len(tighter.neurons))


def implied(told: Iterable[Tighter], known: Problem) -> bool:
    """Whether bounds that somebody tells are no tighter than what is known of a problem."""
    for one in told:
        own = known.bounds.get(one.node)
        if own is None or not (len(one.neurons) == len(one.lower) == len(one.upper)):
            return False
        if not ((one.neurons >= 0) & (one.neurons < own.lower.shape[1])).all():
            return False
        lower, upper = own.lower[0, one.neurons], own.upper[0, one.neurons]
        if not ((one.lower <= lower) & (one.upper >= upper)).all():
            return False
    return True


def _coarser(upper: Array) -> Array:
    """Upper bounds rounded up to 20 bits."""
    _, exponents = np.frexp(upper)
    return np.asarray(np.ldexp(np.ceil(np.ldexp(upper, 20 - exponents)), exponents - 20))


def _of_level(dense: Compact, number: int, part: Parts) -> Iterator[tuple[str, Parts]]:
    """Better and better bounds of the undecided neurons of a level."""
    level = dense.levels[number]
    seen = _seen(dense)[:, level.place]
    undecided = np.flatnonzero(part.undecided[0, level.place])
    for count, i in enumerate(undecided.tolist()):
        at = level.place.start + i
        before = _before(dense, number, part)
        lower, upper = part.lower.copy(), part.upper.copy()
        for sign, end in ((1.0, upper), (-1.0, lower)):
            row = Block(sign * level.weights[i : i + 1], sign * level.offset[i : i + 1],
                        level.slack[i : i + 1])  # fmt: skip
            most = min(_by_program(before, row), sign * float(end[0, at]))
            if most > 0 and not (sign * seen[:, i] >= 0).any():
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
    return Compact(dense.parameters, dense.box, dense.levels[:number], bounds, {})


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


def _seen(dense: Compact) -> Array:
    """Pre-activations at points of the region: (SAMPLES, m)."""
    rng = np.random.default_rng(0)
    shares = rng.random((SAMPLES, dense.inputs))
    shares[::2] = np.rint(shares[::2])
    low, high = dense.box.lower, dense.box.upper
    return dense.values(low + shares * (high - low))[1]
