"""Train the network of this folder: 8 x 8 handwritten digits, a convolution and two dense layers.

    python train_digits.py [--seed S] [--output FOLDER]

Needs scikit-learn, for its digits (Optical Recognition of Handwritten Digits, E. Alpaydin and
C. Kaynak, UCI Machine Learning Repository, CC BY 4.0). Everything else is plain numpy. The same
seed on the same machine writes the same bytes.

Half of each batch is attacked: every pixel is moved along the sign of its gradient, up to 1/32.
That makes most images robust, and leaves some for a solver to decide.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from sklearn.datasets import load_digits

Array = npt.NDArray[np.float64]
Parameters = dict[str, Array]

CHANNELS, HIDDEN, CLASSES = 12, 40, 10
EPOCHS, BATCH, RATE, DECAY = 120, 64, 3e-3, 3e-4
TRAINED, ASKED = 1 / 32, 1 / 16  # radii; a grey level is 1/16
HELD_OUT = 360
SHOWN = {"zero": 19, "seven": 222, "three": 206}  # their places among the held-out images

# A 3 x 3 convolution with stride 2 and padding 1 takes 8 x 8 pixels to 4 x 4. As a matrix from
# 64 pixels to 16 places a channel, its entry (PIXEL[e], PLACE[e]) is kernel number KERNEL[e].
_ROW, _COLUMN, _I, _J = np.indices((4, 4, 3, 3)).reshape(4, -1)
_Y, _X = 2 * _ROW + _I - 1, 2 * _COLUMN + _J - 1
_KEPT = (_Y >= 0) & (_X >= 0)
PIXEL, PLACE, KERNEL = (a[_KEPT] for a in (8 * _Y + _X, 4 * _ROW + _COLUMN, 3 * _I + _J))


def digits() -> tuple[Array, npt.NDArray[np.intp]]:
    """All images as (N, 64) in [0, 1] and their classes, always in the same mixed order."""
    data = load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    return data.data[order] / 16.0, data.target[order]


def fresh(rng: np.random.Generator) -> Parameters:
    """Random weights, and biases of 0."""
    flat = CHANNELS * 16
    return {
        "conv.weight": rng.normal(0.0, (2 / 9) ** 0.5, (CHANNELS, 9)),
        "conv.bias": np.zeros(CHANNELS),
        "dense.weight": rng.normal(0.0, (2 / flat) ** 0.5, (HIDDEN, flat)),
        "dense.bias": np.zeros(HIDDEN),
        "out.weight": rng.normal(0.0, (1 / HIDDEN) ** 0.5, (CLASSES, HIDDEN)),
        "out.bias": np.zeros(CLASSES),
    }


def matrix(kernels: Array) -> Array:
    """The convolution as a matrix: (channels, 9) -> (channels * 16, 64)."""
    dense = np.zeros((len(kernels), 16, 64))
    dense[:, PLACE, PIXEL] = kernels[:, KERNEL]
    return dense.reshape(-1, 64)


def forward(p: Parameters, x: Array) -> tuple[Array, Array, Array]:
    """Both hidden layers and the output."""
    first = np.maximum(x @ matrix(p["conv.weight"]).T + np.repeat(p["conv.bias"], 16), 0.0)
    second = np.maximum(first @ p["dense.weight"].T + p["dense.bias"], 0.0)
    return first, second, second @ p["out.weight"].T + p["out.bias"]


def gradients(p: Parameters, x: Array, labels: npt.NDArray[np.intp]) -> tuple[Parameters, Array]:
    """Of the mean cross-entropy: by every parameter, and by the input."""
    first, second, output = forward(p, x)
    chance = np.exp(output - output.max(axis=1, keepdims=True))
    chance /= chance.sum(axis=1, keepdims=True)
    chance[np.arange(len(x)), labels] -= 1.0
    d_output = chance / len(x)
    d_second = (d_output @ p["out.weight"]) * (second > 0)
    d_first = (d_second @ p["dense.weight"]) * (first > 0)
    d_matrix = (d_first.T @ x).reshape(CHANNELS, 16, 64)[:, PLACE, PIXEL]
    d_kernels = np.stack([d_matrix[:, k == KERNEL].sum(axis=1) for k in range(9)], axis=1)
    return {
        "conv.weight": d_kernels,
        "conv.bias": d_first.reshape(len(x), CHANNELS, 16).sum(axis=(0, 2)),
        "dense.weight": d_second.T @ first,
        "dense.bias": d_second.sum(axis=0),
        "out.weight": d_output.T @ second,
        "out.bias": d_output.sum(axis=0),
    }, d_first @ matrix(p["conv.weight"])


def attacked(p: Parameters, x: Array, labels: npt.NDArray[np.intp], radius: float) -> Array:
    """Images within ``radius`` of ``x`` that the network finds harder."""
    moved = x
    for _ in range(3):
        _, d_x = gradients(p, moved, labels)
        moved = np.clip(moved + radius / 2 * np.sign(d_x), x - radius, x + radius)
    return np.clip(moved, 0.0, 1.0)


def train(x: Array, labels: npt.NDArray[np.intp], rng: np.random.Generator) -> Parameters:
    """Adam, with a rate that falls to 0."""
    p = fresh(rng)
    mean = {name: np.zeros_like(value) for name, value in p.items()}
    square = {name: np.zeros_like(value) for name, value in p.items()}
    step, last = 0, EPOCHS * (len(x) // BATCH)
    for _ in range(EPOCHS):
        order = rng.permutation(len(x))
        for start in range(0, len(x) - BATCH + 1, BATCH):
            chosen = order[start : start + BATCH]
            images, classes = x[chosen], labels[chosen]
            half = BATCH // 2
            harder = attacked(p, images[half:], classes[half:], TRAINED)
            images = np.concatenate([images[:half], harder])
            found, _ = gradients(p, images, classes)
            step += 1
            rate = RATE * (1 - step / (last + 1))
            for name, g in found.items():
                mean[name] += 0.1 * (g - mean[name])
                square[name] += 0.001 * (g * g - square[name])
                move = mean[name] / (1 - 0.9**step)
                move /= np.sqrt(square[name] / (1 - 0.999**step)) + 1e-8
                p[name] -= rate * (move + DECAY * p[name])
    return p


def to_onnx(p: Parameters) -> onnx.ModelProto:
    """The network for ONNX, with float32 parameters and a batch of any size."""
    shaped = {**p, "conv.weight": p["conv.weight"].reshape(CHANNELS, 1, 3, 3)}
    tensors = [
        numpy_helper.from_array(value.astype(np.float32), name) for name, value in shaped.items()
    ]
    nodes = [
        helper.make_node(
            "Conv", ["image", "conv.weight", "conv.bias"], ["conv"],
            kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1],
        ),
        helper.make_node("Relu", ["conv"], ["conv.relu"]),
        helper.make_node("Flatten", ["conv.relu"], ["flat"]),
        helper.make_node("Gemm", ["flat", "dense.weight", "dense.bias"], ["dense"], transB=1),
        helper.make_node("Relu", ["dense"], ["dense.relu"]),
        helper.make_node("Gemm", ["dense.relu", "out.weight", "out.bias"], ["scores"], transB=1),
    ]  # fmt: skip
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, 8, 8])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", CLASSES])
    graph = helper.make_graph(nodes, "digits", [image], [scores], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the digits network of this folder.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)

    x, labels = digits()
    p = train(x[HELD_OUT:], labels[HELD_OUT:], np.random.default_rng(options.seed))
    x, labels = x[:HELD_OUT], labels[:HELD_OUT]
    right = forward(p, x)[2].argmax(axis=1) == labels
    firm = forward(p, attacked(p, x, labels, ASKED))[2].argmax(axis=1) == labels
    print(f"held out: {right.mean():.1%} right, {firm.mean():.1%} under attack with radius 1/16")

    onnx.save(to_onnx(p), options.output / "digits.onnx")
    levels = np.round(x * 16).astype(np.uint8).reshape(-1, 1, 8, 8)
    np.savez_compressed(
        options.output / "digits_test.npz", images=levels, labels=labels.astype(np.uint8)
    )
    for name, place in SHOWN.items():
        np.save(options.output / f"{name}.npy", x[place].reshape(1, 8, 8).astype(np.float32))
        print(f"{name}.npy shows a {labels[place]}")
    pixels = np.round(x[SHOWN["three"]].reshape(8, 8) * 255).astype(np.uint8)
    Image.fromarray(pixels).save(options.output / "three.png")


if __name__ == "__main__":
    main()
