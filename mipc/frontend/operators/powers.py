"""Powers: constant exponents, or a constant base."""

from __future__ import annotations

import numpy as np

from mipc.frontend.builder import Constant, Tensor, Value
from mipc.frontend.operators.smooth import applied
from mipc.frontend.registry import Call, operator
from mipc.numerics import functions as f
from mipc.numerics.linear_maps import SelectMap


@operator("Pow", since=7)
def pow_(call: Call) -> Tensor:
    """``x`` to constant powers, or a positive constant to the power ``x``."""
    base, exponent = call[0], call[1]
    if isinstance(exponent, Value) and isinstance(base, Constant):
        return _exponential(call, base, exponent)
    known = call.constant(1)
    if known.relative:
        raise call.fail("a rounded exponent", "exponents have to be exact")
    shape = call.broadcast(base, known)
    exponents = np.unique(known.array)
    if len(exponents) == 1:
        return _power(call, _wide(call, base, shape), float(exponents[0]))
    if isinstance(base, Constant):
        raise call.fail("several exponents of constants", "fold them before exporting the network")
    return _powers(call, _wide(call, base, shape), np.broadcast_to(known.array, shape))


def _wide(call: Call, x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """``x`` repeated to a shape."""
    if isinstance(x, Constant):
        return Constant(np.broadcast_to(x.array, shape), x.relative)
    return call.build.widened(x, shape, **call.labels("wide"))


def _power(call: Call, x: Tensor, exponent: float, step: str = "") -> Tensor:
    """One power of all numbers; 0, 1, -1 and 1/2 have names of their own."""
    if isinstance(x, Constant) and x.array.dtype.kind in "bi" and exponent in (0, 1, 2, 3):
        return Constant(x.array ** int(exponent))
    if exponent == 1.0:
        return x
    if exponent == 0.0:
        return Constant(np.ones(x.shape))
    named = {-1.0: f.RECIPROCAL, 0.5: f.SQRT}
    return applied(call, named.get(exponent, f.power(exponent)), step, x=x)


def _powers(call: Call, x: Tensor, exponents: np.ndarray) -> Tensor:
    """Each number to a power of its own: the numbers of each exponent together, then in order."""
    assert isinstance(x, Value)
    flat = exponents.reshape(-1)
    constants = np.where(exponents == 0, 1.0, 0.0)
    maps, operands = [], []
    for number, exponent in enumerate(np.unique(flat[flat != 0])):
        mine = np.flatnonzero(flat == exponent)
        labels = call.labels(f"base{number}")
        picked = call.build.select(x, mine, **labels)
        value = _power(call, picked, float(exponent), f"power{number}")
        assert isinstance(value, Value)
        place = np.full(len(flat), -1, dtype=np.intp)
        place[mine] = np.arange(len(mine))
        maps.append(SelectMap(place, len(mine)))
        operands.append(value)
    return call.build.affine(maps, operands, constants, exponents.shape, **call.labels())


def _exponential(call: Call, base: Constant, x: Value) -> Tensor:
    """``b ** x`` as ``exp(x log b)``, with what is not known of the logarithm."""
    if not (base.array > 0).all():
        raise call.fail("a base that is not positive, to a computed power")
    logarithm = applied(call, f.LOG, x=base)
    assert isinstance(logarithm, Constant)
    shape = call.broadcast(base, x)
    wide = call.build.widened(x, shape, **call.labels("wide"))
    scaled = call.build.scale(wide, logarithm, **call.labels("exponent"))
    return applied(call, f.EXP, x=scaled)
