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

from mipc.milp import lp, mps
from mipc.milp.files import read_model, write_model
from mipc.milp.model import Model, Names


def main(nonzeros: int) -> None:
    model = random_model(nonzeros)
    print(f"{model.size}")
    print("             seconds  M nnz/s     MB  B/nnz")
    for form, chunks in (("mps", mps.chunks), ("lp", lp.chunks)):
        report(f"{form} text", model, lambda chunks=chunks: sum(map(len, chunks(model))))
    with tempfile.TemporaryDirectory() as folder:
        for suffix in (".mps", ".mps.gz", ".lp", ".lp.gz"):
            path = Path(folder) / f"model{suffix}"
            report(f"to {suffix}", model, lambda path=path: written(model, path))
            report(f"from {suffix}", model, lambda path=path: read_model(path) and 0, times=1)


def report(what: str, model: Model, work: Callable[[], int], times: int = 3) -> None:
    """One line: the best time, the bytes made, and the growth of the peak of memory."""
    before, best, size = peak(), float("inf"), 0
    for _ in range(times):
        start = time.perf_counter()
        size = work()
        best = min(best, time.perf_counter() - start)
    nonzeros = model.matrix.nnz
    memory = (peak() - before) / nonzeros
    print(f"{what:<12}{best:>8.2f}{nonzeros / best / 1e6:>9.2f}{size / 1e6:>7.0f}{memory:>7.0f}")


def written(model: Model, path: Path) -> int:
    """The size of the file, once written."""
    write_model(model, path)
    return path.stat().st_size


def random_model(nonzeros: int) -> Model:
    """Columns bounded on both sides, a third of them binary, 16 entries in each row."""
    columns, rows = max(2, nonzeros * 7 // 100), max(2, nonzeros // 16)
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


def peak() -> int:
    """The most bytes the process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000)
