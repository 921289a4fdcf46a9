"""Bugs put into mipc on purpose, and whether a law notices them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mipc.errors import InternalError

__all__ = ["Patch", "noticed", "notices", "planted"]

Patch = pytest.MonkeyPatch


def noticed(law: Callable[[], None]) -> bool:
    """Whether a law fails, by its own assertion or by a promise of mipc to itself."""
    try:
        law()
    except (AssertionError, InternalError):
        return True
    return False


def notices(strategy: st.SearchStrategy[Any], law: Callable[[Any], None], count: int = 150) -> bool:
    """Whether a law fails on some of the first random cases."""

    @settings(max_examples=count, phases=[Phase.generate], derandomize=True, database=None,
              report_multiple_bugs=False, print_blob=False)  # fmt: skip
    @given(strategy)
    def run(case: Any) -> None:
        law(case)

    return noticed(run)


@contextmanager
def planted(plant: Callable[[Patch], None]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        yield
