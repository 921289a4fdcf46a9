"""Random attributes and shapes: operators that cut, repeat, pick and put together."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from drawn_cases import Draft, constants, drafts, shapes
from hypothesis import strategies as st
from onnx_models import NEWEST, whole
from operator_cases import Case

__all__ = ["STRATEGIES"]

Shape = tuple[int, ...]


@st.composite
def slice_(draw: st.DrawFn) -> Case:
    """Some axes in any order; starts and ends far outside, steps back; never nothing."""
    shape = draw(shapes(1, 4))
    draft, x = draw(drafts(shape, double=True))
    axes = draw(st.permutations(range(len(shape))))[: draw(st.integers(1, len(shape)))]
    cuts = [draw(cut(shape[axis], steps=draft.opset >= 10)) for axis in axes]
    starts, ends, steps = (list(part) for part in zip(*cuts, strict=True))
    named = [signed(draw, axis, len(shape), draft.opset >= 11) for axis in axes]
    if draft.opset < 10:
        draft.add("Slice", x, starts=starts, ends=ends, axes=named)
    else:
        draft.add("Slice", x, whole(*starts), whole(*ends), whole(*named), whole(*steps))
    return draft.case(draw, "Slice")


@st.composite
def cut(draw: st.DrawFn, size: int, *, steps: bool) -> tuple[int, int, int]:
    """Start, end and step that leave something of an axis; how, is told by Python's slices."""
    step = draw(st.sampled_from([1, 1, 2, -1, -2])) if steps else 1
    ends = [*range(-size - 1, size + 2), 2**63 - 1, -(2**63)]
    starts = range(-size, size + 2) if step < 0 else [*range(-size - 1, size + 1), -(2**40)]
    found = [(a, b, step) for a in starts for b in ends if range(size)[a:b:step]]
    return draw(st.sampled_from(found))


def signed(draw: st.DrawFn, index: int, size: int, negative: bool = True) -> int:
    """An index from the front, or from the end."""
    return index - size if negative and draw(st.booleans()) else index


