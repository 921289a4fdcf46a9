"""Numbers that another system, MIPVerify.jl, published for hand-made and trained networks."""

import json
import os
import re
from fractions import Fraction

import numpy as np
import onnx
import pytest
from data import DATA, needs_data
from onnx import TensorProto, helper, numpy_helper

import mipc
from mipc.errors import QuestionError
from mipc.properties.inputs import read_sample
from mipc.properties.perturbations import Blur
from mipc.properties.requirements import Linear
from mipc.runtime import Runtime
from mipc.solvers.highs import Highs
from mipc.verdict import Robust, Violated

pytestmark = needs_data

ORACLES = json.loads((DATA / "oracles" / "mipverify.json").read_text()) if DATA.is_dir() else {}
ALL = Fraction(1)  # a radius that leaves the whole domain [0, 1]


@pytest.fixture(scope="module")
def highs():
    with Highs() as solver:
        yield solver


def made(shape, low=-1.0, high=1.0):
    """The oracle's arrays: numbers of a list, in column-major order."""
    numbers = np.array(ORACLES["rands"][: int(np.prod(shape))])
    return numbers.reshape(shape, order="F") * (high - low) + low


def save(path, nodes, constants, shape):
    """A float32 network of one chain of nodes, from ``x`` to ``y``."""
    graph = helper.make_graph(
        nodes,
        "oracle",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(v, np.float32), k) for k, v in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]), path)
    return mipc.read_network(path)


