"""Where channels stand is what the network's operators say, whatever the sizes suggest."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from onnx_models import LAST, Node, X, model, saved

import mipc
from mipc.ir.network import Network
from mipc.properties.normalisation import Normalisation
from mipc.properties.perturbations import Patch
from mipc.properties.pictures import pixels


def two_channels(tmp_path: Path, *before: Node) -> Network:
    """(1, 2, 5, 3): y0 = 1.5, and y1 sums both channels of the pixel in row 2, column 0."""
    chosen = np.zeros((15, 2))
    chosen[2 * 3, 1] = 1.0
    nodes = [*before, Node("Conv", LAST if before else X, np.ones((1, 2, 1, 1))),
             Node("Flatten", LAST), Node("Gemm", LAST, chosen, np.array([1.5, 0.0]))]  # fmt: skip
    return mipc.read_network(saved(model(nodes, (1, 2, 5, 3)), tmp_path))


@pytest.mark.parametrize(
    "before",
    [(), (Node("Mul", X, np.array(1.0)), Node("Relu", LAST)), (Node("LeakyRelu", X, alpha=0.5),)],
)
def test_a_patch_covers_all_channels_of_a_convolutions_input(
    before: tuple[Node, ...], tmp_path: Path
) -> None:
    network = two_channels(tmp_path, *before)
    question = mipc.Question(np.zeros(30), Patch(1, 1), mipc.ArgMax(0))
    query = mipc.ask(network, question)
    assert len(query.cases) == 15
    assert isinstance(mipc.verify(query).verdict, mipc.Violated)


def test_means_are_those_of_the_channels_that_a_convolution_reads(tmp_path: Path) -> None:
    network = two_channels(tmp_path)
    halves = (Fraction(1), Fraction(1))
    normalisation = Normalisation((Fraction(1, 4), Fraction(1, 2)), halves)
    given = normalisation.of(np.zeros(30), network.input).reshape(2, 15)
    assert (given == [[-0.25], [-0.5]]).all()


def test_a_transpose_says_that_channels_stand_last(tmp_path: Path) -> None:
    nodes = [Node("Transpose", X, perm=[0, 3, 1, 2]), Node("Conv", LAST, np.ones((1, 5, 1, 1)))]
    network = mipc.read_network(saved(model(nodes, (1, 3, 4, 5)), tmp_path))
    assert network.input.channels_first is False
    where = pixels(network.input.shape, network.input.channels_first)
    assert where is not None
    assert where.shape == (5, 3, 4)
