"""Numbers in another type: what is exact, and what rounds. A computed tensor is never rounded."""

from __future__ import annotations

import numpy as np

from mipc.frontend.builder import Constant, Tensor, Value
from mipc.frontend.element_types import FLOATS, INTEGERS, held_by, representable, rounded
from mipc.frontend.operators.jumps import settled
from mipc.frontend.registry import Call, operator


@operator("Cast", since=6)
def cast(call: Call) -> Tensor:
    """The same numbers in another type; where that rounds, of constants only."""
    return _cast(call, call[0])


@operator("CastLike", since=15)
def cast_like(call: Call) -> Tensor:
    """The same numbers in the type of another tensor; where that rounds, of constants only."""
    return _cast(call, call[0])


def _cast(call: Call, x: Tensor) -> Tensor:
    kind, target = call.types[0], call.target
    if not {kind, target} <= {*FLOATS, *INTEGERS}:
        raise call.fail(f"a cast from the type {kind or '?'} to {target or '?'} is not supported")
    if isinstance(x, Value):
        return _computed(call, x, kind, target)
    if target in INTEGERS:
        return _whole(call, x, target)
    if x.array.dtype.kind in "bi":
        return _floating(call, x, target)
    return x if _holds(target, kind) else _narrowed(call, x, kind, target)


def _holds(target: str, kind: str) -> bool:
    """Whether a floating-point type holds all numbers of another."""
    narrow = target in ("float16", "bfloat16")
    return kind == target or (not narrow and FLOATS.index(kind) < FLOATS.index(target))


def _computed(call: Call, x: Value, kind: str, target: str) -> Value:
    """Computed numbers, in a type as wide as theirs or as the network's inputs'.

    mipc reasons about the network in real numbers; what float arithmetic rounds is left to
    replay. A cast to a narrower type, or to integers, is coarser than that, and part of what the
    network means: leaving it out could call a violated network robust.
    """
    if target in FLOATS and (_holds(target, kind) or _holds(target, call.precision)):
        return x
    raise call.fail(
        f"numbers that the network computes are cast from {kind} to {target}, which rounds them",
        "export the network in one floating-point type",
    )


def _whole(call: Call, x: Constant, target: str) -> Constant:
    """Integers, truncated towards zero; ``bool`` is what is not 0."""
    if target == "bool":
        return Constant(settled(call, 0, lambda a: a != 0))
    if x.array.dtype.kind in "bi":
        numbers = x.array.astype(np.int64)
    else:
        near = settled(call, 0, np.trunc)
        if near.size and not np.abs(near).max() < 2.0**63:
            raise call.fail(f"numbers beyond the type {target}")
        numbers = near.astype(np.int64)
    if not held_by(target, Constant(numbers)):
        raise call.fail(f"numbers beyond the type {target}")
    return Constant(numbers)


def _floating(call: Call, x: Constant, target: str) -> Constant:
    """Integers as floating-point numbers that are exactly the same."""
    numbers = x.array.astype(np.float64)
    exact = Constant(numbers)
    back = np.abs(numbers).max(initial=0.0) < 2.0**63 and np.array_equal(
        numbers.astype(np.int64), x.array.astype(np.int64)
    )
    if not back or not representable(exact, [target]):
        raise call.fail(f"integers that {target} does not hold exactly")
    return exact


def _narrowed(call: Call, x: Constant, kind: str, target: str) -> Constant:
    """Each number as the nearest of a narrower type, by every order of rounding the same."""
    once = settled(call, 0, lambda a: rounded(a, target))
    if kind == "double" and target != "float":
        twice = settled(call, 0, lambda a: rounded(rounded(a, "float"), target))
        if not np.array_equal(once, twice):
            raise call.fail(f"it depends on the order which numbers of {target} are the nearest")
    if not np.isfinite(once).all():
        raise call.fail(f"numbers beyond the type {target}")
    return Constant(once)
