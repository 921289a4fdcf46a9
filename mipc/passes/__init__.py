"""Optimisations: each takes a problem to an equivalent one, and says what it did.

``DEFAULT`` is the pipeline, in order. A pass is written on the command line by its name, with its
fields in braces: ``--passes "bounds{method=interval},stable-relu"``.
"""

from __future__ import annotations

from mipc.passes.affine_fusion import AffineFusion
from mipc.passes.base import Pass, Problem, Record, run
from mipc.passes.bounds import Bounds
from mipc.passes.dead_neurons import DeadNeurons
from mipc.passes.dominated_max import DominatedMax
from mipc.passes.envelopes import Envelopes
from mipc.passes.parse import ALL, parse_passes
from mipc.passes.stable_relu import StableRelu

__all__ = ["ALL", "DEFAULT", "Envelopes", "Pass", "Problem", "Record", "parse_passes", "run"]

DEFAULT: tuple[Pass, ...] = (
    Bounds(),
    StableRelu(),
    DominatedMax(),
    DeadNeurons(),
    AffineFusion(),
)
