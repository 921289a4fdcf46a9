"""A question as JSON, complete, for sidecars: what was asked, and the way back to it."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from mipc.errors import InputError
from mipc.milp.files import readable
from mipc.properties.normalisation import Normalisation
from mipc.properties.perturbations import (
    BoxOfArrays,
    Combined,
    Perturbation,
    parse_perturbation,
)
from mipc.properties.property_question import PropertyQuestion
from mipc.properties.question import Question
from mipc.properties.requirements import ArgMax, Linear, Requirement, TopK

__all__ = ["PropertyFacts", "QuestionFacts"]


class QuestionFacts(BaseModel):
    """The question, complete; rationals are text such as ``1/10``."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    centre: list[float] | None = Field(description="The input, flattened; exact doubles.")
    perturbation: str = Field(description="As --perturbation takes it; box for two arrays.")
    lower: list[float] | None = Field(None, description="The corners, where it is a box.")
    upper: list[float] | None = None
    domain: list[str] | None = Field(min_length=2, max_length=2)
    mean: list[str] | None = Field(None, description="Of a normalisation, a number a channel.")
    std: list[str] | None = None
    label: int | None
    targets: list[int] | None
    excluded: list[int] | None = Field(None, description="Classes that may win as well.")
    top: int | None = Field(None, description="The label has to stay among this many.")
    violation: str | None = Field(None, description="Or a formula, as --violation takes it.")
    margin: str
    objective: Literal["feasibility", "closest", "worst"]
    norm: Literal["linf", "l1"]

    @staticmethod
    def of(question: Question) -> QuestionFacts:
        """The facts of a question."""
        box, normal = _box_of(question.perturbation), question.normalisation
        requirement = question.requirement
        arg_max = requirement if isinstance(requirement, ArgMax) else None
        targets = arg_max.targets if arg_max else None
        margin = Fraction(0) if isinstance(requirement, Linear) else requirement.margin
        return QuestionFacts(
            centre=None if question.centre is None else _plain(question.centre),
            perturbation=str(question.perturbation),
            lower=None if box is None else _plain(box.lower),
            upper=None if box is None else _plain(box.upper),
            domain=None if question.domain is None else [str(end) for end in question.domain],
            mean=None if normal is None else [str(value) for value in normal.mean],
            std=None if normal is None else [str(value) for value in normal.std],
            label=requirement.label,
            targets=None if targets is None else list(targets),
            excluded=list(arg_max.excluded) if arg_max and arg_max.excluded else None,
            top=requirement.k if isinstance(requirement, TopK) else None,
            violation=requirement.text if isinstance(requirement, Linear) else None,
            margin=str(margin),
            objective=question.objective,
            norm=question.norm,
        )

    def question(self) -> Question:
        """The question again.

        Raises
        ------
        ValueError, InputError
            The facts do not make one.
        """
        normal = None
        if self.mean is not None and self.std is not None:
            mean, std = (tuple(map(Fraction, part)) for part in (self.mean, self.std))
            normal = Normalisation(mean, std)
        domain = None
        if self.domain is not None:
            domain = (Fraction(self.domain[0]), Fraction(self.domain[1]))
        return Question(
            centre=None if self.centre is None else np.array(self.centre),
            perturbation=self._perturbation(),
            requirement=self._requirement(),
            domain=domain,
            objective=self.objective,
            norm=self.norm,
            normalisation=normal,
        )

    def _perturbation(self) -> Perturbation:
        first, plus, rest = self.perturbation.partition("+")
        if first != "box":
            return parse_perturbation(self.perturbation, files=False)
        box = BoxOfArrays(np.array(self.lower or []), np.array(self.upper or []))
        return Combined((box, parse_perturbation(rest, files=False))) if plus else box

    def _requirement(self) -> Requirement:
        margin = Fraction(self.margin)
        if self.violation is not None:
            return Linear(self.violation, self.label)
        if self.label is None:
            raise ValueError("neither a label nor a violation")
        if self.top is not None:
            return TopK(self.label, self.top, margin)
        targets = None if self.targets is None else tuple(self.targets)
        return ArgMax(self.label, targets, margin, tuple(self.excluded or ()))


class PropertyFacts(BaseModel):
    """A VNN-LIB property, which is a file of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    property: str = Field(description="The file's name, without its folder.")
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="Of the file's bytes.")
    version: str
    objective: Literal["feasibility", "worst"]

    @staticmethod
    def of(question: PropertyQuestion) -> PropertyFacts:
        """The facts of a property."""
        assert question.objective != "closest"
        return PropertyFacts(
            property=readable(Path(question.source.source)),
            sha256=question.sha256,
            version=question.source.version,
            objective=question.objective,
        )

    def question(self, file: Path) -> PropertyQuestion:
        """The question again, from its file.

        Raises
        ------
        InputError
            The file is another one.
        """
        question = PropertyQuestion.read(file, self.objective)
        if question.sha256 != self.sha256:
            raise InputError(
                "this is not the property that the sidecar is about",
                where=str(file),
                remedy="give the file it was compiled from with --property",
            )
        return question


def _box_of(perturbation: Perturbation) -> BoxOfArrays | None:
    first = perturbation.parts[0] if isinstance(perturbation, Combined) else perturbation
    return first if isinstance(first, BoxOfArrays) else None


def _plain(numbers: Iterable[float]) -> list[float]:
    return [float(x) + 0.0 for x in numbers]