@pytest.fixture(scope="module")
def pooled(tmp_path_factory):
    """Convolution, max pool, ReLU, two dense layers; the input channels come last in the oracle."""
    nodes = [
        helper.make_node("Conv", ["x", "k", "kb"], ["c"], pads=[0, 0, 1, 1]),
        helper.make_node("MaxPool", ["c"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Relu", ["p"], ["r"]),
        helper.make_node("Transpose", ["r"], ["t"], perm=[0, 2, 3, 1]),
        helper.make_node("Flatten", ["t"], ["f"]),
        helper.make_node("Gemm", ["f", "w1", "b1"], ["h"]),
        helper.make_node("Relu", ["h"], ["hr"]),
        helper.make_node("Gemm", ["hr", "w2", "b2"], ["y"]),
    ]
    constants = {
        "k": made((2, 2, 1, 2)).transpose(3, 2, 0, 1),
        "kb": made((2,)),
        "w1": made((18, 4)),
        "b1": made((4,)),
        "w2": made((4, 3)),
        "b2": made((3,)),
    }
    path = tmp_path_factory.mktemp("pooled") / "net.onnx"
    return save(path, nodes, constants, [1, 1, 6, 6]), made((1, 6, 6, 1), 0, 1).reshape(-1)


@pytest.fixture(scope="module")
def masked(tmp_path_factory):
    """Dense layers whose units are cut off, passed on or rectified, each by a mask."""
    facts = ORACLES["masked_fc_net"]
    nodes, constants = [helper.make_node("Flatten", ["x"], ["a0"])], {}
    for i, (sizes, mask) in enumerate([((32, 16), "m1"), ((16, 8), "m2")], start=1):
        units = np.array(facts[mask])
        constants |= {f"w{i}": made(sizes), f"b{i}": made(sizes[1:])}
        constants |= {f"relu{i}": units == 0, f"pass{i}": units > 0}
        nodes += [
            helper.make_node("Gemm", [f"a{i - 1}", f"w{i}", f"b{i}"], [f"z{i}"]),
            helper.make_node("Relu", [f"z{i}"], [f"r{i}"]),
            helper.make_node("Mul", [f"r{i}", f"relu{i}"], [f"u{i}"]),
            helper.make_node("Mul", [f"z{i}", f"pass{i}"], [f"v{i}"]),
            helper.make_node("Add", [f"u{i}", f"v{i}"], [f"a{i}"]),
        ]
    constants |= {"w3": made((8, 4)), "b3": made((4,))}
    nodes.append(helper.make_node("Gemm", ["a2", "w3", "b3"], ["y"]))
    path = tmp_path_factory.mktemp("masked") / "net.onnx"
    return save(path, nodes, constants, [1, 1, 4, 8]), made((1, 4, 8, 1), 0, 1).reshape(-1)


def small(tmp_path, layers, width):
    """Dense layers with ReLUs between them, weights (in, out)."""
    nodes, constants, name = [], {}, "x"
    for i, (weight, bias) in enumerate(layers):
        constants |= {f"w{i}": weight, f"b{i}": bias}
        last = i == len(layers) - 1
        nodes.append(helper.make_node("Gemm", [name, f"w{i}", f"b{i}"], ["y" if last else f"z{i}"]))
        if not last:
            nodes.append(helper.make_node("Relu", [f"z{i}"], [f"r{i}"]))
            name = f"r{i}"
    return save(tmp_path / "net.onnx", nodes, constants, [1, width])


def closest(highs, network, centre, targets, family, norm, margin=Fraction(0), seconds=120):
    classes = tuple(t - 1 for t in targets)
    label = next(c for c in range(network.output.size) if c not in classes)
    question = mipc.Question(
        centre=np.asarray(centre, dtype=float),
        perturbation=family if isinstance(family, Blur) else mipc.LInf(family),
        requirement=mipc.ArgMax(label, classes, margin),
        objective="closest",
        norm={"1": "l1", "Inf": "linf"}[norm],
    )
    return mipc.verify(mipc.ask(network, question), timeout=seconds, solver=highs)


def cases(name):
    return ORACLES.get(name, {}).get("cases", [])


def title(case):
    return f"{case['target']} {case['pp']} {case['norm']}"


def check(answer, expected):
    if expected is None:
        assert isinstance(answer.verdict, Robust)
    elif expected == 0:
        assert answer.distance[1] == 0.0
    else:
        low, high = answer.distance
        assert high == pytest.approx(expected, rel=5e-5)
        assert low <= high
        assert low == pytest.approx(expected, rel=5e-5)


def family_of(case):
    if found := re.fullmatch(r"blur-\((\d+),(\d+)\)", case["pp"]):
        return Blur(int(found[1]), int(found[2]))
    return ALL if case["pp"] == "unrestricted" else Fraction(case["pp"].removeprefix("linf-"))


@pytest.mark.parametrize("case", cases("conv_maxpool_fc_net"), ids=title)
def test_convolution_and_max_pool(highs, pooled, case):
    network, centre = pooled
    family, expected = family_of(case), case["expected"]
    hard = isinstance(family, Blur) and expected is not None and not os.environ.get("MIPC_THOROUGH")
    answer = closest(
        highs, network, centre, case["target"], family, case["norm"], seconds=5 if hard else 60
    )
    if not hard:
        check(answer, expected)
    else:  # what is known after a few seconds is right at least
        low, high = answer.distance
        assert 0 <= low <= expected * (1 + 5e-5)
        assert high >= expected * (1 - 5e-5)


@pytest.mark.parametrize("case", cases("masked_fc_net"), ids=title)
def test_masked_units(highs, masked, case):
    network, centre = masked
    answer = closest(highs, network, centre, case["target"], family_of(case), case["norm"])
    check(answer, case["expected"])


@pytest.mark.parametrize(
    ("margin", "distance"), [("1/2", 0.5), ("0", 0.25), ("-1/2", 0.0), ("-3/2", 0.0)]
)
def test_margins(highs, tmp_path, margin, distance):
    """Two inputs, two logits x0 - x1 and x1 - x0 at (1, 1/2): class 2 needs a margin."""
    facts = ORACLES["margin_net"]
    layers = [(facts["W1"], facts["b1"]), (facts["W2"], facts["b2"])]
    network = small(tmp_path, layers, 2)
    answer = closest(highs, network, facts["input"], [2], ALL, "1", Fraction(margin))
    assert isinstance(answer.verdict, Violated)
    low, high = answer.distance
    # each unit of distance moves the margin by two; a margin of -1 is there from the beginning
    wanted = max((Fraction(margin) + 1) / 2, Fraction(0))
    assert float(wanted) == pytest.approx(high, abs=1e-4)
    assert low <= high + 1e-12


def test_one_unit_of_mixed_phases_is_split(tmp_path):
    facts = ORACLES["mixed_phase_net"]
    layers = [(facts["W1"], facts["b1"]), (facts["W2"], facts["b2"])]
    network = small(tmp_path, layers, 2)
    question = mipc.Question(
        np.array(facts["input"]), mipc.LInf(ALL), mipc.ArgMax(0, (1,)), objective="worst"
    )
    compiled = mipc.compile_query(mipc.ask(network, question))
    assert compiled.formulations[0].model.size["binaries"] == facts["expect"]["split"]


def test_three_images_robust_violated_and_wrong_from_the_start(highs, tmp_path):
    facts = ORACLES["batch_net"]
    network = small(tmp_path, [(facts["W"], facts["b"])], 1)
    robust, violated, wrong = (
        closest(highs, network, [image], [2], Fraction("0.1"), "Inf") for image in facts["images"]
    )
    assert isinstance(robust.verdict, Robust)
    assert violated.distance[1] == pytest.approx(0.05, rel=1e-4)
    assert wrong.distance == (0.0, 0.0)


@pytest.mark.parametrize(("margin", "violated"), [("5/2", False), ("3/2", True)])
def test_the_largest_margin_is_two(highs, tmp_path, margin, violated):
    facts = ORACLES["margin_net"]
    layers = [(facts["W1"], facts["b1"]), (facts["W2"], facts["b2"])]
    question = mipc.Question(
        np.array(facts["input"]),
        mipc.LInf(ALL),
        mipc.ArgMax(0, (1,), Fraction(margin)),
        objective="worst",
    )
    answer = mipc.verify(mipc.ask(small(tmp_path, layers, 2), question), solver=highs)
    assert isinstance(answer.verdict, Violated if violated else Robust)
    assert answer.margin == pytest.approx([2 - float(Fraction(margin))] * 2, abs=1e-5)


@pytest.mark.parametrize(("margin", "distance"), [("3/2", 0.25), ("1/2", 0.0)])
def test_a_class_that_wins_already_may_have_to_win_by_more(highs, tmp_path, margin, distance):
    facts = ORACLES["margin_net"]
    layers = [(facts["W1"], facts["b1"]), (facts["W2"], facts["b2"])]
    network = small(tmp_path, layers, 2)
    answer = closest(highs, network, facts["input"], [1], ALL, "1", Fraction(margin))
    assert answer.distance[1] == pytest.approx(distance, abs=1e-4)


def test_an_input_outside_the_domain_is_no_question(highs, tmp_path):
    facts = ORACLES["margin_net"]
    network = small(tmp_path, [(facts["W1"], facts["b1"]), (facts["W2"], facts["b2"])], 2)
    with pytest.raises(QuestionError, match="outside the domain"):
        closest(highs, network, [1.1, 0.5], [1], ALL, "1")


def test_one_undecided_unit_makes_one_binary(highs, tmp_path):
    facts = ORACLES["unstable_relu_feasibility_net"]
    layers = [(facts["W1"], facts["b1"]), (facts["W2"], facts["b2"])]
    network = small(tmp_path, layers, 1)
    question = mipc.Question(np.array(facts["input"]), mipc.LInf(ALL), mipc.ArgMax(0, (1,)))
    query = mipc.ask(network, question)
    assert mipc.compile_query(query).formulations[0].model.size["binaries"] == 1
    answer = mipc.verify(query, solver=highs)
    assert isinstance(answer.verdict, Violated)
    assert answer.verdict.witness.point[0] >= 0.6 - 1e-6


@pytest.mark.parametrize(("formula", "best"), [("y0 >= 0", 1.5), ("-1 y1 >= 0", 1.5)])
def test_bounds_of_a_small_network(highs, tmp_path, formula, best):
    """Intervals say 3 and a linear program 2; the largest value is 3/2."""
    facts = ORACLES["bounds_net"]
    layers = [(facts["A1"], [0, 0]), (facts["A2"], [0, 0])]
    network = small(tmp_path, layers, 2)
    box = mipc.BoxOfArrays(-np.ones(2), np.ones(2))
    question = mipc.Question(None, box, Linear(formula), None, objective="worst")
    answer = mipc.verify(mipc.ask(network, question), solver=highs)
    assert answer.margin == pytest.approx([best, best], abs=1e-3 * best)


@pytest.mark.parametrize(
    ("point", "eps", "inside"),
    [([0.59999996, 0.40000001], "0.1", True), ([0.6001, 0.4], "0.1", False),
     ([0.5 + 1e-9, 0.5], "1e-12", False),
     ([-2e-08, 1.0], None, False)],
)  # fmt: skip
def test_which_points_are_witnesses(tmp_path, point, eps, inside):
    """The oracle forgives 1e-8; here the float32 above 6/10 is outside already."""
    network = small(tmp_path, [([[1, 0], [0, 1]], [0, 0])], 2)
    family = mipc.LInf(ALL) if eps is None else mipc.LInf(Fraction(eps))
    query = mipc.ask(network, mipc.Question(np.full(2, 0.5), family, mipc.ArgMax(0)))
    assert query.region.contains(np.array(point)) == inside


def test_all_witnesses_of_a_trained_network_replay(monkeypatch):
    """They lie on the boundary: the other class reaches the label, up to float32."""
    monkeypatch.setenv("MIPC_DATA", str(DATA))
    network = mipc.read_network(DATA / "models" / "wk17a_linf0.1.onnx")
    with np.load(DATA / "oracles" / "wk17a_witnesses.npz") as found:
        index, points, classes = found["index"] - 1, found["x"], found["best_class"]
    assert len(index) == 16
    runtime = Runtime(network)
    for i, point, other in zip(index.tolist(), points, classes.tolist(), strict=True):
        sample = read_sample("mnist", i)
        assert np.abs(point - sample.image).max() <= 0.1 + 1e-8
        y = runtime.outputs(point.reshape(-1))[0]
        assert y[other] - y[sample.label] >= -1e-4


CLOSEST = {8: 0.0940014207, 492: 0.0493091005}
if os.environ.get("MIPC_THOROUGH"):
    CLOSEST |= {
        int(key) - 1: facts["closest_linf_best_known_value"]
        for key, facts in ORACLES.get("wk17a", {}).get("ground_truth_first_500", {}).items()
        if facts.get("closest_linf_best_known_value")
    }


@pytest.mark.parametrize("index", sorted(CLOSEST))
def test_the_closest_violation_of_a_trained_network(highs, index, monkeypatch):
    """As near as any that is known, and nearer where the best known is not the nearest."""
    monkeypatch.setenv("MIPC_DATA", str(DATA))
    network = mipc.read_network(DATA / "models" / "wk17a_linf0.1.onnx")
    sample = read_sample("mnist", index)
    question = mipc.Question(
        sample.image.reshape(-1),
        mipc.LInf(Fraction("0.1")),
        mipc.ArgMax(sample.label),
        objective="closest",
    )
    answer = mipc.verify(mipc.ask(network, question), timeout=120, solver=highs)
    assert isinstance(answer.verdict, Violated)
    assert answer.stage == "branching"
    low, high = answer.distance
    assert low <= high <= low * (1 + 5e-5)
    assert high <= CLOSEST[index] * (1 + 5e-5)
