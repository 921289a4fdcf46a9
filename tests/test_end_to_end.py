"""From ONNX to verdict and back, on real networks and real images."""

import json
import shutil
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from data import DATA, needs_data

import mipc
from mipc.batch import margins_by_bounds
from mipc.decoding import Pair
from mipc.properties.inputs import read_sample
from mipc.semantics.evaluate import evaluate
from mipc.solve import solve_file
from mipc.verdict import Robust, Unknown, Violated

pytestmark = needs_data

EPSILON = Fraction("0.1")
WK17A = DATA / "models" / "wk17a_linf0.1.onnx"
RSL18A = DATA / "models" / "rsl18a_linf0.1.onnx"


@pytest.fixture(autouse=True)
def data_folder(monkeypatch):
    monkeypatch.setenv("MIPC_DATA", str(DATA))


@pytest.fixture(scope="module")
def wk17a():
    return mipc.read_network(WK17A)


def ask(network, index, objective="feasibility", targets=None, margin=Fraction(0)):
    sample = read_sample("mnist", index)
    requirement = mipc.ArgMax(sample.label, targets, margin)
    centre = sample.image.reshape(-1)
    question = mipc.Question(centre, mipc.LInf(EPSILON), requirement, objective=objective)
    return mipc.ask(network, question)


def test_a_robust_image_is_robust_by_bounds(wk17a):
    answer = mipc.verify(ask(wk17a, 0))
    assert answer.verdict == Robust("bounds")
    assert answer.margin[1] < 0


def test_a_violated_image_has_a_replayed_witness(wk17a):
    query = ask(wk17a, 8)
    answer = mipc.verify(query, timeout=120)
    assert isinstance(answer.verdict, Violated)
    run = answer.verdict.witness
    assert query.region.contains(run.point)
    assert run.runtime_margin >= 0
    assert run.exact_margin[0] >= 0
    assert int(run.output.argmax()) != query.label


def test_a_misclassified_image_is_violated_at_distance_zero_without_a_model(wk17a):
    answer = mipc.verify(ask(wk17a, 247, "closest"))
    assert isinstance(answer.verdict, Violated)
    assert answer.stage == "input"
    assert answer.distance == (0.0, 0.0)


@pytest.mark.parametrize("index", [245, 583, 1364, 1571, 3604])
def test_robust_images_that_bounds_leave_open_are_closed_by_branching(wk17a, index):
    answer = mipc.verify(ask(wk17a, index), timeout=120)
    assert answer.verdict == Robust("bounds")
    assert answer.stage == "branching"


@pytest.mark.parametrize("index", [1, 3])
def test_a_network_with_max_pooling_is_branched_on(index):
    network = mipc.read_network(DATA / "onnx_corpus" / "Marabou_resources__cnn_max_mninst3.onnx")
    sample = read_sample("mnist", index)
    question = mipc.Question(
        sample.image.reshape(-1), mipc.LInf(Fraction(1, 20)), mipc.ArgMax(sample.label)
    )
    answer = mipc.verify(mipc.ask(network, question), timeout=60)
    assert answer.verdict == Robust("bounds")
    assert answer.stage == "branching"


def test_a_ball_is_branched_on(wk17a):
    sample = read_sample("mnist", 5)
    question = mipc.Question(
        sample.image.reshape(-1), mipc.L2(Fraction(1, 5)), mipc.ArgMax(sample.label)
    )
    answer = mipc.verify(mipc.ask(wk17a, question), timeout=120)
    assert answer.verdict == Robust("bounds")
    assert answer.stage == "branching"


@pytest.mark.parametrize("index", [211, 3681, 4165])
def test_images_that_are_hardly_adversarial_have_a_witness(wk17a, index):
    answer = mipc.verify(ask(wk17a, index), timeout=120)
    assert isinstance(answer.verdict, Violated)


def test_the_largest_margin_of_a_robust_input_is_certified_negative(wk17a):
    # bounds leave class 3 of image 245 open; its largest margin is negative all the same
    query = ask(wk17a, 245)
    open_target = max(mipc.compile_query(query).parts, key=lambda part: part.upper).target
    answer = mipc.verify(ask(wk17a, 245, "worst", targets=(open_target,)), timeout=15)
    low, high = answer.margin
    assert low <= high < 0
    assert answer.verdict == Robust("bounds")


def test_no_time_is_unknown_and_says_so(wk17a):
    answer = mipc.verify(ask(wk17a, 8), timeout=0.0)
    assert isinstance(answer.verdict, Unknown)
    assert answer.verdict.reason == "timeout"


@pytest.mark.parametrize("suffix", [".mps", ".lp", ".lp.gz"])
@pytest.mark.parametrize("solver", ["highs", "cbc", "glpk"])
@pytest.mark.parametrize(("index", "target"), [(0, 3), (8, 6)])
def test_every_solver_gives_the_same_answer_from_the_file(
    wk17a, tmp_path, suffix, solver, index, target
):
    program = {"cbc": "cbc", "glpk": "glpsol"}.get(solver)
    if program and not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    if solver == "glpk" and index == 8 and suffix != ".mps":
        pytest.skip("GLPK needs half a minute for each of these")
    compiled = mipc.compile_query(ask(wk17a, index, targets=(target,)))
    (model, sidecar), *_ = mipc.write_files(compiled, tmp_path / f"q{suffix}")
    solution = tmp_path / "q.sol"
    claim = solve_file(model, solution, solver, 120)
    answer = mipc.decode([Pair.read(sidecar, solution)], wk17a)
    if index == 0:
        assert claim.status.value == "infeasible"
        assert answer.verdict == Robust("bounds")
    else:
        assert claim.objective == pytest.approx(-0.13709176, rel=1e-4)
        assert isinstance(answer.verdict, Violated)


