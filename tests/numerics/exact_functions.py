"""The functions at 60 digits, and the functions and intervals that the laws are tried on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np

from mipc.numerics import functions as f
from mipc.numerics.functions import Function

mp.mp.dps = 60


def _unit(scale, alpha, stretch=1.0):
    scale, alpha, stretch = mp.mpf(scale), mp.mpf(alpha), mp.mpf(stretch)
    return lambda x: scale * x if x > 0 else scale * alpha * mp.expm1(x / stretch)


def _power(exponent):
    if exponent.is_integer():
        return lambda x: x ** int(exponent)
    return lambda x: mp.mpf(0) if x == 0 else x ** mp.mpf(exponent)


def _gelu_tanh(x):
    z = 2 * mp.sqrt(2 / mp.pi) * (x + mp.mpf("0.044715") * x**3)
    return x / (1 + mp.exp(-z))


def _softplus(x):
    return max(x, 0) + mp.log1p(mp.exp(-abs(x)))


EXACT = {
    "sigmoid": lambda: lambda x: 1 / (1 + mp.exp(-x)),
    "tanh": lambda: mp.tanh,
    "softplus": lambda: _softplus,
    "elu": lambda alpha: _unit(1, alpha),
    "selu": lambda alpha, gamma: _unit(gamma, alpha),
    "celu": lambda alpha: _unit(1, alpha, alpha),
    "exp": lambda: mp.exp,
    "log": lambda: mp.log,
    "sqrt": lambda: mp.sqrt,
    "pow": lambda exponent: _power(exponent),
    "reciprocal": lambda: lambda x: 1 / x,
    "sin": lambda: mp.sin,
    "cos": lambda: mp.cos,
    "erf": lambda: mp.erf,
    "gelu": lambda: lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2,
    "gelu_tanh": lambda: _gelu_tanh,
    "silu": lambda: lambda x: x / (1 + mp.exp(-x)),
    "hardswish": lambda: lambda x: x * min(max(x / 6 + mp.mpf(1) / 2, 0), 1),
    "mish": lambda: lambda x: x * mp.tanh(_softplus(x)),
    "softsign": lambda: lambda x: x / (1 + abs(x)),
    "atan": lambda: mp.atan,
    "sign": lambda: mp.sign,
    "thresholded_relu": lambda alpha: lambda x: x if x > alpha else mp.mpf(0),
}

FUNCTIONS = [
    f.SIGMOID, f.TANH, f.SOFTPLUS, f.EXP, f.LOG, f.SQRT, f.RECIPROCAL, f.SIN, f.COS, f.ERF, f.GELU,
    f.GELU_TANH, f.SILU, f.HARDSWISH, f.MISH, f.SOFTSIGN, f.ATAN, f.SIGN,
    f.elu(), f.elu(0.25), f.elu(3.0), f.elu(-1.0), f.selu(1.6732632423543772, 1.0507009873554805),
    f.celu(), f.celu(0.3), f.celu(5.0), f.thresholded_relu(), f.thresholded_relu(-0.5),
    f.thresholded_relu(0.0),
    *(f.power(e) for e in (0, 1, 2, 3, 4, 7, 20, -1, -2, -3, 0.5, 1.5, 0.1, 2.7, -0.5, -1.7)),
]  # fmt: skip
CONTINUOUS = [function for function in FUNCTIONS if function.continuous]

LANDMARKS = [
    0.0, 1.0, -1.0, 0.5, -0.5, 3.0, -3.0, 2**0.5, -(2**0.5), 1.4185040087908284,
    2.3993572805154675, -2.3993572805154675, -2.2563763963607931, 1.4905711794854284,
    3.141592653589793, -3.141592653589793, 1.5707963267948966, 6.283185307179586, 20.0, -20.0,
    1e-12, -1e-12, 1e-150, 5e-324, -40.0, 100.0, -750.0,
]  # fmt: skip
"""Inflection points, kinks, jumps, edges of domains and of tables."""


def exactly(function: Function) -> Callable[[Any], mp.mpf]:
    """The function at 60 digits, of floats or of mpmath's numbers."""
    exact = EXACT[function.name](**dict(function.parameters))
    return lambda x: exact(mp.mpf(x))


def intervals(
    function: Function, rng: np.random.Generator, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Random intervals on which a function can be bounded: narrow, wide, at landmarks, points."""
    centre = np.where(
        rng.random(count) < 0.4,
        rng.choice(LANDMARKS, count),
        rng.choice([1.0, -1.0], count) * np.exp(rng.uniform(-8, 4, count)),
    )
    width = np.exp(rng.uniform(-45, 4, count)) * rng.choice([0.0, 1.0, 1.0, 1.0, 1.0, 1.0], count)
    shift = rng.choice([0.0, 1.0, 0.5, rng.random()], count)
    lower = np.nextafter(centre - shift * width, rng.choice([-np.inf, np.inf], count))
    lower = np.where(rng.random(count) < 0.5, centre - shift * width, lower)
    upper = np.where(width > 0, np.maximum(lower, centre + (1 - shift) * width), lower)
    domain = function.curve.domain
    if domain in ("x >= 0", "x > 0"):
        lower, upper = np.sort(np.abs([lower, upper]), axis=0)
        lower = np.where(domain == "x > 0", np.maximum(lower, 1e-15), lower)
    if domain == "x != 0":
        across = (lower <= 0) & (upper >= 0)
        lower = np.where(across, np.abs(lower) + 1e-8, lower)
        upper = np.where(across, lower + np.abs(upper), upper)
    if function.curve.grows:
        lower, upper = np.minimum(lower, 30.0), np.minimum(upper, 30.0)
    upper = np.maximum(lower, upper)
    with np.errstate(all="ignore"):
        fine = np.abs(np.nan_to_num(function.curve.value(lower), nan=1e30)) < 1e29
        fine &= np.abs(np.nan_to_num(function.curve.value(upper), nan=1e30)) < 1e29
    return lower[fine], upper[fine]


def samples(low: float, high: float, rng: np.random.Generator, count: int = 12) -> list[mp.mpf]:
    """Points of one interval: ends, neighbours of landmarks, and random ones, as exact numbers."""
    inner = low + (high - low) * rng.random(count)
    near = [np.nextafter(x, side) for x in LANDMARKS for side in (-np.inf, np.inf)]
    points = [low, high, *inner, *LANDMARKS, *near]
    return [mp.mpf(float(x)) for x in dict.fromkeys(map(float, points)) if low <= x <= high]
