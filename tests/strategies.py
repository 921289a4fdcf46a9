"""Random graphs of the core language, boxes around their inputs, and points in the boxes.

The structure of a graph is drawn by hypothesis, so that it shrinks; the numbers come from a seed
and a *style*: integers and eighths make exact ties and neurons that are stable at zero, floats
make rounding, ``wild`` makes nine orders of magnitude in one matrix.

``MIPC_THOROUGH=n`` draws ``50 n`` times as many examples, other ones at each run.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from mipc.ir.graph import Graph
from mipc.ir.network import Network, Port
from mipc.ir.ops import Affine, Input, Max, Node, Op, Relu, Smooth
from mipc.numerics import functions
from mipc.numerics.convolution import ConvMap
from mipc.numerics.interval import Interval
from mipc.numerics.linear_maps import (
    DenseMap,
    LinearMap,
    ScaleMap,
    SelectMap,
    SparseMap,
    identity,
)
from mipc.numerics.relaxation import Product

Layer = tuple[int, int, int]

TAME = ("integer", "eighths", "float32", "float64", "sparse", "zero")
WILD = (*TAME, "wild")


def examples(count: int) -> int:
    """How many examples to draw: ``count``, or more with ``MIPC_THOROUGH``."""
    return count * 50 * int(os.environ.get("MIPC_THOROUGH", "0") or "0") or count


@dataclass(frozen=True, eq=False)
class Case:
    """A graph, a box around its input, and a source of further random numbers."""

    graph: Graph
    box: Interval
    seed: int

    @property
    def rng(self) -> np.random.Generator:
        return np.random.default_rng(self.seed)

    def __repr__(self) -> str:
        lines = [f"  {_shown(node)}" for node in self.graph]
        box = f"  box {self.box.lower.tolist()} .. {self.box.upper.tolist()}"
        return "\n".join(["Case(", *lines, f"  outputs {self.graph.outputs}", box, ")"])


def numbers(rng: np.random.Generator, shape: tuple[int, ...], style: str) -> np.ndarray:
    """Random float64 numbers of a style."""
    match style:
        case "integer":
            return rng.integers(-3, 4, shape).astype(np.float64)
        case "eighths":
            return rng.integers(-16, 17, shape) / 8
        case "float32":
            return rng.normal(size=shape).astype(np.float32).astype(np.float64)
        case "float64":
            return rng.normal(size=shape)
        case "sparse":
            return rng.integers(-3, 4, shape) * (rng.random(shape) < 0.3).astype(np.float64)
        case "zero":
            return np.zeros(shape)
        case "wild":
            return rng.normal(size=shape) * 10.0 ** rng.uniform(-6, 3, shape)
    raise AssertionError(style)


STEPS = (
    "dense", "conv", "relu", "relu", "max", "add", "twice", "scale", "select", "doubt", "smooth",
    "product",
)  # fmt: skip

CURVES = (
    functions.SIGMOID, functions.TANH, functions.power(2), functions.SIN, functions.elu(),
    functions.elu(2.0), functions.HARDSWISH, functions.SIGN, functions.GELU, functions.SOFTPLUS,
    functions.thresholded_relu(0.5), functions.SQRT, functions.EXP, functions.RECIPROCAL,
)  # fmt: skip


@st.composite
def cases(
    draw: st.DrawFn,
    *,
    styles: tuple[str, ...] = TAME,
    inexact: bool = True,
    smooth: bool = False,
    several_outputs: bool = True,
    classes: int = 3,
    largest_layer: int = 5,
) -> Case:
    """A graph with a few steps, and a box."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1), label="seed"))
    style = draw(st.sampled_from(styles), label="style")
    kinds = [kind for kind in STEPS if inexact or kind != "doubt"]
    kinds = [kind for kind in kinds if smooth or kind not in ("smooth", "product")]
    steps = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=6), label="steps")
    layered = draw(st.booleans(), label="layered")
    if layered:
        side = st.integers(2, largest_layer)
        layer = (draw(st.integers(1, 2)), draw(side), draw(side))
        maker = Maker(rng, style, int(np.prod(layer)), layer)
    else:
        maker = Maker(rng, style, draw(st.integers(1, 4), label="inputs"), None)
    for kind in steps:
        maker.step(kind)
    maker.relu_if_affine()
    outputs = [maker.dense(classes, name="out")]
    if several_outputs and draw(st.booleans(), label="a second output"):
        outputs.append(str(rng.choice(maker.names)))
    graph = Graph(maker.nodes, list(dict.fromkeys(outputs))).pruned()
    kind = draw(st.sampled_from(BOXES), label="box")
    return Case(graph, box_of(kind, graph["x"].size, rng), draw(st.integers(0, 2**32 - 1)))


BOXES = ("integer", "integer", "ball", "ball", "narrow", "point", "ulp", "huge", "tiny", "partly")


