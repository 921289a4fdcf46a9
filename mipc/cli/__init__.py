"""The command line: one command a file. Imports wait until a command runs."""

from __future__ import annotations

import json
import sys
import traceback
from typing import Annotated

import typer

import mipc
from mipc.cli import compile as compile_
from mipc.cli import decode, doctor, inspect, solve, verify
from mipc.cli.show import out, prepare
from mipc.errors import MipcError, OptionError

__all__ = ["app", "main"]

app = typer.Typer(
    name="mipc",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command("compile", short_help="Write a question as model files, with sidecars.")(
    compile_.compile_command
)
app.command("solve", short_help="Let a solver solve a model file.")(solve.solve_command)
app.command("decode", short_help="Replay a solver's answer, and say what follows.")(
    decode.decode_command
)
app.command("verify", short_help="Decide a question in process.")(verify.verify_command)
app.command("inspect", short_help="Show a network, and what each pass makes of it.")(
    inspect.inspect_command
)
app.command("doctor", short_help="Tell what stands in the way of questions, before anyone solves.")(
    doctor.doctor_command
)


@app.callback(invoke_without_command=True)
def options(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Compile a neural network and a robustness question to MILP files, and decide it."""
    if version:
        out(mipc.__version__)
        raise typer.Exit


def main() -> None:
    """Run a command; a user's mistake is a message and exit code 2, never a traceback."""
    prepare()
    stdout = sys.stdout
    try:
        _refuse_repeated(sys.argv[1:])
        app()
    except SystemExit:
        if sys.stdout is not stdout:  # typer's way with a closed pipe, and then it exits with 1
            sys.exit(2)
        raise
    except MipcError as error:
        if "--json" in sys.argv[1:]:
            facts = {"what": error.what, "where": error.where, "remedy": error.remedy}
            print(json.dumps({"error": facts}), flush=True)
        print(f"mipc: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("mipc: interrupted", file=sys.stderr)
        sys.exit(130)
    except Exception:  # a defect of mipc must not look like a verdict, whose exit code is 1
        traceback.print_exc()
        print("mipc: this is a defect of mipc, not of your input", file=sys.stderr)
        sys.exit(2)


def _refuse_repeated(words: list[str]) -> None:
    """Refuse an option that is given twice: one of them would be passed over in silence."""
    options = [word.partition("=")[0] for word in words if word.startswith("--")]
    if repeated := [option for option in options if options.count(option) > 1]:
        raise OptionError("it is given twice", where=repeated[0])
