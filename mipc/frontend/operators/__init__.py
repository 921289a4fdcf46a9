"""The ONNX operators, a room a family; importing this fills the table of the registry."""

from mipc.frontend.operators import (
    activation,
    arithmetic,
    convolution,
    linear,
    normalization,
    pooling,
    shape,
)

__all__ = [
    "activation",
    "arithmetic",
    "convolution",
    "linear",
    "normalization",
    "pooling",
    "shape",
]
