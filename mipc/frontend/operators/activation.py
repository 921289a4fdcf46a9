"""Activations: ReLU."""

from __future__ import annotations

import numpy as np

from mipc.frontend.builder import Constant, Tensor
from mipc.frontend.registry import Call, operator


@operator("Relu")
def relu(call: Call) -> Tensor:
    """``max(x, 0)``."""
    x = call[0]
    if isinstance(x, Constant):
        return Constant(np.maximum(x.array, 0), x.relative)
    return call.build.relu(x, **call.labels())
