"""The ONNX operators, one file a family; importing this fills the table of the registry."""

from mipc.frontend.operators import (
    activation,
    arithmetic,
    convolution,
    linear,
    normalization,
    padding,
    pooling,
    powers,
    shape,
    smooth,
    softmax,
)

__all__ = [
    "activation",
    "arithmetic",
    "convolution",
    "linear",
    "normalization",
    "padding",
    "pooling",
    "powers",
    "shape",
    "smooth",
    "softmax",
]
