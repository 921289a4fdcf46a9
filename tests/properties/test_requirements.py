"""Requirements: what violates them, counted by hand, by definition and by mipc."""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_networks import dense_network
from strategies import examples

from mipc import verify
from mipc.cli import main
from mipc.errors import MipcError, OptionError, QuestionError
from mipc.ir.network import Network
from mipc.properties.inequalities import parse_violation
from mipc.properties.normalisation import Normalisation
from mipc.properties.perturbations import BoxOfArrays, LInf
from mipc.properties.question import Question, ask
from mipc.properties.requirements import ArgMax, Linear, Requirement, TopK
from mipc.solvers.highs import Highs
from mipc.verdict import Robust, Unknown, Violated

CLASSES = 4


@pytest.fixture(scope="module")
def copying(tmp_path_factory: pytest.TempPathFactory) -> Network:
    """Four outputs, which are the four inputs: a box of inputs is one of outputs."""
    path = tmp_path_factory.mktemp("copying") / "net.onnx"
    return dense_network(path, [(np.eye(CLASSES), np.zeros(CLASSES))], "float64")


def holds(requirement: Requirement, y: list[Fraction]) -> bool:
    """Whether outputs violate a requirement, by what its disjuncts say."""
    return any(
        all(
            (total > 0 if row.strict else total >= 0)
            for row in d.rows
            for total in [sum((c * y[i] for i, c in row.terms), row.constant)]
        )
        for d in requirement.disjuncts(len(y))
    )


outputs = st.lists(st.integers(-3, 3).map(lambda v: Fraction(v, 2)), min_size=4, max_size=4)
margins = st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(-1), Fraction(1, 3)])


@settings(max_examples=examples(200))
@given(outputs, margins)
def test_an_arg_max_is_violated_where_another_class_is_ahead(y, margin) -> None:
    said = holds(ArgMax(0, None, margin), y)
    assert said == any(y[t] - y[0] >= margin for t in (1, 2, 3))


@settings(max_examples=examples(200))
@given(outputs, margins)
def test_an_excluded_class_may_win(y, margin) -> None:
    """Violated where a class that is neither the label nor excluded leads both of these."""
    said = holds(ArgMax(0, None, margin, excluded=(2,)), y)
    assert said == any(y[t] - max(y[0], y[2]) >= margin for t in (1, 3))


@settings(max_examples=examples(200))
@given(outputs, margins)
def test_a_target_has_to_lead_all_that_are_none(y, margin) -> None:
    said = holds(ArgMax(0, (1, 3), margin), y)
    assert said == any(y[t] - max(y[0], y[2]) >= margin for t in (1, 3))


@settings(max_examples=examples(200))
@given(outputs, margins, st.integers(1, 3))
def test_top_k_is_violated_where_k_classes_are_ahead(y, margin, k) -> None:
    said = holds(TopK(0, k, margin), y)
    assert said == (sum(v - y[0] >= margin for v in y[1:]) >= k)


FORMULAS = {
    "y0 >= 1": lambda y: y[0] >= 1,
    "y0 > 1/2": lambda y: y[0] > Fraction(1, 2),
    "y0 <= -.5": lambda y: y[0] <= Fraction(-1, 2),
    "y0 < y1": lambda y: y[0] < y[1],
    "y0 == y1": lambda y: y[0] == y[1],
    "2 y0 - 0.5*y1 + 1 >= y2 - Y_3": lambda y: 2 * y[0] - y[1] / 2 + 1 >= y[2] - y[3],
    "y0 >= 1 or y1 >= 1 and y2 >= 1": lambda y: y[0] >= 1 or (y[1] >= 1 and y[2] >= 1),
    "(y0 >= 1 or y1 >= 1) and y2 >= 1": lambda y: (y[0] >= 1 or y[1] >= 1) and y[2] >= 1,
    "((y0 >= y1)) and (y1 >= y2 or (y3 <= 0 and y2 >= 1))": lambda y: (
        y[0] >= y[1] and (y[1] >= y[2] or (y[3] <= 0 and y[2] >= 1))
    ),
    "- y0 + 1e0 >= --y1": lambda y: 1 - y[0] >= y[1],
    "y0 + y0 >= 8/4": lambda y: 2 * y[0] >= 2,
    "0 >= 1 or y0 >= y0": lambda y: True,
}


@pytest.mark.parametrize("formula", FORMULAS)
def test_formulas_mean_what_they_say(formula: str) -> None:
    for numbers in product([Fraction(-1, 2), Fraction(1, 2), Fraction(1)], repeat=CLASSES):
        assert holds(Linear(formula), list(numbers)) == FORMULAS[formula](numbers)


