"""Bounds of every value of a graph over a box: intervals first, backward lines where they help.

The walk goes forwards. Each value gets its interval; then, where the interval leaves the
operand of a ReLU undecided, or a member of a maximum, or an output, backward bounds are computed
for just those neurons and met with the interval. An affine function of the input alone needs no
second look: its interval is already the best there is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc import clock
from mipc.ir.graph import Graph
from mipc.ir.ops import Affine, Input, Max, Node, Relu, Smooth
from mipc.numerics.domains import Domain
from mipc.numerics.interval import Interval
from mipc.numerics.linear_maps import SelectMap
from mipc.numerics.products import FAST, Products
from mipc.numerics.rounding import check_float_environment
from mipc.numerics.windows import Rows
from mipc.semantics.interval import interval
from mipc.semantics.linear import Context, bound_neurons, bound_rows

__all__ = ["Method", "bound_graph", "bound_margins"]

Array: TypeAlias = npt.NDArray[np.float64]
Asked: TypeAlias = tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]
Method: TypeAlias = Literal["interval", "backward"]


def bound_graph(
    graph: Graph,
    domain: Mapping[str, Domain],
    *,
    method: Method = "backward",
    products: Products = FAST,
    outputs: bool = True,
    known: Mapping[str, Interval] | None = None,
) -> dict[str, Interval]:
    """Bounds of every value, for a batch of boxes at once.

    Parameters
    ----------
    domain : mapping of input name to Domain
        (B, n) each, the same B.
    method : "interval" or "backward"
    products : Products
        ``FAST``, or ``REPRODUCIBLE`` for the same bits on every machine.
    outputs : bool
        Whether outputs get backward bounds too.
    known : mapping of name to Interval, optional
        Bounds of some values, which are taken as they are.

    Returns
    -------
    dict of name to Interval
        (B, size) each; every value that a point of the domain can give lies inside.
    """
    check_float_environment()
    bounds: dict[str, Interval] = {}
    context = Context(graph, bounds, products, domain)
    batch = max((len(region.box.lower) for region in domain.values()), default=1)
    for node in graph:
        clock.check()
        if known is not None and node.name in known:
            bounds[node.name] = known[node.name]
            continue
        if isinstance(node.op, Input):
            bounds[node.name] = domain[node.name].box
            continue
        operands = [bounds[name] for name in node.operands]
        bounds[node.name] = interval(node, operands, products, batch)
        affine = isinstance(node.op, Affine)
        if method == "backward" and affine and not _is_exact(graph, node, domain):
            asked = _asked(graph, node, bounds[node.name], outputs)
            if asked[0].any() or asked[1].any():
                bounds[node.name] = _met(context, node, asked)
    return bounds


def bound_margins(
    graph: Graph,
    domain: Mapping[str, Domain],
    bounds: Mapping[str, Interval],
    rows: Rows,
    products: Products = FAST,
    *,
    name: str | None = None,
) -> Array:
    """Lower bounds of ``row @ value`` of the first output, or of a named value: (T,).

    ``rows.sample`` has to be sorted.
    """
    return bound_rows(Context(graph, bounds, products, domain), name or graph.outputs[0], rows)


def _is_exact(graph: Graph, node: Node, domain: Mapping[str, Domain]) -> bool:
    """Whether the interval of an affine value cannot be bettered by backward bounds.

    So it is for a function of one input that ranges over a box, and for a selection of numbers of
    another value: there the demand is passed on to that value (see :func:`_asked`).
    """
    if _selects(node):
        return True
    from_boxes = all(name in domain and domain[name].is_box for name in node.operands)
    return from_boxes and len(set(node.operands)) <= 1


def _selects(node: Node) -> bool:
    """Whether a value is numbers of another value in other places, and nothing else."""
    op = node.op
    if not isinstance(op, Affine) or len(op.maps) != 1 or not isinstance(op.maps[0], SelectMap):
        return False
    return op.is_exact and not op.offset.any()


def _asked(graph: Graph, node: Node, found: Interval, outputs: bool) -> Asked:
    """(B, size) twice: the neurons to decide, and those whose two bounds are both wanted."""
    decide = np.zeros(found.lower.shape, dtype=bool)
    both = np.zeros(found.lower.shape, dtype=bool)
    both[:] = outputs and node.name in graph.outputs
    for consumer in graph.consumers(node.name):
        match consumer.op:
            case Relu():
                decide |= (found.lower < 0) & (found.upper > 0)
            case Max():
                both |= _contested(consumer.op, found)
            case Smooth():
                both |= found.lower < found.upper
            case Affine(maps) if _selects(consumer):
                select = maps[0]
                assert isinstance(select, SelectMap)
                seen = Interval(select.apply(found.lower, FAST), select.apply(found.upper, FAST))
                used = np.flatnonzero(select.source >= 0)
                later = _asked(graph, consumer, seen, outputs)
                for mine, theirs in zip((decide, both), later, strict=True):
                    mine[:, select.source[used]] |= theirs[:, used]
            case _:
                pass
    return decide, both


def _contested(op: Max, found: Interval) -> npt.NDArray[np.bool_]:
    """Members that may be the largest of a group of which no other surely is."""
    absent = op.groups < 0
    lower = np.where(absent, -np.inf, found.lower[:, op.groups])
    upper = np.where(absent, -np.inf, found.upper[:, op.groups])
    open_members = upper >= lower.max(axis=2, keepdims=True)
    open_members &= (open_members.sum(axis=2, keepdims=True) > 1) & ~absent
    contested = np.zeros(found.lower.shape, dtype=bool)
    sample, group, member = np.nonzero(open_members)
    contested[sample, op.groups[group, member]] = True
    return contested


def _met(context: Context, node: Node, asked: Asked) -> Interval:
    """Backward bounds of the neurons asked for, met with what is known.

    Of a neuron that only has to be decided the likelier side is bounded first, and the other
    side only if that did not decide it.
    """
    found = context.bounds[node.name]
    lower, upper = found.lower.copy(), found.upper.copy()
    decide, both = asked
    likely = np.where(lower + upper > 0, 1.0, -1.0)
    for side in (likely, -likely):
        wanted = both | (decide & (lower < 0) & (upper > 0))
        sample, neuron = np.nonzero(wanted)
        if not len(sample):
            break
        sign = side[wanted]
        tight = bound_neurons(context, node.name, sample, neuron, sign)
        lower[wanted] = np.where(sign > 0, np.maximum(lower[wanted], tight), lower[wanted])
        upper[wanted] = np.where(sign < 0, np.minimum(upper[wanted], -tight), upper[wanted])
    return Interval.checked(lower, upper, node.name)
