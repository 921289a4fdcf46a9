"""Every labelled VNN-LIB instance, decided one after the other; stops and resumes.

::

    python tests/benchmarks/vnncomp.py --results vnncomp.jsonl [--only acasxu,mnist_fc] [--jobs 2]
    python tests/benchmarks/vnncomp.py --results vnncomp.jsonl --table

The instances, their time-outs and their labels come from ``vnncomp/instances.csv`` of the shared
data. Each one runs in a process of its own, which is killed when it does not keep its time; what
is in the results file is not run again. A verdict that contradicts a label is shown at once, and
in the table.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

DATA = Path(os.environ.get("MIPC_DATA") or Path(__file__).parents[3] / "shared" / "data")
WORDS = {"robust": "unsat", "violated": "sat"}
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


def decide(row: dict[str, str], cap: float) -> dict[str, Any]:
    """What mipc says of an instance, within its time-out and the cap."""
    seconds = min(float(row["timeout"]), cap)
    folder = DATA / "vnncomp"
    command = [
        sys.executable, "-m", "mipc", "verify", str(folder / row["onnx"]),
        "--property", str(folder / row["vnnlib"]), "--timeout", str(seconds), "--json",
    ]  # fmt: skip
    begin = time.perf_counter()
    result: dict[str, Any] = {
        "key": key(row),
        "benchmark": row["benchmark"],
        "label": row["ground_truth"],
        "timeout": seconds,
    }
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=seconds + GRACE, env=environment
        )
    except subprocess.TimeoutExpired:
        result |= {"verdict": "unknown", "reason": "killed", "stage": "none"}
    else:
        try:
            answer = json.loads(done.stdout)
            result |= {name: answer[name] for name in ("verdict", "reason", "trust", "stage")}
        except (json.JSONDecodeError, KeyError):
            words = done.stderr.strip().splitlines()
            result |= {"verdict": "error", "reason": " / ".join(words)[-300:], "stage": "none"}
    result["seconds"] = round(time.perf_counter() - begin, 3)
    return result


def contradicts(result: dict[str, Any]) -> bool:
    word = WORDS.get(result["verdict"])
    return word is not None and result["label"] in ("sat", "unsat") and word != result["label"]


def run(results: Path, only: set[str], cap: float, jobs: int) -> None:
    """Decide what is not decided yet; one line of JSON each, as soon as it is there."""
    known = {entry["key"] for entry in read(results)}
    todo = [row for row in instances(only) if key(row) not in known]
    print(f"{len(known)} known, {len(todo)} to do", flush=True)
    with results.open("a") as file, ThreadPoolExecutor(jobs) as pool:
        waiting = [pool.submit(decide, row, cap) for row in todo]
        for number, future in enumerate(as_completed(waiting), 1):
            result = future.result()
            file.write(json.dumps(result) + "\n")
            file.flush()
            mark = "  CONTRADICTS THE LABEL" if contradicts(result) else ""
            reason = f" ({result['reason']})" if result["reason"] else ""
            print(
                f"{number}/{len(todo)} {result['key']}: {result['verdict']}{reason}, label "
                f"{result['label']}, {result['seconds']:.1f} s{mark}",
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
    sets: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        sets.setdefault(entry["benchmark"], []).append(entry)
        sets.setdefault("all", []).append(entry)
    order = sorted(name for name in sets if name != "all") + ["all"] * ("all" in sets)
    lines = [
        "| benchmark | instances | sat | unsat | undecided | errors | wrong | seconds | known "
        "to be decided | both | seconds | best tool's |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name in order:
        mine = sets[name]
        count = {word: sum(e["verdict"] == word for e in mine)
                 for word in ("violated", "robust", "unknown", "error")}  # fmt: skip
        known = [e for e in mine if e["key"] in best]
        both = [e for e in known if e["verdict"] in WORDS]
        lines.append(
            f"| {name} | {len(mine)} | {count['violated']} | {count['robust']} | "
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
    parser.add_argument("--table", action="store_true", help="only print the table")
    options = parser.parse_args()
    only = set(filter(None, options.only.split(",")))
    if not options.table:
        run(options.results, only, options.cap, options.jobs)
    entries = [e for e in read(options.results) if not only or e["benchmark"] in only]
    print(table(entries))
    for entry in filter(contradicts, entries):
        print(f"CONTRADICTS: {entry['key']}: {entry['verdict']}, label {entry['label']}")


if __name__ == "__main__":
    main()
