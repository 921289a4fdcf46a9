"""Operator cases: normalisation by the mean and variance of what is computed."""

from onnx_models import LAST, NEWEST, Node, X, w
from operator_cases import row

LAYER = "LayerNormalization"
row("layer norm", (2, 3), Node(LAYER, X, w(3), w(3)), opsets=(17, NEWEST))
row("layer norm no bias", (1, 4), Node(LAYER, X, w(4), epsilon=0.1), opsets=(17,))
row("layer norm two axes", (2, 2, 2), Node(LAYER, X, w(2, 2), w(2, 2), axis=1), opsets=(17,))
row("layer norm all axes", (2, 2), Node(LAYER, X, w(2, 2), axis=-2), opsets=(17,))
row(
    "layer norm between layers",
    (1, 3),
    Node("Gemm", X, w(3, 4), w(4)),
    Node(LAYER, LAST, w(4), w(4), epsilon=0.25),
    Node("Relu", LAST),
    Node("Gemm", LAST, w(4, 2)),
    opsets=(17,),
)
NORM = (w(2), w(2, seed=1))
row("instance norm", (1, 2, 2, 2), Node("InstanceNormalization", X, *NORM))
row("instance norm 1-D", (2, 2, 3), Node("InstanceNormalization", X, *NORM, epsilon=0.01))
