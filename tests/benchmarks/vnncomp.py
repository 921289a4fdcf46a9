"""Every labelled VNN-LIB instance, decided one after the other; stops and resumes.

::

    python tests/benchmarks/vnncomp.py --results vnncomp.jsonl [--only acasxu,mnist_fc] [--jobs 2]
    python tests/benchmarks/vnncomp.py --results vnncomp.jsonl --table
    python tests/benchmarks/vnncomp.py --results vnncomp.jsonl --only acasxu --every 8 \\
        --peer "marabou=Marabou {onnx} {property} --timeout {seconds} --verbosity 0"

A peer is any program that is installed; it decides the same instances in the same run, one after
the other. Its answer is the line of its output that is one of the words sat, unsat, violated,
holds, unknown and timeout.

The instances, their time-outs and their labels come from ``vnncomp/instances.csv`` of the shared
data. Each one runs in a process of its own, which is killed when it does not keep its time; what is
in the results file is not run again. A verdict that contradicts a label is shown at once, and in
the table. Beside the results stands a file about the machine, the versions and the peers.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from machine import machine

DATA = Path(os.environ.get("MIPC_DATA") or Path(__file__).parents[3] / "shared" / "data")
WORDS = {"robust": "unsat", "violated": "sat"}
ANSWERS = {
    "sat": "violated", "violated": "violated", "unsat": "robust", "holds": "robust",
    "unknown": "unknown", "timeout": "unknown",
}  # fmt: skip
"""What a peer may say."""

MIPC = "mipc"
GRACE = 20.0
"""Seconds beyond the time-out after which a process is killed."""


def instances(only: set[str]) -> Iterator[dict[str, str]]:
    """The rows of the table, of some benchmarks or of all."""
    with (DATA / "vnncomp" / "instances.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if not only or row["benchmark"] in only:
                yield row


def key(row: dict[str, str]) -> str:
    return f"{row['onnx']} {row['vnnlib']}"


def decide(row: dict[str, str], cap: float, tool: str, peers: dict[str, str]) -> dict[str, Any]:
    """What a tool says of an instance, within its time-out and the cap."""
    seconds = min(float(row["timeout"]), cap)
    result: dict[str, Any] = {
        "key": key(row),
        "tool": tool,
        "benchmark": row["benchmark"],
        "label": row["ground_truth"],
        "timeout": seconds,
    }
    with TemporaryDirectory() as folder:
        network = plain(DATA / "vnncomp" / row["onnx"], folder)
        text = DATA / "vnncomp" / row["vnnlib"]
        if tool == MIPC:
            command = [
                sys.executable, "-m", "mipc", "verify", str(network), "--property", str(text),
                "--timeout", str(seconds), "--json",
            ]  # fmt: skip
        else:
            given = {"onnx": network, "property": plain(text, folder), "seconds": f"{seconds:.0f}"}
            command = [word.format(**given) for word in shlex.split(peers[tool])]
        begin = time.perf_counter()
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=seconds + GRACE,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )  # fmt: skip
            result |= (said if tool == MIPC else heard)(done)
        except subprocess.TimeoutExpired:
            result |= {"verdict": "unknown", "reason": "killed", "stage": "none"}
        result["seconds"] = round(time.perf_counter() - begin, 3)
    return result


def plain(path: Path, folder: str) -> Path:
    """The file itself, or what is packed in it."""
    if path.suffix != ".gz":
        return path
    unpacked = Path(folder) / path.stem
    unpacked.write_bytes(gzip.decompress(path.read_bytes()))
    return unpacked


def said(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The answer of mipc."""
    try:
        answer = json.loads(done.stdout)
        return {name: answer[name] for name in ("verdict", "reason", "trust", "stage")}
    except (json.JSONDecodeError, KeyError):
        return failed(done)


