"""Tighter bounds hold every run, make files smaller, and are not taken on a sidecar's word."""

from __future__ import annotations

import itertools
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from checks import query_of
from exact_runs import exact_run, wobbling
from hypothesis import given, settings
from small_networks import boxed, dense_network
from strategies import Case, cases, examples, points_of, thresholds

import mipc
from mipc.compile import bound_case
from mipc.decoding import Pair
from mipc.errors import QuestionError, RangeError
from mipc.properties.query import Query
from mipc.search import confirmed, strengthened
from mipc.sidecar import expand
from mipc.solve import solve_file
from mipc.verdict import Robust, Violated


@settings(max_examples=examples(60))
@given(cases(several_outputs=False), thresholds)
def test_every_run_is_inside(case: Case, margin: Fraction) -> None:
    (whole,) = query_of(case, margin, "feasibility").cases
    try:
        problem, _ = bound_case(whole)
    except RangeError:
        return
    targets = tuple(disjunct.number for disjunct in whole.disjuncts)
    found = strengthened(whole, problem, targets)
    assert confirmed(found, whole, problem, targets)
    for point in points_of(case.box, case.rng, 12):
        values = exact_run(whole.graph, point, wobbling(case.rng))
        for one in found.tighter:
            ends = zip(one.neurons.tolist(), one.lower.tolist(), one.upper.tolist(), strict=True)
            for neuron, lower, upper in ends:
                assert Fraction(lower) <= values[one.node][neuron] <= Fraction(upper)
        for cover in found.covers:
            rows = zip(cover.neurons.tolist(), cover.slope.tolist(), cover.offset.tolist(),
                       strict=True)  # fmt: skip
            for neuron, slope, offset in rows:
                line = sum((Fraction(s) * Fraction(x) for s, x in zip(slope, point, strict=True)),
                           Fraction(offset))  # fmt: skip
                assert values[cover.node][neuron] <= line


def deep(folder: Path, seed: int, margin: Fraction) -> tuple[mipc.Network, Query]:
    """A random network with three hidden layers, and a question about it."""
    rng = np.random.default_rng(seed)
    widths = [4, 10, 10, 10, 3]
    layers = [
        (rng.normal(size=(m, n)) / np.sqrt(n), rng.normal(size=m) * 0.1)
        for n, m in itertools.pairwise(widths)
    ]
    network = dense_network(folder / f"deep{seed}.onnx", layers)
    return network, boxed(network, [-1.0] * 4, [1.0] * 4, margin=margin, targets=(1, 2))


@pytest.mark.parametrize("seed", range(6))
def test_answers_from_a_strengthened_file_are_those_from_a_plain_one(
    tmp_path: Path, seed: int
) -> None:
    network, query = deep(tmp_path, seed, Fraction(1, 2))
    verdicts, binaries = [], []
    for name, strengthen in (("plain", None), ("strong", strengthened)):
        compiled = mipc.compile_query(query, combine=True, strengthen=strengthen)
        ((model, sidecar),) = mipc.write_files(compiled, tmp_path / f"{name}.mps")
        binaries.append(compiled.formulations[0].model.size["binaries"])
        solve_file(model, tmp_path / f"{name}.sol", "highs", 60)
        answer = mipc.decode([Pair.read(sidecar, tmp_path / f"{name}.sol")], network)
        verdicts.append(type(answer.verdict))
    assert verdicts[0] is verdicts[1]
    assert verdicts[0] in (Robust, Violated)
    assert binaries[1] <= binaries[0]


def test_some_neurons_are_decided(tmp_path: Path) -> None:
    _, query = deep(tmp_path, 1, Fraction(1, 2))
    plain, strong = (
        mipc.compile_query(query, combine=True, strengthen=how) for how in (None, strengthened)
    )
    sizes = [compiled.formulations[0].model.size["binaries"] for compiled in (plain, strong)]
    assert sizes[1] < sizes[0]


def test_forged_bounds_are_refused(tmp_path: Path) -> None:
    """A file that rests on them would exclude every violation."""
    network, query = deep(tmp_path, 1, Fraction(-1))
    compiled = mipc.compile_query(query, combine=True, strengthen=strengthened)
    ((_, sidecar),) = mipc.write_files(compiled, tmp_path / "q.mps")
    facts = json.loads(sidecar.read_text())
    assert facts["tighter"]
    first = facts["tighter"][0]
    first["upper"] = first["lower"]
    sidecar.write_text(json.dumps(facts))
    (tmp_path / "q.mps").unlink()
    (tmp_path / "q.sol").write_text("Model status\nInfeasible\n\n# Primal solution values\nNone\n")
    with pytest.raises(QuestionError, match="cannot confirm"):
        mipc.decode([Pair.read(sidecar, tmp_path / "q.sol")], network)


