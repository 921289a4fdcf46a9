"""The compiler: a network and a question become models, and files. Read this first.

::

    network  = read_network("net.onnx")                    frontend/   ONNX -> core language
    query    = ask(network, question)                      properties/ one graph: network and tail
    compiled = compile_query(query)                        passes/     bounds, simplification
                                                           formulation.py, semantics/encode.py
    write_files(compiled, "q.mps")                         milp/, sidecar.py

Bounds are computed once, for all disjuncts of the question. Those that bounds close need no model;
each of the others becomes a model of its own, or all together one, with ``combine``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from mipc.errors import OptionError
from mipc.formulation import Compiled, Part, formulate
from mipc.ir.graph import Graph
from mipc.milp import files
from mipc.passes import DEFAULT, Pass, Problem, Record, run
from mipc.passes.bounds import Bounds
from mipc.properties.query import Query
from mipc.sidecar import sidecar_bytes

__all__ = [
    "Compiled",
    "Part",
    "bound_query",
    "compile_query",
    "parts_of",
    "simplify",
    "write_files",
]

Watch = Callable[[str, Problem], None]


def compile_query(
    query: Query,
    passes: Sequence[Pass] = DEFAULT,
    *,
    combine: bool = False,
    all_disjuncts: bool = False,
    groups: Sequence[tuple[int, ...]] | None = None,
    watch: Watch | None = None,
) -> Compiled:
    """Compile a question.

    Parameters
    ----------
    combine : bool
        One model with a selector for each open disjunct, instead of one model each.
    all_disjuncts : bool
        Also those that bounds close.
    groups : sequence of tuple of int, optional
        The targets of each model, instead of those chosen by bounds.
    watch : callable, optional
        Called after each pass with its name and the problem, for the first model.

    Raises
    ------
    OptionError
        The pipeline does not begin with bounds.
    RangeError
        Numbers that no solver can be trusted with.
    """
    problem, first = bound_query(query, passes, watch)
    parts = parts_of(query, problem)
    if groups is None:
        groups = _groups(parts, combine=combine, all_disjuncts=all_disjuncts)
    formulations, problems, records = [], [], []
    for number, targets in enumerate(groups):
        simple, later = simplify(problem, targets, passes, watch if number == 0 else None)
        name = f"mipc_{'_'.join(map(str, targets))}"[:31].rstrip("_")
        formulations.append(formulate(query, simple.graph, simple.bounds, targets, name))
        problems.append(simple)
        records.append(first + later)
    return Compiled(query, parts, tuple(formulations), tuple(problems), tuple(records))


def bound_query(
    query: Query, passes: Sequence[Pass] = DEFAULT, watch: Watch | None = None
) -> tuple[Problem, tuple[Record, ...]]:
    """Run the passes up to the first bounds, on the graph of all disjuncts."""
    count = _leading(passes)
    box = {query.graph.inputs[0].name: query.box.interval}
    return run(Problem(query.graph, box), passes[:count], watch=watch)


def simplify(
    problem: Problem, targets: tuple[int, ...], passes: Sequence[Pass], watch: Watch | None = None
) -> tuple[Problem, tuple[Record, ...]]:
    """Run the passes after the first bounds, on the graph of the chosen disjuncts only."""
    outputs = [f"violation#{target}" for target in targets]
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


def parts_of(query: Query, problem: Problem) -> tuple[Part, ...]:
    """Bounds of each disjunct's margin, the smallest of its rows; and whether it is open.

    A disjunct is closed when its margin is surely negative: a tie is a violation. For the
    largest margin of all, it is closed when another disjunct's is surely larger.
    """
    spans = [problem.of(output) for output in problem.graph.outputs]
    ranges = [(float(s.lower.min()), float(s.upper.min())) for s in spans]
    threshold = 0.0
    if query.question.objective == "worst":
        threshold = max(low for low, _ in ranges)
    return tuple(
        Part(disjunct.target, low, high, high >= threshold)
        for disjunct, (low, high) in zip(query.disjuncts, ranges, strict=True)
    )


def _groups(
    parts: tuple[Part, ...], *, combine: bool, all_disjuncts: bool
) -> list[tuple[int, ...]]:
    """The targets of each model; where all are closed, the least firmly closed one."""
    wanted = [part.target for part in parts if part.is_open or all_disjuncts]
    if not wanted:
        wanted = [max(parts, key=lambda part: part.upper).target]
    return [tuple(wanted)] if combine else [(target,) for target in wanted]
