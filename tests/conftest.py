"""What all tests share: reproducible random examples, and one HiGHS for the whole run."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from mipc.solvers.highs import Highs

THOROUGH = int(os.environ.get("MIPC_THOROUGH", "0") or "0")

settings.register_profile(
    "mipc",
    derandomize=not THOROUGH,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("mipc")


@pytest.fixture(scope="session")
def highs() -> Iterator[Highs]:
    with Highs() as solver:
        yield solver
