"""What a pass is, and how a pipeline of them is run and recorded.

The naming law: a name denotes a function of the question's input. A pass may add names and drop
names, and never changes what a surviving name denotes. So bounds survive every pass and nothing
has to be invalidated.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, ClassVar, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc import clock
from mipc.errors import InternalError, MipcError
from mipc.ir.graph import Graph
from mipc.ir.ops import Affine, Max, Node, Relu, Smooth
from mipc.numerics.domains import Domain
from mipc.numerics.interval import Interval

__all__ = ["Cover", "Fate", "Known", "Pass", "Problem", "Record", "Tighter", "run"]

Index: TypeAlias = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Fate:
    """What became of neurons that no longer stand in the graph.

    Attributes
    ----------
    node : str
        The value the neurons belong to.
    what : str
        ``active`` (the ReLU is the identity), ``inactive`` (it is 0), ``dominated`` (a member of a
        maximum that never wins), ``unused`` (nothing depends on it), ``substituted`` (an affine
        value written out where it is used).
    neurons : tuple of int
    """

    node: str
    what: str
    neurons: tuple[int, ...]

    @staticmethod
    def of(node: Node, what: str, indices: Index) -> Fate:
        """The fate of some neurons of a value, told of the network's own value."""
        name, neurons = node.neurons(indices)
        return Fate(name, what, tuple(neurons.tolist()))


