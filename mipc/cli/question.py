"""The options that make a question, shared by the commands that take one."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from mipc.errors import OptionError, QuestionError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from mipc.ir.network import Network
    from mipc.properties.query import Query

__all__ = [
    "Centre",
    "Dataset",
    "Domain",
    "Index",
    "Json",
    "Label",
    "Margin",
    "Model",
    "Norm",
    "ObjectiveOption",
    "Passes",
    "Perturbed",
    "Target",
    "asked",
]

PANEL = "Question"

Model: TypeAlias = Annotated[
    Path, typer.Argument(metavar="MODEL", help="An ONNX file.", show_default=False)
]
Dataset: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="A data set in $MIPC_DATA or the user's cache: mnist, cifar10.",
        show_default=False,
    ),
]
Index: TypeAlias = Annotated[
    int | None, typer.Option(metavar="I", help="Which of its samples, from 0.", show_default=False)
]
Centre: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--input", metavar="FILE", help="An input instead: .npy, or an image.", show_default=False
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
    str,
    typer.Option(
        "--perturbation",
        metavar="P",
        help="linf:RADIUS, or box:LOWER.npy,UPPER.npy.",
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
        help='The passes to run, like "bounds{method=interval},stable-relu".',
        show_default=False,
    ),
]
Json: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on standard output.")
]


def asked(
    model: Path,
    *,
    dataset: str | None,
    index: int | None,
    centre: Path | None,
    label: int | None,
    perturbation: str,
    target: str | None,
    margin: str,
    objective: str,
    norm: str,
    domain: str | None,
) -> Query:
    """Read the network and join it to the question that the options make."""
    from mipc.frontend.onnx import read_network
    from mipc.numerics.rationals import parse_rational
    from mipc.properties.perturbations import parse_perturbation
    from mipc.properties.query import Question, ask
    from mipc.properties.requirements import ArgMax

    kind = parse_perturbation(perturbation)
    chosen_objective = _one_of("--objective", objective, ("feasibility", "closest", "worst"))
    chosen_norm = _one_of("--norm", norm, ("linf", "l1"))
    targets = _targets(target)
    gap = parse_rational(margin, "--margin")
    limits = _domain(domain, perturbation)
    network = read_network(model)
    numbers, known = _centre(network, dataset, index, centre)
    if label is None:
        label = known if known is not None else _predicted(network, numbers)
    return ask(
        network,
        Question(
            centre=numbers,
            perturbation=kind,
            requirement=ArgMax(label, targets, gap),
            domain=limits,
            objective=chosen_objective,
            norm=chosen_norm,
        ),
    )


def _one_of(option: str, value: str, allowed: tuple[str, ...]) -> Any:
    if value not in allowed:
        raise OptionError(
            f"{value!r} is not known", where=option, remedy=f"one of {', '.join(allowed)}"
        )
    return value


def _targets(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        targets = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise OptionError(
            f"{text!r} is no list of classes", where="--target", remedy="write it like 3,5"
        ) from None
    if len(set(targets)) != len(targets):
        raise OptionError(f"{text!r} names a class twice", where="--target")
    return targets


def _domain(text: str | None, perturbation: str) -> tuple[Fraction, Fraction] | None:
    from mipc.numerics.rationals import parse_rational

    if text is None:
        text = "none" if perturbation.startswith("box:") else "0:1"
    if text == "none":
        return None
    low, colon, high = text.partition(":")
    if not colon:
        raise OptionError(f"{text!r}", where="--domain", remedy="write it like 0:1, or none")
    ends = parse_rational(low, "--domain"), parse_rational(high, "--domain")
    if ends[0] > ends[1]:
        raise OptionError(f"{text!r} is empty", where="--domain")
    return ends


def _centre(
    network: Network, dataset: str | None, index: int | None, path: Path | None
) -> tuple[npt.NDArray[np.float64] | None, int | None]:
    """The input and, from a data set, its label."""
    from mipc.properties.inputs import read_input, read_sample

    if path is not None and dataset is not None:
        raise OptionError("--input and --dataset are both given", remedy="give one of them")
    if (dataset is None) != (index is None):
        raise OptionError("--dataset and --index belong together")
    if path is not None:
        return read_input(path, network.input_shape), None
    if dataset is not None and index is not None:
        sample = read_sample(dataset, index)
        if sample.image.size != network.input_size:
            raise QuestionError(
                f"images of {dataset} have {sample.image.size} numbers, the network takes "
                f"{network.input_size} (shape {list(network.input_shape)})"
            )
        return sample.image.reshape(-1), sample.label
    return None, None


def _predicted(network: Network, numbers: npt.NDArray[np.float64] | None) -> int:
    """What the original network says of the input."""
    from mipc.replay import Runtime

    if numbers is None:
        raise OptionError(
            "the label is not known", where="--label", remedy="give --label, --input or --dataset"
        )
    return int(Runtime(network).outputs(numbers)[0].argmax())
