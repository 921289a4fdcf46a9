"""The table of supported operators, written from the registry into `spec/operators.md`.

To bring the file up to date, run ``python -m mipc.frontend.document > spec/operators.md``.
"""

from __future__ import annotations

import inspect

from mipc.frontend import operators as _operators  # noqa: F401  (fills the table)
from mipc.frontend.onnx import OLDEST_OPSET
from mipc.frontend.registry import Operator, operators

__all__ = ["operators_markdown"]

HEAD = f"""\
# ONNX operators

Made from the table of operators by `python -m mipc.frontend.document`; a test keeps it current.

Files of opset {OLDEST_OPSET} and newer are read. Weights are
constants: initializers, `Constant` nodes, or computed from those by the operators below. A node
that an output needs and that means something else is refused by an error that names it.

| operator | since opset | meaning |
|---|---|---|
"""


def operators_markdown() -> str:
    """The text of `spec/operators.md`: a row for each operator."""
    rows = (
        f"| {name} | {max(since, OLDEST_OPSET)} | {_first_sentence(function)} |\n"
        for name, since, function in operators()
    )
    return HEAD + "".join(rows)


def _first_sentence(function: Operator) -> str:
    """The first sentence of a docstring, on one line, in Markdown."""
    words = " ".join((inspect.getdoc(function) or "").split())
    sentence, stop, _ = words.partition(". ")
    return (sentence + stop).strip().replace("``", "`").replace("|", "\\|")


if __name__ == "__main__":
    print(operators_markdown(), end="")
