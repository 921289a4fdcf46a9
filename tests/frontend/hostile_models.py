"""Models made to exhaust a reader. As a script: how 1,500 end, in a process of 1 GiB of memory.

Each is a row of the tables of operators with some of its numbers replaced by ones that are huge,
negative or none; what reading it says and takes is printed, one JSON object for all.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import onnx
from onnx import TensorProto, helper
from onnx_models import saved
from operator_tables import CASES

from mipc.errors import MipcError
from mipc.frontend.onnx import read_network

COUNT = 1500
NUMBERS = [0, -1, 2, 1000, 10**5, 10**6, 10**9, 2**31, 2**40, 2**62, 2**63 - 1, -(2**63)]
GIB = 1 << 30

Change = Callable[[onnx.GraphProto, random.Random], None]


def attribute(graph: onnx.GraphProto, chance: random.Random) -> None:
    """Other integers in an attribute, or as many again."""
    entries = [e for node in graph.node for e in node.attribute if e.ints or e.HasField("i")]
    if not entries:
        return dimension(graph, chance)
    entry = chance.choice(entries)
    if entry.ints:
        length = chance.choice([len(entry.ints), 1, 2, 40])
        changed = [chance.choice(NUMBERS) for _ in range(length)]
        del entry.ints[:]
        entry.ints.extend(changed)
    else:
        entry.i = chance.choice(NUMBERS)
    return None


def dimension(graph: onnx.GraphProto, chance: random.Random) -> None:
    """Another length of the input."""
    dims = graph.input[0].type.tensor_type.shape.dim
    if dims:
        chance.choice(dims).dim_value = chance.choice(NUMBERS)


def declared(graph: onnx.GraphProto, chance: random.Random) -> None:
    """Another shape of a constant, which its numbers do not fill."""
    if graph.initializer:
        tensor = chance.choice(graph.initializer)
        changed = [chance.choice(NUMBERS) for _ in range(chance.choice([1, 2, 4, 33]))]
        del tensor.dims[:]
        tensor.dims.extend(changed)


def integers(graph: onnx.GraphProto, chance: random.Random) -> None:
    """Other numbers in a constant of integers: a shape, pads, axes."""
    whole = [t for t in graph.initializer if t.data_type == TensorProto.INT64]
    if whole:
        tensor = chance.choice(whole)
        length = chance.choice([*(size for size in tensor.dims if 0 < size < 100), 1, 3])
        numbers = [chance.choice(NUMBERS) for _ in range(length)]
        tensor.CopyFrom(helper.make_tensor(tensor.name, TensorProto.INT64, [length], numbers))


def repeated(graph: onnx.GraphProto, chance: random.Random) -> None:
    """The last tensor put together with itself, many times over."""
    last = graph.output[0].name
    for number in range(chance.choice([1, 3, 30])):
        copies = [last] * chance.choice([2, 100, 1000])
        last = f"again{number}"
        graph.node.append(helper.make_node("Concat", copies, [last], axis=0))
    graph.output[0].name = last


CHANGES: list[Change] = [attribute, attribute, dimension, declared, integers, repeated]


def main(folder: Path) -> None:
    """Read all; print how many there were, what came of them, and the slowest."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (GIB, GIB))
    ends: Counter[str] = Counter()
    slowest = (0.0, "")
    for number in range(COUNT):
        chance = random.Random(number)
        case = CASES[number % len(CASES)]
        proto = case.proto()
        for _ in range(chance.randint(1, 2)):
            chance.choice(CHANGES)(proto.graph, chance)
        path = saved(proto, folder)
        begin = time.process_time()
        try:
            read_network(path)
            ends["read"] += 1
        except MipcError as error:
            ends[type(error).__name__] += 1
        except BaseException as error:  # what must not come out
            ends[f"{number} {case}: {type(error).__name__}: {error}"] += 1
        slowest = max(slowest, (time.process_time() - begin, f"{number} {case}"))
    print(json.dumps({"count": COUNT, "ends": ends, "slowest": slowest}))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        main(Path(name))
    sys.exit(0)
