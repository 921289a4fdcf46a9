"""The numbers of a network: how large and small its weights are, and which are not exact."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.doctor.report import Finding, LayerFacts, StoredFacts
from mipc.frontend.builder import Constant
from mipc.frontend.survey import Survey, type_name
from mipc.ir.graph import Graph
from mipc.ir.ops import Affine, Node
from mipc.milp.conditioning import LARGEST, SMALLEST
from mipc.numerics.convolution import ConvMap
from mipc.numerics.linear_maps import DenseMap, LinearMap, ScaleMap, SelectMap

__all__ = ["layers", "number_findings", "stored"]

Array: TypeAlias = npt.NDArray[np.float64]

LARGE = 1e6
"""A solver's tolerance of 1e-6 on a binary, times this, is 1."""

ALONE = 1e5
"""A weight that is so many times the median of its layer stands out, if it is notable."""

NOTABLE = 100.0

NORMAL = {
    "FLOAT": 2.0**-126,
    "DOUBLE": 2.0**-1022,
    "FLOAT16": 2.0**-14,
    "BFLOAT16": 2.0**-126,
}
"""The least normal number of each type of weights."""


def layers(graph: Graph) -> list[LayerFacts]:
    """The affine values that have coefficients other than those of selections."""
    found = []
    for node in graph:
        match node.op:
            case Affine(maps) if any(not isinstance(m, SelectMap) for m in maps) or not maps:
                found.append(_layer(node, node.op))
            case Affine(_, offset) if offset.any():
                found.append(_layer(node, node.op))
            case _:
                pass
    return found


def stored(survey: Survey) -> StoredFacts | None:
    """Facts of all floating-point initializers that could be read, unless there are none."""
    sizes = [np.zeros(0)]
    numbers = denormal = beyond = 0
    for entry in survey.model.graph.initializer:
        tensor = survey.tensors.get(entry.name)
        kind = type_name(entry.data_type)
        if not isinstance(tensor, Constant) or kind not in NORMAL:
            continue
        size = np.abs(tensor.array.reshape(-1))
        nonzero = size[size > 0]
        numbers += size.size
        denormal += int(np.count_nonzero(nonzero < NORMAL[kind]))
        beyond += _beyond_float32(size) if kind == "DOUBLE" else 0
        sizes += [nonzero.min(keepdims=True), nonzero.max(keepdims=True)] if nonzero.size else []
    if not numbers:
        return None
    ends = np.concatenate(sizes)
    least, most = (float(ends.min()), float(ends.max())) if ends.size else (0.0, 0.0)
    return StoredFacts(
        numbers=numbers,
        largest=most,
        smallest=least,
        ratio=min(most / least, float(np.finfo(np.float64).max)) if least else 1.0,
        denormal=denormal,
        beyond_float32=beyond,
    )


def number_findings(found: list[LayerFacts], file: StoredFacts | None) -> Iterator[Finding]:
    """Numbers that make trouble: in the layers, worst first, and in the file."""
    for layer in sorted(found, key=lambda layer: -max(layer.largest, layer.offset)):
        yield from _of_layer(layer)
    largest = max((max(layer.largest, layer.offset) for layer in found), default=0.0)
    if file is not None and file.largest >= LARGEST and largest < LARGEST:
        yield _finding(
            "red", f"a constant of the file has the size {file.largest:.3g}", "", RETRAIN
        )
    small = [layer for layer in found if 0.0 < layer.smallest <= SMALLEST]
    if small:
        least = min(layer.smallest for layer in small)
        what = f"weights down to {least:.3g} in {len(small)} layers: coefficients of up to "
        what += f"{SMALLEST:.0e} are left out of files, and their rows widened instead"
        yield _finding("note", what, small[0].where)
    if file is not None and file.denormal:
        what = f"{file.denormal} of {file.numbers} constants are denormal: runtimes may flush them"
        yield _finding("note", what)
    if file is not None and file.beyond_float32:
        what = f"{file.beyond_float32} constants of type double are not floats of 32 bits"
        yield _finding("note", what, "", "they are taken as they are; nothing is rounded")
    if rounded := [layer.where for layer in found if not layer.exact]:
        what = f"numbers of {len(rounded)} layers are computed while reading and rounded"
        yield _finding("note", what, rounded[0], "the error is stated and bounds account for it")


RETRAIN = "look where it comes from: a backdoor looks like this; scale the layers before exporting"


def _of_layer(layer: LayerFacts) -> Iterator[Finding]:
    most = max(layer.largest, layer.offset)
    if most >= LARGEST:
        what = f"a number of size {most:.3g}: beyond {LARGEST:.0e} solvers cannot be trusted"
        what += ", and float arithmetic loses whatever is added to it"
        yield _finding("red", what, layer.where, RETRAIN)
    elif most >= LARGE:
        what = f"a number of size {most:.3g}: tolerances of solvers become errors of whole units"
        yield _finding("yellow", what, layer.where, RETRAIN)
    elif layer.largest >= max(ALONE * layer.median, NOTABLE):
        times = layer.largest / layer.median
        what = f"a weight of size {layer.largest:.3g} is {times:.2g} times the median of its layer"
        yield _finding("yellow", what, layer.where, RETRAIN)


def _finding(level: str, what: str, where: str = "", remedy: str = "") -> Finding:
    facts = {"level": level, "topic": "numbers", "what": what, "where": where, "remedy": remedy}
    return Finding.model_validate(facts)


def _layer(node: Node, op: Affine) -> LayerFacts:
    size = np.concatenate([np.zeros(0), *(np.abs(_entries(m)) for m in op.maps)])
    nonzero = size[size > 0]
    known = nonzero.size > 0
    return LayerFacts(
        where=node.origin or node.name,
        coefficients=nonzero.size,
        largest=float(nonzero.max()) if known else 0.0,
        smallest=float(nonzero.min()) if known else 0.0,
        median=float(np.median(nonzero)) if known else 0.0,
        offset=float(np.abs(op.offset).max(initial=0.0)),
        exact=op.is_exact,
    )


def _entries(linear: LinearMap) -> Array:
    """The different coefficients of a map: of a convolution, its kernel."""
    match linear:
        case DenseMap(matrix):
            return matrix.reshape(-1)
        case ConvMap(weight):
            return weight.reshape(-1)
        case ScaleMap(factors):
            return factors
        case SelectMap():
            return np.zeros(0)
        case _:
            return np.asarray(linear.tocsr().data)


def _beyond_float32(size: Array) -> int:
    with np.errstate(over="ignore", under="ignore"):
        return int(np.count_nonzero(size.astype(np.float32).astype(np.float64) != size))
