"""Measures what mipc promises about speed. One command, from the repository's folder::

    OMP_NUM_THREADS=1 python tests/benchmarks/run.py [--data ../shared/data] [--quick]

Every figure is the median of repeats in one process on one core, or of whole processes where a
start-up is measured. Nothing is asserted: machines differ.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("POLARS_MAX_THREADS", "1")

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[2]
EPSILON = 0.1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--quick", action="store_true", help="fewer repeats")
    options = parser.parse_args()
    repeats = 3 if options.quick else 7
    table = Table("what", "measured", "goal", box=None)
    if options.data.is_dir():
        os.environ["MIPC_DATA"] = str(options.data)
        bounds(table, options.data, repeats)
        compiling(table, options.data, repeats)
    else:
        table.add_row("networks", f"skipped: {options.data} is absent", "")
    starting(table, repeats)
    writing(table, repeats)
    Console().print(table)


def median(action: Callable[[], object], repeats: int) -> float:
    action()
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        action()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def bounds(table: Table, data: Path, repeats: int) -> None:
    from mipc.batch import margins_by_bounds
    from mipc.frontend.onnx import read_network
    from mipc.properties.inputs import read_sample
    from mipc.semantics.evaluate import evaluate

    samples = [read_sample("mnist", i) for i in range(500)]
    images = np.array([sample.image.reshape(-1) for sample in samples])
    labels = np.array([sample.label for sample in samples])
    goals = {"wk17a_linf0.1": (471, 12.0), "rsl18a_linf0.1": (152, 3.0)}
    for name, (decided, milliseconds) in goals.items():
        network = read_network(data / "models" / f"{name}.onnx")
        source, output = network.graph.inputs[0].name, network.graph.outputs[0]
        right = evaluate(network.graph, {source: images})[output].argmax(axis=1) == labels
        lower = np.maximum(images - EPSILON, 0.0)
        upper = np.minimum(images + EPSILON, 1.0)
        margins = margins_by_bounds(network, lower, upper, labels)
        margins[np.arange(500), labels] = -np.inf
        robust = int(((margins.max(axis=1) < 0) & right).sum())
        seconds = median(
            lambda n=network, a=lower, b=upper: margins_by_bounds(
                n, a[:100], b[:100], labels[:100]
            ),
            repeats,
        )
        table.add_row(f"{name}: decided by bounds, of 500", f"{robust}", f"{decided}")
        table.add_row(f"{name}: misclassified, of 500", f"{500 - int(right.sum())}", "")
        table.add_row(
            f"{name}: bounds, ms an image at batch 50",
            f"{seconds * 10:.2f}",
            f"<= {milliseconds:g}",
        )


def compiling(table: Table, data: Path, repeats: int) -> None:
    import mipc
    from mipc.properties.inputs import read_sample

    network = mipc.read_network(data / "models" / "wk17a_linf0.1.onnx")
    sample = read_sample("mnist", 8)
    radius = mipc.LInf(mipc.Fraction("0.1"))
    question = mipc.Question(sample.image.reshape(-1), radius, mipc.ArgMax(sample.label))
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "q.mps"

        def compile_once() -> mipc.compile.Compiled:  # type: ignore[name-defined]
            compiled = mipc.compile_query(mipc.ask(network, question))
            mipc.write_files(compiled, target)
            return compiled

        size = compile_once().formulations[0].model.size
        seconds = median(compile_once, repeats)
        table.add_row("wk17a: warm compile to files, ms", f"{seconds * 1e3:.0f}", "<= 100")
        table.add_row("wk17a: MPS, MB", f"{target.stat().st_size / 1e6:.2f}", "<= 4")
        table.add_row("wk17a: binaries", f"{size['binaries']}", "<= 200")


def starting(table: Table, repeats: int) -> None:
    def run(*words: str) -> Callable[[], object]:
        command = [sys.executable, "-m", "mipc", *words]
        return lambda: subprocess.run(command, capture_output=True, check=False, cwd=ROOT)

    table.add_row("mipc --help, s", f"{median(run('--help'), repeats):.2f}", "<= 0.3")
    example = ROOT / "examples" / "digits.onnx"
    for image in sorted((ROOT / "examples").glob("*.npy")):
        words = ("verify", str(example), "--input", str(image), "--perturbation", "linf:0.06")
        seconds = median(run(*words), repeats)
        table.add_row(f"mipc verify on {image.stem}, s", f"{seconds:.2f}", "<= 2")


def writing(table: Table, repeats: int) -> None:
    from mipc.milp import mps
    from mipc.milp.model import ModelBuilder

    rows, columns, per_row = 20_000, 100_000, 100
    rng = np.random.default_rng(0)
    builder = ModelBuilder("writer")
    x = builder.columns("x", np.zeros(columns), np.ones(columns))
    import scipy.sparse as sp

    index = np.sort(rng.integers(0, columns, (rows, per_row)), axis=1).reshape(-1)
    data = rng.normal(size=rows * per_row)
    matrix = sp.csr_array((data, index, np.arange(0, rows * per_row + 1, per_row)), (rows, columns))
    builder.at_most("row", type(x)(matrix, np.zeros(rows)), np.ones(rows))
    builder.minimise(x.total())
    model = builder.build()
    seconds = median(lambda: mps.write(model), min(repeats, 5))
    speed = model.matrix.nnz / seconds / 1e6
    table.add_row("MPS writer, million nonzeros a second", f"{speed:.1f}", ">= 4")


if __name__ == "__main__":
    main()
