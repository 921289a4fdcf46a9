"""Properties that leave inputs without bounds, asked near the bounds there are, or near 0.

What satisfies a narrowed property satisfies the property. Nothing follows where none does: the
inputs left out were not looked at, so "unsat" must never be said of it.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from mipc.properties.vnnlib.property import Case, Property, Range, Region, Variable

__all__ = ["is_bounded", "narrowed"]


def is_bounded(source: Property) -> bool:
    """Whether every input has bounds on both sides, in each case."""
    return not any(_open(case.region) for case in source.cases)


def narrowed(source: Property, reach: Fraction) -> Property:
    """The property with inputs without bounds at most ``reach`` from the other bound, or from 0."""
    return replace(source, cases=tuple(_near(case, reach) for case in source.cases))


def _near(case: Case, reach: Fraction) -> Case:
    ranges = {variable: _closed(found, reach) for variable, found in _open(case.region).items()}
    return Case(Region(case.region.inputs, ranges, case.region), case.alternatives)


def _open(region: Region) -> dict[Variable, Range]:
    """The inputs that lack a bound, and what is known of them."""
    every = (Variable(t.name, place) for t in region.inputs for place in range(t.size))
    known = ((variable, region.range_of(variable)) for variable in every)
    return {v: found for v, found in known if found.lower is None or found.upper is None}


def _closed(found: Range, reach: Fraction) -> Range:
    if found.lower is not None:
        return found._replace(upper=found.lower + reach)
    if found.upper is not None:
        return found._replace(lower=found.upper - reach)
    return Range(-reach, reach)
