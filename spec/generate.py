"""Writes the documents that are made from the code, or checks that they are current.

``python spec/generate.py`` writes ``spec/operators.md``, ``spec/cli.md`` and the JSON Schemas;
with ``--check`` it only tells which are out of date, and exits with 1 if any is.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

SPEC = Path(__file__).resolve().parent


def operators() -> str:
    from mipc.frontend.document import operators_markdown

    return operators_markdown()


def command_line() -> str:
    """The help of every command, as a terminal of 80 columns shows it."""
    import typer
    from typer.testing import CliRunner

    from mipc.cli import app

    os.environ["COLUMNS"] = "80"
    group = typer.main.get_command(app)
    names = sorted(group.commands)  # type: ignore[attr-defined]
    parts = [(SPEC / "cli.head.md").read_text()]
    for words in ([], *([name] for name in names)):
        title = " ".join(["mipc", *words])
        result = CliRunner().invoke(app, [*words, "--help"], prog_name="mipc")
        text = "\n".join(line.rstrip() for line in result.output.strip().splitlines())
        parts.append(f"## `{title}`\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


def sidecar_schema() -> str:
    from mipc.sidecar import schema

    return _json(schema())


def answer_schema() -> str:
    from mipc.results import schema

    return _json(schema())


def doctor_schema() -> str:
    from mipc.doctor.report import schema

    return _json(schema())


def _json(schema: object) -> str:
    return json.dumps(schema, indent=2) + "\n"


DOCUMENTS: dict[str, Callable[[], str]] = {
    "operators.md": operators,
    "cli.md": command_line,
    "sidecar.schema.json": sidecar_schema,
    "answer.schema.json": answer_schema,
    "doctor.schema.json": doctor_schema,
}


def main() -> int:
    check = "--check" in sys.argv[1:]
    stale = []
    for name, make in DOCUMENTS.items():
        path, text = SPEC / name, make()
        if path.exists() and path.read_text() == text:
            continue
        stale.append(name)
        if not check:
            path.write_text(text)
    if check and stale:
        print(f"out of date: {', '.join(stale)}; run: python spec/generate.py")
        return 1
    print("written: " + ", ".join(stale) if stale else "all documents are current")
    return 0


if __name__ == "__main__":
    sys.exit(main())
