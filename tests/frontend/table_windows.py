"""Operator cases: convolutions and pools."""

import numpy as np
from onnx_models import LAST, NEWEST, Node, X, w
from operator_cases import row

# convolutions
row("conv", (1, 2, 4, 5), Node("Conv", X, w(3, 2, 2, 3), w(3)))
row("conv no bias", (1, 2, 4, 5), Node("Conv", X, w(3, 2, 2, 3)))
row("conv strides", (1, 1, 6, 5), Node("Conv", X, w(2, 1, 3, 2), strides=[2, 3]))
row("conv dilations", (1, 1, 6, 5), Node("Conv", X, w(2, 1, 2, 2), dilations=[3, 2]))
row("conv pads", (1, 1, 3, 4), Node("Conv", X, w(2, 1, 3, 3), pads=[1, 2, 0, 1]))
row("conv groups", (1, 4, 3, 3), Node("Conv", X, w(6, 2, 2, 2), w(6), group=2))
row("conv depthwise", (1, 3, 3, 3), Node("Conv", X, w(6, 1, 2, 2), w(6), group=3))
row("conv 1x1", (1, 3, 2, 2), Node("Conv", X, w(2, 3, 1, 1), w(2), kernel_shape=[1, 1]))
row("conv 1-D", (1, 2, 6), Node("Conv", X, w(3, 2, 3), w(3), strides=[2], pads=[0, 1]))
row("conv 1-D groups", (1, 2, 6), Node("Conv", X, w(4, 1, 2), group=2, dilations=[3]))
for pad in ("SAME_UPPER", "SAME_LOWER", "VALID"):
    row(f"conv {pad}", (1, 1, 4, 5), Node("Conv", X, w(1, 1, 2, 4), auto_pad=pad, strides=[2, 1]))
    row(f"conv {pad} 1-D", (1, 1, 5), Node("Conv", X, w(1, 1, 2), auto_pad=pad))
row(
    "conv chain",
    (1, 1, 8, 8),
    Node("Conv", X, w(2, 1, 3, 3), w(2), pads=[1, 1, 1, 1]),
    Node("Relu", LAST),
    Node("Conv", LAST, w(2, 2, 2, 2), w(2), pads=[1, 0, 0, 1], strides=[2, 2]),
    Node("Relu", LAST),
    Node("Conv", LAST, w(1, 2, 2, 2), w(1), pads=[0, 1, 0, 0]),
    opsets=(13,),
)
row(
    "conv on conv, padded",
    (1, 1, 6, 6),
    Node("Conv", X, w(2, 1, 2, 2), w(2), pads=[1, 1, 1, 1]),
    Node("Conv", LAST, w(2, 2, 3, 3), w(2), pads=[2, 1, 1, 2], strides=[2, 2]),
    Node("Relu", LAST),
    Node("Conv", LAST, w(1, 2, 2, 2), pads=[1, 1, 1, 1]),
    opsets=(13,),
)
row(
    "conv 1-D chain",
    (1, 2, 9),
    Node("Conv", X, w(3, 2, 3), w(3), pads=[2, 1]),
    Node("Relu", LAST),
    Node("Conv", LAST, w(2, 3, 2), dilations=[2], pads=[1, 1]),
    opsets=(13,),
)
row(
    "conv grouped chain",
    (1, 2, 6, 6),
    Node("Conv", X, w(4, 1, 2, 2), w(4), group=2, dilations=[2, 1]),
    Node("Relu", LAST),
    Node("Conv", LAST, w(4, 2, 2, 2), group=2, pads=[1, 1, 1, 1]),
    opsets=(13,),
)

