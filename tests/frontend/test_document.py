from __future__ import annotations

from pathlib import Path

from mipc.frontend.document import operators_markdown
from mipc.frontend.registry import operators

SPEC = Path(__file__).parents[2] / "spec" / "operators.md"


def test_the_table_of_operators_is_current() -> None:
    assert SPEC.read_text() == operators_markdown(), (
        "run: python -m mipc.frontend.document > spec/operators.md"
    )


def test_every_operator_has_a_sentence() -> None:
    for name, _, function in operators():
        first = (function.__doc__ or "").partition("\n")[0]
        assert first.endswith("."), name
