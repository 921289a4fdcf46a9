"""Bugs put into operators on purpose: the laws on random attributes notice them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from operator_cases import Case
from planting import Patch, notices, planted
from test_random_attributes import STRATEGIES, assert_all_laws

from mipc.frontend.operators import padding, softmax
from mipc.frontend.operators.sliding import Sliding
from mipc.numerics.relaxation import Planes
from mipc.semantics import encode_smooth


def pads_swapped(patch: Patch) -> None:
    """What belongs before an axis goes after it."""
    right = padding._widths
    patch.setattr(padding, "_widths", lambda *given: [(high, low) for low, high in right(*given)])


def dilations_forgotten(patch: Patch) -> None:
    right = Sliding.convolution
    patch.setattr(
        Sliding,
        "convolution",
        lambda self, *given: right(replace(self, dilations=(1, 1)), *given),
    )


def axis_forgotten(patch: Patch) -> None:
    """A softmax is always along the last axis."""
    right = softmax._groups
    patch.setattr(
        softmax,
        "_groups",
        lambda call, default: right(replace(call, attributes={}), default),
    )


def planes_too_tight(patch: Patch) -> None:
    """Planes around products in a model are a millionth too close to each other."""
    right = encode_smooth.product_planes

    def wrong(x: Any, y: Any, *, above: bool) -> tuple[Planes, ...]:
        shift = -1e-6 if above else 1e-6
        return tuple(replace(p, offset=p.offset + shift) for p in right(x, y, above=above))

    patch.setattr(encode_smooth, "product_planes", wrong)


@pytest.mark.parametrize(
    ("plant", "op_type"),
    [
        (pads_swapped, "Pad"),
        (dilations_forgotten, "Conv"),
        (axis_forgotten, "Softmax"),
        (planes_too_tight, "Mul"),
    ],
)
def test_wrong_operators_are_noticed(
    plant: Callable[[Patch], None], op_type: str, tmp_path: Path
) -> None:
    def law(case: Case) -> None:
        assert_all_laws(case, False, tmp_path)

    with planted(plant):
        assert notices(STRATEGIES[op_type], law, 60)
