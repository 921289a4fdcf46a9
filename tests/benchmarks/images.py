"""Whole test sets of images, and how the time for them grows; stops and resumes.

::

    python tests/benchmarks/images.py --results folder [--only wk17a-500,rsl18a-200] [--jobs 2]
    python tests/benchmarks/images.py --results folder --scaling
    python tests/benchmarks/images.py --results folder --report

Each question goes to :func:`mipc.decide.decide_many`; answers are appended to
``folder/<name>.jsonl`` as they come, what is there is not asked again. ``folder/<name>.runs.jsonl``
has a line for each run: wall time, memory, the machine, the versions.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from machine import machine

DATA = Path(os.environ.get("MIPC_DATA") or Path(__file__).parents[3] / "shared" / "data")
SIZES, JOBS = (100, 200, 400, 800), (1, 2)
"""Numbers of images and of processes for the growth of time."""


@dataclass(frozen=True)
class Experiment:
    """Some images of a data set, a network, a radius, and seconds for each image."""

    network: str
    images: range
    radius: Fraction
    timeout: float
    dataset: str = "mnist"


TENTH = Fraction(1, 10)
EXPERIMENTS = {
    "wk17a-500": Experiment("wk17a_linf0.1", range(500), TENTH, 60),
    "wk17a": Experiment("wk17a_linf0.1", range(10_000), TENTH, 60),
    "rsl18a-200": Experiment("rsl18a_linf0.1", range(200), TENTH, 60),
}


def run(name: str, folder: Path, jobs: int) -> None:
    """Decide what is not decided yet."""
    begin = time.perf_counter()
    import mipc
    from mipc.decide import decide_many
    from mipc.properties.inputs import read_dataset

    experiment = EXPERIMENTS[name]
    known = {entry["image"] for entry in read(folder / f"{name}.jsonl")}
    todo = [index for index in experiment.images if index not in known]
    if not todo:
        return
    data = read_dataset(experiment.dataset)
    network = mipc.read_network(DATA / "models" / f"{experiment.network}.onnx")

    def questions() -> Iterator[mipc.Question]:
        for index in todo:
            sample = data.sample(index)
            yield mipc.Question(
                sample.image.reshape(-1), mipc.LInf(experiment.radius), mipc.ArgMax(sample.label)
            )

    with (folder / f"{name}.jsonl").open("a") as file:
        for done in decide_many(network, questions(), jobs=jobs, timeout=experiment.timeout):
            facts = done.answer.model_dump()
            line = {key: facts[key] for key in ("verdict", "reason", "trust", "stage", "seconds")}
            line |= {"image": todo[done.index], "margin": facts["margin"]}
            file.write(json.dumps(line) + "\n")
            file.flush()
    wall = time.perf_counter() - begin
    memory = [resource.getrusage(who).ru_maxrss / 1024
              for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]  # fmt: skip
    line = {"images": len(todo), "jobs": jobs, "wall": round(wall, 2),
            "megabytes": [round(m) for m in memory], "machine": machine()}  # fmt: skip
    with (folder / f"{name}.runs.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")


def read(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def report(folder: Path) -> str:
    """What came out, as Markdown."""
    lines = [
        "| experiment | images | robust | adversarial | misclassified | unresolved | error | "
        "wall s (jobs) | MB a process |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in EXPERIMENTS:
        entries, runs = read(folder / f"{name}.jsonl"), read(folder / f"{name}.runs.jsonl")
        if not entries:
            continue
        count = len(entries)
        robust = sum(e["verdict"] == "robust" for e in entries)
        wrong = sum(e["verdict"] == "violated" and e["stage"] == "input" for e in entries)
        adversarial = sum(e["verdict"] == "violated" for e in entries) - wrong
        unresolved = [e["image"] for e in entries if e["verdict"] == "unknown"]
        low, high = wrong + adversarial, wrong + adversarial + len(unresolved)
        walls = ", ".join(f"{r['wall']:.1f} ({r['jobs']})" for r in runs) or "unfinished"
        memory = max((max(r["megabytes"]) for r in runs), default=0)
        lines.append(
            f"| {name} | {count} | {robust} | {adversarial} | {wrong} | "
            f"{len(unresolved)} {unresolved or ''} | [{low / count:.2%}, {high / count:.2%}] | "
            f"{walls} | {memory} |"
        )
    growth = read(folder / "scaling.jsonl")
    if growth:
        lines += ["", "![growth of time](scaling.svg)", "", "| images | jobs | wall s | MB |",
                  "|---|---|---|---|"]  # fmt: skip
        lines += [f"| {g['images']} | {g['jobs']} | {g['wall']:.1f} | {max(g['megabytes'])} |"
                  for g in growth]  # fmt: skip
    return "\n".join(lines) + "\n"


def scaling(folder: Path) -> None:
    """The first images of WK17a, more and more of them, on one process and on two."""
    path = folder / "scaling.jsonl"
    known = {(entry["images"], entry["jobs"]) for entry in read(path)}
    for jobs in JOBS:
        for size in SIZES:
            if (size, jobs) in known:
                continue
            words = [sys.executable, __file__, "--results", str(folder), "--one", f"{size},{jobs}"]
            done = subprocess.run(words, capture_output=True, text=True, check=True)
            with path.open("a") as file:
                file.write(done.stdout.strip().splitlines()[-1] + "\n")
    (folder / "scaling.svg").write_text(_plot(read(path)))


def one(size: int, jobs: int, folder: Path) -> None:
    """One measurement, printed as JSON."""
    name = f"scaling-{size}-{jobs}"
    EXPERIMENTS[name] = Experiment("wk17a_linf0.1", range(size), TENTH, 60)
    for suffix in (".jsonl", ".runs.jsonl"):
        (folder / f"{name}{suffix}").unlink(missing_ok=True)
    run(name, folder, jobs)
    print(json.dumps(read(folder / f"{name}.runs.jsonl")[-1]))


def _plot(entries: list[dict[str, Any]]) -> str:
    """Wall time and memory against the number of images, as SVG."""
    wide, high, edge = 640, 360, 50
    most = max(e["wall"] for e in entries)
    largest = max(e["images"] for e in entries)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" '
        'font-family="sans-serif" font-size="12">',
        f'<text x="{edge}" y="20">wall seconds against images (WK17a, eps 0.1); beside each '
        "point the megabytes of its largest process</text>",
        f'<path d="M{edge} {edge} V{high - edge} H{wide - edge}" fill="none" stroke="black"/>',
    ]
    for jobs, colour in zip(JOBS, ("#1f4e9c", "#c0392b"), strict=True):
        mine = sorted((e["images"], e["wall"], max(e["megabytes"])) for e in entries
                      if e["jobs"] == jobs)  # fmt: skip
        points = [
            (
                edge + n / largest * (wide - 2 * edge),
                high - edge - w / most * (high - 2 * edge),
                m,
                n,
            )
            for n, w, m in mine
        ]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y, _, _ in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}"/>')
        for (x, y, megabytes, count), (_, wall, _) in zip(points, mine, strict=True):
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>')
            words = f"{count}: {wall:.1f} s, {megabytes} MB ({jobs} at work)"
            parts.append(f'<text x="{x - 90:.1f}" y="{y - 8:.1f}" fill="{colour}">{words}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--only", default=",".join(EXPERIMENTS), help="separated by commas")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--scaling", action="store_true", help="measure the growth of time")
    parser.add_argument("--report", action="store_true", help="only print what is known")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    only = list(filter(None, options.only.split(",")))
    if unknown := sorted(set(only) - set(EXPERIMENTS)):
        parser.error(f"there is no {', '.join(unknown)}; known: {', '.join(EXPERIMENTS)}")
    options.results.mkdir(parents=True, exist_ok=True)
    if options.one:
        one(*map(int, options.one.split(",")), options.results)
        return
    if options.scaling:
        scaling(options.results)
    elif not options.report:
        for name in only:
            run(name, options.results, options.jobs)
    text = report(options.results)
    (options.results / "report.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
