"""A witness, run through the original file: the only ground on which "violated" is ever said.

A point counts when its parameters lie in the exact region, and when it violates the requirement
twice: in ONNX Runtime on the original file, with its graph optimisations and without, and in exact
arithmetic. The network is fed what the head gives, rounded to its own input type; without a head
the parameters are floats of that type already, and nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.errors import RangeError
from mipc.ir.network import Port
from mipc.numerics.rationals import around
from mipc.properties.query import Case, Query
from mipc.runtime import Point, Runtimes
from mipc.semantics.exact import Dyadic, evaluate_exactly

__all__ = ["Replay", "input_names", "named_inputs", "replay", "round_dyadic"]

Array: TypeAlias = npt.NDArray[np.float64]
Range: TypeAlias = tuple[Fraction, Fraction]


@dataclass(frozen=True, eq=False)
class Replay:
    """What the original networks do at a point.

    Attributes
    ----------
    parameters : mapping of name to (n,) floats
    inputs : tuple of (n,) floats
        What each input of each network was fed.
    image : (n,) float64 or None
        Where it is normalised before it is fed: the image before that, rounded to float64.
    inside : bool
        Whether the parameters lie in the exact region.
    outputs : tuple of arrays
        What was observed in ONNX Runtime, with its graph optimisations.
    runtime_margin : Fraction
        The largest margin over the disjuncts of the case; the smaller of the two runs.
    margins : mapping of int to (Fraction, Fraction)
        Number of each disjunct of the case -> its margin in exact arithmetic; the two are equal
        unless the graph holds rounded numbers.
    distance : float or None
        From the centre, in the question's norm, rounded up.
    """

    parameters: Mapping[str, Point]
    inputs: tuple[Point, ...]
    image: Array | None
    inside: bool
    outputs: tuple[Point, ...]
    runtime_margin: Fraction
    margins: Mapping[int, Range]
    distance: float | None

    @cached_property
    def target(self) -> int:
        """The number of the disjunct with the largest exact margin."""
        return max(self.margins, key=lambda number: self.margins[number][0])

    @property
    def exact_margin(self) -> Range:
        """The largest margin over the disjuncts of the case in exact arithmetic."""
        return self.margins[self.target]

    @property
    def point(self) -> Point:
        """What the first input was fed."""
        return self.inputs[0]

    @property
    def output(self) -> Point:
        """What was observed of the last value."""
        return self.outputs[-1]

    @property
    def violates(self) -> bool:
        """Whether this is a witness."""
        return self.inside and self.runtime_margin >= 0 and self.exact_margin[0] >= 0

    @cached_property
    def flaw(self) -> str:
        """Why it is none: a reason code of `spec/verdicts.md`."""
        if not self.inside:
            return "outside-box"
        exact, runtime = self.exact_margin[0] >= 0, self.runtime_margin >= 0
        if exact and not runtime:
            return "float-mismatch"
        if runtime and not exact:
            return "real-replay-failed"
        return "" if exact else "spurious-witness"


NOWHERE = -(Fraction(2) ** 2000)
"""A margin that says nothing, less than any other: of outputs that are not finite."""


def replay(query: Query, case: Case, runtimes: Runtimes, parameters: Mapping[str, Point]) -> Replay:
    """Run a point, given by its parameters, through the original networks."""
    inside = all(region.contains(parameters[name]) for name, region in case.regions.items())
    try:
        values = evaluate_exactly(
            case.base, {name: x.astype(np.float64) for name, x in parameters.items()}
        )
        known = [values[s.node].bounds(i) for s in case.seen for i in range(s.size)]
        ranges = [disjunct.margin(known) for disjunct in case.disjuncts]
    except RangeError:
        values = {}
        ranges = [(NOWHERE, NOWHERE) for _ in case.disjuncts]
    inputs = tuple(
        parameters[node].astype(port.dtype)
        if node in parameters
        else round_dyadic(values[node], port)
        for node, _, port in query.feeds
        if node in parameters or node in values
    )
    fed = len(inputs) == len(query.feeds) and all(np.isfinite(x).all() for x in inputs)
    observed = runtimes.observe(inputs, case.seen) if fed else []
    return Replay(
        parameters=parameters,
        inputs=inputs,
        image=_image(query, parameters, values),
        inside=inside and bool(observed),
        outputs=tuple(observed[0]) if observed else (),
        runtime_margin=min(
            (_runtime_margin(query, case, run) for run in observed), default=NOWHERE
        ),
        margins={d.number: found for d, found in zip(case.disjuncts, ranges, strict=True)},
        distance=_distance(query, parameters, values),
    )


def input_names(query: Query) -> list[str]:
    """The name of each input; of several networks ``network:input``, the network by its number."""
    several = len(query.networks) > 1
    return [f"{network}:{port.name}" if several else port.name for _, network, port in query.feeds]


def named_inputs(query: Query, run: Replay) -> dict[str, Point]:
    """What each input was fed, in its shape, by its name."""
    shaped = [
        x.reshape(port.shape) for (_, _, port), x in zip(query.feeds, run.inputs, strict=True)
    ]
    return dict(zip(input_names(query), shaped, strict=True))


def round_dyadic(value: Dyadic, port: Port) -> Point:
    """The floats of a tensor's type that are nearest to exact numbers."""
    with np.errstate(over="ignore"):  # what is not finite is no witness
        rounded: Point = _floats(value).astype(port.dtype)
    return rounded


def _floats(value: Dyadic) -> Array:
    """The float64 numbers that are nearest to exact ones."""
    unit = Fraction(2) ** value.exponent
    return np.array([_float(int(number) * unit) for number in value.number.tolist()])


def _float(exact: Fraction) -> float:
    try:
        return float(exact)
    except OverflowError:
        return float("inf") if exact > 0 else float("-inf")


def _runtime_margin(query: Query, case: Case, observed: list[Point]) -> Fraction:
    """The margin that a run of the originals gives; nothing, where the asker does not confirm."""
    if not all(np.isfinite(value).all() for value in observed):
        return NOWHERE
    numbers = [Fraction(x) for value in observed for x in value.tolist()]
    known = [(number, number) for number in numbers]
    margin = max(disjunct.margin(known)[0] for disjunct in case.disjuncts)
    if margin >= 0 and query.confirm is not None and not query.confirm(observed):
        return NOWHERE
    return margin


def _image(
    query: Query, parameters: Mapping[str, Point], values: Mapping[str, Dyadic]
) -> Array | None:
    """The image of a question, where it is not itself what the network is fed."""
    if query.image is None or query.image == query.feeds[0][0]:
        return None
    if query.image in parameters:
        return parameters[query.image].astype(np.float64)
    return _floats(values[query.image]) if query.image in values else None


def _distance(
    query: Query, parameters: Mapping[str, Point], values: Mapping[str, Dyadic]
) -> float | None:
    """The distance of the image from the centre in the question's norm, rounded up."""
    if query.centre is None or query.image is None:
        return None
    if query.image in parameters:
        ends = [(Fraction(x), Fraction(x)) for x in parameters[query.image].tolist()]
    elif query.image in values:
        image = values[query.image]
        ends = [image.bounds(i) for i in range(len(image.number))]
    else:
        return None
    gaps = [
        max(abs(low - Fraction(c)), abs(high - Fraction(c)))
        for (low, high), c in zip(ends, query.centre.tolist(), strict=True)
    ]
    total = max(gaps) if query.norm == "linf" else sum(gaps, Fraction(0))
    return around(total)[1]
