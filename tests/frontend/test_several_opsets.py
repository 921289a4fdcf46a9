"""Of several opsets that a file declares for the standard domain ONNX Runtime takes the last."""

from pathlib import Path

import numpy as np
import pytest
from onnx_models import LAST, Node, X, model, saved, session

import mipc
from mipc.semantics.evaluate import evaluate


@pytest.mark.parametrize("domains", [("", "ai.onnx"), ("ai.onnx", ""), ("", "")])
@pytest.mark.parametrize("versions", [(11, 13), (13, 11)])
def test_the_last_opset_counts(
    domains: tuple[str, str], versions: tuple[int, int], tmp_path: Path
) -> None:
    """A softmax of opset 11 goes over all axes from the first, one of opset 13 over the last."""
    proto = model([Node("Softmax", X), Node("Flatten", LAST)], (1, 2, 2))
    del proto.opset_import[:]
    for domain, version in zip(domains, versions, strict=True):
        proto.opset_import.add(domain=domain, version=version)
    path = saved(proto, tmp_path)
    network = mipc.read_network(path)
    assert network.opset == versions[-1]
    point = np.array([0.5, 1.0, -1.0, 2.0])
    (expected,) = session(path).run(None, {"x": point.reshape(1, 2, 2).astype(np.float32)})
    values = evaluate(network.graph, {network.input.node: point[None]})
    assert values[network.output.node][0] == pytest.approx(expected.reshape(-1), rel=1e-6)
