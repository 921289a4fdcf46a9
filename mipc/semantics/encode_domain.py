"""Files for a domain that is more than a box: the ball or the plane that cuts it.

An L1 ball is exact: ``d_i >= |x_i - c_i|`` and ``sum d_i <= r``. An L2 ball is cut from outside,
after lifting it (Vielma, Dunning, Huchette, Lubin 2017): ``q_i`` lies above tangents of the
parabola ``S (x_i - c_i)^2``, for a power of two ``S`` near ``1 / r^2``, and ``sum q_i <= S r^2``.
The tangents touch at points in geometric progression, so the cut ball's radius is too large by a
fixed share, :attr:`~mipc.numerics.domains.Ball.tangents` points an octave.

Soundness. Every point of the exact set satisfies the rows with ``d_i`` and ``q_i`` at their exact
values: coefficients are stored as they are, right-hand sides are rounded up.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.milp.model import Expr, ModelBuilder
from mipc.numerics.domains import Ball, Domain
from mipc.numerics.interval import Interval
from mipc.numerics.rationals import Enclosed
from mipc.numerics.rounding import UNIT, up

__all__ = ["encode_domain"]

MOST_SCALE = 256
"""Parabolas are scaled by no larger power of two."""

Array: TypeAlias = npt.NDArray[np.float64]
Index: TypeAlias = npt.NDArray[np.intp]


def encode_domain(
    builder: ModelBuilder, stem: str, region: Domain, x: Expr
) -> list[tuple[str, Index]]:
    """Write what cuts the box of an input's columns; the blocks of columns that were added."""
    added: list[tuple[str, Index]] = []
    if region.plane is not None:
        builder.equal(f"{stem}plane", x.total(), [region.plane.total])
    if region.ball is not None:
        write = _l1 if region.ball.norm == 1 else _l2
        added.append((write(builder, stem, region.ball, region.box[0], x), np.arange(len(x))))
    return added


def _l1(builder: ModelBuilder, stem: str, ball: Ball, box: Interval, x: Expr) -> str:
    centre, radius = ball.centre[0], float(ball.radius[0])
    reach = np.maximum(np.maximum(up(box.upper - centre), up(centre - box.lower)), 0.0)
    d = builder.columns(f"d{stem}", np.zeros(len(x)), reach)
    builder.at_most(f"{stem}over", x - d, centre)
    builder.at_most(f"{stem}under", -x - d, -centre)
    builder.at_most(f"{stem}ball", d.total(), [radius])
    return f"d{stem}"


def _l2(builder: ModelBuilder, stem: str, ball: Ball, box: Interval, x: Expr) -> str:
    centre, radius = ball.centre[0], float(ball.radius[0])
    if radius == 0.0:
        builder.at_most(f"{stem}over", x, centre)
        builder.at_most(f"{stem}under", -x, -centre)
        return _no_columns(builder, stem, len(x))
    scale = 2.0 ** min(-2 * math.frexp(radius)[1], MOST_SCALE)
    reach = np.maximum(np.maximum(up(box.upper - centre), up(centre - box.lower)), 0.0)
    most = up(up(reach * reach) * scale)
    q = builder.columns(f"q{stem}", np.zeros(len(x)), most)
    builder.at_most(f"{stem}ball", q.total(), _up(Fraction(radius) ** 2 * Fraction(scale)))
    for number, point in enumerate(_touching(ball, len(x))):
        used = np.flatnonzero(reach > point / 2)
        for side, p in (("p", point), ("n", -point)):
            if not len(used):
                continue
            # q >= S (2 p (x - c) - p^2), so  2 S p x - q <= 2 S p c + S p^2
            slope = np.full(len(used), 2.0 * scale * p)
            bound = slope * centre[used] + scale * p * p
            error = (np.abs(slope * centre[used]) + scale * p * p) * (4.0 * UNIT)
            row = x[used].scale(slope) - q[used]
            builder.at_most(f"{stem}cut{number}{side}", row, up(bound + error))
    return f"q{stem}"


def _touching(ball: Ball, count: int) -> list[float]:
    """Where tangents touch: from well below ``r / sqrt(n)`` up to the radius."""
    radius = float(ball.radius[0])
    ratio = 2.0 ** (1.0 / ball.tangents)
    least = radius / math.sqrt(count) / 8.0
    points, point = [], radius
    while point > least:
        points.append(point)
        point /= ratio
    return points


def _no_columns(builder: ModelBuilder, stem: str, count: int) -> str:
    builder.columns(f"q{stem}", np.zeros(count), np.zeros(count))
    return f"q{stem}"


def _up(value: Fraction) -> Array:
    return np.atleast_1d(Enclosed.of(value).above)
