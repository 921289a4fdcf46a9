"""What a computed matrix product is off by, exactly, in Python's integers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["off_by", "whole_numbers"]

SHIFT = 300


def whole_numbers(values: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
    """``values * 2**300`` as Python integers: exact for numbers from 1e-70 to 1e200."""
    scaled = np.ldexp(values, SHIFT)
    return np.array([int(v) for v in scaled.ravel()], dtype=object).reshape(values.shape)


def off_by(
    found: npt.NDArray[np.float64], a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """How far each entry of ``found`` is from the exact ``a @ b``."""
    exact = whole_numbers(a) @ whole_numbers(b)
    lost = np.abs((whole_numbers(found) << SHIFT) - exact)
    shares = [v / (1 << 2 * SHIFT) for v in lost.ravel()]
    return np.array(shares, dtype=np.float64).reshape(lost.shape)