def box_of(kind: str, size: int, rng: np.random.Generator) -> Interval:
    """A box (1, size) of some kind."""
    centre = rng.normal(size=size)
    radius = rng.uniform(0, 1, size)
    match kind:
        case "integer":
            lower = rng.integers(-2, 2, size).astype(np.float64)
            upper = lower + rng.integers(0, 3, size)
        case "narrow":
            lower, upper = centre - 1e-3 * radius, centre + 1e-3 * radius
        case "point":
            lower = upper = centre
        case "ulp":
            lower, upper = centre, np.nextafter(centre, np.inf)
        case "huge":
            lower, upper = 1e6 * (centre - radius), 1e6 * (centre + radius)
        case "tiny":
            lower, upper = 1e-6 * (centre - radius), 1e-6 * (centre + radius)
        case "partly":
            radius = radius * (rng.random(size) < 0.5)
            lower, upper = centre - radius, centre + radius
        case _:
            lower, upper = centre - radius, centre + radius
    return Interval(lower[None, :], upper[None, :])


def points_of(box: Interval, rng: np.random.Generator, count: int) -> np.ndarray:
    """(count, n) floats in a box (1, n): corners, mixed corners, points inside."""
    lower, upper = box.lower[0], box.upper[0]
    points = [lower, upper]
    while len(points) < count:
        share = rng.random(len(lower))
        inside = np.clip(lower + share * (upper - lower), lower, upper)
        corner = np.where(rng.random(len(lower)) < 0.5, lower, upper)
        points.append((corner, inside, np.where(rng.random(len(lower)) < 0.5, corner, inside))
                      [len(points) % 3])  # fmt: skip
    return np.array(points[:count])