@dataclass(frozen=True, eq=False)
class Tighter:
    """Bounds of some neurons of a value of the network, tighter than the pass ``bounds`` has them.

    Attributes
    ----------
    node : str
    neurons : (k,) int
    lower, upper : (k,) float64
    """

    node: str
    neurons: Index
    lower: npt.NDArray[np.float64]
    upper: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cover:
    """Lines over ReLUs: ``relu <= slope @ x + offset`` wherever the only input ``x`` may lie.

    Attributes
    ----------
    node : str
        A value of the network.
    neurons : (k,) int
    target : int
        The disjunct for which they were found.
    slope, offset : (k, n), (k,) float64
    """

    node: str
    neurons: Index
    target: int
    slope: npt.NDArray[np.float64]
    offset: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of a case beside what passes find out."""

    tighter: tuple[Tighter, ...] = ()
    covers: tuple[Cover, ...] = ()


@dataclass(frozen=True, eq=False)
class Problem:
    """A graph over a box, and what is known of it: what a pass maps to what.

    Attributes
    ----------
    graph : Graph
    domain : mapping of input name to Domain
        For one sample each.
    bounds : dict of name to Interval
        (1, size) each; for every value of the graph, once the pass ``bounds`` has run.
    fates : tuple of Fate
    notes : dict of str to str
        Decisions a pass took, for ``--explain`` and the sidecar.
    """

    graph: Graph
    domain: Mapping[str, Domain]
    bounds: Mapping[str, Interval] = field(default_factory=dict)
    fates: tuple[Fate, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)

    def of(self, name: str) -> Interval:
        """Bounds of a value."""
        if name not in self.bounds:
            raise MipcError(
                f"there are no bounds for {name!r}", remedy="put the pass 'bounds' first"
            )
        return self.bounds[name]

    def tightened(self, known: Iterable[Tighter]) -> Problem:
        """The same problem with tighter bounds of some values, and of ReLUs over them."""
        bounds: dict[str, Interval] = {}
        for one in known:
            old = bounds.get(one.node, self.of(one.node))
            lower, upper = old.lower.copy(), old.upper.copy()
            lower[0, one.neurons] = np.maximum(lower[0, one.neurons], one.lower)
            upper[0, one.neurons] = np.minimum(upper[0, one.neurons], one.upper)
            bounds[one.node] = Interval(lower, upper)
        for node in self.graph:
            if isinstance(node.op, Relu) and node.operands[0] in bounds:
                over, old = bounds[node.operands[0]], self.of(node.name)
                lower = np.maximum(old.lower, np.maximum(over.lower, 0.0))
                upper = np.minimum(old.upper, np.maximum(over.upper, 0.0))
                bounds[node.name] = Interval(lower, upper)
        return self.become(self.graph, bounds)

    def become(
        self,
        graph: Graph,
        bounds: Mapping[str, Interval],
        fates: Iterable[Fate] = (),
        notes: Mapping[str, str] | None = None,
        domain: Mapping[str, Domain] | None = None,
    ) -> Problem:
        """The problem after a pass: a new graph, more bounds, more fates, the same domain.

        A pass may only give another ``domain`` that says the same in another way.
        """
        known = {**self.bounds, **bounds}
        kept = {node.name: known[node.name] for node in graph if node.name in known}
        return replace(
            self,
            graph=graph,
            domain=self.domain if domain is None else domain,
            bounds=kept,
            fates=(*self.fates, *fates),
            notes={**self.notes, **(notes or {})},
        )


class Pass(Protocol):
    """A frozen dataclass; its fields are its options."""

    name: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]

    def apply(self, problem: Problem) -> Problem:
        """The equivalent problem."""
        ...


@dataclass(frozen=True)
class Record:
    """What a pass did: the size of the problem after it.

    ``binaries`` is what a file would need: one for each neuron under a ReLU that bounds have not
    decided, one for each member of a maximum. ``nonzeros`` counts the entries of all affine maps.
    """

    name: str
    options: dict[str, str]
    nodes: int
    neurons: int
    unstable: int
    binaries: int
    nonzeros: int
    seconds: float
    note: str = ""

    def facts(self) -> dict[str, Any]:
        """Everything but the time: what the sidecar keeps."""
        return {key: value for key, value in asdict(self).items() if key != "seconds"}


def run(
    problem: Problem,
    passes: Iterable[Pass],
    *,
    watch: Callable[[str, Problem], None] | None = None,
) -> tuple[Problem, tuple[Record, ...]]:
    """Run passes in order.

    Parameters
    ----------
    watch : callable, optional
        Called with the name of each pass and the problem after it, first with ``"start"``.

    Raises
    ------
    MipcError
        With the name of the pass and of those before it.
    """
    records: list[Record] = []
    if watch:
        watch("start", problem)
    for step in passes:
        clock.check()
        begin = time.perf_counter()
        try:
            after = step.apply(problem)
        except MipcError as error:
            before = ", ".join(f"'{record.name}'" for record in records) or "nothing"
            where = f"pass '{step.name}' (after {before})"
            where = f"{where}: {error.where}" if error.where else where
            raise type(error)(error.what, where=where, remedy=error.remedy) from error
        seconds = time.perf_counter() - begin
        if after.graph.outputs != problem.graph.outputs:
            raise InternalError("the outputs changed", where=f"pass '{step.name}'")
        note = "; ".join(f"{k}: {v}" for k, v in after.notes.items() if k not in problem.notes)
        records.append(_record(step, after, seconds, note))
        problem = after
        if watch:
            watch(step.name, problem)
    return problem, tuple(records)


def _record(step: Pass, problem: Problem, seconds: float, note: str) -> Record:
    options = {f.name: str(getattr(step, f.name)) for f in fields(step)}
    nonzeros = unstable = binaries = 0
    for node in problem.graph:
        match node.op:
            case Affine(maps):
                nonzeros += sum(m.nonzeros for m in maps)
            case Relu():
                bounds = problem.bounds.get(node.operands[0])
                count = node.size
                if bounds is not None:
                    count = int(np.count_nonzero((bounds.lower < 0) & (bounds.upper > 0)))
                unstable += count
                binaries += count
            case Max(groups):
                sizes = (groups >= 0).sum(axis=1)
                binaries += int(sizes[sizes > 1].sum())
            case Smooth(_, cells) if cells > 1:
                binaries += cells * node.size
            case _:
                pass
    neurons = sum(node.size for node in problem.graph)
    count = len(problem.graph)
    return Record(step.name, options, count, neurons, unstable, binaries, nonzeros, seconds, note)
