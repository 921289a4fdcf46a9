"""Lines of text from whole arrays: words by gathering, numbers by the shortest exact decimal."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

__all__ = ["batches", "lines", "numbers"]

_batch = 1 << 20


def lines(*columns: pl.Series) -> bytes:
    """One line per element, its texts and numbers joined by single blanks."""
    frame = pl.DataFrame([column.alias(str(i)) for i, column in enumerate(columns)])
    text = io.BytesIO()
    frame.write_csv(text, include_header=False, separator=" ", quote_style="never")
    return text.getvalue()


def numbers(values: npt.NDArray[np.float64]) -> pl.Series:
    """Ready the values for :func:`lines`, ``-0`` as ``0``."""
    return pl.Series(values + 0.0)


def batches(length: int) -> Iterator[slice]:
    """Slices that cover ``range(length)``, so that text is made and handed on piece by piece."""
    return (slice(start, start + _batch) for start in range(0, length, _batch))
