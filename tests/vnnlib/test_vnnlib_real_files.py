"""The public properties: all are read, as what their list says they are, and fast."""

from __future__ import annotations

import csv
import re
import time
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from data import DATA, needs_data
from random_properties import normal_form_holds

from mipc.properties.vnnlib import Property, Variable, read_property

FOLDER = DATA / "vnncomp"


@cache
def instances() -> dict[str, dict[str, str]]:
    """One row of the list for each property."""
    if not FOLDER.is_dir():
        return {}
    with open(FOLDER / "instances.csv", newline="") as file:
        return {row["vnnlib"]: row for row in csv.DictReader(file)}


def counted(form: str) -> int | None:
    """How many alternatives the list says there are."""
    found = re.search(r"(?:Y-disjunction|or-of-boxes)\(([0-9]+)\)", form)
    if found:
        return int(found[1])
    return 1 if form.startswith("Y-conjunction") else None


@needs_data
def test_every_public_property_is_read() -> None:
    slowest = 0.0
    for name, row in instances().items():
        start = time.process_time()
        read = read_property(FOLDER / name)
        slowest = max(slowest, time.process_time() - start)
        (network,) = read.networks
        assert [tensor.name for tensor in network.inputs + network.outputs] == ["X", "Y"]
        assert network.inputs[0].size == int(row["in_dim"]), name
        assert network.outputs[0].size == int(row["out_dim"]), name
        alternatives = sum(len(case.alternatives) for case in read.cases)
        assert counted(row["form"]) in (alternatives, None), name
        assert row["form"].startswith("or-of") or len(read.cases) == 1, name
        check_box(read)
    assert len(instances()) > 500
    assert slowest < 1.5


def check_box(read: Property) -> None:
    """Every input is bounded, and by floats that are not apart."""
    for case in read.cases[:3]:
        bounds = case.box["X"]
        assert np.isfinite(bounds.lower.below).all()
        assert np.isfinite(bounds.upper.above).all()
        assert (bounds.lower.below <= bounds.upper.above).all()
        assert (bounds.lower.above <= np.nextafter(bounds.lower.below, np.inf)).all()


@needs_data
@pytest.mark.parametrize("name", sorted(instances())[::40])
def test_a_public_property_says_what_its_text_says(name: str) -> None:
    """At corners of its boxes, and just outside of them."""
    read = read_property(FOLDER / name)
    random = np.random.default_rng(0)
    told = set()
    for case in read.cases[:: max(1, len(read.cases) // 5)]:
        lowest = [case.region.range_of(Variable("X", i)).lower for i in range(size(read, "X"))]
        for shift in (Fraction(0), Fraction(-1, 10**9)):
            for spread in (0.1, 10, 1000):
                inputs = [(bound or Fraction(0)) for bound in lowest]
                inputs[0] += shift
                outputs = [Fraction(y) for y in random.normal(0, spread, size(read, "Y"))]
                point = {"X": inputs, "Y": outputs}
                assert read.holds(point) == normal_form_holds(read, point)
                told.add(read.holds(point))
    assert False in told


def size(read: Property, name: str) -> int:
    return read.tensors[name].size


@needs_data
def test_known_witnesses_satisfy_their_properties() -> None:
    """Each was found to pass in ONNX Runtime, in the exact box."""
    runtime = pytest.importorskip("onnxruntime")
    folder = DATA / "soundness"
    with open(folder / "cases.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        witness = np.load(folder / row["witness"]).astype(np.float32)
        outputs = run(runtime, folder / row["onnx"], witness)
        read = read_property(folder / row["vnnlib"])
        assert read.holds({"X": witness, "Y": outputs}), row["onnx"]
        assert not read.holds({"X": witness + np.float32(10), "Y": outputs})
    assert rows


def run(runtime: object, path: Path, witness: np.ndarray) -> np.ndarray:
    options = runtime.SessionOptions()  # type: ignore[attr-defined]
    options.log_severity_level = 3
    session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])  # type: ignore[attr-defined]
    given = session.get_inputs()[0]
    shape = [length if isinstance(length, int) and length > 0 else 1 for length in given.shape]
    output: np.ndarray = session.run(None, {given.name: witness.reshape(shape)})[0]
    return output
