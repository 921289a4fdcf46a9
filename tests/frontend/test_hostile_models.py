"""Models with huge numbers in them: a named error, or a network, within 2 s and 1 GiB each."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import hostile_models
import pytest

from mipc import errors


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on a process's memory")
def test_hostile_models_end_soon_and_in_little_memory() -> None:
    run = subprocess.run(
        [sys.executable, hostile_models.__file__],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )
    assert run.returncode == 0, run.stderr[-2000:]
    told = json.loads(run.stdout)
    assert told["count"] >= 1500
    named = {"read", "ModelError", "UnsafeModel", "UnsupportedOperator"}
    assert set(told["ends"]) <= named, sorted(set(told["ends"]) - named)
    assert named - {"read"} <= set(errors.__all__)
    assert told["ends"]["UnsafeModel"] > 300
    assert told["slowest"][0] < 2, told["slowest"]
