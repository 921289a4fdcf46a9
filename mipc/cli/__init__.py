"""The command line: one command a file. Imports wait until a command runs."""

from __future__ import annotations

import json
import sys

import typer

from mipc.cli import compile as compile_
from mipc.cli import decode, inspect, solve, verify
from mipc.errors import MipcError

__all__ = ["app", "main"]

app = typer.Typer(
    name="mipc",
    help="Compile a neural network and a robustness question to MILP files, and decide it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command("compile")(compile_.compile_command)
app.command("solve")(solve.solve_command)
app.command("decode")(decode.decode_command)
app.command("verify")(verify.verify_command)
app.command("inspect")(inspect.inspect_command)


def main() -> None:
    """Run a command; a user's mistake is a message and exit code 2, never a traceback."""
    try:
        app()
    except MipcError as error:
        if "--json" in sys.argv[1:]:
            facts = {"what": error.what, "where": error.where, "remedy": error.remedy}
            print(json.dumps({"error": facts}))
        print(f"mipc: {error}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(2)
    except KeyboardInterrupt:
        print("mipc: interrupted", file=sys.stderr)
        sys.exit(130)
