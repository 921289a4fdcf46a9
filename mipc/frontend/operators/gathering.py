"""Numbers named by constant indices: Gather and its kin, Trilu. Nothing is computed."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.frontend.builder import Tensor, places
from mipc.frontend.registry import Call, operator

__all__ = ["along", "cells"]

Index: TypeAlias = npt.NDArray[np.intp]
Coordinates: TypeAlias = tuple[npt.NDArray[Any], ...]


@operator("Gather")
def gather(call: Call) -> Tensor:
    """Slices along an axis, at constant indices; negative ones count from the end."""
    x, indices = call[0], call.constant(1).array
    axis = call.axis(int(call.attribute("axis", 0)), len(x.shape))
    call.room(*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])
    _inside(call, indices, x.shape[axis])
    return call.build.select(x, np.take(places(x), indices, axis=axis), **call.labels())


@operator("GatherElements", since=11)
def gather_elements(call: Call) -> Tensor:
    """Numbers at constant indices along an axis, one for each index."""
    x, indices = call[0], call.constant(1).array
    axis = call.axis(int(call.attribute("axis", 0)), len(x.shape))
    return call.build.select(x, cells(call, x, along(indices, axis)), **call.labels())


@operator("GatherND", since=11)
def gather_nd(call: Call) -> Tensor:
    """Slices at constant coordinates, each the last axis of the indices; with batch_dims."""
    x, indices = call[0], call.constant(1).array
    batch = int(call.attribute("batch_dims", 0))
    lead = indices.shape[:-1]
    if not 0 <= batch < min(len(x.shape), len(indices.shape)):
        raise call.fail(f"batch_dims={batch} of shapes {list(x.shape)} and {list(indices.shape)}")
    if x.shape[:batch] != indices.shape[:batch]:
        raise call.fail(f"indices of shape {list(indices.shape)} for shape {list(x.shape)}")
    before = np.indices(lead, sparse=True)[:batch]
    source = cells(call, x, (*before, *np.moveaxis(indices, -1, 0)))
    return call.build.select(x, source, **call.labels())


@operator("Trilu", since=14)
def trilu(call: Call) -> Tensor:
    """The upper or the lower triangle of matrices, zeros elsewhere."""
    x = call[0]
    offset = call.integers(1)[0] if call.has(1) else 0
    keep = np.triu if call.attribute("upper", 1) else np.tril
    offset = max(-sum(x.shape), min(offset, sum(x.shape)))
    return call.build.select(x, keep(places(x) + 1, offset) - 1, **call.labels())


def along(indices: npt.NDArray[Any], axis: int) -> Coordinates:
    """Coordinates that are the indices along an axis, and an index's own place in the others."""
    own: list[npt.NDArray[Any]] = list(np.indices(indices.shape, sparse=True))
    if len(own) <= axis:
        raise ValueError(f"indices of shape {list(indices.shape)}")
    own[axis] = indices
    return tuple(own)


def cells(call: Call, x: Tensor, coordinates: Coordinates) -> Index:
    """The flat index of the cells, or slices, at some coordinates of a tensor."""
    rank = len(x.shape)
    if len(coordinates) > rank:
        raise call.fail(f"{len(coordinates)} coordinates in a tensor of shape {list(x.shape)}")
    lead = np.broadcast_shapes(*(c.shape for c in coordinates))
    call.room(*lead, *x.shape[len(coordinates) :])
    for indices, size in zip(coordinates, x.shape, strict=False):
        _inside(call, indices, size)
    return np.asarray(places(x)[coordinates], dtype=np.intp)


def _inside(call: Call, indices: npt.NDArray[Any], size: int) -> None:
    """Refuse what is no index along an axis of some size."""
    if indices.dtype.kind != "i":
        raise call.fail("its indices are no integers")
    if indices.size and not (-size <= int(indices.min()) <= int(indices.max()) < size):
        raise call.fail(
            f"indices from {indices.min()} to {indices.max()} along an axis of size {size}"
        )
