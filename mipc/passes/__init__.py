"""Optimisations: each takes a problem to an equivalent one, and says what it did.

``DEFAULT`` is the pipeline, in order. A pass is written on the command line by its name, with its
fields in braces: ``--passes "bounds{method=interval},stable-relu"``; the pipeline by its own:
``--passes "default,envelopes{cells=9}"``.
"""

from __future__ import annotations

from mipc.passes.base import Cover, Known, Pass, Problem, Record, Tighter, run
from mipc.passes.envelopes import Envelopes
from mipc.passes.parse import ALL, DEFAULT, parse_passes

__all__ = [
    "ALL", "DEFAULT", "Cover", "Envelopes", "Known", "Pass", "Problem", "Record", "Tighter",
    "parse_passes", "run",
]  # fmt: skip
