"""A witness, run through the original file: the only ground on which "violated" is ever said.

A point counts when it lies in the exact box as floats of the network's own input type, and
violates the requirement twice: in ONNX Runtime on the original file, with its graph
optimisations and without, and in exact rational arithmetic.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.errors import ModelError
from mipc.ir.network import Network
from mipc.properties.query import Query
from mipc.properties.requirements import Disjunct
from mipc.semantics.exact import Dyadic, evaluate_exactly

__all__ = ["Replay", "Runtime", "replay"]

Array: TypeAlias = npt.NDArray[np.float64]
Point: TypeAlias = npt.NDArray[Any]


class Runtime:
    """The original file in ONNX Runtime, on one thread.

    Raises
    ------
    ModelError
        ONNX Runtime refuses the file.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self._sessions: list[Any] = []

    def outputs(self, point: Point) -> list[Point]:
        """The output, flattened, with graph optimisations and without."""
        shaped = point.astype(self.network.dtype).reshape(self.network.input_shape)
        feed = {self.network.input_name: shaped}
        names = [self.network.output_name]
        try:
            return [session.run(names, feed)[0].reshape(-1) for session in self._opened()]
        except Exception as error:  # ONNX Runtime's own exceptions share no base class
            raise ModelError(
                f"ONNX Runtime fails: {_first_line(error)}", where=str(self.network.path)
            ) from error

    def _opened(self) -> list[Any]:
        if not self._sessions:
            os.environ.setdefault(
                "ORT_DISABLE_TELEMETRY", "1"
            )  # it would write to the user's cache
            import onnxruntime as ort

            ort.set_default_logger_severity(4)
            for level in (
                ort.GraphOptimizationLevel.ORT_ENABLE_ALL,
                ort.GraphOptimizationLevel.ORT_DISABLE_ALL,
            ):
                options = ort.SessionOptions()
                options.intra_op_num_threads = options.inter_op_num_threads = 1
                options.graph_optimization_level = level
                options.log_severity_level = 4
                path = str(Path(self.network.path))
                session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
                self._sessions.append(session)
        return self._sessions


@dataclass(frozen=True, eq=False)
class Replay:
    """What the original network does at a point.

    Attributes
    ----------
    point : (n,) floats of the network's input type
    inside : bool
        Whether the point lies in the exact box.
    output : (classes,)
        Of ONNX Runtime with its graph optimisations.
    runtime_margin : Fraction
        The largest margin over the disjuncts; the smaller of the two runs.
    exact_margin : (Fraction, Fraction)
        The same in exact arithmetic; equal unless the graph holds rounded numbers.
    target : int
        The class of the disjunct with the largest exact margin.
    """

    point: Point
    inside: bool
    output: Point
    runtime_margin: Fraction
    exact_margin: tuple[Fraction, Fraction]
    target: int

    @property
    def violates(self) -> bool:
        """Whether this is a witness."""
        return self.inside and self.runtime_margin >= 0 and self.exact_margin[0] >= 0

    @cached_property
    def flaw(self) -> str:
        """Why it is none: a reason code of `spec/verdicts.md`."""
        if not self.inside:
            return "outside-box"
        exact, runtime = self.exact_margin[0] >= 0, self.runtime_margin >= 0
        if exact and not runtime:
            return "float-mismatch"
        if runtime and not exact:
            return "real-replay-failed"
        return "" if exact else "spurious-witness"


def replay(query: Query, runtime: Runtime, point: Point) -> Replay:
    """Run a point, given as floats of the network's input type, through the original network."""
    outputs = runtime.outputs(point)
    finite = all(np.isfinite(output).all() for output in outputs)
    margins = [
        max(disjunct.margin(output) for disjunct in query.disjuncts) if finite else Fraction(-1)
        for output in outputs
    ]
    graph = query.network.graph
    values = evaluate_exactly(graph, point.astype(np.float64))
    ranges = [_exact_margin(disjunct, values[graph.outputs[0]]) for disjunct in query.disjuncts]
    best = max(range(len(ranges)), key=lambda i: ranges[i][0])
    return Replay(
        point=point,
        inside=query.box.contains(point),
        output=outputs[0],
        runtime_margin=min(margins),
        exact_margin=ranges[best],
        target=query.disjuncts[best].target,
    )


def _exact_margin(disjunct: Disjunct, output: Dyadic) -> tuple[Fraction, Fraction]:
    """The smallest row of a disjunct over an exactly known output."""
    bounds = [output.bounds(i) for i in range(len(output.number))]
    lows, highs = [], []
    for row in disjunct.rows:
        low = high = -disjunct.threshold
        for entry, (least, most) in zip(row, bounds, strict=True):
            if entry > 0:
                low, high = low + least, high + most
            elif entry < 0:
                low, high = low - most, high - least
        lows.append(low)
        highs.append(high)
    return min(lows), min(highs)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else repr(error)
