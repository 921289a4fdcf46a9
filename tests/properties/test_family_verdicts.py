"""Verdicts about every family agree with exact answers, or with what sampling finds."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from brute_force import Truth
from exact_answers import exact_answer, sampled
from small_questions import Asked, asked
from strategies import examples

from mipc import verify
from mipc.solvers.highs import Highs
from mipc.verdict import Answer, Robust, Unknown, Violated

OBJECTIVES = ("feasibility", "closest", "worst")
NUDGES = (Fraction(1, 100), Fraction(-1, 100), Fraction(0), Fraction(1, 2**20), Fraction(-1, 2**20))
EXACT = ("linf", "l1", "unrestricted", "patch", "patch at", "brightness", "contrast", "blur",
         "linf grid", "l2 grid")  # fmt: skip
SAMPLED = ("l2",), ("translate",), ("linf", "brightness"), ("blur", "linf"), ("l1", "contrast"), \
          ("linf grid", "brightness"), ("patch", "l2")  # fmt: skip
CLOSE = Fraction(1, 10**12)


def at_threshold(folder: Path, seed: int, kinds: tuple[str, ...], threshold, **choices) -> Asked:
    rng = np.random.default_rng(seed)
    shape = ((1, 1, 1, 3), (1, 1, 2, 1), (1, 1, 1, 2))[int(rng.integers(3))]
    return asked(folder, seed, kinds, margin=threshold, shape=shape, hidden=2, **choices)


def assert_witness(it: Asked, answer: Answer) -> None:
    """It is in the family, and violates there, by definition."""
    assert isinstance(answer.verdict, Violated)
    run = answer.verdict.witness
    case = it.query.case_of(run.target)
    exact = {name: [Fraction(v) for v in run.parameters[name].tolist()] for name in case.regions}
    chosen = it.chosen(case, exact)
    assert it.allows(chosen)
    image = it.image(chosen)
    y = it.output(image)
    threshold = it.query.question.requirement.margin
    assert max(y[1], y[2]) - y[0] - threshold >= -CLOSE
    fed = [float(v) for v in it.received(image)]
    assert run.point.tolist() == np.array(fed).astype(run.point.dtype).tolist()


def assert_right(it: Asked, answer: Answer, exact: Truth) -> None:
    if isinstance(answer.verdict, Robust):
        assert exact.margin < 0
    if isinstance(answer.verdict, Violated):
        assert exact.margin >= -CLOSE
        assert_witness(it, answer)
    assert answer.margin is not None
    low, high = answer.margin
    assert low - CLOSE <= exact.margin <= high + CLOSE
    if (
        it.query.objective == "closest"
        and answer.distance is not None
        and exact.nearest is not None
    ):
        low, high = answer.distance
        assert low - CLOSE <= exact.nearest <= high + CLOSE


def levels_of(it: Asked) -> int:
    (region,) = it.query.case.regions.values()
    return int(np.prod(region.upper - region.lower + 1))


@pytest.mark.parametrize("kind", EXACT)
def test_verdicts_are_those_of_exact_answers(kind: str, highs: Highs, tmp_path: Path) -> None:
    decided = count = 0
    for seed in range(examples(8 if kind.endswith("grid") else 5)):
        plain = at_threshold(tmp_path, seed, (kind,), Fraction(0))
        if kind.endswith("grid") and levels_of(plain) > 500:
            continue
        top = exact_answer(plain, Fraction(0)).margin
        for objective, nudge in zip(OBJECTIVES, np.roll(np.array(NUDGES), seed)[:3], strict=True):
            it = at_threshold(
                tmp_path, seed, (kind,), top + nudge, objective=objective,
                norm=("linf", "l1")[seed % 2],
            )  # fmt: skip
            answer = verify(it.query, solver=highs, timeout=30)
            assert_right(it, answer, exact_answer(it, top + nudge))
            if abs(nudge) == Fraction(1, 100):
                count += 1
                decided += not isinstance(answer.verdict, Unknown)
    assert decided == count > 0


@pytest.mark.parametrize("kinds", SAMPLED, ids="+".join)
def test_no_verdict_is_refuted_by_sampling(
    kinds: tuple[str, ...], highs: Highs, tmp_path: Path
) -> None:
    for seed in range(examples(3)):
        plain = at_threshold(tmp_path, seed, kinds, Fraction(0))
        found = sampled(plain, np.random.default_rng(seed), 60)
        best = max(margin for margin, _ in found)
        for objective, nudge in zip(
            OBJECTIVES, (0, Fraction(-1, 100), Fraction(1, 10)), strict=True
        ):
            threshold = best + nudge
            it = at_threshold(tmp_path, seed, kinds, threshold, objective=objective)
            answer = verify(it.query, solver=highs, timeout=30)
            if isinstance(answer.verdict, Robust):
                assert best < threshold
            if isinstance(answer.verdict, Violated):
                assert_witness(it, answer)
            assert answer.margin is not None
            assert best - threshold - CLOSE <= answer.margin[1]
            if objective == "closest" and answer.distance is not None:
                near = [away for margin, away in found if margin >= threshold]
                assert all(answer.distance[0] <= away + CLOSE for away in near)


def test_the_worst_over_an_l2_ball_of_an_affine_network(highs: Highs, tmp_path: Path) -> None:
    """``a c + r |a|``: the certified and the replayed end are near it, on either side."""
    from small_networks import dense_network

    from mipc.properties.perturbations import L2
    from mipc.properties.question import Question, ask
    from mipc.properties.requirements import ArgMax

    rng = np.random.default_rng(5)
    weight, bias, centre = rng.normal(size=(2, 4)).astype("f4"), np.zeros(2), rng.random(4)
    network = dense_network(tmp_path / "affine.onnx", [(weight, bias)])
    question = Question(centre, L2(Fraction("0.3")), ArgMax(0), None, "worst")
    answer = verify(ask(network, question), solver=highs)
    row = weight[1].astype(float) - weight[0].astype(float)
    exact = row @ centre.astype("f4") + 0.3 * np.linalg.norm(row)
    assert answer.margin is not None
    low, high = answer.margin
    assert low <= exact <= high
    assert high - low <= 1e-3
