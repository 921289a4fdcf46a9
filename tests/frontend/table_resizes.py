"""Operator cases: transposed convolutions, resizes, pools to the last partial window, batches."""

import numpy as np
from onnx_models import LAST, NEWEST, Node, X, w, whole
from operator_cases import row

NONE = np.zeros(0)

# transposed convolutions
UP = "ConvTranspose"
row("up", (1, 2, 2, 3), Node(UP, X, w(2, 3, 2, 2), w(3)))
row("up strides", (1, 2, 2, 2), Node(UP, X, w(2, 1, 3, 2), strides=[2, 3]))
row("up dilations", (1, 1, 2, 3), Node(UP, X, w(1, 2, 2, 2), w(2), dilations=[2, 3]))
row("up pads", (1, 2, 3, 3), Node(UP, X, w(2, 1, 3, 3), pads=[1, 0, 2, 1], strides=[2, 2]))
row("up groups", (1, 4, 2, 2), Node(UP, X, w(4, 3, 2, 2), w(6), group=2, strides=[2, 1]))
row(
    "up padded out", (1, 1, 2, 2), Node(UP, X, w(1, 2, 2, 2), strides=[3, 2], output_padding=[2, 1])
)
row("up shape", (1, 1, 3, 3), Node(UP, X, w(1, 1, 3, 3), strides=[2, 2], output_shape=[6, 5]))
row(
    "up larger shape", (1, 1, 2, 2), Node(UP, X, w(1, 1, 2, 2), strides=[2, 2], output_shape=[5, 4])
)
row("up 1-D", (1, 2, 4), Node(UP, X, w(2, 3, 3), w(3), strides=[2], pads=[1, 0]))
row("up 3-D", (1, 1, 2, 2, 2), Node(UP, X, w(1, 2, 2, 1, 2), w(2), strides=[1, 2, 2]))
row("up batch", (2, 2, 2, 2), Node(UP, X, w(2, 1, 2, 2), w(1)))
for pad in ("SAME_UPPER", "SAME_LOWER", "VALID"):
    row(f"up {pad}", (1, 1, 3, 2), Node(UP, X, w(1, 1, 4, 3), auto_pad=pad, strides=[1, 2]))
    row(f"up {pad} narrow", (1, 1, 3), Node(UP, X, w(1, 1, 1), auto_pad=pad, strides=[2]))
    row(
        f"up {pad} shape",
        (1, 1, 3, 3),
        Node(UP, X, w(1, 1, 4, 4), auto_pad=pad, strides=[1, 2], output_shape=[3, 5]),
        opsets=(11, NEWEST),
    )
row(
    "down and up",
    (1, 1, 4, 4),
    Node("Conv", X, w(2, 1, 2, 2), w(2), strides=[2, 2]),
    Node("Relu", LAST),
    Node(UP, LAST, w(2, 1, 2, 2), w(1), strides=[2, 2]),
    Node("Relu", LAST),
    Node("Conv", LAST, w(1, 1, 3, 3)),
    opsets=(13,),
)
row(
    "up of constant",
    (1, 1, 3, 3),
    Node(UP, np.abs(w(1, 1, 2, 2)), np.abs(w(1, 1, 2, 2))),
    Node("Add", X, LAST),
)

# resizes
COORDINATES = ("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric")
for mode in COORDINATES:
    for rounding in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"):
        how = {"coordinate_transformation_mode": mode, "nearest_mode": rounding}
        for size in (2, 7, 10):
            row(
                f"nearest {mode} {rounding} to {size}",
                (1, 1, 2, 4),
                Node("Resize", X, NONE, NONE, whole(1, 1, 3, size), **how),
                opsets=(11,) if size == 7 else (NEWEST,),
            )
    for height, width in ((1, 2), (3, 7), (2, 9)):
        row(
            f"linear {mode} to {height} {width}",
            (1, 2, 2, 4),
            Node(
                "Resize",
                X,
                NONE,
                NONE,
                whole(1, 2, height, width),
                mode="linear",
                coordinate_transformation_mode=mode,
            ),
            opsets=(11,) if width == 7 else (NEWEST,),
        )
    row(
        f"linear {mode} by scales",
        (1, 1, 3, 4),
        Node(
            "Resize",
            X,
            NONE,
            np.array([1, 1, 1.7, 0.6]),
            mode="linear",
            coordinate_transformation_mode=mode,
        ),
        opsets=(13, NEWEST),
    )
