"""What asks for much memory, or for files outside its folder, is refused before it gets them."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto
from onnx_models import LAST, Node, X, model, refused, saved, small, w, whole

from mipc.errors import ModelError, UnsafeModel
from mipc.frontend import builder
from mipc.frontend.onnx import read_network

HUGE = 10**6


def huge_initializer() -> onnx.ModelProto:
    proto = small()
    proto.graph.initializer.append(
        TensorProto(name="big", data_type=TensorProto.FLOAT, dims=[HUGE, HUGE])
    )
    return proto


def huge_product() -> onnx.ModelProto:
    proto = small()
    big = TensorProto(name="big", data_type=TensorProto.FLOAT, dims=[2**40] * 20)
    proto.graph.initializer.append(big)
    return proto


def of(*nodes: Node, shape: tuple[int, ...] = (1, 3)) -> Callable[[], onnx.ModelProto]:
    return lambda: model(nodes, shape)


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(huge_initializer, id="initializer"),
        pytest.param(huge_product, id="product beyond 64 bits"),
        pytest.param(of(Node("Relu", X), shape=(1, HUGE, HUGE)), id="input"),
        pytest.param(of(Node("Pad", X, whole(0, 0, HUGE, HUGE))), id="pad"),
        pytest.param(of(Node("Pad", X, whole(0, 0, 2**62, 2**62))), id="pad beyond 64 bits"),
        pytest.param(of(Node("Pad", X, whole(0, 0, 0, 2**40), mode="edge")), id="pad edge"),
        pytest.param(
            of(Node("Add", X, np.zeros((HUGE, 1), np.float32)), shape=(1, 300)), id="sum"
        ),
        pytest.param(
            of(Node("Mul", X, np.zeros((HUGE, 1), np.float32)), shape=(1, 300)), id="product"
        ),
        pytest.param(
            of(Node("MatMul", X, np.zeros((1, 9000), np.float32)), shape=(9000, 1)), id="outer"
        ),
        pytest.param(
            of(Node("Conv", X, w(1, 1, 1, 1), pads=[HUGE] * 4), shape=(1, 1, 2, 2)), id="conv pads"
        ),
        pytest.param(
            of(Node("Conv", X, w(1, 1, 1, 1), pads=[2**62] * 4, strides=[2**62] * 2),
               shape=(1, 1, 2, 2)), id="conv pads and strides"
        ),
        pytest.param(
            of(Node("MaxPool", X, kernel_shape=[10**5]), shape=(1, 1, 2 * 10**5)), id="windows"
        ),
        pytest.param(
            of(Node("AveragePool", X, kernel_shape=[10**5]), shape=(1, 1, 2 * 10**5)), id="averages"
        ),
        pytest.param(
            of(Node("Constant", value_floats=[1.0]), *[Node("Concat", *[LAST] * 2000, axis=0)] * 3,
               Node("Add", X, LAST)), id="constants grow"
        ),
        pytest.param(of(*[Node("Concat", *[LAST] * 500, axis=0)] * 3), id="values grow"),
    ],
)  # fmt: skip
def test_memory_is_not_taken(build: Callable[[], onnx.ModelProto], tmp_path: Path) -> None:
    read_network(saved(small(), tmp_path))  # what is imported once is not counted
    path = saved(build(), tmp_path)
    tracemalloc.start()
    try:
        with pytest.raises(UnsafeModel) as caught:
            read_network(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 60_000_000
    assert caught.value.where.startswith(str(path))


@pytest.mark.parametrize(
    "nodes",
    [
        [Node("Mul", LAST, w(1))] * 50,
        [
            Node("Constant", value_floats=[1.0] * 50),
            *[Node("Neg", LAST)] * 50,
            Node("Add", X, LAST),
        ],
        [Node("Gemm", X, w(50, 50))],
    ],
    ids=["values", "constants", "initializers"],
)
def test_all_tensors_together(
    nodes: list[Node], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(model(nodes, (1, 50)), tmp_path)
    assert read_network(path).output.size == 50
    monkeypatch.setattr(builder, "MOST_IN_ALL", 2000)
    with pytest.raises(UnsafeModel, match="have more than 2000 numbers"):
        read_network(path)


# ---------------------------------------------------------------- external data


def external(folder: Path, location: str, **entries: object) -> Path:
    """A model whose first weights lie in another file."""
    proto = small()
    weights = proto.graph.initializer[0]
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **entries}.items():
        weights.external_data.add(key=key, value=str(value))
    folder.mkdir(exist_ok=True)
    return saved(proto, folder)


BYTES = w(3, 2).astype(np.float32).tobytes()


def test_external_data_inside_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (folder / "weights").mkdir(parents=True)
    (folder / "weights" / "a.bin").write_bytes(b"1234" + BYTES + b"5")
    path = external(folder, "weights/a.bin", offset=4, length=len(BYTES))
    plain = tmp_path / "plain"
    plain.mkdir()
    own = read_network(saved(small(), plain)).graph
    theirs = read_network(path).graph
    for a, b in zip(own, theirs, strict=True):
        assert a.name == b.name
    matrices = [graph["y0"].op.maps[0].tocsr().toarray() for graph in (own, theirs)]
    np.testing.assert_array_equal(*matrices)


def test_external_data_outside_the_folder(tmp_path: Path) -> None:
    folder, other = tmp_path / "model", tmp_path / "other"
    folder.mkdir()
    other.mkdir()
    (other / "a.bin").write_bytes(BYTES)
    (folder / "link.bin").symlink_to(other / "a.bin")
    (folder / "inner.bin").write_bytes(BYTES)
    (folder / "inner_link.bin").symlink_to(folder / "inner.bin")
    (folder / "linked").symlink_to(other)
    (folder / "loop").symlink_to(folder / "loop")
    os.mkfifo(folder / "pipe")
    for location in (
        "../other/a.bin", str(other / "a.bin"), str(folder / "inner.bin"), "link.bin",
        "inner_link.bin", "linked/a.bin", "linked/../../other/a.bin", "loop", "loop/a.bin", "pipe",
        "", ".", "missing.bin", "a\0b", "x" * 5000,
    ):  # fmt: skip
        with pytest.raises(UnsafeModel, match="plain file inside the model's folder") as caught:
            read_network(external(folder, location))
        assert "initializer 'c0'" in caught.value.where


@pytest.mark.parametrize(
    "entries",
    [
        {"offset": 1},
        {"offset": len(BYTES) + 1},
        {"offset": -1},
        {"length": len(BYTES) + 1},
        {"length": len(BYTES) - 1},
        {"length": -1},
        {"offset": 2**70},
        {"length": "many"},
        {"offset": 4, "length": len(BYTES)},
    ],
    ids=str,
)
def test_external_data_of_another_length(entries: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(BYTES)
    with pytest.raises(ModelError, match=r"reaches beyond|do not fit") as caught:
        read_network(external(tmp_path, "a.bin", **entries))
    assert "initializer 'c0'" in caught.value.where


def test_external_data_of_an_attribute(tmp_path: Path) -> None:
    proto = model([Node("Constant", value=w(3)), Node("Add", X, LAST)], (1, 3))
    tensor = proto.graph.node[0].attribute[0].t
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="model.onnx")
    assert isinstance(refused(proto, tmp_path), UnsafeModel)