REQUIREMENTS: list[Requirement] = [
    ArgMax(0), ArgMax(0, (2,)), ArgMax(1, (0, 3)), ArgMax(0, None, Fraction(-1, 2)),
    ArgMax(3, None, Fraction(1, 2), (0,)), TopK(0, 1), TopK(2, 2), TopK(1, 3, Fraction(1, 4)),
    *(Linear(formula) for formula in FORMULAS if "y0 <" not in formula and ">" in formula),
]  # fmt: skip


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=str)
def test_verdicts_are_those_of_the_corners_and_edges(
    requirement: Requirement, copying: Network, highs: Highs
) -> None:
    """Over boxes of outputs: where a grid point violates it is found; where none may, robust."""
    rng = np.random.default_rng(CLASSES)
    for objective in ("feasibility", "worst", "closest"):
        low = rng.integers(-4, 2, CLASSES) / 2
        high = low + rng.integers(0, 4, CLASSES) / 2
        box = BoxOfArrays(low, high)
        query = ask(copying, Question(low, box, requirement, None, objective))  # type: ignore[arg-type]
        answer = verify(query, solver=highs, timeout=20)
        axes = [
            [Fraction(a), Fraction(b), Fraction(a + b) / 2] for a, b in zip(low, high, strict=True)
        ]
        some = any(holds(requirement, list(y)) for y in product(*axes))
        if isinstance(answer.verdict, Robust):
            assert not some
        elif isinstance(answer.verdict, Unknown):  # a strict inequality that is just not met
            assert not some
            assert any(row.strict for d in query.disjuncts for row in d.rows)
        else:
            assert isinstance(answer.verdict, Violated)
            point = [Fraction(v) for v in answer.verdict.witness.point.tolist()]
            assert holds(requirement, point)
            found = answer.verdict.witness.point
            assert (low <= found).all()
            assert (found <= high).all()


def test_a_network_with_one_output_is_asked_with_a_formula(tmp_path: Path, highs: Highs) -> None:
    """``y = |x| - 1/4`` on [-1, 1]."""
    layers = [(np.array([[1.0], [-1.0]]), np.zeros(2)), (np.ones((1, 2)), np.array([-0.25]))]
    network = dense_network(tmp_path / "one.onnx", layers)
    box = LInf(Fraction(1))

    def answer(formula, objective="feasibility"):
        question = Question(np.zeros(1), box, Linear(formula), None, objective)
        return verify(ask(network, question), solver=highs)

    assert isinstance(answer("y0 >= 0.76").verdict, Robust)
    assert isinstance(answer("y0 >= 0.75").verdict, Violated)
    assert isinstance(answer("y0 <= -0.26 or y0 >= 0.7501").verdict, Robust)
    assert answer("y0 >= 0", "worst").margin == pytest.approx((0.75, 0.75), abs=1e-5)
    assert answer("y0 >= 0", "closest").distance == pytest.approx((0.25, 0.25), rel=1e-4)
    with pytest.raises(QuestionError, match="an arg-max needs two or more"):
        ask(network, Question(np.zeros(1), box, ArgMax(0), None))


def test_a_normalisation_in_the_graph_is_one_on_the_command_line(
    tmp_path: Path, highs: Highs
) -> None:
    """``(x - 1/4) / (1/2)`` as a first layer, or as an option: the same largest margin."""
    rng = np.random.default_rng(0)
    layers = [
        (rng.integers(-8, 9, (3, 2)) / 4, np.zeros(3)),
        (rng.integers(-8, 9, (2, 3)) / 4, np.zeros(2)),
    ]
    plain = dense_network(tmp_path / "plain.onnx", layers)
    (weight, bias), last = layers
    inside = dense_network(
        tmp_path / "inside.onnx", [(weight * 2, bias - weight @ np.full(2, 0.5)), last]
    )
    normal = Normalisation.parse("0.25", "1/2")
    ranges = [
        verify(
            ask(network, Question(np.array([0.5, 0.75]), LInf(Fraction(1, 8)), ArgMax(0),
                                  objective="worst", normalisation=extra)),
            solver=highs,
        ).margin
        for network, extra in ((plain, normal), (inside, None))
    ]  # fmt: skip
    assert ranges[0] == pytest.approx(ranges[1], abs=1e-5)


