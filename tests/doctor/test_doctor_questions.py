"""What the doctor says of questions before anyone solves, and how the command says it."""

import json
import subprocess
import sys
from fractions import Fraction

import jsonschema
import numpy as np
import pytest
from onnx_models import LAST, Node, X, model, saved, small, w
from reports import ROOT, SCHEMA, UNKNOWN, checked, found

from mipc.compile import compile_query
from mipc.doctor.examine import examine
from mipc.errors import QuestionError, RangeError
from mipc.frontend.onnx import read_network
from mipc.milp.mps import write
from mipc.properties.perturbations import parse_perturbation
from mipc.properties.question import Question, ask
from mipc.properties.requirements import ArgMax

DIGITS = ROOT / "examples" / "digits.onnx"


def about(path, image="three.npy", radius="1/16"):
    """A function that makes the query of the digits, as the command line does."""
    numbers = np.load(ROOT / "examples" / image).reshape(-1).astype(np.float64)
    question = Question(
        centre=numbers,
        perturbation=parse_perturbation(f"linf:{radius}"),
        requirement=ArgMax(0 if image == "zero.npy" else 3, None, Fraction(0), ()),
        domain=(Fraction(0), Fraction(1)),
        objective="feasibility",
        norm="linf",
    )
    return lambda: ask(read_network(path), question)


def test_the_models_of_a_question_have_the_sizes_that_compile_gives():
    report = checked(examine(DIGITS, about(DIGITS)))
    compiled = compile_query(about(DIGITS)())
    assert report.question.files == len(compiled.formulations)
    for facts, made in zip(report.question.models, compiled.formulations, strict=False):
        assert facts.targets == list(made.targets)
        sizes = {name: getattr(facts, name) for name in made.model.size}
        assert sizes == made.model.size
        assert facts.bytes == pytest.approx(len(write(made.model)), rel=0.15)


def test_bounds_that_decide_a_question_are_told():
    report = examine(DIGITS, about(DIGITS, "zero.npy", "1/1000"))
    asked = report.question
    assert asked.closed == asked.disjuncts == 9
    assert "Bounds alone" in report.advice[-1]
    assert asked.active + asked.inactive + asked.unstable == report.neurons.relu
    assert report.light == "green"


def test_a_question_whose_numbers_no_solver_may_see_is_red(tmp_path):
    large = [Node("Flatten", X), Node("Gemm", LAST, np.full((64, 4), 1e8)), Node("Relu", LAST)]
    path = saved(model([*large, Node("Gemm", LAST, w(4, 10))], (1, 1, 8, 8)), tmp_path)
    assert examine(path, domain=None).light == "yellow"
    report = checked(examine(path, about(path)))
    assert [finding.topic for finding in found(report, "red")] == ["numbers"]
    with pytest.raises(RangeError) as caught:
        compile_query(about(path)())
    assert found(report, "red")[0].what == caught.value.what


def test_a_question_that_does_not_fit_is_an_error(tmp_path):
    path = saved(small(), tmp_path)
    with pytest.raises(QuestionError):
        examine(path, about(path))


def test_a_question_is_not_asked_of_a_network_that_is_refused(tmp_path):
    path = saved(model(UNKNOWN, (1, 3)), tmp_path)
    assert examine(path, about(path)).question is None


def doctor(*words):
    command = [sys.executable, "-m", "mipc", "doctor", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_says_it_in_its_exit_code_in_words_and_in_json(tmp_path):
    path = saved(model(UNKNOWN, (1, 3)), tmp_path)
    run = doctor(path, "--domain", "0:255", "--json")
    facts = json.loads(run.stdout)
    jsonschema.validate(facts, SCHEMA)
    assert (run.returncode, run.stderr, facts["whole"]["high"]) == (3, "", 255.0)
    three = ROOT / "examples" / "three.npy"
    run = doctor(DIGITS, "--input", three, "--perturbation", "linf:1/16")
    assert run.returncode == 0
    assert "undecided" in run.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((ROOT / "README.md",), "not an ONNX file"),
        ((ROOT / "none.onnx",), "cannot be read"),
        ((DIGITS, "--label", "3"), "needs --perturbation"),
        ((DIGITS, "--domain", "1:0", "--json"), "empty"),
        ((DIGITS, "--passes", "bounds"), "need a question"),
        ((DIGITS, "--perturbation", "linf"), "no perturbation"),
    ],
)
def test_bad_input_is_one_message(words, message):
    run = doctor(*words)
    assert run.returncode == 2
    assert message in run.stderr
    assert "Traceback" not in run.stderr
