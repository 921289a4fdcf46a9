"""The exact answers to questions about families, where there are any.

A family whose image is piecewise linear in its parameters is a network of its own over a polytope,
and the two together are handed to brute force; a grid is counted through.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from math import ceil, floor

import numpy as np
from brute_force import Layer, Plane, Truth, truth
from references import Blur, Light, Move, OnGrid, Patch, Unrestricted, exactly
from small_questions import Asked, planes_of

ZERO, ONE = Fraction(0), Fraction(1)
TARGETS = (1, 2)


def exact_answer(it: Asked, threshold: Fraction) -> Truth:
    """The truth about the arg-max question with label 0; distances only of the image itself."""
    (family,) = it.families
    match family:
        case OnGrid():
            return _counted(it, family, threshold)
        case Light():
            return _truth(_lit(it, family), [-family.most], [family.most], threshold)
        case Blur():
            return _blurred(it, family, threshold)
    found = [
        _truth(_layers(it), low, high, threshold, it, cuts)
        for low, high, cuts in _boxes(it, family)
    ]
    near = [one.nearest for one in found if one.nearest is not None]
    margins = tuple(sorted({m for one in found for m in one.margins}))
    return Truth(max(one.margin for one in found), min(near, default=None), margins)


def _truth(layers, low, high, threshold, it: Asked | None = None, cuts=()) -> Truth:
    centre = None if it is None else [Fraction(c) for c in it.query.centre.tolist()]
    norm = "linf" if it is None else it.query.norm
    return truth(layers, low, high, 0, TARGETS, threshold, centre, norm, cuts)


def _layers(it: Asked) -> list[Layer]:
    return [Layer.of(w.tolist(), b.tolist()) for w, b in it.layers]


def _boxes(it: Asked, family) -> Iterator[tuple[list[Fraction], list[Fraction], list[Plane]]]:
    """Boxes around the image, flat, and what cuts them."""
    centre = [Fraction(c) for c in it.query.centre.tolist()]
    low, high = ([None if it.domain is None else it.domain[k]] * len(centre) for k in (0, 1))
    match family:
        case Unrestricted():
            yield low, high, []
        case Patch():
            for row, column in family.places(it.centre):
                where = planes_of(it.shape)[
                    :, row : row + family.height, column : column + family.width
                ]
                inside = set(where.ravel().tolist())
                ends = [
                    [
                        end if i in inside else c
                        for i, (end, c) in enumerate(zip(side, centre, strict=True))
                    ]
                    for side in (low, high)
                ]
                yield ends[0], ends[1], []
        case Move(norm, radius):
            lower = [
                c - radius if a is None else max(c - radius, a)
                for c, a in zip(centre, low, strict=True)
            ]
            upper = [
                c + radius if b is None else min(c + radius, b)
                for c, b in zip(centre, high, strict=True)
            ]
            cuts = []
            if norm == "l1":
                for signs in product((ONE, -ONE), repeat=len(centre)):
                    shift = sum((s * c for s, c in zip(signs, centre, strict=True)), ZERO)
                    cuts.append(Plane(tuple(-s for s in signs), radius + shift))
            yield lower, upper, cuts


def _lit(it: Asked, family: Light) -> list[Layer]:
    """A network over the one number: the image, cut off at the domain, and the network."""
    centre = [Fraction(c) for c in it.query.centre.tolist()]
    mean = sum(centre, ZERO) / len(centre)
    column = [ONE if family.kind == "brightness" else c - mean for c in centre]
    (weight, bias), *rest = ((exactly(w).tolist(), exactly(b).tolist()) for w, b in it.layers)
    later = [Layer.of(w, b) for w, b in rest]
    if it.domain is None:
        one = [(sum((w * k for w, k in zip(row, column, strict=True)), ZERO),) for row in weight]
        base = [
            sum((w * c for w, c in zip(row, centre, strict=True)), b)
            for row, b in zip(weight, bias, strict=True)
        ]
        return [Layer(tuple(one), tuple(base)), *later]
    low, high = it.domain
    over = Layer(
        tuple((k,) for k in (*column, *column)),
        tuple([c - low for c in centre] + [c - high for c in centre]),
    )
    wide = tuple((*row, *(-w for w in row)) for row in weight)
    base = tuple(b + low * sum(row, ZERO) for row, b in zip(weight, bias, strict=True))
    return [over, Layer(wide, base), *later]


def _blurred(it: Asked, family: Blur, threshold: Fraction) -> Truth:
    """A network over the taps, which lie in a simplex."""
    count = family.height * family.width
    units = [[Fraction(int(i == k)) for i in range(count)] for k in range(count)]
    images = [it.image([unit]) for unit in units]
    (weight, bias), *rest = ((exactly(w).tolist(), exactly(b).tolist()) for w, b in it.layers)
    first = Layer(
        tuple(
            tuple(sum((w * v for w, v in zip(row, image, strict=True)), ZERO) for image in images)
            for row in weight
        ),
        tuple(bias),
    )
    layers = [first, *(Layer.of(w, b) for w, b in rest)]
    total = Plane((ONE,) * count, -ONE)
    return _truth(layers, [ZERO] * count, [ONE] * count, threshold, cuts=[total, total.negated()])


def _counted(it: Asked, family: OnGrid, threshold: Fraction) -> Truth:
    """Every level of every number."""
    inner, centre = family.inner, [Fraction(c) for c in it.query.centre.tolist()]
    radius = inner.radius if isinstance(inner, Move) else Fraction(2)
    ends = []
    for c in centre:
        low, high = c - radius, c + radius
        if it.domain is not None:
            low, high = max(low, it.domain[0]), min(high, it.domain[1])
        ends.append(range(ceil(low * family.steps) - 1, floor(high * family.steps) + 2))
    margins, near = [], []
    for levels in product(*ends):
        numbers = [Fraction(level) for level in levels]
        chosen = [[numbers[i] for i in planes_of(it.shape).ravel()]]
        if not it.allows(chosen):
            continue
        image = it.image(chosen)
        y = it.output(image)
        margins.append(max(y[t] - y[0] for t in TARGETS) - threshold)
        if margins[-1] >= 0:
            gaps = [abs(v - c) for v, c in zip(image, centre, strict=True)]
            near.append(max(gaps) if it.query.norm == "linf" else sum(gaps))
    return Truth(max(margins), min(near, default=None), tuple(sorted(set(margins))))


def sampled(it: Asked, rng: np.random.Generator, count: int) -> list[tuple[Fraction, Fraction]]:
    """(margin, distance) of images of the families, without a threshold."""
    centre = [Fraction(c) for c in it.query.centre.tolist()]
    found = []
    for _ in range(count):
        image = it.image(it.draw(rng))
        y = it.output(image)
        gaps = [abs(v - c) for v, c in zip(image, centre, strict=True)]
        away = max(gaps) if it.query.norm == "linf" else sum(gaps)
        found.append((max(y[t] - y[0] for t in TARGETS), away))
    return found
