"""How fast models are written: millions of nonzeros a second, 5 million nonzeros.

Run it as ``python tests/benchmarks/writers.py [NONZEROS]``; ``POLARS_MAX_THREADS=1`` and
``taskset -c 0`` keep it to one core.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from mipc.milp.files import read_model, write_model
from mipc.milp.model import Model, Names


def main(nonzeros: int) -> None:
    model = random_model(nonzeros)
    print(f"{model.size}")
    print(
        f"{'file':<10}{'write s':>9}{'M nnz/s':>9}{'MB':>7}{'B/nnz':>7}{'read s':>9}{'M nnz/s':>9}"
    )
    with tempfile.TemporaryDirectory() as folder:
        for suffix in (".mps", ".mps.gz", ".lp", ".lp.gz"):
            report(model, Path(folder) / f"model{suffix}")


def report(model: Model, path: Path) -> None:
    """One line of the table. Memory is the growth of the peak, so later lines show less."""
    nonzeros, before = model.matrix.nnz, peak()
    writing = seconds(lambda: write_model(model, path))
    memory = (peak() - before) / nonzeros
    reading = seconds(lambda: read_model(path))
    size = path.stat().st_size / 1e6
    print(
        f"{path.name.removeprefix('model'):<10}{writing:>9.2f}{nonzeros / writing / 1e6:>9.2f}"
        f"{size:>7.0f}{memory:>7.0f}{reading:>9.2f}{nonzeros / reading / 1e6:>9.2f}"
    )


def random_model(nonzeros: int) -> Model:
    """Columns bounded on both sides, a third of them binary, 17 rows' worth of entries each."""
    columns, rows = max(2, nonzeros * 7 // 100), max(2, nonzeros * 6 // 100)
    random = np.random.default_rng(0)
    per_row = np.full(rows, nonzeros // rows)
    indptr = np.concatenate([[0], np.cumsum(per_row)]).astype(np.int32)
    stride = columns // int(per_row[0])
    indices = np.arange(per_row[0]) * stride + random.integers(0, stride, (rows, per_row[0]))
    matrix = sp.csr_array(
        (random.normal(size=indptr[-1]), indices.ravel().astype(np.int32), indptr),
        shape=(rows, columns),
    )
    integer = np.arange(columns) % 3 == 0
    low = np.where(integer, 0.0, -random.random(columns))
    high = np.where(integer, 1.0, random.random(columns))
    return Model(
        name="random",
        columns=Names((("x", columns),)),
        rows=Names((("row", rows),)),
        objective=random.normal(size=columns),
        lower=low,
        upper=high,
        integer=integer,
        matrix=matrix,
        sense=random.integers(-1, 1, rows).astype(np.int8),
        rhs=random.normal(size=rows),
    )


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def peak() -> int:
    """The most bytes the process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000)
