"""The ONNX operators, one file a family; importing this fills the table of the registry."""

from mipc.frontend.operators import (
    activation,
    arithmetic,
    clipping,
    convolution,
    linear,
    normalization,
    padding,
    pooling,
    reduction,
    resize,
    several,
    shape,
    smooth,
    softmax,
    standardization,
    transposed,
)

__all__ = [
    "activation",
    "arithmetic",
    "clipping",
    "convolution",
    "linear",
    "normalization",
    "padding",
    "pooling",
    "reduction",
    "resize",
    "several",
    "shape",
    "smooth",
    "softmax",
    "standardization",
    "transposed",
]