@dataclass
class Maker:
    """Grows a graph step by step; each step mostly uses the newest value."""

    rng: np.random.Generator
    style: str
    inputs: int
    layer: Layer | None
    nodes: list[Node] = field(default_factory=list)
    layers: dict[str, Layer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.nodes.append(Node("x", Input(), (), self.inputs))
        if self.layer is not None:
            self.layers["x"] = self.layer

    @property
    def names(self) -> list[str]:
        return [node.name for node in self.nodes]

    def size(self, name: str) -> int:
        return next(node.size for node in self.nodes if node.name == name)

    def step(self, kind: str) -> str:
        """Add a value."""
        source = self.pick()
        match kind:
            case "dense":
                return self.dense(int(self.rng.integers(1, 6)))
            case "conv":
                layered = [name for name in self.names if name in self.layers]
                return self.conv(layered[-1]) if layered else self.dense(4)
            case "relu":
                return self.relu(source)
            case "max":
                return self.maximum(source)
            case "add":
                return self.add(source, self.partner(source))
            case "twice":
                return self.twice(source)
            case "scale":
                factors = self.draw((self.size(source),))
                return self.affine((source,), (ScaleMap(factors),), layer=self.layers.get(source))
            case "select":
                return self.select(source)
            case "doubt":
                return self.doubt(source)
            case "smooth":
                curve = CURVES[int(self.rng.integers(len(CURVES)))]
                return self.add_node("s", Smooth(curve), (source,), self.size(source))
            case "product":
                other = self.partner(source)
                if other == source:
                    other = self.twice(source) if self.size(source) == 1 else other
                if other == source or self.size(other) != self.size(source):
                    return self.relu(source)
                pair = (source, other)
                return self.add_node("p", Smooth(Product()), pair, self.size(source))
        raise AssertionError(kind)

    def draw(self, shape: tuple[int, ...]) -> np.ndarray:
        style = self.style if self.rng.random() < 0.9 else str(self.rng.choice(TAME))
        return numbers(self.rng, shape, style)

    def pick(self) -> str:
        names = self.names
        return names[-1] if self.rng.random() < 0.75 else str(self.rng.choice(names))

    def partner(self, name: str) -> str:
        """A value of the same size, often a new one beside it."""
        others = [n.name for n in self.nodes if n.size == self.size(name)]
        if self.rng.random() < 0.5:
            return str(self.rng.choice(others))
        source = self.pick()
        return self.affine((source,), (self.linear(self.size(name), self.size(source)),))

    def linear(self, m: int, n: int) -> LinearMap:
        """A dense or sparse matrix; sometimes with equal rows, sometimes with a zero row."""
        matrix = self.draw((m, n))
        if m > 1 and self.rng.random() < 0.2:
            matrix[-1] = matrix[0]
        if self.rng.random() < 0.2:
            matrix[self.rng.integers(m)] = 0.0
        if self.rng.random() < 0.3:
            return SparseMap(_sparse(matrix))
        return DenseMap(matrix)

    def dense(self, m: int, name: str = "") -> str:
        source = self.pick()
        return self.affine((source,), (self.linear(m, self.size(source)),), name=name)

    def conv(self, source: str) -> str:
        layer = self.layers[source]
        rng = self.rng
        groups = 2 if layer[0] % 2 == 0 and rng.random() < 0.4 else 1
        out = int(groups * rng.integers(1, 3))
        pads = tuple(int(p) for p in rng.integers(0, 2, 4))
        tall = int(rng.integers(1, min(3, layer[1] + pads[0] + pads[2]) + 1))
        wide = int(rng.integers(1, min(3, layer[2] + pads[1] + pads[3]) + 1))
        strides = tuple(int(s) for s in rng.choice([1, 1, 2], 2))
        dilations = tuple(
            2 if rng.random() < 0.15 and 2 * (k - 1) < n else 1
            for k, n in ((tall, layer[1]), (wide, layer[2]))
        )
        weight = self.draw((out, layer[0] // groups, tall, wide))
        conv = ConvMap(weight, layer, strides, dilations, pads, groups)  # type: ignore[arg-type]
        if conv.shape[0] > 60:
            return self.relu(source)
        channel = self.bias(out)
        offset = np.repeat(channel, conv.result[1] * conv.result[2])
        return self.affine((source,), (conv,), offset, layer=conv.result)

    def relu(self, source: str) -> str:
        return self.add_node("r", Relu(), (source,), self.size(source), self.layers.get(source))

    def relu_if_affine(self) -> None:
        if isinstance(self.nodes[-1].op, Affine) and self.rng.random() < 0.7:
            self.relu(self.nodes[-1].name)

    def maximum(self, source: str) -> str:
        """Overlapping groups, a member twice, groups of one."""
        n = self.size(source)
        shape = tuple(int(k) for k in self.rng.integers(1, (5, 4)))
        groups = self.rng.integers(0, n, shape)
        absent = self.rng.random(groups.shape) < 0.3
        absent[:, 0] = False
        groups = np.where(absent, -1, groups)
        return self.add_node("m", Max(np.array(groups, dtype=np.intp)), (source,), len(groups))

    def add(self, one: str, other: str) -> str:
        size = self.size(one)
        layer = self.layers.get(one)
        return self.affine((one, other), (identity(size), identity(size)), np.zeros(size), layer)

    def twice(self, source: str) -> str:
        """One value as two operands, under maps that have entries in the same places."""
        n, m = self.size(source), int(self.rng.integers(1, 4))
        return self.affine((source, source), (self.linear(m, n), self.linear(m, n)))

    def select(self, source: str) -> str:
        n = self.size(source)
        chosen = self.rng.integers(-1, n, int(self.rng.integers(1, min(2 * n, 12) + 1)))
        return self.affine((source,), (SelectMap(np.array(chosen, dtype=np.intp), n),))

    def doubt(self, source: str) -> str:
        """An affine value whose stored numbers are not exact."""
        m, n = int(self.rng.integers(1, 5)), self.size(source)
        relative = float(self.rng.choice([0.0, 2.0**-53, 1e-6, 1e-3]))
        radius = np.abs(self.draw((m,))) * 1e-3 if self.rng.random() < 0.6 or not relative else None
        op = Affine((self.linear(m, n),), self.bias(m), relative, radius)
        return self.add_node("d", op, (source,), m)

    def bias(self, m: int) -> np.ndarray:
        """Zero, random, or so low that a ReLU over it is dead."""
        kind = self.rng.random()
        if kind < 0.3:
            return np.zeros(m)
        return np.full(m, -1e3) if kind < 0.35 else self.draw((m,))

    def affine(
        self,
        operands: tuple[str, ...],
        maps: tuple[LinearMap, ...],
        offset: np.ndarray | None = None,
        layer: Layer | None = None,
        name: str = "",
    ) -> str:
        size = maps[0].shape[0]
        shift = self.bias(size) if offset is None else offset
        return self.add_node("z", Affine(maps, shift), operands, size, layer, name)

    def add_node(
        self,
        stem: str,
        op: Op,
        operands: tuple[str, ...],
        size: int,
        layer: Layer | None = None,
        name: str = "",
    ) -> str:
        name = name or f"{stem}{len(self.nodes)}"
        self.nodes.append(Node(name, op, operands, size, f"step {len(self.nodes)}"))
        if layer is not None:
            self.layers[name] = layer
        return name


def network_of(graph: Graph) -> Network:
    """A network that was never in a file: all but running it works."""
    classes = graph[graph.outputs[0]].size
    size = graph.inputs[0].size
    source = Port("x", graph.inputs[0].name, (size,), "float64")
    target = Port("out", graph.outputs[0], (classes,), "float64")
    return Network(graph, Path("made-up.onnx"), "0" * 64, (source,), (target,), 17)


thresholds = st.sampled_from([Fraction(0), Fraction(1, 10), Fraction(-1, 10), Fraction(1, 2)])


def _sparse(matrix: np.ndarray) -> object:
    import scipy.sparse as sp

    return sp.csr_array(matrix)


def _shown(node: Node) -> str:
    match node.op:
        case Affine(maps, offset, relative, radius):
            parts = ", ".join(f"{type(m).__name__}{m.tocsr().toarray().tolist()}" for m in maps)
            doubt = f" relative {relative} radius {radius}" if not node.op.is_exact else ""
            what = f"{parts} + {offset.tolist()}{doubt}"
        case Max(groups):
            what = f"max {groups.tolist()}"
        case _:
            what = type(node.op).__name__
    return f"{node.name} = {what} of {node.operands}"