MALFORMED = [
    "", "y0", "y0 >=", ">= 1", "y0 >= 1 or", "or y0 >= 1", "(y0 >= 1", "y0 >= 1)", "y0 => 1",
    "y0 >= 1 y1 >= 2", "y0 * y1 >= 1", "2*3 >= y0", "x0 >= 1", "y >= 1", "y0 >= 1/0", "y0 >= 1e999",
    "y0 >= nan", "y0 != 1", "y0 >= 1 && y1 >= 1", "y99999999999 >= 1", "()", "(" * 60 + "y0 >= 1",
    " and ".join(["(y0 >= 1 or y1 >= 1)"] * 20), "y0 >= \x00", "y0 ≥ 1", "y0 >= 1,5",
]  # fmt: skip


@pytest.mark.parametrize("text", MALFORMED)
def test_what_is_no_formula_is_refused_by_name(text: str) -> None:
    with pytest.raises(OptionError):
        parse_violation(text)


@settings(max_examples=examples(300))
@given(st.text(alphabet="y012 ().<>=+-*/andor\tE", max_size=30))
def test_any_text_is_a_formula_or_refused(text: str) -> None:
    try:
        found = parse_violation(text)
    except OptionError:
        return
    assert found


@pytest.mark.parametrize(
    "requirement",
    [
        ArgMax(4), ArgMax(-1), ArgMax(0, ()), ArgMax(0, (0,)), ArgMax(0, (7,)), ArgMax(0, (1, 1)),
        ArgMax(0, (1,), excluded=(1,)), ArgMax(0, excluded=(1, 2, 3)), ArgMax(0, excluded=(9,)),
        TopK(0, 0), TopK(0, 4), TopK(0, -1), TopK(9, 1), Linear("y4 >= 0"),
    ],
    ids=str,
)  # fmt: skip
def test_a_requirement_that_does_not_fit_is_refused(requirement, copying: Network) -> None:
    with pytest.raises(QuestionError):
        ask(copying, Question(np.zeros(4), LInf(Fraction(1)), requirement, None))


@pytest.mark.parametrize(
    ("mean", "std"),
    [("0", "0"), ("0", "-1"), ("x", "1"), ("", "1"), ("0,0", "1"), ("0", "1,1,1"), ("0", "nan"),
     ("1e300", "1e-300"), ("0", "1e-310")],
)  # fmt: skip
def test_a_normalisation_that_makes_no_sense_is_refused(mean, std, copying: Network) -> None:
    def asked() -> None:
        normal = Normalisation.parse(mean, std)
        ball, requirement = LInf(Fraction(1)), ArgMax(0)
        ask(copying, Question(np.zeros(4), ball, requirement, None, normalisation=normal))

    with pytest.raises(MipcError):
        asked()


@pytest.mark.parametrize(
    ("options", "verdict"),
    [
        (["--violation", "y1 >= 2 or (y0 <= -1 and y3 >= 0)"], "robust"),
        (["--violation", "y0 - y1 <= 0.1"], "violated"),
        (["--label", "0", "--top", "2"], "violated"),
        (["--label", "0", "--exclude", "1,2,3", "--margin", "0"], "error"),
        (["--label", "0", "--exclude", "1"], "violated"),
        (["--label", "0", "--margin", "-1", "--target", "3"], "violated"),
        (["--violation", "y0 >= 1", "--top", "0"], "error"),
        (["--violation", "y0 >= 1", "--margin", "1"], "error"),
        (["--violation", "y9 >= 1"], "error"),
        (["--top", "2", "--target", "1"], "error"),
        (["--perturbation", "rotate:3"], "error"),
        (["--perturbation", "blur:3"], "error"),
        (["--mean", "0.5", "--std", "0"], "error"),
    ],
)
def test_the_command_line_says_it(
    options: list[str],
    verdict: str,
    copying: Network,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    np.save(tmp_path / "x.npy", np.array([0.5, 0.4, 0.45, 0.1]))
    words = ["verify", str(copying.path), "--input", str(tmp_path / "x.npy"), "--json"]
    monkeypatch.setattr(sys, "argv", ["mipc", *words, "--perturbation", "linf:0.1", *options])
    with pytest.raises(SystemExit) as left:
        main()
    printed = capsys.readouterr()
    facts = json.loads(printed.out)
    assert "defect" not in printed.err
    if verdict == "error":
        assert (left.value.code, list(facts)) == (2, ["error"])
    else:
        assert (facts["verdict"], left.value.code) == (verdict, int(verdict == "violated"))


@pytest.mark.parametrize("requirement", [ArgMax(1.5), ArgMax("1"), ArgMax(0, (2.0,)), TopK(0.5, 1)])
def test_classes_are_whole_numbers(requirement: Requirement) -> None:
    with pytest.raises(QuestionError, match="whole numbers"):
        requirement.disjuncts(CLASSES)
