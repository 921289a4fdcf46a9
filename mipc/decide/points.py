"""Points of a case as floats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from mipc.properties.query import Case

__all__ = ["nearest"]


def nearest(
    case: Case, point: Mapping[str, npt.NDArray[np.float64]]
) -> dict[str, npt.NDArray[Any]] | None:
    """Floats inside the region that are near to a point; None if none are found."""
    found = {name: region.nearest(point[name]) for name, region in case.regions.items()}
    inside = {name: x for name, x in found.items() if x is not None}
    if len(inside) < len(found):
        return None
    case.tie(inside)
    changed = {second for _, _, second, _ in case.ties}
    return inside if all(case.regions[name].contains(inside[name]) for name in changed) else None
