"""Every error a user of mipc can meet, as one tree.

::

    MipcError                     what happened, where, what to do
    ├── InputError                something handed to mipc is wrong
    │   ├── ModelError            a network file cannot be used
    │   │   ├── UnsupportedOperator
    │   │   └── UnsafeModel       refused before memory is taken or other files are read
    │   ├── QuestionError         the question does not fit the network or itself
    │   ├── DatasetError          a data set or an image cannot be read
    │   ├── OptionError           an option has a value that means nothing
    │   └── ParseError            a text (MPS, LP, solution, sidecar) is malformed
    │       └── PropertyError     a property (VNN-LIB) cannot be read
    │           └── UnsupportedProperty
    ├── RangeError                numbers no solver can be trusted with
    ├── TimeUp                    a time limit came first; a verdict is "unknown" then
    ├── SolverError               a solver is missing, failed or may not be used
    └── InternalError             a promise of mipc to itself is broken; never a verdict

A message says what happened, where it happened, and what would help. The command line
prints it without a traceback and leaves with exit code 2.
"""

from __future__ import annotations

__all__ = [
    "DatasetError",
    "InputError",
    "InternalError",
    "MipcError",
    "ModelError",
    "OptionError",
    "ParseError",
    "PropertyError",
    "QuestionError",
    "RangeError",
    "SolverError",
    "TimeUp",
    "UnsafeModel",
    "UnsupportedOperator",
    "UnsupportedProperty",
]


class MipcError(Exception):
    """The root: a message for the person who can act on it.

    Parameters
    ----------
    what : str
        What happened.
    where : str, optional
        The place: a file and line, a node, an option.
    remedy : str, optional
        What to do about it.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}\n  {self.remedy}" if self.remedy else text


class InputError(MipcError):
    """Something handed to mipc is wrong."""


class ModelError(InputError):
    """A network file cannot be used."""


class UnsupportedOperator(ModelError):
    """A node of the network is outside what mipc can compile."""


class UnsafeModel(ModelError):
    """A network file asks for too much memory, or for files outside its folder."""


class QuestionError(InputError):
    """A question does not fit the network, or contradicts itself."""


class DatasetError(InputError):
    """A data set, an image or an array cannot be read."""


class OptionError(InputError):
    """An option has a value that means nothing."""


class ParseError(InputError):
    """A text is malformed: MPS, LP, a solution file or a sidecar."""


class PropertyError(ParseError):
    """A property in VNN-LIB cannot be read."""


class UnsupportedProperty(PropertyError):
    """A property is understood, and outside what mipc can ask."""


class RangeError(MipcError):
    """Numbers are too large, too small or not finite for a solver to be trusted."""


class TimeUp(MipcError):
    """A computation did not end within its time limit."""


class SolverError(MipcError):
    """A solver is missing, failed, or may not be used."""


class InternalError(MipcError):
    """A promise of mipc to itself is broken. Never turned into a verdict."""
