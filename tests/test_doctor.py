"""The doctor: what stands in the way of questions about a network is told, all of it, and found."""

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from data import DATA, needs_data

sys.path.insert(0, str(Path(__file__).parent / "frontend"))

from onnx_models import LAST, Node, X, model, saved, small, w

from mipc.cli.doctor_text import report_text
from mipc.compile import compile_query
from mipc.doctor.examine import examine
from mipc.errors import MipcError, ModelError, QuestionError, RangeError
from mipc.frontend.onnx import read_network, survey
from mipc.milp.mps import write
from mipc.properties.perturbations import parse_perturbation
from mipc.properties.question import Question, ask
from mipc.properties.requirements import ArgMax

ROOT = Path(__file__).resolve().parents[1]
DIGITS = ROOT / "examples" / "digits.onnx"
SCHEMA = json.loads((ROOT / "spec" / "doctor.schema.json").read_text())


def examined(nodes, shape, folder, **options):
    """The report of a small model, which is valid JSON and can be printed."""
    return checked(examine(saved(model(nodes, shape, **options), folder)))


def checked(report):
    jsonschema.validate(json.loads(report.model_dump_json()), SCHEMA)
    assert report_text(report).startswith(report.light)
    return report


def found(report, level):
    return [finding for finding in report.findings if finding.level == level]


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


UNKNOWN = [
    Node("Gemm", X, w(3, 3), output="a"),
    Node("Einsum", "a", output="b", equation="ij->ji"),
    Node("Relu", "a", output="c"),
    Node("Det", "c", output="d"),
    Node("Relu", "b", output="e"),
    Node("NonZero", "e", output="f"),
    Node("Concat", "d", "f", axis=0),
]


def test_all_unsupported_nodes_are_told_with_place_reason_and_remedy(tmp_path):
    report = examined(UNKNOWN, (1, 3), tmp_path)
    red = found(report, "red")
    assert sorted(finding.where for finding in red) == [
        "Det 'det3' (node 3)",
        "Einsum 'einsum1' (node 1)",
        "NonZero 'nonzero5' (node 5)",
    ]
    assert all("not supported" in finding.what and finding.remedy for finding in red)


def test_what_does_not_depend_on_a_refused_node_is_read(tmp_path):
    report = examined(UNKNOWN, (1, 3), tmp_path)
    nodes = report.nodes
    assert (nodes.total, nodes.read, nodes.refused, nodes.blocked) == (7, 2, 3, 2)
    assert report.neurons.relu == 3
    assert {o.operator for o in report.operators if not o.supported} == {"Det", "Einsum", "NonZero"}
    assert report.light == "red"
    assert report.question is None


def test_the_first_refusal_is_the_error_that_reading_raises(tmp_path):
    path = saved(model(UNKNOWN, (1, 3)), tmp_path)
    with pytest.raises(ModelError) as caught:
        read_network(path)
    first = survey(path).refusals.found[0].error
    assert (caught.value.what, caught.value.where) == (first.what, first.where)


def test_a_supported_operator_used_in_an_unsupported_way_is_refused_with_its_reason(tmp_path):
    report = examined([Node("Conv", X, w(1, 1, 2, 2), auto_pad="ODD")], (1, 1, 3, 3), tmp_path)
    (red,) = found(report, "red")
    assert "auto_pad='ODD'" in red.what
    assert report.operators[0].supported
    assert report.nodes.refused == 1


def test_weights_that_are_no_numbers_block_only_what_needs_them(tmp_path):
    bad = np.full((3, 2), np.nan)
    nodes = [Node("Gemm", X, w(3, 2)), Node("Relu", LAST), Node("Add", LAST, bad[:1])]
    report = examined(nodes, (1, 3), tmp_path)
    (red,) = found(report, "red")
    assert "NaN" in red.what
    assert (report.nodes.read, report.nodes.refused, report.nodes.blocked) == (2, 0, 1)
    assert "No question" in report.advice[0]


def test_an_old_opset_is_refused_and_its_operators_are_still_counted(tmp_path):
    proto = small()
    proto.opset_import[0].version = 6
    report = checked(examine(saved(proto, tmp_path)))
    assert report.light == "red"
    assert report.opset is None
    assert report.nodes.read == 0
    assert [o.operator for o in report.operators] == ["Gemm", "Relu"]


