"""Large weights: a solver's tolerance in a scaled column is much in the column's own units."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from checks import skip
from hypothesis import given, settings
from hypothesis import strategies as st
from small_networks import dense_network
from strategies import examples

from mipc.decide import budgets, verify
from mipc.properties.perturbations import LInf
from mipc.properties.query import Objective
from mipc.properties.question import Question, ask
from mipc.properties.requirements import ArgMax
from mipc.search import attack
from mipc.solvers.highs import Highs
from mipc.verdict import Robust, Violated


def zigzag(rng: np.random.Generator, scale: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A function of one input with peaks of nearly the same height: weights, biases, outer."""
    peaks = int(rng.integers(2, 5))
    bends = np.sort(rng.uniform(-1, 1, 2 * peaks + 1))
    heights = 1 + rng.uniform(0, 1, peaks) * 10.0 ** rng.integers(-7, -4)
    values = np.append(0.0, np.stack([heights, np.zeros(peaks)], axis=1).reshape(-1))
    slopes = np.append(np.diff(values) / np.diff(bends), 0.0)
    outer = np.diff(slopes, prepend=0.0)
    return np.full((len(bends), 1), scale), -scale * bends, outer


def largest(weights: np.ndarray, biases: np.ndarray, outer: np.ndarray) -> Fraction:
    """The exact maximum over [-1, 1]: at an end or where a ReLU bends."""
    rows = [
        (Fraction(w), Fraction(b), Fraction(c))
        for w, b, c in zip(weights[:, 0].tolist(), biases.tolist(), outer.tolist(), strict=True)
    ]
    places = [Fraction(-1), Fraction(1), *(-b / w for w, b, _ in rows)]
    return max(
        sum((c * max(Fraction(0), w * x + b) for w, b, c in rows), Fraction(0))
        for x in places
        if abs(x) <= 1
    )


@pytest.mark.parametrize(
    ("objective", "branching", "count"),
    [
        ("worst", False, 60),
        ("worst", True, 12),
        ("feasibility", False, 60),
        ("feasibility", True, 60),
    ],
)
def test_margins_that_are_small_beside_the_numbers_on_the_way(
    objective: Objective,
    branching: bool,
    count: int,
    highs: Highs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without attack and branching the solver has to find out."""
    monkeypatch.setattr(attack, "STEPS", 0)
    monkeypatch.setattr(budgets, "FEW", 10**9)
    if not branching:
        skip(monkeypatch, "branching")

    @settings(max_examples=examples(count))
    @given(st.integers(0, 2**32 - 1))
    def law(seed: int) -> None:
        rng = np.random.default_rng(seed)
        weights, biases, outer = zigzag(rng, 10.0 ** rng.uniform(4, 8))
        exact = largest(weights, biases, outer)
        gap = rng.choice([0.0, 1e-12, 1e-9, 1e-6]) * rng.choice([1.0, weights[0, 0]])
        away = np.nextafter(float(exact) - gap, -np.inf)
        network = dense_network(
            tmp_path / "steep.onnx",
            [(weights, biases), (np.stack([0 * outer, outer]), np.array([away, 0.0]))],
            "float64",
        )
        query = ask(
            network,
            Question(np.zeros(1), LInf(Fraction(1)), ArgMax(0), None, objective=objective),
        )
        answer = verify(query, solver=highs)
        margin = exact - Fraction(away)
        if margin >= 0:
            assert not isinstance(answer.verdict, Robust)
        else:
            assert not isinstance(answer.verdict, Violated)
        assert answer.margin is not None
        low, high = answer.margin
        assert high == np.inf or Fraction(high) >= margin
        assert low == -np.inf or Fraction(low) <= margin

    law()
