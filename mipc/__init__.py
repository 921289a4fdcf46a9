"""mipc: a symbolic compiler from neural networks and robustness questions to MILP files.

The same in Python as on the command line::

    import numpy as np
    import mipc

    network = mipc.read_network("examples/digits.onnx")
    question = mipc.Question(
        centre=np.load("examples/zero.npy").reshape(-1),
        perturbation=mipc.LInf(mipc.Fraction("1/16")),   # or parse_perturbation("blur:3")
        requirement=mipc.ArgMax(label=0),           # or TopK, or Linear("y3 - y0 >= 0.5")
    )
    query = mipc.ask(network, question)

    answer = mipc.verify(query, timeout=60)          # answer.verdict: Robust | Violated | Unknown
    files = mipc.write_files(mipc.compile_query(query), "q.mps")

Names are imported when they are first used.
"""

from __future__ import annotations

from fractions import Fraction
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mipc.compile import compile_query, write_files
    from mipc.decide import verify
    from mipc.decoding import Pair, decode
    from mipc.errors import MipcError
    from mipc.frontend.onnx import read_network
    from mipc.properties.normalisation import Normalisation
    from mipc.properties.perturbations import BoxOfArrays, LInf, parse_perturbation
    from mipc.properties.question import Question, ask
    from mipc.properties.requirements import ArgMax, Linear, TopK
    from mipc.verdict import Answer, Robust, Unknown, Violated

__all__ = [
    "Answer",
    "ArgMax",
    "BoxOfArrays",
    "Fraction",
    "LInf",
    "Linear",
    "MipcError",
    "Normalisation",
    "Pair",
    "Question",
    "Robust",
    "TopK",
    "Unknown",
    "Violated",
    "ask",
    "compile_query",
    "decode",
    "parse_perturbation",
    "read_network",
    "verify",
    "write_files",
]

__version__ = "0.1.0"

_HOMES = {
    "Answer": "verdict",
    "ArgMax": "properties.requirements",
    "BoxOfArrays": "properties.perturbations",
    "LInf": "properties.perturbations",
    "Linear": "properties.requirements",
    "MipcError": "errors",
    "Normalisation": "properties.normalisation",
    "Pair": "decoding",
    "Question": "properties.question",
    "Robust": "verdict",
    "TopK": "properties.requirements",
    "Unknown": "verdict",
    "Violated": "verdict",
    "ask": "properties.question",
    "compile_query": "compile",
    "decode": "decoding",
    "parse_perturbation": "properties.perturbations",
    "read_network": "frontend.onnx",
    "verify": "decide",
    "write_files": "compile",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mipc' has no attribute {name!r}")
    return getattr(import_module(f"mipc.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
