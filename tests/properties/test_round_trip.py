"""Each family through files: compile, solve the file, decode; the question survives the sidecar."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from exact_answers import sampled
from small_questions import PICTURES, asked

from mipc.compile import compile_query, write_files
from mipc.decide import verify
from mipc.decoding import Pair, decode
from mipc.milp.files import read_model
from mipc.passes import parse_passes
from mipc.question_facts import QuestionFacts
from mipc.sidecar import read_sidecar
from mipc.solvers.base import Limits
from mipc.solvers.highs import Highs
from mipc.verdict import Robust, Unknown, Violated

KINDS = [
    *((kind,) for kind in PICTURES),
    ("linf", "brightness"),
    ("blur", "l1"),
    ("l2", "contrast"),
    ("linf grid", "l2"),
]


@pytest.mark.parametrize("suffix", [".mps", ".lp.gz"])
@pytest.mark.parametrize("kinds", KINDS, ids="+".join)
def test_files_answer_what_was_asked(
    kinds: tuple[str, ...], suffix: str, highs: Highs, tmp_path: Path
) -> None:
    seed = len("+".join(kinds))
    plain = asked(tmp_path, seed, kinds, shape=(1, 1, 1, 3), hidden=2)
    best = max(margin for margin, _ in sampled(plain, np.random.default_rng(0), 20))
    for nudge, joined in ((Fraction(-1, 50), False), (Fraction(2), True)):
        it = asked(
            tmp_path, seed, kinds, shape=(1, 1, 1, 3), hidden=2, margin=best + nudge,
            normal=joined and "l2" not in kinds,
        )  # fmt: skip
        compiled = compile_query(it.query, combine=joined)
        pairs = []
        for model, sidecar in write_files(compiled, tmp_path / f"q{suffix}"):
            read = read_model(model)
            pairs.append(Pair(read_sidecar(sidecar), highs.solve(read, Limits(seconds=20))))
        answer = decode(pairs, it.query.network)
        assert pairs[0].sidecar.question == QuestionFacts.of(it.query.question)
        if not joined:
            assert isinstance(answer.verdict, Violated | Unknown)
        assert not isinstance(answer.verdict, Robust) or joined
        if isinstance(answer.verdict, Violated):
            assert answer.verdict.witness.violates


def test_a_question_with_every_part_survives_its_facts() -> None:
    from mipc.properties.normalisation import Normalisation
    from mipc.properties.perturbations import BoxOfArrays, Combined, parse_perturbation
    from mipc.properties.question import Question
    from mipc.properties.requirements import ArgMax, Linear, TopK

    box = BoxOfArrays(np.zeros(2), np.ones(2))
    long = parse_perturbation("linf:1e-200+brightness:1e250")
    for perturbation in (long, box, Combined((box, parse_perturbation("brightness:1/3")))):
        for requirement in (ArgMax(1, (0,), Fraction(1, 3)), ArgMax(0, None, Fraction(0), (1,)),
                            TopK(0, 1, Fraction(-1)), Linear("y0 > 1/3 or y1 <= 2")):  # fmt: skip
            question = Question(
                np.array([0.1, 0.2]), perturbation, requirement, (Fraction(0), Fraction(10, 3)),
                "closest", "l1", Normalisation.parse("1/3,0.5", "0.1"),
            )  # fmt: skip
            facts = QuestionFacts.of(question)
            again = QuestionFacts.model_validate_json(facts.model_dump_json())
            assert QuestionFacts.of(again.question()) == facts


@pytest.mark.parametrize(
    "text",
    [
        "bounds{method=interval},stable-relu,dominated-max,dead-neurons,affine-fusion",
        "default,envelopes{cells=9}",
        "bounds,stable-relu,envelopes{cells=3,tangents=2}",
    ],
)
def test_the_passes_survive_the_sidecar(text: str, highs: Highs, tmp_path: Path) -> None:
    it = asked(tmp_path, 5, ("l2",), shape=(1, 1, 1, 3), hidden=2, margin=Fraction(-1))
    passes = parse_passes(text)
    ((model, sidecar),) = write_files(
        compile_query(it.query, passes, combine=True), tmp_path / "q.mps"
    )
    pair = Pair(read_sidecar(sidecar), highs.solve(read_model(model), Limits(seconds=20)))
    assert parse_passes(pair.sidecar.pipeline()) == passes
    decoded = decode([pair], it.query.network)
    assert "model-mismatch" not in str(decoded.verdict)


@pytest.mark.parametrize("kind", ["linf", "l1", "brightness"])
def test_the_closest_point_of_a_file_leads_to_a_witness(
    kind: str, highs: Highs, tmp_path: Path
) -> None:
    """It lies on the boundary, or short of it by the guard: a little behind it is a violation."""
    found = 0
    for seed in range(12):
        it = asked(tmp_path, seed, (kind,), shape=(1, 1, 1, 3), hidden=2, objective="closest")
        if not isinstance(verify(it.query, solver=highs).verdict, Violated):
            continue
        written = write_files(compile_query(it.query, combine=True), tmp_path / "q.mps")
        pairs = [
            Pair(read_sidecar(sidecar), highs.solve(read_model(model), Limits(seconds=20)))
            for model, sidecar in written
        ]
        assert isinstance(decode(pairs, it.query.network).verdict, Violated)
        found += 1
    assert found >= 2
