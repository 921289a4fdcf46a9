"""The options that make a question, shared by the commands that take one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial, wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, get_type_hints

from mipc.cli.options import (
    Centre,
    Dataset,
    Domain,
    Exclude,
    Index,
    Json,
    Label,
    Margin,
    Mean,
    Model,
    Norm,
    ObjectiveOption,
    Passes,
    Perturbed,
    PropertyFile,
    Std,
    Target,
    Top,
    Violation,
    WitnessFile,
)
from mipc.errors import OptionError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from mipc.ir.network import Network
    from mipc.passes import Pass
    from mipc.properties.normalisation import Normalisation
    from mipc.properties.query import Query
    from mipc.properties.requirements import Requirement
else:
    Query = Any  # so that the annotations of `asked` can be read when a command is registered

__all__ = ["Ask", "Json", "Model", "Passes", "WitnessFile", "asking", "chosen_passes", "domain_of"]


def asked(
    *,
    model: Model,
    perturbation: Perturbed = None,
    property: PropertyFile = None,
    dataset: Dataset = None,
    index: Index = None,
    centre: Centre = None,
    label: Label = None,
    target: Target = None,
    exclude: Exclude = None,
    top: Top = None,
    violation: Violation = None,
    margin: Margin = "0",
    objective: ObjectiveOption = "feasibility",
    norm: Norm = "linf",
    domain: Domain = None,
    mean: Mean = None,
    std: Std = None,
) -> Query:
    """Read the network and join it to the question that the options make."""
    if property is not None:
        return _asked_by_property(model, property, objective)
    if perturbation is None:
        raise OptionError("what is asked?", remedy="give --perturbation, or --property")
    from mipc.frontend.onnx import read_network
    from mipc.numerics.rationals import parse_rational
    from mipc.properties.normalisation import Normalisation
    from mipc.properties.perturbations import parse_perturbation
    from mipc.properties.question import Question, ask

    kind = parse_perturbation(perturbation)
    chosen_objective = _one_of("--objective", objective, ("feasibility", "closest", "worst"))
    chosen_norm = _one_of("--norm", norm, ("linf", "l1"))
    wins = _Wins(_classes("--target", target), _classes("--exclude", exclude), top, violation)
    gap = parse_rational(margin, "--margin")
    wins.check(label, gap)
    limits = domain_of(domain, perturbation)
    normalisation = Normalisation.parse(mean, std)
    network = read_network(model)
    numbers, known = _centre(network, dataset, index, centre)
    if label is None and violation is None:
        label = known if known is not None else _predicted(network, numbers, normalisation)
    return ask(
        network,
        Question(
            centre=numbers,
            perturbation=kind,
            requirement=wins.requirement(label, gap),
            domain=limits,
            objective=chosen_objective,
            norm=chosen_norm,
            normalisation=normalisation,
        ),
    )


def _asked_by_property(model: Path, file: Path, objective: str) -> Query:
    from mipc.frontend.onnx import read_network
    from mipc.properties.property_question import PropertyQuestion, ask_property

    chosen = _one_of("--objective", objective, ("feasibility", "closest", "worst"))
    if chosen == "closest":
        raise OptionError(
            "a property has no centre, and so no closest violation",
            where="--objective",
            remedy="feasibility or worst",
        )
    question = PropertyQuestion.read(file, chosen)
    names = [declared.name for declared in question.source.networks]
    network = read_network(model)
    if len(names) > 1 and any(d.same_kind != "equal" for d in question.source.networks[1:]):
        raise OptionError(
            f"the property is about {len(names)} networks: {', '.join(names)}",
            remedy="use mipc-vnnlib verify, which takes --network NAME=FILE for each",
        )
    return ask_property({names[0]: network}, question)


@dataclass(frozen=True)
class _Wins:
    """The options that say what violates the requirement."""

    targets: tuple[int, ...] | None
    excluded: tuple[int, ...] | None
    top: int | None
    violation: str | None

    def check(self, label: int | None, margin: Fraction) -> None:
        """Refuse options that contradict each other."""
        others = self.targets or self.excluded
        label_too = self.top is not None or label is not None
        if self.violation is not None and (others or label_too or margin):
            raise OptionError(
                "--violation says all; --label, --target, --exclude, --top and --margin do not "
                "go with it"
            )
        if self.top is not None and others:
            raise OptionError("--top does not go with --target and --exclude")
        if self.violation is not None:
            from mipc.properties.inequalities import parse_violation

            parse_violation(self.violation)

    def requirement(self, label: int | None, margin: Fraction) -> Requirement:
        """What they say."""
        from mipc.properties.requirements import ArgMax, Linear, TopK

        if self.violation is not None:
            return Linear(self.violation)
        assert label is not None
        if self.top is not None:
            return TopK(label, self.top, margin)
        return ArgMax(label, self.targets, margin, self.excluded or ())


Ask: TypeAlias = Callable[[], Query]


def asking(
    command: Callable[..., None], *, optional: bool = False, alone: tuple[str, ...] = ()
) -> Callable[..., None]:
    """Give a command the options of a question before its own.

    The command's first parameter becomes a function that reads the network and makes the query.
    With ``optional`` it is ``None`` where no perturbation is given, and the command gets ``model``
    as its second parameter. The options named by ``alone`` mean something without a perturbation
    too; the command gets them after ``model``.
    """
    hints = get_type_hints(asked, include_extras=True)
    theirs = [p.replace(annotation=hints[p.name]) for p in signature(asked).parameters.values()]
    hints = get_type_hints(command, include_extras=True)
    own = [
        p.replace(annotation=hints[p.name], kind=Parameter.KEYWORD_ONLY)
        for p in list(signature(command).parameters.values())[2 + len(alone) if optional else 1 :]
    ]

    @wraps(command)
    def run(**given: Any) -> None:
        words = {p.name: given.pop(p.name) for p in theirs}
        chosen = {p.name for p in theirs if words[p.name] != p.default} - {"model"}
        ask: Callable[[], Query] | None = partial(asked, **words)
        _check_together(chosen, alone if optional else None)
        if optional:
            given |= {name: words[name] for name in ("model", *alone)}
            if words["perturbation"] is None and words["property"] is None:
                ask = None
        command(ask, **given)

    vars(run)["__signature__"] = Signature([*theirs, *own])
    run.__annotations__ = {p.name: p.annotation for p in (*theirs, *own)}
    return run


def _check_together(chosen: set[str], alone: tuple[str, ...] | None) -> None:
    """Refuse options beside a property that says it all, and parts of a question without any.

    ``alone`` names those that mean something without a question; None where there has to be one.
    """
    if "property" in chosen and chosen - {"property", "objective"}:
        raise OptionError("--property says all; only --objective goes with it")
    asked = chosen & {"perturbation", "property"}
    if alone is not None and not asked and chosen.difference(alone):
        raise OptionError("a question needs --perturbation or --property")


def chosen_passes(text: str | None) -> tuple[Pass, ...]:
    """The pipeline given by ``--passes``, or the default one."""
    from mipc.passes import DEFAULT, parse_passes

    return DEFAULT if text is None else parse_passes(text)


def _one_of(option: str, value: str, allowed: tuple[str, ...]) -> Any:
    if value not in allowed:
        raise OptionError(
            f"{value!r} is not known", where=option, remedy=f"one of {', '.join(allowed)}"
        )
    return value


def _classes(option: str, text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        if not text.isascii():
            raise ValueError
        targets = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise OptionError(
            f"{text!r} is no list of classes", where=option, remedy="write it like 3,5"
        ) from None
    if len(set(targets)) != len(targets):
        raise OptionError(f"{text!r} names a class twice", where=option)
    return targets


def domain_of(text: str | None, perturbation: str) -> tuple[Fraction, Fraction] | None:
    """The domain that an option gives, or the default of a perturbation."""
    from mipc.numerics.rationals import parse_rational

    if text is None:
        text = "none" if perturbation.startswith("box:") else "0:1"
    if text == "none":
        return None
    low, colon, high = text.partition(":")
    if not colon:
        raise OptionError(
            f"{text!r} is no range", where="--domain", remedy="write it like 0:1, or none"
        )
    ends = parse_rational(low, "--domain"), parse_rational(high, "--domain")
    if ends[0] > ends[1]:
        raise OptionError(f"{text!r} is empty", where="--domain")
    return ends


def _centre(
    network: Network, dataset: str | None, index: int | None, path: Path | None
) -> tuple[npt.NDArray[np.float64] | None, int | None]:
    """The input and, from a data set, its label."""
    from mipc.properties.inputs import check_layout, read_input, read_sample

    if path is not None and dataset is not None:
        raise OptionError("--input and --dataset are both given", remedy="give one of them")
    if (dataset is None) != (index is None):
        raise OptionError("--dataset and --index belong together")
    if path is not None:
        port = network.input
        return read_input(path, port.shape, port.channels_first), None
    if dataset is not None and index is not None:
        sample = read_sample(dataset, index)
        check_layout(sample.image.shape, network.input.shape, f"images of {dataset}")
        return sample.image.reshape(-1), sample.label
    return None, None


def _predicted(
    network: Network,
    numbers: npt.NDArray[np.float64] | None,
    normalisation: Normalisation | None,
) -> int:
    """What the original network says of the input."""
    from mipc.runtime import Runtime

    if numbers is None:
        raise OptionError(
            "there is no input, and so no label", remedy="give --input, or --dataset and --index"
        )
    if normalisation is not None:
        numbers = normalisation.of(numbers, network.input)
    output = Runtime(network).outputs(numbers)[0]
    return int(output[0]) if network.output.index else int(output.argmax())
