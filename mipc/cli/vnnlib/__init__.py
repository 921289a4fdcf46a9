"""``mipc-vnnlib``: the command line that chapter 5 of the VNN-LIB 2 standard asks of solvers.

Standard output has the answer and nothing else; all that is for people goes to standard error.
The standard wants an error where a solver is not sound for a declared element type. "sat" is: its
point was replayed in the network's own floats. "unsat" speaks of the network's numbers in exact
arithmetic, so ``supports --onnx-element-types`` names ``real`` only; float32 and float64 are read
all the same, as every tool of the field does, and an "unsat" of them says so on standard error.
"""

from __future__ import annotations

import sys
import traceback
from typing import Annotated

import typer

import mipc
from mipc.cli.show import out, prepare
from mipc.cli.vnnlib import supports, verify, vnncomp
from mipc.errors import MipcError

__all__ = ["app", "main"]

app = typer.Typer(
    name="mipc-vnnlib",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command("verify", short_help="Decide a query.")(verify.verify_command)
app.command(
    "supports",
    short_help="Say what can be decided.",
    context_settings={"ignore_unknown_options": True},
)(supports.supports_command)
app.command("vnncomp", short_help="Decide an instance of the competition VNN-COMP.")(
    vnncomp.vnncomp_command
)


@app.callback(invoke_without_command=True)
def options(
    name: Annotated[bool, typer.Option("--name", help="Print the solver's name.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Decide VNN-LIB queries about neural networks."""
    if name or version:
        out("mipc" if name else mipc.__version__)
        raise typer.Exit


def main() -> None:
    """Run a command; what is wrong is said on standard error, with exit code 2."""
    prepare()
    try:
        app()
    except MipcError as error:
        print(f"mipc-vnnlib: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("mipc-vnnlib: interrupted", file=sys.stderr)
        sys.exit(130)
    except Exception:  # a defect of mipc must not look like an answer
        traceback.print_exc()
        print("mipc-vnnlib: this is a defect of mipc, not of your input", file=sys.stderr)
        sys.exit(2)
