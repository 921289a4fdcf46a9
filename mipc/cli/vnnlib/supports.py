"""``mipc-vnnlib supports``: what can be decided, one name a line, as the standard wants it."""

from __future__ import annotations

from typing import Annotated

import typer

from mipc.cli.show import out
from mipc.errors import OptionError

__all__ = ["KNOWN", "claimed_operators", "supports_command"]

NEWEST_OPSET = "21"
"""What the oldest ONNX Runtime that mipc accepts, 1.20, can replay."""


def supports_command(
    capability: Annotated[
        str,
        typer.Argument(metavar="CAPABILITY", help="Such as --onnx-operators.", show_default=False),
    ],
) -> None:
    """Say what queries and networks can be decided.

    Capabilities: --onnx-opset-versions, --onnx-element-types, --onnx-operators, --vnnlib-versions,
    --hidden-node-theories, --multiple-input-output-theories, --multiple-network-theories,
    --multiple-node-comparison-theories, --arithmetic-complexity-theories,
    --optimised-disjunctive-reasoning, --serialise-assignments, --unsat-proofs.
    """
    if capability == "--onnx-operators":
        lines = claimed_operators()
    elif capability in KNOWN:
        lines = KNOWN[capability]
    else:
        known = ", ".join(["--onnx-operators", *KNOWN])
        raise OptionError(f"no capability is called {capability!r}", remedy=f"one of {known}")
    out("\n".join(lines))


def claimed_operators() -> list[str]:
    """The operators that networks may have on whatever they compute."""
    import mipc.frontend.onnx  # noqa: F401  # reading networks registers them
    from mipc.frontend.registry import supported

    return [name for name in supported() if name not in ON_CONSTANTS]


ON_CONSTANTS = frozenset(
    (
        *("And", "ArgMax", "ArgMin", "Cast", "CastLike", "Ceil", "Equal", "Floor", "Greater"),
        *("GreaterOrEqual", "Less", "LessOrEqual", "Mod", "Not", "Or", "Range", "ReduceProd"),
        *("Round", "Shape", "Where", "Xor"),
    )
)
"""Operators that are read where what they are given, or some of it, is constant: not claimed."""

KNOWN: dict[str, list[str]] = {
    "--onnx-opset-versions": ["7", NEWEST_OPSET],
    "--onnx-element-types": ["real"],
    "--vnnlib-versions": ["1.0", "2.0"],
    "--hidden-node-theories": ["NH", "H"],
    "--multiple-input-output-theories": ["SIO", "MIO"],
    "--multiple-network-theories": ["SNET", "MENET", "MINET", "MNET"],
    "--multiple-node-comparison-theories": ["SNC", "MNC"],
    "--arithmetic-complexity-theories": ["BND", "OUTC", "LIN"],
    "--optimised-disjunctive-reasoning": ["false"],
    "--serialise-assignments": ["true"],
    "--unsat-proofs": ["false"],
}
"""Capability -> what is printed. Choices are resolved into cases before anything is decided."""
