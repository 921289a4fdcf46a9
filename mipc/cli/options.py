"""The options that commands share: how each is written, and what --help says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

__all__ = [
    "Centre",
    "Dataset",
    "Domain",
    "Exclude",
    "Index",
    "Json",
    "Label",
    "Margin",
    "Mean",
    "Model",
    "Norm",
    "ObjectiveOption",
    "Passes",
    "Perturbed",
    "PropertyFile",
    "Std",
    "Target",
    "Top",
    "Violation",
    "WitnessFile",
]

Model: TypeAlias = Annotated[
    Path, typer.Argument(metavar="MODEL", help="An ONNX file.", show_default=False)
]
Dataset: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Or a data set in $MIPC_DATA or the user's cache: mnist, cifar10.",
        show_default=False,
    ),
]
Index: TypeAlias = Annotated[
    int | None, typer.Option(metavar="I", help="Which of its samples, from 0.", show_default=False)
]
Centre: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--input", metavar="FILE", help="The input: .npy, or an image.", show_default=False
    ),
]
Label: TypeAlias = Annotated[
    int | None,
    typer.Option(
        metavar="L",
        help="The class that should win, from 0. Default: the data set's, or what the network "
        "says of the input.",
        show_default=False,
    ),
]
Perturbed: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--perturbation",
        metavar="P",
        help="linf:RADIUS, box:LOWER.npy,UPPER.npy, ...: see spec/perturbations.md; "
        "several are joined by +.",
        show_default=False,
    ),
]
PropertyFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--property",
        metavar="FILE",
        help="Or a VNN-LIB property, version 1 or 2, plain or .gz: it says all but the objective.",
        show_default=False,
    ),
]
Target: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="T,..",
        help="Only these classes winning is a violation. Default: any other class.",
        show_default=False,
    ),
]
Exclude: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="T,..", help="Classes that may win as well.", show_default=False),
]
Top: TypeAlias = Annotated[
    int | None,
    typer.Option(
        metavar="K",
        help="The label only has to stay among the K largest outputs.",
        show_default=False,
    ),
]
Violation: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="FORMULA",
        help='What violates the requirement, in outputs y0, y1, ...: "y0 - 2 y1 >= 0.5 or '
        '(y2 <= 1 and y0 >= y1)".',
        show_default=False,
    ),
]
Mean: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="M,..",
        help="The network receives (image - mean) / std: a number a channel, or one.",
        show_default=False,
    ),
]
Std: TypeAlias = Annotated[
    str | None, typer.Option(metavar="S,..", help="See --mean.", show_default=False)
]
Margin: TypeAlias = Annotated[
    str, typer.Option(metavar="M", help="How far ahead a violating class must be.")
]
ObjectiveOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--objective",
        metavar="O",
        help="feasibility: any violation; closest: the nearest; worst: the largest margin.",
    ),
]
Norm: TypeAlias = Annotated[
    str, typer.Option(metavar="N", help="The distance that closest means: linf or l1.")
]
Domain: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="LOW:HIGH",
        help="Where every input number lies, or none. Default: 0:1, and none for a box.",
        show_default=False,
    ),
]
Passes: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="LIST",
        help='The passes to run, like "bounds{method=interval},stable-relu", or '
        '"default,envelopes{cells=9}".',
        show_default=False,
    ),
]
WitnessFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--witness",
        metavar="FILE",
        help="Write the violating input: .npy; .npz if there are several; .png to look at.",
        show_default=False,
    ),
]
Json: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on standard output.")
]