def heard(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The answer of a peer."""
    for line in done.stdout.splitlines():
        word = line.strip().lower()
        if word in ANSWERS:
            return {"verdict": ANSWERS[word], "reason": None, "stage": "none"}
    return failed(done)


def failed(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    words = (done.stderr or done.stdout).strip().splitlines()
    return {"verdict": "error", "reason": " / ".join(words)[-300:], "stage": "none"}


def contradicts(result: dict[str, Any]) -> bool:
    word = WORDS.get(result["verdict"])
    return word is not None and result["label"] in ("sat", "unsat") and word != result["label"]


def run(
    results: Path, rows: list[dict[str, str]], cap: float, jobs: int, peers: dict[str, str]
) -> None:
    """Decide what is not decided yet; one line of JSON each, as soon as it is there."""
    known = {(entry["key"], entry.get("tool", MIPC)) for entry in read(results)}
    tools = [MIPC, *peers]
    todo = [(row, tool) for row in rows for tool in tools if (key(row), tool) not in known]
    print(f"{len(known)} known, {len(todo)} to do", flush=True)
    about = results.with_suffix(".machine.json")
    about.write_text(json.dumps({**machine(), "peers": peers}, indent=2) + "\n")
    with results.open("a") as file, ThreadPoolExecutor(jobs) as pool:
        waiting = [pool.submit(decide, row, cap, tool, peers) for row, tool in todo]
        for number, future in enumerate(as_completed(waiting), 1):
            result = future.result()
            file.write(json.dumps(result) + "\n")
            file.flush()
            mark = "  CONTRADICTS THE LABEL" if contradicts(result) else ""
            reason = f" ({result['reason']})" if result["reason"] else ""
            print(
                f"{number}/{len(todo)} {result['tool']}: {result['key']}: {result['verdict']}"
                f"{reason}, label {result['label']}, {result['seconds']:.1f} s{mark}",
                flush=True,
            )


def read(results: Path) -> list[dict[str, Any]]:
    if not results.is_file():
        return []
    return [json.loads(line) for line in results.read_text().splitlines() if line.strip()]


def table(entries: Iterable[dict[str, Any]]) -> str:
    """Counts and times of each benchmark, as Markdown, beside what the best tool was reported with.

    The last two columns are about the instances that both decide: seconds of this run and of the
    best tool of each instance, on whatever machine that was.
    """
    best = {key(row): float(row["best_time"]) for row in instances(set()) if row["best_time"]}
    sets: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for entry in entries:
        for name in (entry["benchmark"], "all"):
            sets.setdefault((name, entry.get("tool", MIPC)), []).append(entry)
    lines = [
        "| benchmark | tool | instances | sat | unsat | undecided | errors | wrong | seconds | "
        "known to be decided | both | seconds | best tool's |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, tool in sorted(sets, key=lambda pair: (pair[0] == "all", pair[0], pair[1] != MIPC)):
        mine = sets[name, tool]
        count = {word: sum(e["verdict"] == word for e in mine)
                 for word in ("violated", "robust", "unknown", "error")}  # fmt: skip
        known = [e for e in mine if e["key"] in best]
        both = [e for e in known if e["verdict"] in WORDS]
        lines.append(
            f"| {name} | {tool} | {len(mine)} | {count['violated']} | {count['robust']} | "
            f"{count['unknown']} | {count['error']} | {sum(map(contradicts, mine))} | "
            f"{sum(e['seconds'] for e in mine):.0f} | {len(known)} | {len(both)} | "
            f"{sum(e['seconds'] for e in both):.0f} | {sum(best[e['key']] for e in both):.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--only", default="", help="benchmarks, separated by commas")
    parser.add_argument("--cap", type=float, default=60.0, help="seconds an instance at most")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument(
        "--every", type=int, default=1, help="only every so many instances of a set"
    )
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=COMMAND")
    parser.add_argument("--table", action="store_true", help="only print the table")
    options = parser.parse_args()
    only = set(filter(None, options.only.split(",")))
    rows = list(instances(only))
    if not rows:
        parser.error(f"no instances of {', '.join(sorted(only))}")
    if not options.table:
        peers = dict(peer.split("=", 1) for peer in options.peer)
        run(options.results, rows[:: options.every], options.cap, options.jobs, peers)
    entries = [e for e in read(options.results) if not only or e["benchmark"] in only]
    print(table(entries))
    for entry in filter(contradicts, entries):
        words = f"{entry.get('tool', MIPC)}, {entry['key']}: {entry['verdict']}"
        print(f"CONTRADICTS: {words}, label {entry['label']}")


if __name__ == "__main__":
    main()
