"""Where public data lies that is not part of the project; tests that need it skip without it."""

from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

needs_data = pytest.mark.skipif(
    not DATA.is_dir(), reason="needs the public networks and images, which are not shipped"
)
