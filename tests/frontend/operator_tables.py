"""All operator cases, from all tables."""

from __future__ import annotations

import table_arithmetic
import table_folded
import table_moving
import table_piecewise
import table_reductions
import table_resizes
import table_shapes
import table_standardization
import table_windows
from operator_cases import CASES, Case

__all__ = ["CASES", "TABLES", "Case"]

TABLES = (
    table_arithmetic,
    table_folded,
    table_moving,
    table_piecewise,
    table_reductions,
    table_resizes,
    table_shapes,
    table_standardization,
    table_windows,
)
"""Importing them has filled ``CASES``."""