@pytest.mark.parametrize(
    "wrong",
    [{"node": "nothing"}, {"neurons": "99999"}, {"lower": []}, {"upper": [float("nan")]}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_bounds_that_fit_nothing_are_refused(tmp_path: Path, wrong: dict[str, object]) -> None:
    network, query = deep(tmp_path, 1, Fraction(-1))
    compiled = mipc.compile_query(query, combine=True, strengthen=strengthened)
    ((_, sidecar),) = mipc.write_files(compiled, tmp_path / "q.mps")
    facts = json.loads(sidecar.read_text())
    one = {"neurons": "0", "lower": [-1e9], "upper": [1e9]}
    facts["tighter"] = [{"node": facts["tighter"][0]["node"], **one, **wrong}]
    sidecar.write_text(json.dumps(facts))
    (tmp_path / "q.mps").unlink()
    (tmp_path / "q.sol").write_text("Model status\nInfeasible\n\n# Primal solution values\nNone\n")
    with pytest.raises(mipc.MipcError):
        mipc.decode([Pair.read(sidecar, tmp_path / "q.sol")], network)


def wide(folder: Path) -> tuple[mipc.Network, Query]:
    """A random network with one dense hidden layer, more inputs than are halved."""
    rng = np.random.default_rng(5)
    layers = [
        (rng.normal(size=(30, 24)) / 5, rng.normal(size=30) * 0.1),
        (rng.normal(size=(2, 30)) / 5, rng.normal(size=2) * 0.1),
    ]
    network = dense_network(folder / "wide.onnx", layers)
    return network, boxed(network, [-0.3] * 24, [0.3] * 24, margin=Fraction(1, 4))


def test_lines_over_a_dense_first_level_are_rows_of_the_file(tmp_path: Path) -> None:
    network, query = wide(tmp_path)
    plain, strong = (mipc.compile_query(query, strengthen=how) for how in (None, strengthened))
    sizes = [compiled.formulations[0].model.size["rows"] for compiled in (plain, strong)]
    (cover,) = strong.known[0].covers
    assert sizes[1] - sizes[0] == len(cover.neurons) > 0
    solved = []
    for name, compiled in (("plain", plain), ("strong", strong)):
        ((model, sidecar),) = mipc.write_files(compiled, tmp_path / f"{name}.mps")
        claim = solve_file(model, tmp_path / f"{name}.sol", "highs", 60)
        answer = mipc.decode([Pair.read(sidecar, tmp_path / f"{name}.sol")], network)
        solved.append((claim.status, type(answer.verdict)))
    assert solved[0] == solved[1]


@pytest.mark.parametrize("what", ["lower", "elsewhere", "twice", "shorter"])
def test_forged_lines_are_refused(tmp_path: Path, what: str) -> None:
    network, query = wide(tmp_path)
    compiled = mipc.compile_query(query, strengthen=strengthened)
    ((_, sidecar),) = mipc.write_files(compiled, tmp_path / "q.mps")
    (tmp_path / "q.mps").unlink()
    (tmp_path / "q.sol").write_text("Model status\nInfeasible\n\n# Primal solution values\nNone\n")
    assert mipc.decode([Pair.read(sidecar, tmp_path / "q.sol")], network) is not None
    facts = json.loads(sidecar.read_text())
    (cover,) = facts["covers"]
    if what == "lower":
        cover["offset"][0] -= 0.01
    elif what == "elsewhere":
        cover["node"] = "nothing"
    elif what == "twice":  # the wrong one first
        cover["neurons"] = f"{expand(cover['neurons'])[0]},{cover['neurons']}"
        cover["slope"].insert(0, [0.0] * len(cover["slope"][0]))
        cover["offset"].insert(0, cover["offset"][0])
    else:
        cover["slope"] = [slope[:-1] for slope in cover["slope"]]
    sidecar.write_text(json.dumps(facts))
    with pytest.raises(QuestionError, match="cannot confirm"):
        mipc.decode([Pair.read(sidecar, tmp_path / "q.sol")], network)
