"""The nearest violations of WK17a that another system has spent years of nights on; stops, resumes.

::

    python tests/benchmarks/closest.py --results closest.jsonl [--limit 60] [--jobs 1]

Of each image: the certified and the replayed end of the least distance, and what MIPVerify.jl's
nightly runs found (``oracles/mipverify.json`` of the shared data, 1-based there).
"""

from __future__ import annotations

import argparse
import json
import os
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from machine import machine

DATA = Path(os.environ.get("MIPC_DATA") or Path(__file__).parents[3] / "shared" / "data")
ALSO = (62,)
"""An image whose bracket is known to be [0.0645, 0.1]."""


def known() -> dict[int, tuple[float, float] | None]:
    """Of each image, counted from 0, the best bounds that are known."""
    facts = json.loads((DATA / "oracles" / "mipverify.json").read_text())
    found: dict[int, tuple[float, float] | None] = dict.fromkeys(ALSO, (0.0645, 0.1))
    for key, one in facts["wk17a"]["ground_truth_first_500"].items():
        if one.get("closest_linf_best_known_value"):
            found[int(key) - 1] = (
                one["closest_linf_best_known_lower_bound"], one["closest_linf_best_known_value"]
            )  # fmt: skip
    return dict(sorted(found.items()))


def run(results: Path, limit: float, jobs: int) -> None:
    """Ask about what is not known yet; one line of JSON each."""
    import mipc
    from mipc.properties.inputs import read_dataset

    done = {entry["image"] for entry in read(results)}
    network = mipc.read_network(DATA / "models" / "wk17a_linf0.1.onnx")
    data = read_dataset("mnist")
    with results.open("a") as file:
        for index, bracket in known().items():
            if index in done:
                continue
            begin = time.perf_counter()
            sample = data.sample(index)
            question = mipc.Question(
                sample.image.reshape(-1), mipc.LInf(Fraction(1, 10)), mipc.ArgMax(sample.label),
                objective="closest",
            )  # fmt: skip
            answer = mipc.verify(mipc.ask(network, question), timeout=limit, jobs=jobs)
            entry = {
                "image": index, "distance": answer.distance, "stage": answer.stage,
                "known": bracket, "seconds": round(time.perf_counter() - begin, 2), "jobs": jobs,
                "limit": limit, "machine": machine(),
            }  # fmt: skip
            file.write(json.dumps(entry) + "\n")
            file.flush()


def read(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def table(entries: list[dict[str, Any]]) -> str:
    """As Markdown; the shares are of the value that was known."""
    lines = ["| image | certified | replayed | apart | beside the known value | stage | seconds |",
             "|---|---|---|---|---|---|---|"]  # fmt: skip
    for entry in entries:
        low, high = entry["distance"]
        best = entry["known"][1]
        lines.append(
            f"| {entry['image']} | {low:.8f} | {high:.8f} | {1 - low / high:.1e} | "
            f"{high / best - 1:+.1e} | {entry['stage']} | {entry['seconds']:.1f} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for an image")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    run(options.results, options.limit, options.jobs)
    print(table(read(options.results)))


if __name__ == "__main__":
    main()
