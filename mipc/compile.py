"""The compiler: a network and a question become models, and files. Read this first.

::

    network  = read_network("net.onnx")                    frontend/   ONNX -> core language
    query    = ask(network, question)                      properties/ head, network, tail: a graph
    compiled = compile_query(query)                        passes/     bounds, simplification
                                                           formulation.py, semantics/encode.py
    write_files(compiled, "q.mps")                         milp/, sidecar.py

Bounds are computed once a case, for all its disjuncts. Those that bounds close need no model; each
of the others becomes a model of its own, or all of a case together one, with ``combine``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mipc.errors import OptionError
from mipc.formulation import Compiled, Part, formulate
from mipc.ir.graph import Graph
from mipc.milp import files
from mipc.numerics.rationals import Enclosed
from mipc.passes import DEFAULT, Known, Pass, Problem, Record, run
from mipc.passes.bounds import Bounds
from mipc.properties.query import Case, Query
from mipc.properties.requirements import Disjunct

__all__ = [
    "Compiled",
    "Part",
    "Strengthen",
    "bound_case",
    "compile_query",
    "parts_of",
    "simplify",
    "write_files",
]

Watch = Callable[[str, Problem], None]
Strengthen = Callable[[Case, Problem, tuple[int, ...]], Known]

MOST_TERMS = 1000
"""So many terms a disjunct may have for its rows to be put to bounds in rationals."""

LEAST = 2.0**-1074
"""The least float64 above 0."""


def compile_query(
    query: Query,
    passes: Sequence[Pass] = DEFAULT,
    *,
    combine: bool = False,
    all_disjuncts: bool = False,
    groups: Sequence[tuple[int, ...]] | None = None,
    watch: Watch | None = None,
    strengthen: Strengthen | None = None,
) -> Compiled:
    """Compile a question.

    Parameters
    ----------
    combine : bool
        One model a case, with a selector for each open disjunct, instead of one model each.
    all_disjuncts : bool
        Also those that bounds close.
    groups : sequence of tuple of int, optional
        The targets of each model, instead of those chosen by bounds.
    watch : callable, optional
        Called after each pass with its name and the problem, for the first model.
    strengthen : callable, optional
        Tells more about the neurons that the open disjuncts of a case depend on; which disjuncts
        need a model is not changed by it.

    Raises
    ------
    OptionError
        The pipeline does not begin with bounds.
    RangeError
        Numbers that no solver can be trusted with.
    """
    bounded = [bound_case(case, passes, watch) for case in query.some_cases]
    parts = tuple(
        part
        for case, (problem, _) in zip(query.cases, bounded, strict=True)
        for part in parts_of(query, case, problem)
    )
    if groups is None:
        groups = _groups(query, parts, combine=combine, all_disjuncts=all_disjuncts)
    known = [Known() for _ in bounded]
    if strengthen is not None:
        for home in {query.home[targets[0]] for targets in groups}:
            mine = [part for part in parts if query.home[part.target] == home]
            alive = tuple(p.target for p in mine if p.is_open) or tuple(p.target for p in mine)
            known[home] = strengthen(query.cases[home], bounded[home][0], alive)
    formulations, problems, records = [], [], []
    for number, targets in enumerate(groups):
        home = query.home[targets[0]]
        problem, first = bounded[home]
        problem = problem.tightened(known[home].tighter)
        case = query.cases[home]
        simple, later = simplify(case, problem, targets, passes, watch if number == 0 else None)
        name, covers = _title(targets), known[home].covers
        formulations.append(formulate(query, simple, targets, name, covers))
        problems.append(simple)
        records.append(first + later)
    return Compiled(
        query, parts, tuple(formulations), tuple(problems), tuple(records),
        tuple(known[query.home[targets[0]]] for targets in groups),
    )  # fmt: skip


def bound_case(
    case: Case, passes: Sequence[Pass] = DEFAULT, watch: Watch | None = None
) -> tuple[Problem, tuple[Record, ...]]:
    """Run the passes up to the first bounds, on the graph of all disjuncts of a case."""
    count = _leading(passes)
    return run(Problem(case.graph, case.domain), passes[:count], watch=watch)


def simplify(
    case: Case,
    problem: Problem,
    targets: tuple[int, ...],
    passes: Sequence[Pass],
    watch: Watch | None = None,
) -> tuple[Problem, tuple[Record, ...]]:
    """Run the passes after the first bounds, on the graph of the chosen disjuncts only."""
    outputs = [*(f"violation#{target}" for target in targets), *case.kept]
    chosen = problem.become(Graph(problem.graph, outputs).pruned(), {})
    title = f"disjuncts {', '.join(map(str, targets))}"

    def titled(name: str, after: Problem) -> None:
        if watch is not None:
            watch(title if name == "start" else name, after)

    return run(chosen, passes[_leading(passes) :], watch=titled)


def write_files(compiled: Compiled, path: str | Path) -> list[tuple[Path, Path]]:
    """Write each model and its sidecar; each file appears whole or not at all.

    One model goes to ``path``; several to ``<stem>.<target><suffix>``. The sidecar has the same
    name with ``.json`` for ``.mps``, ``.lp`` and ``.gz``.

    Returns
    -------
    list of (model path, sidecar path)
    """
    from mipc.sidecar import (
        sidecar_bytes,
    )  # what it stands on is slow to import, and not for verify

    path = Path(path)
    stem, suffix = _split(path)
    several = len(compiled.formulations) > 1
    names = [
        f"{stem}.{formulation.targets[0]}" if several else stem
        for formulation in compiled.formulations
    ]
    places = {
        target: f"{name}{suffix}"
        for name, formulation in zip(names, compiled.formulations, strict=True)
        for target in formulation.targets
    }
    written = []
    for number, (name, formulation) in enumerate(zip(names, compiled.formulations, strict=True)):
        model_path, sidecar_path = path.parent / f"{name}{suffix}", path.parent / f"{name}.json"
        digest = files.write_model(formulation.model, model_path)
        text = sidecar_bytes(compiled, number, model_path.name, digest, places)
        files.write_atomic(sidecar_path, text)
        written.append((model_path, sidecar_path))
    return written


def _split(path: Path) -> tuple[str, str]:
    """``q.mps.gz`` -> ``q`` and ``.mps.gz``."""
    packed = ".gz" if path.name.endswith(".gz") else ""
    inner = Path(path.name.removesuffix(".gz"))
    return inner.stem, inner.suffix + packed


def _leading(passes: Sequence[Pass]) -> int:
    """How many passes there are up to the first bounds."""
    for number, step in enumerate(passes):
        if isinstance(step, Bounds):
            return number + 1
    raise OptionError(
        "the pipeline has no bounds", where="--passes", remedy="begin it with: bounds"
    )


def parts_of(query: Query, case: Case, problem: Problem) -> tuple[Part, ...]:
    """Bounds of each disjunct's margin, the smallest of its rows; and whether it is open.

    A disjunct is closed when its margin is surely negative: a tie is a violation. For the
    largest margin of all, it is closed when another disjunct's is surely larger.
    """
    ranges = [_range(case, disjunct, problem) for disjunct in case.disjuncts]
    threshold = 0.0
    if query.objective == "worst":
        threshold = max(low for low, _ in ranges)
    return tuple(
        Part(disjunct.number, low, high, high >= threshold)
        for disjunct, (low, high) in zip(case.disjuncts, ranges, strict=True)
    )


def _range(case: Case, disjunct: Disjunct, problem: Problem) -> tuple[float, float]:
    """Bounds of a disjunct's margin.

    Rounding may be all that leaves it open: its rows are then put to the bounds of the numbers
    they name once more, in rationals, where a strict row that can at most be met with equality
    counts as below 0, as :class:`~mipc.properties.requirements.Row` says.
    """
    span = problem.of(f"violation#{disjunct.number}")
    lower, upper = float(span.lower.min()), float(span.upper.min())
    terms = sum(len(row.terms) for row in disjunct.rows)
    if upper < 0 or terms > MOST_TERMS:
        return lower, upper
    low, high = _seen_bounds(case, problem)
    named = {index for row in disjunct.rows for index, _ in row.terms}
    if not all(np.isfinite(low[index]) and np.isfinite(high[index]) for index in named):
        return lower, upper
    known = {index: (Fraction(low[index]), Fraction(high[index])) for index in named}
    exact = min(row.range(known)[1] for row in disjunct.rows)
    if exact >= 0:
        return lower, upper
    return lower, min(float(np.asarray(Enclosed.of(exact).above)), -LEAST)


def _seen_bounds(
    case: Case, problem: Problem
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Bounds of all numbers that a question observes; infinite where none are known."""
    lower, upper = [], []
    for seen in case.seen:
        known = problem.of(seen.node) if seen.node in problem.bounds else None
        lower.append(np.full(seen.size, -np.inf) if known is None else known.lower[0])
        upper.append(np.full(seen.size, np.inf) if known is None else known.upper[0])
    return np.concatenate(lower), np.concatenate(upper)


def _groups(
    query: Query, parts: tuple[Part, ...], *, combine: bool, all_disjuncts: bool
) -> list[tuple[int, ...]]:
    """The disjuncts of each model; where all are closed, the least firmly closed one."""
    wanted = [part.target for part in parts if part.is_open or all_disjuncts]
    if not wanted:
        wanted = [max(parts, key=lambda part: part.upper).target]
    if not combine:
        return [(target,) for target in wanted]
    together: dict[int, list[int]] = {}
    for target in wanted:
        together.setdefault(query.home[target], []).append(target)
    return [tuple(targets) for targets in together.values()]


def _title(targets: tuple[int, ...]) -> str:
    return f"mipc_{'_'.join(map(str, targets))}"[:31].rstrip("_")
