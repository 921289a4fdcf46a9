"""Each family's heads say what its definition says: no image more, no image less."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from references import Blur, Translate
from small_questions import FLAT, LATER, PICTURES, Asked, asked
from strategies import examples

from mipc.properties.query import Case
from mipc.properties.region import Region
from mipc.semantics.exact import evaluate_exactly

seeds = st.integers(0, 2**32 - 1)


def holds(region: Region, numbers: list[Fraction]) -> bool:
    """Whether rationals lie in what bounds and files know of a region, exactly."""
    domain = region.domain
    low, high = domain.box.lower[0].tolist(), domain.box.upper[0].tolist()
    inside = all(a <= v <= b for a, v, b in zip(low, numbers, high, strict=True))
    if domain.plane is not None:
        inside = inside and sum(numbers) == Fraction(domain.plane.total)
    if domain.ball is not None:
        gaps = [
            v - Fraction(c) for v, c in zip(numbers, domain.ball.centre[0].tolist(), strict=True)
        ]
        size = sum(abs(g) ** domain.ball.norm for g in gaps)
        inside = inside and size <= Fraction(domain.ball.radius[0].item()) ** domain.ball.norm
    return inside and (not domain.integer or all(v.denominator == 1 for v in numbers))


def cases_with(it: Asked, chosen: list[list[Fraction]]) -> list[Case]:
    """The cases whose regions hold some parameters."""
    return [
        case
        for case in it.query.cases
        if all(
            holds(case.regions[name], numbers)
            for name, numbers in it.parameters(case, chosen).items()
        )
    ]


def floats_in(case: Case, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """A point of each region of a case: corners, the middle, something between."""
    point = {}
    for name, region in case.regions.items():
        share = rng.choice([0.0, 1.0, 0.5, rng.random()], len(region.lower))
        wanted = region.lower + share * (region.upper - region.lower)
        found = region.nearest(wanted)
        assert found is not None
        assert region.contains(found)
        point[name] = found
    return point


def assert_head_gives(it: Asked, case: Case, point: dict[str, np.ndarray]) -> None:
    """At floats of the regions, the head is what the definition says, within the stated radius."""
    values = evaluate_exactly(case.base, {k: v.astype(np.float64) for k, v in point.items()})
    exact = {name: [Fraction(v) for v in x.tolist()] for name, x in point.items()}
    chosen = it.chosen(case, exact)
    assert it.allows(chosen)
    image = it.image(chosen)
    # the references of these two count in floats
    slack = Fraction(1, 10**12) if isinstance(it.families[0], Blur | Translate) else 0
    for name, wanted in ((it.query.image, image), ("x", it.received(image))):
        for i, value in enumerate(wanted):
            low, high = values[name].bounds(i)
            assert low - slack <= value <= high + slack
            assert high - low <= 1e-12
    assert abs(values[it.query.cases[0].seen[0].node].bounds(0)[0] - it.output(image)[0]) < 1e-9


def assert_law(it: Asked, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(3):
        assert cases_with(it, it.draw(rng)), "an image of the family is in no head"
    for case in it.query.cases[:6]:
        if case.has_float:
            assert_head_gives(it, case, floats_in(case, rng))


@pytest.mark.parametrize("kind", PICTURES)
def test_a_family_is_its_heads(kind: str, tmp_path: Path) -> None:
    @settings(max_examples=examples(12))
    @given(seeds, st.booleans())
    def law(seed: int, normal: bool) -> None:
        assert_law(asked(tmp_path, seed, (kind,), normal=normal), seed)

    law()


@settings(max_examples=examples(40))
@given(seeds, st.sampled_from(PICTURES), st.lists(st.sampled_from(LATER), min_size=1, max_size=2))
def test_families_act_one_after_the_other(
    tmp_path_factory: pytest.TempPathFactory, seed: int, first: str, later: list[str]
) -> None:
    assert_law(asked(tmp_path_factory.mktemp("n"), seed, (first, *later)), seed)


@pytest.mark.parametrize("kind", PICTURES)
def test_a_case_begins_at_the_image_itself(kind: str, tmp_path: Path) -> None:
    for seed in range(5):
        it = asked(tmp_path, seed, (kind,))
        case = it.query.cases[0]
        point = {name: region.nearest(case.start()[name]) for name, region in case.regions.items()}
        exact = {name: [Fraction(v) for v in x.tolist()] for name, x in point.items()}
        image = it.image(it.chosen(case, exact))
        gaps = [abs(a - Fraction(b)) for a, b in zip(image, it.query.centre.tolist(), strict=True)]
        assert max(gaps) <= (Fraction(1, 10**6) if "grid" in kind else Fraction(1, 10**12))


def test_a_family_is_written_as_it_is_read() -> None:
    from mipc.properties.perturbations import parse_perturbation

    for text in ("linf:1/10", "l1:5/2", "l2:1/2", "brightness:1/5", "contrast:1/5", "blur:5x5",
                 "translate:1/2", "patch:3x3", "patch:3x3@10,12", "unrestricted", "grid:255",
                 "linf:8/255+grid:255", "blur:3x3+linf:1/50+brightness:1/10"):  # fmt: skip
        assert str(parse_perturbation(text)) == text


def test_kinds_that_need_no_picture_are_asked_of_vectors(tmp_path: Path) -> None:
    for kind in FLAT:
        assert_law(asked(tmp_path, 7, (kind,), shape=(1, 4)), 7)