@st.composite
def split(draw: st.DrawFn) -> Case:
    """Two or three parts, of given sizes or equal; put together again in another order."""
    shape = draw(shapes(1, 3).filter(lambda shape: max(shape) > 1))
    axis = draw(st.sampled_from([i for i, size in enumerate(shape) if size > 1]))
    draft, x = draw(drafts(shape, double=True))
    sizes = draw(parts(shape[axis]))
    attributes: dict[str, Any] = {"axis": signed(draw, axis, len(shape), draft.opset >= 11)}
    inputs = [x]
    count = len(sizes)
    equal = [-(-shape[axis] // count)] * (count - 1)
    if draft.opset >= 18 and sizes[:-1] == equal and draw(st.booleans()):
        attributes["num_outputs"] = count
    elif draft.opset < 18 and len({*sizes}) == 1 and draw(st.booleans()):
        pass
    elif draft.opset >= 13:
        inputs.append(whole(*sizes))
    else:
        attributes["split"] = sizes
    more = tuple(f"part{i}" for i in range(1, count))
    first = draft.add("Split", *inputs, more=more, **attributes)
    names = draw(st.permutations([first, *more]))
    used = names[: draw(st.integers(1, count))]
    draft.add("Concat", *used, axis=axis)
    return draft.case(draw, "Split")


@st.composite
def parts(draw: st.DrawFn, size: int) -> list[int]:
    """A size in two or three, none of them 0."""
    cuts = draw(st.sets(st.integers(1, size - 1), min_size=1, max_size=2))
    ends = [0, *sorted(cuts), size]
    return [b - a for a, b in itertools.pairwise(ends)]


@st.composite
def indices(draw: st.DrawFn, shape: Shape, sizes: Shape | int, negative: bool = True) -> np.ndarray:
    """Indices below some sizes, along the last axis where there are several; some negative."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    drawn = rng.integers(0, sizes, shape)
    shift = rng.integers(0, 2, shape) * np.asarray(sizes)
    kind = draw(st.sampled_from([np.int64, np.int64, np.int32]))
    return np.asarray(drawn - shift if negative else drawn, dtype=kind)


@st.composite
def gather(draw: st.DrawFn) -> Case:
    shape = draw(shapes(1, 3, most=12))
    draft, x = draw(drafts(shape, double=True))
    axis = draw(st.integers(0, len(shape) - 1))
    at = draw(indices(draw(shapes(0, 2, most=4)), shape[axis], draft.opset >= 11))
    place = signed(draw, axis, len(shape), draft.opset >= 11)
    source, fixed = draw(either(draft, x, shape))
    draft.add("Gather", source, at, axis=place)
    return joined(draw, draft, "Gather", fixed)


@st.composite
def either(draw: st.DrawFn, draft: Draft, x: str, shape: Shape) -> tuple[Any, bool]:
    """The tensor, or sometimes constants of its shape; and whether it is those."""
    if draw(st.integers(0, 5)):
        return x, False
    return draft.folded(draw, draw(constants(shape))), True


def joined(draw: st.DrawFn, draft: Draft, op_type: str, fixed: bool) -> Case:
    """The case; to what is constant, a number is added that is not."""
    if fixed or draw(st.booleans()):
        draft.add("Add", draft.nodes[-1].output, draft.computed(draw, (1,)))
    return draft.case(draw, op_type)


@st.composite
def gather_elements(draw: st.DrawFn) -> Case:
    shape = draw(shapes(1, 3, most=18))
    draft, x = draw(drafts(shape, since=11, double=True))
    axis, chosen = draw(chosen_along(shape))
    at = draw(indices(chosen, shape[axis]))
    source, fixed = draw(either(draft, x, shape))
    draft.add("GatherElements", source, at,
              axis=signed(draw, axis, len(shape)))  # fmt: skip
    return joined(draw, draft, "GatherElements", fixed)


@st.composite
def chosen_along(draw: st.DrawFn, shape: Shape) -> tuple[int, Shape]:
    """An axis, and a shape of indices along it: no larger in the other axes."""
    axis = draw(st.integers(0, len(shape) - 1))
    sizes = [draw(st.integers(1, 3 if i == axis else size)) for i, size in enumerate(shape)]
    return axis, tuple(sizes)


@st.composite
def gather_nd(draw: st.DrawFn) -> Case:
    shape = draw(shapes(1, 3, most=18))
    draft, x = draw(drafts(shape, since=11))
    batch = draw(st.integers(0, len(shape) - 1)) if draft.opset >= 12 else 0
    deep = draw(st.integers(1, len(shape) - batch))
    lead = (*shape[:batch], *draw(shapes(0, 1)))
    at = draw(indices((*lead, deep), shape[batch : batch + deep])).astype(np.int64)
    more = {"batch_dims": batch} if batch or (draw(st.booleans()) and draft.opset >= 12) else {}
    source, fixed = draw(either(draft, x, shape))
    draft.add("GatherND", source, at, **more)
    return joined(draw, draft, "GatherND", fixed)


@st.composite
def scatter_nd(draw: st.DrawFn) -> Case:
    """Cells or slices, all different; the tensor and the updates computed or constant."""
    shape = draw(shapes(1, 3, most=18))
    draft, x = draw(drafts(shape, since=11))
    deep = draw(st.integers(1, len(shape)))
    cells = list(np.ndindex(shape[:deep]))
    rows = draw(st.permutations(cells))[: draw(st.integers(1, len(cells)))]
    at = np.array(rows, dtype=np.int64)
    updates = draw(updates_of(draft, (len(rows), *shape[deep:])))
    source, fixed = draw(either(draft, x, shape))
    draft.add("ScatterND", source, at, updates)
    return joined(draw, draft, "ScatterND", fixed)


@st.composite
def updates_of(draw: st.DrawFn, draft: Draft, shape: Shape) -> Any:
    """Constants or a computed tensor."""
    if draw(st.booleans()):
        return draft.computed(draw, shape)
    return draft.folded(draw, draw(constants(shape)))


def scatter(op_type: str, since: int, until: int) -> st.SearchStrategy[Case]:
    """ScatterElements, or the Scatter before it: different indices along each line."""

    @st.composite
    def strategy(draw: st.DrawFn) -> Case:
        shape = draw(shapes(1, 3, most=18))
        draft, x = draw(drafts(shape, since=since, until=until))
        axis = draw(st.integers(0, len(shape) - 1))
        sizes = [draw(st.integers(1, size)) for size in shape]
        rng = np.random.default_rng(draw(st.integers(0, 2**16)))
        places = rng.permuted(np.indices(shape)[axis], axis=axis)
        at = places[tuple(map(slice, sizes))]
        updates = draw(updates_of(draft, tuple(sizes)))
        source, fixed = draw(either(draft, x, shape))
        draft.add(op_type, source, at, updates, axis=axis)
        return joined(draw, draft, op_type, fixed)

    return strategy()


STRATEGIES = {
    "Gather": gather(),
    "GatherElements": gather_elements(),
    "GatherND": gather_nd(),
    "Scatter": scatter("Scatter", 9, 10),
    "ScatterElements": scatter("ScatterElements", 11, NEWEST),
    "ScatterND": scatter_nd(),
    "Slice": slice_(),
    "Split": split(),
}
