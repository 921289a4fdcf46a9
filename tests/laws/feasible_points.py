"""A run of a network as a point of its model, and whether exact arithmetic lets it in.

Which number belongs in which column is read from the layout; rows and bounds are then checked in
Fractions, without any tolerance.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np
from exact_runs import Values, Wobble, exact_run, follow

from mipc.compile import bound_case, simplify
from mipc.formulation import Formulation, formulate
from mipc.ir.ops import Max, Node, Smooth
from mipc.milp.model import Model
from mipc.numerics import functions
from mipc.numerics.relaxation import Product
from mipc.passes import Pass, Problem
from mipc.properties.query import Query
from mipc.semantics.encode import Block


def query_run(query: Query, point: np.ndarray, wobble: Wobble) -> Values:
    """A run of the network, and the margins as the question means them: exactly."""
    network = query.network.graph
    values = exact_run(network, point, wobble)
    numbers = [number for seen in query.case.seen for number in values[seen.node]]
    rows_of_all: list[Fraction] = []
    for disjunct, name in zip(query.disjuncts, query.graph.outputs, strict=True):
        rows = [
            sum((coefficient * numbers[i] for i, coefficient in row.terms), row.constant)
            for row in disjunct.rows
        ]
        values[name] = rows
        rows_of_all += rows
    # other nodes of the tail hold all rows, one disjunct after the other
    for node in query.graph:
        if node.name not in values:
            assert node.size == len(rows_of_all), f"what is {node.name}?"
            values[node.name] = rows_of_all
    return values


def margin_of(query: Query, values: Values, targets: Sequence[int]) -> tuple[Fraction, int]:
    """The largest exact margin over some disjuncts, and whose it is."""
    return max((min(values[f"violation#{t}"]), t) for t in targets)


def formulation_of(
    query: Query, passes: Sequence[Pass], targets: tuple[int, ...]
) -> tuple[Formulation, list[Problem]]:
    """A model as the compiler makes it, and the problem after each pass."""
    seen: list[Problem] = []
    case = query.case
    problem, _ = bound_case(case, passes, lambda name, after: seen.append(after))
    simple, _ = simplify(case, problem, targets, passes, lambda name, after: seen.append(after))
    return formulate(query, simple, targets, "law"), seen


def followed(seen: list[Problem], values: Values) -> Values:
    """The run in the last of several problems, each pass of which has to keep its meaning."""
    for before, after in pairwise(seen):
        if before.graph.outputs == after.graph.outputs:
            values = follow(before, after, values)
    return values


def point_of(
    query: Query, formulation: Formulation, problem: Problem, values: Values
) -> list[Fraction]:
    """The columns of the model at a run."""
    columns: list[Fraction] = []
    best, winner = margin_of(query, values, formulation.targets)
    centre = query.centre
    for block in formulation.layout.blocks:
        match block.role:
            case "phase of relu":
                y = values[block.node]
                columns += [Fraction(int(y[i] > 0)) for i in block.neurons]
            case "cell" | "copy in a cell":
                columns += _in_cells(problem, block, values)
            case "choice of max":
                columns += _choices(problem, block.node, values)
            case "margin":
                columns.append(best)
            case "selector":
                columns += [Fraction(int(target == winner)) for target in block.neurons]
            case "distance":
                assert centre is not None
                x = values[problem.graph.inputs[0].name]
                away = [abs(v - Fraction(c)) for v, c in zip(x, centre.tolist(), strict=True)]
                columns += [max(away)] if len(block.neurons) == 1 < len(away) else away
            case _:
                columns += [values[block.node][i] for i in block.neurons]
    exponents = formulation.layout.exponents.tolist()
    return [v / Fraction(2) ** e for v, e in zip(columns, exponents, strict=True)]


def _choices(problem: Problem, name: str, values: Values) -> list[Fraction]:
    """For each member of each group 1 if it is the first largest."""
    node = _node(problem, name, Max)
    assert isinstance(node.op, Max)
    z = values[node.operands[0]]
    chosen = []
    for group in node.op.groups.tolist():
        members = [j for j in group if j >= 0]
        winner = max(range(len(members)), key=lambda k: z[members[k]])
        chosen += [Fraction(int(k == winner)) for k in range(len(members))]
    return chosen


def _in_cells(problem: Problem, block: Block, values: Values) -> list[Fraction]:
    """For each cell of each neuron 1 if it is the one chosen, or the argument if it is."""
    node = _node(problem, block.node, Smooth)
    assert isinstance(node.op, Smooth)
    neuron, fits = _fitting(problem, node, node.op, values)
    second = block.stem.startswith("w")
    argument = values[node.operands[1 if second else 0]]
    taken: set[int] = set()
    columns = []
    for i, fit in zip(neuron.tolist(), fits, strict=True):
        chosen = fit and i not in taken
        taken |= {i} if chosen else set()
        columns.append(Fraction(0) if not chosen else
                       Fraction(1) if block.role == "cell" else argument[i])  # fmt: skip
    assert len(taken) == node.size, f"{node.name}: a run lies in no cell"
    return columns


def _fitting(
    problem: Problem, node: Node, op: Smooth, values: Values
) -> tuple[np.ndarray, list[bool]]:
    """Whose each cell is, and whether the run lies in it and between its lines."""
    z, y = values[node.operands[0]], values[node.name]
    known = problem.bounds[node.operands[0]]
    lower, upper = known.lower[0], known.upper[0]
    if isinstance(op.function, Product):
        neuron = np.repeat(np.arange(node.size), op.cells)
        ends = lower[:, None] + (upper - lower)[:, None] * (np.arange(op.cells + 1) / op.cells)
        ends[:, -1] = upper
        cells = zip(neuron.tolist(), ends[:, :-1].ravel(), ends[:, 1:].ravel(), strict=True)
        return neuron, [low <= z[i] <= high for i, low, high in cells]
    neuron, low, high = functions.cells_of(op.function, lower, upper, op.cells)
    lines = functions.cell_lines(op.function, low, high)
    below = zip(lines.lower_slope.tolist(), lines.lower_offset.tolist(), strict=True)
    above = zip(lines.upper_slope.tolist(), lines.upper_offset.tolist(), strict=True)
    return neuron, [
        a <= z[i] <= b
        and Fraction(s) * z[i] + Fraction(t) <= y[i] <= Fraction(v) * z[i] + Fraction(w)
        for i, a, b, (s, t), (v, w) in zip(
            neuron.tolist(), low.tolist(), high.tolist(), below, above, strict=True
        )
    ]


def _node(problem: Problem, name: str, kind: type) -> Node:
    """The node of some kind that is a value of the network, or part of it."""
    (node,) = [n for n in problem.graph if isinstance(n.op, kind) and _home(n) == name]
    return node


def _home(node: Node) -> str:
    """The value of the network that a value is, or is part of."""
    return node.name if node.part_of is None else node.part_of[0]


def assert_feasible(model: Model, point: Sequence[Fraction]) -> None:
    """Every bound and row of a model holds at a point, exactly."""
    assert len(point) == len(model.objective)
    columns, rows = model.columns.texts(), model.rows.texts()
    for i, value in enumerate(point):
        low, high = model.lower[i].item(), model.upper[i].item()
        assert low <= value <= high, f"{columns[i]} = {float(value)!r} not in [{low!r}, {high!r}]"
        if model.integer[i]:
            assert value.denominator == 1, f"{columns[i]} = {float(value)!r} is not whole"
    for row, total in enumerate(left_hand_sides(model, point)):
        sense, rhs = int(model.sense[row]), Fraction(model.rhs[row].item())
        over = total - rhs
        holds = over <= 0 if sense < 0 else over >= 0 if sense > 0 else over == 0
        assert holds, f"row {rows[row]}: off by {float(over):.3g}"


def left_hand_sides(model: Model, point: Sequence[Fraction]) -> list[Fraction]:
    """``matrix @ point``, exactly."""
    starts, columns, entries = (
        model.matrix.indptr.tolist(), model.matrix.indices.tolist(), model.matrix.data.tolist()
    )  # fmt: skip
    return [
        sum((Fraction(entries[k]) * point[columns[k]] for k in range(a, b)), Fraction(0))
        for a, b in pairwise(starts)
    ]
