"""Every operator with random attributes, shapes, opsets and neighbours: all laws hold of it.

Strategies are found by themselves: each ``random_*.py`` in this folder has a dictionary
``STRATEGIES`` from the names of operators to strategies for cases.
"""

from __future__ import annotations

from collections import defaultdict
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from operator_cases import Case
from operator_laws import (
    assert_bounds_hold,
    assert_exact_values_enclose_floats,
    assert_means_what_onnx_runtime_computes,
    assert_models_admit_runs,
    read,
)
from strategies import examples

from mipc.frontend.onnx import read_network  # noqa: F401  registers all operators
from mipc.frontend.registry import supported
from mipc.numerics.products import FAST, REPRODUCIBLE
from mipc.passes import DEFAULT
from mipc.passes.bounds import Bounds
from mipc.passes.envelopes import Envelopes
from mipc.passes.stable_relu import StableRelu


def strategies_found() -> dict[str, st.SearchStrategy[Case]]:
    """One strategy for each operator; where several modules have one, any of them."""
    found = defaultdict(list)
    for path in sorted(Path(__file__).parent.glob("random_*.py")):
        for name, strategy in import_module(path.stem).STRATEGIES.items():
            found[name].append(strategy)
    return {name: st.one_of(several) for name, several in sorted(found.items())}


STRATEGIES = strategies_found()

FOLDED = 1e-8
"""A function of constants is folded if it is known to about that share of itself."""

FINER = (Bounds(), StableRelu(), Envelopes(cells=3))


def test_every_operator_has_a_strategy() -> None:
    assert set(STRATEGIES) == set(supported())


@pytest.mark.parametrize("op_type", STRATEGIES)
def test_all_laws_hold(op_type: str, tmp_path: Path) -> None:
    @settings(max_examples=examples(10))
    @given(STRATEGIES[op_type], st.booleans())
    def law(case: Case, finer: bool) -> None:
        assert op_type in {node.op_type for node in case.nodes}
        assert_all_laws(case, finer, tmp_path)

    law()


def assert_all_laws(case: Case, finer: bool, folder: Path) -> None:
    network = read(case, folder)
    assert_means_what_onnx_runtime_computes(case, network)
    assert_exact_values_enclose_floats(network.graph, rounding=1e-12, widest=FOLDED)
    assert_bounds_hold(network.graph, REPRODUCIBLE if finer else FAST)
    passes = FINER if finer else DEFAULT
    assert_models_admit_runs(case, network.output.size, folder, passes)