row(
    "linear symmetric",
    (1, 1, 3, 4),
    Node(
        "Resize",
        X,
        None,
        np.array([1, 1, 1.7, 0.6]),
        mode="linear",
        coordinate_transformation_mode="half_pixel_symmetric",
    ),
    opsets=(19, NEWEST),
)
row(
    "linear 1-D",
    (1, 2, 3),
    Node("Resize", X, None, None, whole(1, 2, 5), mode="linear"),
    opsets=(13,),
)
row("nearest 1-D twice", (1, 2, 3), Node("Resize", X, None, np.array([1.0, 1, 2])), opsets=(13,))
row(
    "nearest of some axes",
    (1, 1, 2, 3),
    Node("Resize", X, None, np.array([2.0, 3.0]), axes=[3, 2]),
    opsets=(18, NEWEST),
)
row(
    "same size",
    (1, 1, 2, 3),
    Node("Resize", X, None, None, whole(1, 1, 2, 3)),
    Node("Relu", LAST),
    opsets=(13,),
)
row(
    "nearest of constant",
    (1, 1, 4, 4),
    Node("Resize", w(1, 1, 2, 2), None, np.array([1.0, 1, 2, 2])),
    Node("Add", X, LAST),
    opsets=(13,),
)
row(
    "linear of constant",
    (1, 1, 4, 3),
    Node("Resize", np.abs(w(1, 1, 2, 2)), None, None, whole(1, 1, 4, 3), mode="linear"),
    Node("Add", X, LAST),
    opsets=(13,),
)
for mode in ("nearest", "linear"):
    for scales in ([1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 1.5, 3.0]):
        row(
            f"Upsample 7 {mode} {scales}",
            (1, 2, 2, 2),
            Node("Upsample", X, mode=mode, scales=scales),
            opsets=(7,),
        )
        given = np.array(scales)
        row(
            f"Upsample {mode} {scales}",
            (1, 2, 2, 2),
            Node("Upsample", X, given, mode=mode),
            opsets=(9,),
        )
        row(
            f"Resize 10 {mode} {scales}",
            (1, 2, 2, 2),
            Node("Resize", X, given, mode=mode),
            opsets=(10,),
        )
    given = np.array([1.0, 1.0, 0.5, 0.7])
    row(f"Resize 10 {mode} less", (1, 1, 4, 5), Node("Resize", X, given, mode=mode), opsets=(10,))
row(
    "conv, resize, conv",
    (1, 1, 3, 3),
    Node("Conv", X, w(2, 1, 2, 2), w(2)),
    Node("Relu", LAST),
    Node("Resize", LAST, None, None, whole(1, 2, 4, 3), mode="linear"),
    Node("Conv", LAST, w(1, 2, 2, 2)),
    Node("Relu", LAST),
    opsets=(13,),
)

# pools
for size in (5, 6, 7):
    for padded in (0, 1):
        row(
            f"AveragePool ceil {size} {padded}",
            (1, 1, size, 4),
            Node(
                "AveragePool",
                X,
                kernel_shape=[3, 2],
                strides=[2, 3],
                pads=[1, 1, 1, 1],
                ceil_mode=1,
                count_include_pad=padded,
            ),
            opsets=(10, NEWEST),
        )
row("GlobalMaxPool", (1, 2, 3, 2), Node("GlobalMaxPool", X))
row("GlobalMaxPool 1-D", (1, 2, 3), Node("GlobalMaxPool", X))
row("GlobalMaxPool of one", (1, 2, 1, 1), Node("GlobalMaxPool", X), Node("Relu", LAST))
for op in ("MaxPool", "AveragePool"):
    ones = {"kernel_shape": [2, 2], "pads": [1, 0, 0, 1]}
    row(f"{op} batch", (2, 2, 3, 3), Node(op, X, **ones), opsets=(11, 13))
    row(
        f"{op} of constant",
        (1, 1, 3, 3),
        Node(op, np.abs(w(1, 1, 3, 3)), **ones),
        Node("Add", X, LAST),
    )
row("conv batch", (2, 2, 3, 3), Node("Conv", X, w(4, 1, 2, 2), w(4), group=2), Node("Relu", LAST))
row(
    "conv batch 1-D",
    (3, 2, 4),
    Node("Conv", X, w(2, 2, 2)),
    Node("Relu", LAST),
    Node("Conv", LAST, w(1, 2, 2)),
)
row(
    "conv of constant",
    (1, 1, 2, 2),
    Node("Conv", np.abs(w(1, 1, 3, 3)), np.abs(w(1, 1, 2, 2))),
    Node("Add", X, LAST),
)
row(
    "global pools of a batch",
    (2, 2, 2, 2),
    Node("GlobalAveragePool", X),
    Node("GlobalMaxPool", LAST),
)
