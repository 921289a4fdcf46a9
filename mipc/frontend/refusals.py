"""What is refused while a network is read: raised at once, or kept so that all is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from mipc.errors import ModelError, RangeError

__all__ = ["Refusal", "Refusals"]


@dataclass(frozen=True, eq=False)
class Refusal:
    """Something that mipc does not read.

    Attributes
    ----------
    error : ModelError or RangeError
        What reading the network would have raised.
    node : int or None
        Number of the ONNX node; ``None`` for an initializer, a border or the file.
    """

    error: ModelError | RangeError
    node: int | None = None


@dataclass
class Refusals:
    """Errors of reading: raised, or with ``keep`` collected.

    A collected one makes tensors unknown, and whatever depends on them.

    Attributes
    ----------
    found : list of Refusal
    unknown : set of str
        Tensors that were refused or depend on such.
    blocked : list of int
        Nodes that were not read because an input is unknown.
    """

    keep: bool = False
    found: list[Refusal] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    blocked: list[int] = field(default_factory=list)

    @contextmanager
    def at(self, names: Iterable[str] = (), node: int | None = None) -> Iterator[None]:
        """Make ``names`` unknown where an error that may be kept is raised inside."""
        try:
            yield
        except (ModelError, RangeError) as error:
            if not self.keep:
                raise
            self.found.append(Refusal(error, node))
            self.unknown.update(filter(None, names))

    def block(self, number: int, inputs: Iterable[str], outputs: Iterable[str]) -> bool:
        """Whether a node depends on something unknown; then its outputs are unknown too."""
        if not self.unknown.intersection(inputs):
            return False
        self.blocked.append(number)
        self.unknown.update(filter(None, outputs))
        return True