# pools
for op in ("AveragePool", "MaxPool"):
    row(f"{op}", (1, 2, 4, 5), Node(op, X, kernel_shape=[2, 3]))
    row(f"{op} 1-D", (1, 2, 5), Node(op, X, kernel_shape=[2], strides=[2]))
    row(f"{op} strides", (1, 1, 4, 5), Node(op, X, kernel_shape=[2, 2], strides=[2, 2]))
    row(f"{op} pads", (1, 1, 3, 4), Node(op, X, kernel_shape=[2, 3], pads=[1, 0, 0, 2]))
    for pad in ("SAME_UPPER", "SAME_LOWER", "VALID"):
        row(
            f"{op} {pad}",
            (1, 1, 4, 5),
            Node(op, X, kernel_shape=[2, 2], auto_pad=pad, strides=[1, 2]),
        )
row(
    "MaxPool float64",
    (1, 2, 3, 3),
    Node("MaxPool", X, kernel_shape=[3, 2]),
    opsets=(8, NEWEST),
    dtype=np.float64,
)
row(
    "AveragePool with pads",
    (1, 1, 3, 4),
    Node("AveragePool", X, kernel_shape=[2, 3], pads=[1, 0, 0, 2], count_include_pad=1),
)
row(
    "AveragePool SAME with pads",
    (1, 1, 3, 3),
    Node("AveragePool", X, kernel_shape=[2, 2], auto_pad="SAME_UPPER", count_include_pad=1),
)
row(
    "AveragePool dilated",
    (1, 1, 5, 4),
    Node("AveragePool", X, kernel_shape=[2, 2], dilations=[3, 2]),
    opsets=(19, NEWEST),
)
row("GlobalAveragePool", (1, 2, 3, 2), Node("GlobalAveragePool", X))
row("GlobalAveragePool 1-D", (1, 2, 3), Node("GlobalAveragePool", X))
row(
    "conv, average",
    (1, 1, 6, 6),
    Node("Conv", X, w(2, 1, 3, 3), pads=[1, 1, 1, 1]),
    Node(
        "AveragePool",
        LAST,
        kernel_shape=[2, 2],
        pads=[1, 1, 1, 1],
        strides=[2, 2],
        count_include_pad=1,
    ),
    Node("Relu", LAST),
    Node("Flatten", LAST),
    Node("Gemm", LAST, w(32, 2), w(2)),
)
row(
    "conv, average of what there is",
    (1, 1, 6, 6),
    Node("Conv", X, w(2, 1, 3, 3)),
    Node("AveragePool", LAST, kernel_shape=[2, 2], pads=[1, 1, 1, 1]),
    Node("Relu", LAST),
    Node("GlobalAveragePool", LAST),
)
row(
    "MaxPool dilated",
    (1, 1, 5, 6),
    Node("MaxPool", X, kernel_shape=[2, 2], dilations=[2, 3]),
    opsets=(10, NEWEST),
)
row(
    "MaxPool dilated, padded",
    (1, 1, 4, 4),
    Node("MaxPool", X, kernel_shape=[2, 2], dilations=[2, 2], pads=[1, 1, 1, 1]),
    opsets=(10, NEWEST),
)
for size in (4, 5, 6, 7):
    row(
        f"MaxPool ceil {size}",
        (1, 1, size, 4),
        Node("MaxPool", X, kernel_shape=[2, 3], strides=[3, 2], ceil_mode=1),
        opsets=(10, NEWEST),
    )
    row(
        f"MaxPool ceil padded {size}",
        (1, 1, size, 4),
        Node("MaxPool", X, kernel_shape=[3, 2], strides=[2, 3], pads=[1, 1, 1, 1], ceil_mode=1),
        opsets=(10, NEWEST),
    )
row(
    "MaxPool storage order",
    (1, 1, 4, 4),
    Node("MaxPool", X, kernel_shape=[2, 2], storage_order=1),
    opsets=(8, NEWEST),
)
row(
    "conv, max, relu",
    (1, 1, 5, 5),
    Node("Conv", X, w(2, 1, 2, 2), w(2)),
    Node("MaxPool", LAST, kernel_shape=[2, 2], strides=[2, 2]),
    Node("Relu", LAST),
    Node("Flatten", LAST),
    Node("Gemm", LAST, w(8, 2)),
    opsets=(11, 13),
)
