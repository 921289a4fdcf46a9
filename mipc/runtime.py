"""The original files of a question, in ONNX Runtime."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mipc.errors import ModelError
from mipc.frontend.repair import runnable
from mipc.ir.network import Network
from mipc.properties.query import Query, Seen

__all__ = ["Point", "Runtime", "Runtimes"]

Point: TypeAlias = npt.NDArray[Any]

EXTERNAL_FOLDER = "session.model_external_initializers_file_folder_path"
"""ONNX Runtime's name for the option where a model's external data lie."""


class Runtime:
    """The original file in ONNX Runtime, on one thread.

    Parameters
    ----------
    network : Network
    shown : sequence of str
        Tensors inside that are wanted too.

    Raises
    ------
    ModelError
        ONNX Runtime refuses the file.
    """

    def __init__(self, network: Network, shown: Sequence[str] = ()) -> None:
        self.network, self.shown = network, tuple(shown)
        self._sessions: list[Any] = []

    def run(self, feed: Mapping[str, Point], names: Sequence[str]) -> list[dict[str, Point]]:
        """The named tensors, flattened: with graph optimisations, and without.

        Parameters
        ----------
        feed : mapping of input name to flat numbers
        """
        shaped = {
            port.name: np.asarray(feed[port.name], dtype=port.dtype).reshape(port.shape)
            for port in self.network.inputs
        }
        try:
            runs = [session.run(list(names), shaped) for session in self._opened()]
        except Exception as error:  # ONNX Runtime's own exceptions share no base class
            raise ModelError(
                f"ONNX Runtime fails: {_first_line(error)}", where=str(self.network.path)
            ) from error
        return [
            {name: np.asarray(value).reshape(-1) for name, value in zip(names, run, strict=True)}
            for run in runs
        ]

    def outputs(self, point: Point) -> list[Point]:
        """The only output for the only input, twice, as :meth:`run`."""
        runs = self.run({self.network.input.name: point}, [self.network.output.name])
        return [run[self.network.output.name] for run in runs]

    def _opened(self) -> list[Any]:
        if not self._sessions:
            os.environ.setdefault(
                "ORT_DISABLE_TELEMETRY", "1"
            )  # it would write to the user's cache
            import onnxruntime as ort

            ort.set_default_logger_severity(4)
            path = self.network.path
            by_bytes = self.network.repaired or self.shown or not _is_utf8(path)
            source = runnable(path.read_bytes(), self.shown) if by_bytes else str(path)
            folder = path.resolve().parent
            for level in (
                ort.GraphOptimizationLevel.ORT_ENABLE_ALL,
                ort.GraphOptimizationLevel.ORT_DISABLE_ALL,
            ):
                options = ort.SessionOptions()
                options.intra_op_num_threads = options.inter_op_num_threads = 1
                options.graph_optimization_level = level
                options.log_severity_level = 4
                if by_bytes and _is_utf8(folder):  # so given, it has lost its external data
                    options.add_session_config_entry(EXTERNAL_FOLDER, str(folder))
                providers = ["CPUExecutionProvider"]
                self._sessions.append(ort.InferenceSession(source, options, providers=providers))
        return self._sessions


class Runtimes:
    """The original files of a query's networks."""

    def __init__(self, query: Query) -> None:
        self.query = query
        seen = [s for case in query.cases[:1] for s in case.seen if s.side == "hidden"]
        self._opened = [
            Runtime(network, [s.port.name for s in seen if s.network == i])
            for i, network in enumerate(query.networks)
        ]

    def observe(self, inputs: Sequence[Point], seen: Sequence[Seen]) -> list[list[Point]]:
        """What a question observes, in each of the two runs.

        Parameters
        ----------
        inputs : one for each feed of the query
        """
        feeds: list[dict[str, Point]] = [{} for _ in self._opened]
        for (_, network, port), point in zip(self.query.feeds, inputs, strict=True):
            feeds[network][port.name] = point
        results: list[list[dict[str, Point]]] = []
        for number, runtime in enumerate(self._opened):
            names = [s.port.name for s in seen if s.network == number and s.side != "input"]
            wanted = list(dict.fromkeys(names))
            results.append(runtime.run(feeds[number], wanted) if wanted else [{}, {}])
        return [
            [
                feeds[s.network][s.port.name]
                if s.side == "input"
                else _scores(results[s.network][number][s.port.name], s)
                for s in seen
            ]
            for number in range(2)
        ]


def _scores(value: Point, seen: Seen) -> Point:
    """What was observed; of an arg-max, 1 for the class that it names and 0 for the others."""
    if not seen.port.index:
        return value
    scores = np.zeros(seen.size)
    if len(value) == 1 and 0 <= int(value[0]) < seen.size:
        scores[int(value[0])] = 1.0
    return scores


def _is_utf8(path: Path) -> bool:
    """Whether ONNX Runtime can be told a path."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else repr(error)