@pytest.mark.parametrize(
    ("nodes", "mean", "std"),
    [
        ([Node("Sub", X, np.array(0.25)), Node("Div", LAST, np.array(0.5))], [0.25], [0.5]),
        ([Node("Mul", X, np.array(4.0)), Node("Add", LAST, np.array(-2.0))], [0.5], [0.25]),
        ([Node("Sub", np.array(1.0), X)], [1.0], [-1.0]),
        ([Node("Sub", X, np.array([0.5, 0.25]).reshape(2, 1, 1))], [0.5, 0.25], [1.0, 1.0]),
        (
            [Node("Sub", X, np.repeat([0.5, 0.25], 9).reshape(1, 2, 3, 3)),
             Node("Div", LAST, np.array([2.0, 4.0]).reshape(1, 2, 1, 1))],
            [0.5, 0.25],
            [2.0, 4.0],
        ),
    ],
)  # fmt: skip
def test_a_normalisation_in_the_graph_is_reported(nodes, mean, std, tmp_path):
    rest = [Node("Conv", LAST, w(1, 2, 2, 2)), Node("Flatten", LAST)]
    report = examined([*nodes, *rest], (1, 2, 3, 3), tmp_path)
    (prologue,) = report.prologues
    assert (prologue.mean, prologue.std, prologue.ranges) == (mean, std, False)
    assert any("normalises its input itself" in finding.what for finding in report.findings)


@pytest.mark.parametrize(
    "nodes",
    [
        [Node("Sub", X, np.array(0.0))],
        [Node("Gemm", X, w(3, 3)), Node("Sub", LAST, np.array(0.5))],
        [Node("Relu", X), Node("Div", LAST, np.array(0.5))],
        [Node("Sub", X, np.array(0.5)), Node("Add", LAST, X)],
    ],
)
def test_what_is_no_normalisation_of_the_input_is_not_called_one(nodes, tmp_path):
    assert examined([*nodes, Node("Relu", LAST)], (1, 3), tmp_path).prologues == []


@pytest.mark.parametrize(
    ("nodes", "shape", "layout"),
    [
        ([Node("Conv", X, w(1, 3, 2, 2))], (1, 3, 5, 5), "NCHW"),
        ([Node("Transpose", X, perm=[0, 3, 1, 2])], (1, 5, 5, 3), "NHWC: a Transpose"),
        ([Node("Flatten", X)], (1, 5, 5, 3), "NHWC by its sizes"),
        ([Node("Flatten", X)], (1, 1, 5, 5), "NCHW by its sizes"),
        ([Node("Flatten", X)], (1, 1, 1, 5), "a batch of vectors"),
        ([Node("Relu", X)], (5,), "a vector without batch dimension"),
        ([Node("Relu", X)], ("N", 5), "a batch of vectors"),
    ],
)
def test_the_layout_is_guessed(nodes, shape, layout, tmp_path):
    report = examined([*nodes, Node("Relu", LAST)], shape, tmp_path)
    assert report.inputs[0].layout.startswith(layout)


def test_batches_are_told(tmp_path):
    fixed = examined([Node("Relu", X)], (4, 3), tmp_path)
    assert fixed.light == "yellow"
    assert "first dimension is 4" in found(fixed, "yellow")[0].what
    symbolic = examined([Node("Relu", X)], ("N", 3), tmp_path)
    assert symbolic.light == "green"
    assert symbolic.inputs[0].declared == ["N", 3]
    assert symbolic.inputs[0].shape == [1, 3]


def test_initializers_listed_as_inputs_are_counted_and_are_no_inputs(tmp_path):
    report = examined([Node("Gemm", X, w(3, 2), w(2))], (1, 3), tmp_path, listed=True)
    assert report.listed == 2
    assert [border.name for border in report.inputs] == ["x"]


@pytest.mark.parametrize("kind", ["Softmax", "Sigmoid", "LogSoftmax"])
def test_what_a_final_function_means_for_questions_is_told(kind, tmp_path):
    report = examined([Node("Gemm", X, w(3, 2)), Node(kind, LAST)], (1, 3), tmp_path)
    assert report.outputs[0].layout == f"of a {kind}"
    assert any(f.what.startswith(f"it ends with {kind}") for f in found(report, "note"))


def test_a_final_arg_max_is_supported_and_told(tmp_path):
    nodes = [Node("Gemm", X, w(3, 2)), Node("ArgMax", LAST, axis=1)]
    report = examined(nodes, (1, 3), tmp_path)
    assert report.light == "green"
    assert all(o.supported for o in report.operators)
    assert any("which class wins" in finding.what for finding in report.findings)


