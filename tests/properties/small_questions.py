"""Small pictures, small networks over them, and families drawn at random."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import numpy as np
from onnx import helper
from references import (
    Blur,
    Image,
    Light,
    Limits,
    Move,
    OnGrid,
    Patch,
    Translate,
    Unrestricted,
    exactly,
)
from small_networks import Layers, save

from mipc.ir.network import Network
from mipc.properties.normalisation import Normalisation
from mipc.properties.perturbations import parse_perturbation
from mipc.properties.query import Case, Query
from mipc.properties.question import Question, ask
from mipc.properties.requirements import ArgMax, Requirement

SHAPES = ((1, 1, 2, 3), (1, 3, 1, 2), (1, 2, 2, 3), (1, 4), (2, 2))
"""Of pictures with one and three channels, channels last, of no picture, of a bare picture."""

FLAT = ("linf", "l1", "l2", "unrestricted", "brightness", "contrast", "linf grid", "l2 grid",
        "unrestricted grid")  # fmt: skip
PICTURES = (*FLAT, "blur", "translate", "patch", "patch at", "patch grid")
LATER = ("linf", "l1", "l2", "brightness", "contrast")


def picture_network(
    path: Path, layers: Layers, shape: tuple[int, ...], dtype: str = "float32"
) -> Network:
    """A picture, flattened, through dense layers with a ReLU between two."""
    size = int(np.prod(shape))
    nodes = [helper.make_node("Reshape", ["x", "flat"], ["h"])]
    weights = {"flat": np.array([1, size])}
    value = "h"
    for i, (matrix, bias) in enumerate(layers):
        last = i == len(layers) - 1
        result = "y" if last else f"z{i}"
        weights |= {f"W{i}": np.asarray(matrix, float), f"b{i}": np.asarray(bias, float)}
        nodes.append(helper.make_node("Gemm", [value, f"W{i}", f"b{i}"], [result], transB=1))
        if not last:
            nodes.append(helper.make_node("Relu", [result], [f"h{i}"]))
            value = f"h{i}"
    return save(path, nodes, weights, shape, len(layers[-1][1]), dtype)


def random_layers(
    rng: np.random.Generator, size: int, hidden: int = 3, classes: int = 3
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Two dense layers of eighths."""
    return [
        (rng.integers(-16, 17, (hidden, size)) / 8, rng.integers(-8, 9, hidden) / 8),
        (rng.integers(-16, 17, (classes, hidden)) / 8, rng.integers(-8, 9, classes) / 8),
    ]


def output_of(layers: Layers, x: np.ndarray) -> np.ndarray:
    """What dense layers make of a flat input, float or Fraction."""
    for i, (matrix, bias) in enumerate(layers):
        if x.dtype == object:
            matrix, bias = exactly(matrix), exactly(bias)
        x = matrix @ x + bias
        if i < len(layers) - 1:
            x = np.maximum(x, 0 * x)
    return x


def planes_of(shape: tuple[int, ...]) -> np.ndarray:
    """(channels, height, width) of flat index."""
    index = np.arange(int(np.prod(shape)))
    if shape == (1, 2, 2, 3):  # channels last
        return index.reshape(2, 2, 3).transpose(2, 0, 1)
    if len(shape) == 4:
        return index.reshape(shape[1:])
    return index.reshape(1, *shape)


def drawn(kind: str, rng: np.random.Generator, shape: tuple[int, ...]):
    """A family of a kind, by its definition."""
    radius = Fraction(int(rng.integers(0, 9)), int(rng.choice([8, 10, 20])))
    if kind.endswith(" grid"):
        return OnGrid(drawn(kind.removesuffix(" grid"), rng, shape), int(rng.choice([4, 255])))
    planes = planes_of(shape).shape[1:]
    tall, wide = (int(rng.integers(1, n + 1)) for n in planes)
    match kind:
        case "linf" | "l1" | "l2":
            return Move(kind, radius)
        case "brightness" | "contrast":
            return Light(kind, radius)
        case "blur":
            return Blur(int(rng.integers(1, 4)), int(rng.integers(1, 4)))
        case "translate":
            return Translate(min(radius * 2, Fraction(max(planes)) - Fraction(1, 2)))
        case "patch":
            return Patch(tall, wide)
        case "patch at":
            row, column = int(rng.integers(planes[0] - tall + 1)), planes[1] - wide
            return Patch(tall, wide, (row, column))
    return Unrestricted()