def test_all_disjuncts_in_files_of_their_own_or_in_one(wk17a, tmp_path):
    query = ask(wk17a, 0)
    each = mipc.compile_query(query, all_disjuncts=True)
    assert len(mipc.write_files(each, tmp_path / "each.mps")) == 9
    one = mipc.compile_query(query, all_disjuncts=True, combine=True)
    ((model, sidecar),) = mipc.write_files(one, tmp_path / "one.mps")
    assert solve_file(model, tmp_path / "one.sol", "highs", 120).status.value == "infeasible"
    answer = mipc.decode([Pair.read(sidecar, tmp_path / "one.sol")], wk17a)
    assert answer.verdict == Robust("bounds")


def test_a_question_closed_by_bounds_still_has_a_file(wk17a, tmp_path):
    compiled = mipc.compile_query(ask(wk17a, 0))
    ((_, sidecar),) = mipc.write_files(compiled, tmp_path / "q.mps")
    facts = json.loads(sidecar.read_text())
    assert all(entry["closed_by_bounds"] for entry in facts["disjuncts"])
    assert [entry["file"] for entry in facts["disjuncts"]].count("q.mps") == 1


def test_a_missing_answer_is_no_proof(wk17a, tmp_path):
    query = ask(wk17a, 8)
    compiled = mipc.compile_query(query, groups=[(0,)])
    ((model, sidecar),) = mipc.write_files(compiled, tmp_path / "q.mps")
    solve_file(model, tmp_path / "q.sol", "highs", 60)
    answer = mipc.decode([Pair.read(sidecar, tmp_path / "q.sol")], wk17a)
    assert isinstance(answer.verdict, Unknown)
    assert answer.verdict.reason == "not-solved"


def test_a_forged_claim_about_another_model_is_no_proof(wk17a, tmp_path):
    """A solver's "infeasible" counts only for the very file mipc writes for the question."""
    compiled = mipc.compile_query(ask(wk17a, 8))
    ((model, sidecar),) = mipc.write_files(compiled, tmp_path / "q.mps")
    model.unlink()
    facts = json.loads(sidecar.read_text())
    facts["model"]["sha256"] = "0" * 64
    sidecar.write_text(json.dumps(facts))
    (tmp_path / "q.sol").write_text("Model status\nInfeasible\n\n# Primal solution values\nNone\n")
    answer = mipc.decode([Pair.read(sidecar, tmp_path / "q.sol")], wk17a)
    assert isinstance(answer.verdict, Unknown)
    assert answer.verdict.reason == "model-mismatch"


def test_a_witness_beats_a_solver_that_says_infeasible(wk17a, tmp_path):
    compiled = mipc.compile_query(ask(wk17a, 247))
    pairs = []
    for _, sidecar in mipc.write_files(compiled, tmp_path / "q.mps"):
        lie = sidecar.with_suffix(".sol")
        lie.write_text("Model status\nInfeasible\n\n# Primal solution values\nNone\n")
        pairs.append(Pair.read(sidecar, lie))
    answer = mipc.decode(pairs, wk17a)
    assert isinstance(answer.verdict, Violated)


@pytest.mark.parametrize(("path", "robust", "wrong"), [(WK17A, 96, 0), (RSL18A, 35, 2)])
def test_bounds_alone_decide_as_many_of_the_first_hundred_as_is_known(path, robust, wrong):
    network = mipc.read_network(path)
    samples = [read_sample("mnist", i) for i in range(100)]
    images = np.array([sample.image.reshape(-1) for sample in samples])
    labels = np.array([sample.label for sample in samples])
    output = evaluate(network.graph, {network.graph.inputs[0].name: images})
    right = output[network.graph.outputs[0]].argmax(axis=1) == labels
    lower, upper = np.maximum(images - 0.1, 0.0), np.minimum(images + 0.1, 1.0)
    margins = margins_by_bounds(network, lower, upper, labels)
    margins[np.arange(100), labels] = -np.inf
    assert int(((margins.max(axis=1) < 0) & right).sum()) == robust
    assert int((~right).sum()) == wrong


def test_the_command_line_says_it_in_exit_codes_and_json(tmp_path):
    words = ["--dataset", "mnist", "--perturbation", "linf:0.1", "--json"]
    codes = {}
    for index in (0, 8, 247):
        command = [sys.executable, "-m", "mipc", "verify", str(WK17A), "--index", str(index)]
        run = subprocess.run([*command, *words], capture_output=True, text=True, check=False)
        codes[json.loads(run.stdout)["verdict"]] = run.returncode
        assert run.stderr == ""
    assert codes == {"robust": 0, "violated": 1}