@pytest.mark.parametrize(
    ("weight", "level"), [(1.0, None), (1e7, "yellow"), (1e17, "red"), (-1e17, "red")]
)
def test_large_weights_are_flagged_with_their_layer(weight, level, tmp_path):
    matrix = w(3, 2)
    matrix[0, 0] = weight
    report = examined([Node("Gemm", X, matrix), Node("Relu", LAST)], (1, 3), tmp_path)
    named = [f for f in report.findings if f.where.startswith("Gemm") and f.topic == "numbers"]
    assert [finding.level for finding in named] == ([level] if level else [])
    assert report.layers[0].largest == np.abs(matrix.astype(np.float32)).max()


def test_a_large_bias_is_flagged_like_a_weight(tmp_path):
    report = examined([Node("Gemm", X, w(3, 2), np.array([0.0, -1e12]))], (1, 3), tmp_path)
    assert report.light == "red"


def test_large_constants_are_flagged_behind_a_refused_node_too(tmp_path):
    nodes = [Node("Det", X, output="d"), Node("Add", "d", np.array([1e17]))]
    report = examined(nodes, (3, 3), tmp_path)
    assert any("1e+17" in finding.what for finding in found(report, "red"))


def test_denormals_and_doubles_that_are_no_floats_are_counted(tmp_path):
    single = examined([Node("Mul", X, np.array([1.0, 1e-40, 0.0]))], (1, 3), tmp_path)
    assert (single.stored.denormal, single.stored.numbers) == (1, 3)
    nodes = [Node("Mul", X, np.array([0.5, 0.1, 1e300]))]
    double = examined(nodes, (1, 3), tmp_path, dtype=np.float64)
    assert (double.stored.denormal, double.stored.beyond_float32) == (0, 2)


def test_layers_whose_numbers_are_rounded_while_reading_are_told(tmp_path):
    nodes = [Node("Div", X, np.array(3.0)), Node("Gemm", LAST, w(3, 2))]
    report = examined(nodes, (1, 3), tmp_path)
    assert [layer.exact for layer in report.layers] == [False, True]
    assert any("rounded" in finding.what for finding in report.findings)


def test_neurons_are_counted_by_kind(tmp_path):
    nodes = [
        Node("Relu", X, output="r"),
        Node("MaxPool", "r", kernel_shape=[2, 2], output="m"),
        Node("Sigmoid", "m", output="s"),
        Node("Mul", "m", "s"),
    ]
    neurons = examined(nodes, (1, 1, 3, 3), tmp_path).neurons
    assert (neurons.relu, neurons.maxima, neurons.members, neurons.products) == (9, 4, 16, 4)
    assert sum(neurons.smooth.values()) == 4


def test_the_domain_bounds_pre_activations(tmp_path):
    path = saved(model([Node("Gemm", X, np.ones((3, 1))), Node("Relu", LAST)], (1, 3)), tmp_path)
    unit = examine(path)
    assert unit.whole.largest == pytest.approx(3.0)
    wide = checked(examine(path, domain=(Fraction(-(10**7)), Fraction(10**7))))
    assert wide.whole.largest == pytest.approx(3e7)
    assert wide.light == "yellow"
    assert examine(path, domain=None).whole is None


def test_a_domain_on_which_a_function_is_not_defined_is_a_risk(tmp_path):
    report = examined([Node("Log", X)], (1, 3), tmp_path)
    assert report.light == "yellow"
    assert report.whole.largest is None


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


def report_or_error(path):
    """The report of a file, or the text of the error that says why there is none."""
    try:
        return report_text(checked(examine(path)))
    except MipcError as error:
        return str(error)


def test_a_damaged_file_is_an_error_or_a_report(tmp_path):
    data = small().SerializeToString()
    path = tmp_path / "model.onnx"
    for place in range(0, len(data), 5):
        for broken in (data[:place], data[:place] + b"\xff" + data[place + 1 :]):
            path.write_bytes(broken)
            assert path.name in report_or_error(path)


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


@needs_data
@pytest.mark.parametrize(
    ("name", "light"),
    [("wk17a_backdoor_1e17", "red"), ("wk17a_backdoor_1e4", "yellow")],
)
def test_arithmetic_backdoors_are_flagged(name, light):
    report = checked(examine(DATA / "soundness" / "zombori" / f"{name}.onnx"))
    assert report.light == light
    worst = report.findings[0]
    assert worst.where == "Gemm (node 5)"


@needs_data
def test_every_public_network_gets_a_report():
    folders = ("models", "soundness", "onnx_corpus")
    for path in sorted(p for f in folders for p in (DATA / f).rglob("*.onnx")):
        report = examine(path)
        assert report_text(report)
        try:
            read_network(path)
        except MipcError:
            assert report.light == "red", path
        else:
            assert report.nodes.refused == report.nodes.blocked == 0, path