@dataclass(frozen=True, eq=False)
class Asked:
    """A question about a small network, and what it means by definition.

    ``families`` act one after the other; ``shown`` is what stands for ``mean`` and ``std``.
    """

    query: Query
    families: tuple
    layers: Layers
    shape: tuple[int, ...]
    domain: Limits
    normal: tuple[Fraction, Fraction] | None

    @cached_property
    def centre(self) -> Image:
        """(channels, height, width)."""
        assert self.query.centre is not None
        return exactly(self.query.centre)[planes_of(self.shape)]

    def draw(self, rng: np.random.Generator) -> list[list[Fraction]]:
        """Allowed parameters of each family."""
        image, chosen = self.centre, []
        for i, family in enumerate(self.families):
            chosen.append(family.draw(rng, image, self.domain, i == 0))
            image = family.of(chosen[-1], image, self.domain, i == 0)
        return chosen

    def allows(self, chosen: list[list[Fraction]]) -> bool:
        """Whether parameters are, by definition."""
        image = self.centre
        for i, (family, numbers) in enumerate(zip(self.families, chosen, strict=True)):
            if not family.allows(numbers, image, self.domain, i == 0):
                return False
            image = family.of(numbers, image, self.domain, i == 0)
        return True

    def image(self, chosen: list[list[Fraction]]) -> list[Fraction]:
        """The perturbed image, flat."""
        image = self.centre
        for i, (family, numbers) in enumerate(zip(self.families, chosen, strict=True)):
            image = family.of(numbers, image, self.domain, i == 0)
        flat = np.empty(image.size, dtype=object)
        flat[planes_of(self.shape)] = image
        return list(flat)

    def received(self, image: list[Fraction]) -> list[Fraction]:
        """What the network receives for an image."""
        if self.normal is None:
            return image
        return [(v - self.normal[0]) / self.normal[1] for v in image]

    def output(self, image: list[Fraction]) -> list[Fraction]:
        return list(output_of(self.layers, np.array(self.received(image), dtype=object)))

    def parameters(self, case: Case, chosen: list[list[Fraction]]) -> dict[str, list[Fraction]]:
        """The families' parameters as the parameters of a head."""
        found: dict[str, list[Fraction]] = {}
        names = list(case.regions)
        assert len(names) == len(self.families)
        for name, family, numbers in zip(names, self.families, chosen, strict=True):
            if isinstance(family, Light | Blur):
                found[name] = list(numbers)
            elif isinstance(family, Translate):
                corner = corner_of(case)
                found[name] = [v - c for v, c in zip(numbers, corner, strict=True)]
            else:
                flat = np.empty(len(numbers), dtype=object)
                flat[planes_of(self.shape).ravel()] = numbers
                found[name] = list(flat)
        return found

    def chosen(self, case: Case, parameters: dict[str, list[Fraction]]) -> list[list[Fraction]]:
        """The other way round."""
        found = []
        for family, numbers in zip(self.families, parameters.values(), strict=True):
            if isinstance(family, Translate):
                corner = corner_of(case)
                found.append([v + c for v, c in zip(numbers, corner, strict=True)])
            elif isinstance(family, Light | Blur):
                found.append(list(numbers))
            else:
                found.append([numbers[i] for i in planes_of(self.shape).ravel()])
        return found


def corner_of(case: Case) -> tuple[int, int]:
    """The square of shifts that a case is about, as it says for people."""
    (origin,) = {node.origin for node in case.base if node.name.startswith("shift#")}
    i, j = origin[origin.index("from (") + 6 : -1].split(", ")
    return int(i), int(j)


def asked(
    path: Path,
    seed: int,
    kinds: tuple[str, ...],
    *,
    objective: str = "feasibility",
    norm: str = "linf",
    margin: Fraction = Fraction(0),
    requirement: Requirement | None = None,
    shape: tuple[int, ...] | None = None,
    normal: bool = False,
    hidden: int = 3,
    dtype: str = "float32",
) -> Asked:
    """A random question about a random network of some kinds of families."""
    rng = np.random.default_rng(seed)
    flat = all(kind in FLAT for kind in kinds)
    if shape is None:
        shapes = SHAPES if flat else tuple(s for s in SHAPES if s != (1, 4))
        shape = shapes[int(rng.integers(len(shapes)))]
    size = int(np.prod(shape))
    centre = (rng.integers(0, 9, size) / 8, rng.random(size), rng.integers(0, 256, size) / 255)[
        int(rng.integers(3))
    ]
    needs = any(k.startswith(("patch", "unrestricted")) for k in kinds)
    domains: list[Limits] = [(Fraction(0), Fraction(1)), (Fraction(-1, 3), Fraction(11, 10))]
    domain = domains[int(rng.integers(2))] if needs or rng.random() < 0.7 else None
    families = tuple(drawn(kind, rng, shape) for kind in kinds)
    if any(isinstance(f, OnGrid) for f in families):
        steps = next(f.steps for f in families if isinstance(f, OnGrid))
        centre = np.rint(centre * steps) / steps
    layers = random_layers(rng, size, hidden)
    normalisation = Normalisation((Fraction(1, 10),), (Fraction(3, 10),)) if normal else None
    question = Question(
        centre=centre,
        perturbation=parse_perturbation("+".join(map(str, families))),
        requirement=requirement or ArgMax(0, None, margin),
        domain=domain,
        objective=objective,  # type: ignore[arg-type]
        norm=norm,  # type: ignore[arg-type]
        normalisation=normalisation,
    )
    network = picture_network(path / "small.onnx", layers, shape, dtype)
    pair = (Fraction(1, 10), Fraction(3, 10)) if normal else None
    return Asked(ask(network, question), families, layers, shape, domain, pair)
