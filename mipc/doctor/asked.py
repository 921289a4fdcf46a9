"""A question before it is solved: what bounds decide, and the files that are left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.compile import bound_case, parts_of, simplify
from mipc.doctor.neurons import RISKY, largest
from mipc.doctor.report import AskedFacts, Finding, ModelFacts
from mipc.errors import RangeError
from mipc.formulation import Part, formulate
from mipc.ir.ops import Relu, Smooth
from mipc.milp.model import Model, Names
from mipc.passes import Pass, Problem
from mipc.properties.query import Case, Query

__all__ = ["Progress", "asked"]

Progress: TypeAlias = Callable[[str], None]

MOST_CASES = 16
MOST_MODELS = 4
"""So many cases are bounded, and so many models made; others of a question are much like them."""

MANY = 1000
"""Binaries beyond this are more than most solvers see through in minutes."""

HEAVY = 200_000_000
"""Bytes of a file that take a while to read."""


@dataclass(frozen=True, eq=False)
class _Bounded:
    """A case after the first bounds."""

    case: Case
    problem: Problem
    parts: tuple[Part, ...]


def asked(
    query: Query, passes: Sequence[Pass], progress: Progress
) -> tuple[AskedFacts | None, list[Finding]]:
    """Facts of a question, and what they mean; None where its numbers allow no bounds."""
    try:
        progress("bounding the question")
        bounded = [_bounded(query, case, passes) for case in query.some_cases[:MOST_CASES]]
    except RangeError as error:
        return None, [_refused(error)]
    wanted = [(b, part.target) for b in bounded for part in b.parts if part.is_open]
    closed = sum(part.upper < 0 for b in bounded for part in b.parts)
    if not wanted:
        best = max(
            ((part.upper, part.target, i) for i, b in enumerate(bounded) for part in b.parts)
        )
        wanted = [(bounded[best[2]], best[1])]
    models: list[ModelFacts] = []
    findings: list[Finding] = []
    for b, target in wanted[:MOST_MODELS]:
        progress(f"sizing the file of disjunct {target}")
        try:
            models.append(_model(query, b, target, passes))
        except RangeError as error:
            findings.append(_refused(error))
            break
    states = [_states(b.problem) for b in bounded]
    worst = max(states, key=lambda state: state[2])
    most, where = max(largest(b.problem.graph, b.problem.bounds) for b in bounded)
    facts = AskedFacts(
        cases=len(query.cases),
        examined=len(bounded),
        disjuncts=len(query.disjuncts),
        closed=closed,
        active=worst[0],
        inactive=worst[1],
        unstable=worst[2],
        largest=most,
        files=len(wanted),
        models=models,
    )
    return facts, [*findings, *_risks(facts, where)]


def _bounded(query: Query, case: Case, passes: Sequence[Pass]) -> _Bounded:
    problem, _ = bound_case(case, passes)
    return _Bounded(case, problem, parts_of(query, case, problem))


def _states(problem: Problem) -> tuple[int, int, int]:
    """How many ReLU neurons are active, inactive, undecided."""
    active = inactive = unstable = 0
    for node in problem.graph:
        if isinstance(node.op, Relu):
            known = problem.of(node.operands[0])
            on, off = known.lower >= 0, known.upper <= 0
            active += int(np.count_nonzero(on))
            inactive += int(np.count_nonzero(off & ~on))
            unstable += int(np.count_nonzero(~on & ~off))
    return active, inactive, unstable


def _model(query: Query, b: _Bounded, target: int, passes: Sequence[Pass]) -> ModelFacts:
    simple, _ = simplify(b.case, b.problem, (target,), passes)
    made = formulate(query, simple, (target,), "mipc_examined")
    size = made.model.size
    return ModelFacts(
        targets=[target],
        columns=size["columns"],
        binaries=size["binaries"],
        rows=size["rows"],
        nonzeros=size["nonzeros"],
        dropped=made.dropped,
        enclosed=sum(node.size for node in simple.graph if isinstance(node.op, Smooth)),
        bytes=_text_size(made.model),
    )


def _text_size(model: Model) -> int:
    """About how many bytes the model has as MPS: an entry a line, two bounds a column.

    The digits of the numbers are those of a sample.
    """
    columns, rows = _lengths(model.columns), _lengths(model.rows)
    entries = columns[model.matrix.indices].sum() + (rows * np.diff(model.matrix.indptr)).sum()
    digits = _digits(model.matrix.data) + 4.0
    continuous = ~model.integer
    bounds = np.concatenate([model.lower[continuous], model.upper[continuous]])
    names = (2 * columns[continuous]).sum() + columns[model.integer].sum()
    total = float(entries) + model.matrix.nnz * digits + float(names + rows.sum())
    total += len(bounds) * (_digits(bounds) + 10.0) + 10.0 * int(model.integer.sum())
    total += len(model.rhs) * (_digits(model.rhs) + 20.0)
    return int(total)


def _lengths(names: Names) -> npt.NDArray[np.int64]:
    """How many characters each name has."""
    parts = [np.zeros(0, dtype=np.int64)]
    for stem, count in names.blocks:
        index = np.arange(max(count, 1))
        digits = np.floor(np.log10(np.maximum(index, 1))).astype(np.int64) + 2
        parts.append(np.full(1, len(stem)) if count < 0 else (len(stem) + digits)[:count])
    return np.concatenate(parts)


def _digits(numbers: npt.NDArray[np.float64]) -> float:
    """The mean length of numbers as text, by at most 1000 of them."""
    sample = numbers[:: max(len(numbers) // 1000, 1)]
    return sum(len(repr(float(x))) for x in sample) / max(len(sample), 1)


def _refused(error: RangeError) -> Finding:
    return Finding(
        level="red", topic="numbers", what=error.what, where=error.where, remedy=error.remedy
    )


def _risks(facts: AskedFacts, where: str) -> list[Finding]:
    """What the sizes of a question mean for solvers."""
    found = []
    if facts.largest > RISKY:
        what = f"a pre-activation is bounded by {facts.largest:.3g} only: a big-M of that size "
        what += "makes the tolerances of solvers count"
        found.append(("yellow", "numbers", what, where, "ask about a smaller box"))
    binaries = max((model.binaries for model in facts.models), default=0)
    if binaries > MANY:
        what = f"a file has {binaries} binaries: solvers may not finish"
        remedy = "ask about a smaller perturbation, or with fewer targets"
        found.append(("yellow", "size", what, "", remedy))
    heavy = max((model.bytes for model in facts.models), default=0)
    if heavy > HEAVY:
        what = f"a file has about {heavy / 1e6:.0f} MB"
        found.append(("yellow", "size", what, "", "write it as .mps.gz, or verify in process"))
    dropped = max((model.dropped for model in facts.models), default=0)
    if dropped:
        what = f"{dropped} coefficients are too small for solvers; they are left out and their "
        what += "rows widened, so that an answer may be unknown"
        found.append(("note", "numbers", what, "", ""))
    keys = ("level", "topic", "what", "where", "remedy")
    return [Finding.model_validate(dict(zip(keys, row, strict=True))) for row in found]
