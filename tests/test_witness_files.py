"""Witnesses as files: what the network was fed, and a picture of the image it came from."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx_models import Node, X, model, saved, session
from PIL import Image

from mipc.decide import verify
from mipc.errors import OptionError
from mipc.frontend.onnx import read_network
from mipc.properties.normalisation import Normalisation
from mipc.properties.perturbations import parse_perturbation
from mipc.properties.property_question import PropertyQuestion, ask_property
from mipc.properties.query import Query
from mipc.properties.question import Question, ask
from mipc.properties.requirements import Linear
from mipc.replay import Replay
from mipc.results import answer_facts
from mipc.verdict import Violated
from mipc.witness_files import write_witness

TWO_INPUTS = """(vnnlib-version <2.0>)
(declare-network N (declare-input A float32 [2]) (declare-input B float32 [2])
    (declare-hidden H float32 [2] "h") (declare-output Y float32 [2]))
(assert (and (>= A[0] 0.0) (<= A[0] 1.0) (>= A[1] 0.0) (<= A[1] 1.0)))
(assert (and (>= B[0] 0.0) (<= B[0] 1.0) (>= B[1] 0.0) (<= B[1] 1.0)))
(assert (>= Y[0] 1.5))
(assert (>= H[0] 1.5))
"""


def found(query: Query) -> Replay:
    answer = verify(query)
    assert isinstance(answer.verdict, Violated)
    return answer.verdict.witness


def test_of_a_normalised_image_the_picture_shows_the_image_and_the_array_what_was_fed(tmp_path):
    shape = (1, 3, 2, 2)
    network = read_network(saved(model([Node("Flatten", X)], shape), tmp_path))
    centre = np.linspace(0, 1, 12)
    question = Question(
        centre=centre,
        perturbation=parse_perturbation("linf:0"),
        requirement=Linear("y0 >= -10"),
        normalisation=Normalisation((Fraction(1, 2),), (Fraction(1, 4),)),
    )
    query = ask(network, question)
    answer = verify(query)
    run = found(query)
    write_witness(tmp_path / "w.npy", query, run)
    write_witness(tmp_path / "w.png", query, run)
    fed = np.load(tmp_path / "w.npy")
    assert fed.shape == shape
    np.testing.assert_allclose(fed.reshape(-1), (centre - 0.5) / 0.25, rtol=1e-6)
    pixels = np.asarray(Image.open(tmp_path / "w.png")).transpose(2, 0, 1).reshape(-1)
    np.testing.assert_allclose(pixels / 255, centre, atol=0.6 / 255)
    facts = answer_facts(query, answer).witness
    assert facts is not None
    assert facts.image is not None
    np.testing.assert_allclose(facts.image, centre)


def test_channels_that_stand_last_are_the_colours_of_the_picture(tmp_path):
    nodes = [Node("Transpose", X, perm=[0, 3, 1, 2]), Node("Flatten", "t")]
    nodes[0].output = "t"
    network = read_network(saved(model(nodes, (1, 4, 2, 3)), tmp_path))
    image = np.zeros((4, 2, 3))
    image[..., 1] = 1.0
    question = Question(
        centre=image.reshape(-1),
        perturbation=parse_perturbation("linf:0"),
        requirement=Linear("y0 >= -10"),
    )
    query = ask(network, question)
    write_witness(tmp_path / "w.png", query, found(query))
    shown = np.asarray(Image.open(tmp_path / "w.png"))
    assert shown.shape == (4, 2, 3)
    np.testing.assert_array_equal(shown, image * 255)


@pytest.fixture
def two_inputs(tmp_path: Path) -> Query:
    """A network of two inputs whose weights lie in a file of their own, and a tensor inside."""
    node = onnx.helper.make_node
    floats = onnx.TensorProto.FLOAT
    value = onnx.helper.make_tensor_value_info
    weights = onnx.numpy_helper.from_array(np.eye(2, dtype=np.float32), "W")
    graph = onnx.helper.make_graph(
        [node("MatMul", ["a", "W"], ["m"]), node("Add", ["m", "b"], ["h"]),
         node("Relu", ["h"], ["y"])],
        "g",
        [value("a", floats, [1, 2]), value("b", floats, [1, 2])],
        [value("y", floats, [1, 2])],
        [weights],
    )  # fmt: skip
    made = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8
    )
    place = tmp_path / "two.onnx"
    onnx.save(made, place, save_as_external_data=True, location="two.bin", size_threshold=0)
    (tmp_path / "q.vnnlib").write_text(TWO_INPUTS)
    question = PropertyQuestion.read(tmp_path / "q.vnnlib")
    return ask_property({"N": read_network(place)}, question)


def test_several_inputs_go_into_one_file_by_their_names(two_inputs, tmp_path):
    """The tensor inside is looked at too, though its weights lie outside of the file."""
    write_witness(tmp_path / "w.npz", two_inputs, found(two_inputs))
    with np.load(tmp_path / "w.npz") as archive:
        feed = {name: archive[name] for name in archive}
    assert set(feed) == {"a", "b"}
    (output,) = session(tmp_path / "two.onnx").run(None, feed)
    assert output[0, 0] >= 1.5


@pytest.mark.parametrize("name", ["w.npy", "w.png"])
def test_files_for_one_input_refuse_several(name, two_inputs, tmp_path):
    with pytest.raises(OptionError, match="2 inputs"):
        write_witness(tmp_path / name, two_inputs, found(two_inputs))


def test_the_same_witness_is_the_same_file(two_inputs, tmp_path):
    run = found(two_inputs)
    write_witness(tmp_path / "a.npz", two_inputs, run)
    write_witness(tmp_path / "b.npz", two_inputs, run)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
