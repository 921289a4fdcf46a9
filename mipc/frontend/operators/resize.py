"""Resizes: nearest pixels are a selection, linear interpolation a sparse matrix, axis by axis."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp

from mipc.frontend.builder import Constant, Tensor
from mipc.frontend.operators.coordinates import MODES, ROUNDINGS, Axis
from mipc.frontend.operators.folded_sums import mapped
from mipc.frontend.registry import Call, operator
from mipc.numerics.linear_maps import SparseMap
from mipc.numerics.rounding import UNIT

Csr: TypeAlias = Any  # scipy.sparse.csr_array of float64

LONGEST = 100_000
"""Coordinates are exact fractions, one after the other."""

DIGITS = 2.0**16
"""Weights that are multiples of the reciprocal of this have exact products."""


@operator("Resize", since=11)
def resize(call: Call) -> Tensor:
    """Nearest pixels, or linear interpolation without antialiasing; not cubic."""
    call.expect("antialias", 0)
    call.expect("keep_aspect_ratio_policy", "stretch")
    call.expect("coordinate_transformation_mode", *MODES)
    call.expect("nearest_mode", *ROUNDINGS)
    mode = call.attribute("coordinate_transformation_mode", "half_pixel")
    rounding = call.attribute("nearest_mode", "round_prefer_floor")
    return _resized(call, _stretched(call), mode, rounding)


@operator("Resize", since=10)
def resize_by_input(call: Call) -> Tensor:
    """Nearest pixels or linear interpolation, by scales."""
    return _resized(call, _scaled(call, _scales(call, 1)), "asymmetric", "simple")


@operator("Upsample", since=9)
def upsample(call: Call) -> Tensor:
    """Nearest pixels or linear interpolation, by scales."""
    return _resized(call, _scaled(call, _scales(call, 1)), "asymmetric", "simple")


@operator("Upsample", since=7)
def upsample_by_attribute(call: Call) -> Tensor:
    """Nearest pixels or linear interpolation, by scales."""
    scales = [float(scale) for scale in call.attribute("scales")]
    return _resized(call, _scaled(call, scales), "asymmetric", "simple")


def _scales(call: Call, index: int) -> list[float]:
    """Scales given as an input."""
    given = call.constant(index)
    exact = given.array.astype(np.float32).reshape(-1)
    if given.relative or not np.array_equal(exact, given.array.reshape(-1)):
        raise call.fail("scales that are no float32 numbers", "give the sizes instead")
    return [float(scale) for scale in exact]


def _scaled(call: Call, scales: list[float], axes: list[int] | None = None) -> list[Axis]:
    """Axes stretched by scales, the result rounded down as in float32."""
    shape = call[0].shape
    axes = list(range(len(shape))) if axes is None else axes
    if len(scales) != len(axes) or min(scales, default=1.0) <= 0:
        raise call.fail(f"scales {scales} for {len(axes)} axes")
    found = {}
    for axis, scale in zip(axes, scales, strict=True):
        after = int(np.float32(scale) * np.float32(shape[axis]))
        found[axis] = Axis(shape[axis], after, Fraction(scale))
    return [found.get(axis, Axis(n, n, Fraction(1))) for axis, n in enumerate(shape)]


def _stretched(call: Call) -> list[Axis]:
    """The axes of a Resize: by scales or by sizes, of which the other is missing or empty."""
    shape = call[0].shape
    given = call.attribute("axes")
    axes = list(range(len(shape))) if given is None else [call.axis(i, len(shape)) for i in given]
    if len(set(axes)) < len(axes):
        raise call.fail(f"axes {list(given)} are not different")
    if call.has(2) and call.constant(2).array.size:
        return _scaled(call, _scales(call, 2), axes)
    if not call.has(3):
        raise call.fail("neither scales nor sizes")
    sizes = call.integers(3)
    if len(sizes) != len(axes) or min(sizes, default=1) < 1:
        raise call.fail(f"sizes {sizes} for {len(axes)} axes")
    after = dict(zip(axes, sizes, strict=True))
    wanted = [(n, after.get(axis, n)) for axis, n in enumerate(shape)]
    return [Axis(n, m, Fraction(m, n)) for n, m in wanted]


def _resized(call: Call, axes: list[Axis], mode: str, rounding: str) -> Tensor:
    shape = call.room(*(axis.after for axis in axes))
    if max(shape, default=0) > LONGEST and not all(axis.is_kept for axis in axes):
        raise call.fail(f"shape {list(shape)}: resized axes have at most {LONGEST} pixels")
    if math.prod(shape) == 0:
        raise call.fail(f"shape {list(shape)} has no numbers")
    if shape == call[0].shape and not all(axis.is_kept for axis in axes):
        raise call.fail("scales that are not 1 but leave the shape as it is", "use no Resize")
    call.expect("mode", "nearest", "linear")
    if call.attribute("mode", "nearest") == "nearest":
        return _selected(call, axes, mode, rounding)
    return _interpolated(call, axes, shape, mode)


def _selected(call: Call, axes: list[Axis], mode: str, rounding: str) -> Tensor:
    x = call[0]
    index = np.arange(math.prod(x.shape)).reshape(x.shape)
    for number, axis in enumerate(axes):
        index = index.take(axis.nearest(call, mode, rounding), axis=number)
    return call.build.select(x, index, **call.labels())


def _interpolated(call: Call, axes: list[Axis], shape: tuple[int, ...], mode: str) -> Tensor:
    """The weights of all axes, multiplied: one rounding an axis and one a product, unless exact."""
    x = call[0]
    call.room(*shape, 2 ** sum(not axis.is_kept for axis in axes))
    matrix: Csr = sp.csr_array(np.ones((1, 1)))
    exact = True
    for axis in axes:
        weights, whole = _weights(axis, mode)
        exact = exact and whole
        matrix = sp.csr_array(sp.kron(matrix, weights, format="csr"))
    matrix.sort_indices()
    stretched = sum(not axis.is_kept for axis in axes)
    relative = 0.0 if exact and stretched <= 3 else 4 * stretched * UNIT
    linear = SparseMap(matrix)
    if isinstance(x, Constant):
        return mapped(call, linear, x, shape, relative)
    return call.build.affine([linear], [x], 0.0, shape, relative=relative, **call.labels())


def _weights(axis: Axis, mode: str) -> tuple[Csr, bool]:
    """(after, before) weights along an axis, and whether they and their products are exact."""
    if axis.is_kept:
        return sp.csr_array(sp.eye_array(axis.after)), True
    lower, share = axis.interpolated(mode)
    upper = np.minimum(lower + 1, axis.before - 1)
    weights = np.array([[float(1 - part), float(part)] for part in share])
    rows = np.repeat(np.arange(axis.after), 2)
    columns = np.stack([lower, upper], axis=1).reshape(-1)
    entries = (weights.reshape(-1), (rows, columns))
    matrix = sp.csr_array(sp.coo_array(entries, shape=(axis.after, axis.before)))
    matrix.eliminate_zeros()
    few = all((part * int(DIGITS)).denominator == 1 for part in share)
    return matrix, few
