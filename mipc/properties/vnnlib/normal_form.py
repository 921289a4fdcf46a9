"""From all assertions to cases: one choice after the other, without what cannot be.

Boxes shrink as options are taken, and an option whose box is empty is dropped with all that it
would lead to. So a disjunction of a thousand boxes gives a thousand cases, and conditions that
only meet in some of them cost nothing in the others.
"""

from __future__ import annotations

from typing import TypeAlias

from mipc.errors import UnsupportedProperty
from mipc.properties.vnnlib.conditions import Choice, Conjunction
from mipc.properties.vnnlib.property import Atom, Case, Range, Region, Tensor, Variable
from mipc.properties.vnnlib.source import Source

__all__ = ["cases"]

most_alternatives = 250_000
most_entries = 4_000_000
"""How many bounds and atoms all alternatives may have together, dropped ones included."""

attempt = 10
"""For how many of those an option counts in itself, so that dropped ones end too."""

_Ranges: TypeAlias = dict[Variable, Range]
_Pending: TypeAlias = "tuple[Choice, _Pending] | None"


def cases(whole: Conjunction, inputs: tuple[Tensor, ...], source: Source) -> tuple[Case, ...]:
    """The cases of a property, boxes that are equal together, in the order of the text.

    Parameters
    ----------
    whole : Conjunction
        All assertions.
    inputs : tuple of Tensor
    source : Source
        For errors.

    Raises
    ------
    UnsupportedProperty
        There would be more than 250,000 alternatives, or they would be too long together.
    """
    if not whole.possible:
        return ()
    common = Region(inputs, whole.ranges)
    found: dict[frozenset[tuple[Variable, Range]], list[tuple[Atom, ...]]] = {}
    for ranges, atoms in _alternatives(whole, source):
        found.setdefault(frozenset(ranges.items()), []).append(atoms)
    return tuple(
        Case(
            Region(inputs, dict(ranges), common) if ranges else common,
            ((),) if () in alternatives else tuple(alternatives),
        )
        for ranges, alternatives in found.items()
    )


def _alternatives(whole: Conjunction, source: Source) -> list[tuple[_Ranges, tuple[Atom, ...]]]:
    """Each way to choose that leaves a box: what it narrows, and its atoms."""
    done: list[tuple[_Ranges, tuple[Atom, ...]]] = []
    entries = 0
    open_: list[tuple[_Ranges, tuple[Atom, ...], _Pending]] = [
        ({}, tuple(whole.atoms), _before(whole.choices, None))
    ]
    while open_:
        ranges, atoms, pending = open_.pop()
        if pending is None:
            done.append((ranges, atoms))
            continue
        choice, later = pending
        for option in reversed(choice.options):
            narrowed = _narrowed(whole.ranges, ranges, option.ranges)
            entries += attempt + len(option.ranges)
            if narrowed is not None:
                taken = atoms + tuple(option.atoms)
                open_.append((narrowed, taken, _before(option.choices, later)))
                entries += len(narrowed) + len(taken)
        if len(done) + len(open_) > most_alternatives or entries > most_entries:
            source.fail(choice.at, _too_many, _splits, UnsupportedProperty)
    return done


def _before(choices: list[Choice], later: _Pending) -> _Pending:
    """The choices to be made, as a list that shares its end."""
    for choice in reversed(choices):
        later = (choice, later)
    return later


def _narrowed(common: _Ranges, ranges: _Ranges, asked: _Ranges) -> _Ranges | None:
    """What is narrower than in the common box once more is asked; None if nothing is left."""
    changed: _Ranges = {}
    for variable, wanted in asked.items():
        known = ranges.get(variable) or common.get(variable)
        both = wanted if known is None else known.meet(wanted)
        if both is None:
            return None
        if both != known:
            changed[variable] = both
    return ranges | changed if changed else ranges


_too_many = f"more than {most_alternatives} alternatives, or too long ones"
_splits = "Split the property: its disjunctions multiply."
