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
    from mipc.properties.perturbations import (
        L1,
        L2,
        Blur,
        BoxOfArrays,
        Brightness,
        Combined,
        Contrast,
        Grid,
        LInf,
        Patch,
        Translate,
        Unrestricted,
        parse_perturbation,
    )
    from mipc.properties.property_question import PropertyQuestion, ask_property
    from mipc.properties.question import Question, ask
    from mipc.properties.requirements import ArgMax, Linear, TopK
    from mipc.verdict import Answer, Robust, Unknown, Violated

__all__ = [
    "L1",
    "L2",
    "Answer",
    "ArgMax",
    "Blur",
    "BoxOfArrays",
    "Brightness",
    "Combined",
    "Contrast",
    "Fraction",
    "Grid",
    "LInf",
    "Linear",
    "MipcError",
    "Normalisation",
    "Pair",
    "Patch",
    "PropertyQuestion",
    "Question",
    "Robust",
    "TopK",
    "Translate",
    "Unknown",
    "Unrestricted",
    "Violated",
    "ask",
    "ask_property",
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
    "Blur": "properties.perturbations",
    "BoxOfArrays": "properties.perturbations",
    "Brightness": "properties.perturbations",
    "Combined": "properties.perturbations",
    "Contrast": "properties.perturbations",
    "Grid": "properties.perturbations",
    "L1": "properties.perturbations",
    "L2": "properties.perturbations",
    "LInf": "properties.perturbations",
    "Linear": "properties.requirements",
    "MipcError": "errors",
    "Normalisation": "properties.normalisation",
    "Pair": "decoding",
    "Patch": "properties.perturbations",
    "PropertyQuestion": "properties.property_question",
    "Question": "properties.question",
    "Robust": "verdict",
    "TopK": "properties.requirements",
    "Translate": "properties.perturbations",
    "Unknown": "verdict",
    "Unrestricted": "properties.perturbations",
    "Violated": "verdict",
    "ask": "properties.question",
    "ask_property": "properties.property_question",
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
