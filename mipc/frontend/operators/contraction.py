"""The geometry of matrix products of tensors of any rank."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from mipc.frontend.builder import Tensor
from mipc.frontend.registry import Call

__all__ = ["contraction"]

Shape: TypeAlias = tuple[int, ...]


def contraction(call: Call, a: Tensor, b: Tensor) -> tuple[Shape, Shape, Shape, Shape]:
    """Shapes of ``A``, ``B``, of all products of two numbers, and of ``A @ B``.

    A vector is a row on the left and a column on the right, and gives the result no axis. Of the
    products (..., i, j, k) the last axis is summed over.
    """
    left = (1, *a.shape) if len(a.shape) == 1 else a.shape
    right = (*b.shape, 1) if len(b.shape) == 1 else b.shape
    if min(len(left), len(right)) < 2 or left[-1] != right[-2]:
        raise call.fail(f"shapes {list(a.shape)} and {list(b.shape)} do not fit")
    batch = np.broadcast_shapes(left[:-2], right[:-2])
    terms = call.room(*batch, left[-2], right[-1], left[-1])
    shape = batch + left[-2:-1] * (len(a.shape) > 1) + right[-1:] * (len(b.shape) > 1)
    return left, right, terms, shape
