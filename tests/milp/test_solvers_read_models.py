"""CBC, GLPK and HiGHS read our files alike, and their solution files are read back."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import highspy
import numpy as np
import pytest
from milp_models import small_model

from mipc.milp.files import write_model
from mipc.milp.model import Model, ModelBuilder, Names
from mipc.milp.solution import Solution, Status
from mipc.milp.solution_files import read, to_solution


def cbc(model: Path, answer: Path) -> list[str]:
    return ["cbc", str(model), "-printingOptions", "all", "-solve", "-solution", str(answer)]


def cbc_nonzeros(model: Path, answer: Path) -> list[str]:
    return ["cbc", str(model), "-solve", "-solution", str(answer)]


def glpk(model: Path, answer: Path) -> list[str]:
    kind = "--lp" if ".lp" in model.suffixes else "--freemps"
    return ["glpsol", kind, str(model), "-w", str(answer)]


def all_binary() -> Model:
    """maximise 3 a + 4 b + 5 c with 2 a + 3 b + 4 c <= 6: a and c, 8."""
    builder = ModelBuilder("knapsack")
    items = builder.binaries("a", 3)
    builder.at_most("weight", items.scale([2.0, 3.0, 4.0]).total(), 6.0)
    builder.minimise(items.scale([-3.0, -4.0, -5.0]).total())
    return builder.build()


def continuous() -> Model:
    """minimise -x - 2 y with x + y <= 1: y alone, -2."""
    builder = ModelBuilder("continuous")
    x = builder.columns("x", [0.0, 0.0], [1e17, 5.0])
    builder.at_most("sum", x.total(), 1.0)
    builder.minimise(x.scale([-1.0, -2.0]).total())
    return builder.build()


def general() -> Model:
    """minimise x - y with x >= -2.5 and y <= 3.5 as rows, two free integers: -5."""
    builder = ModelBuilder("general")
    x = builder.columns("x", [-np.inf, 0.0], [np.inf, np.inf], integer=True)
    builder.at_most("low", -x[[0]], 2.5)
    builder.at_most("high", x[[1]].scale(1.0), 3.5)
    builder.minimise(x.scale([1.0, -1.0]).total())
    return builder.build()


def long_names() -> Model:
    """The knapsack with names of 100 characters."""
    model = all_binary()
    return replace(
        model,
        columns=Names.listed(f"{letter:_<100}" for letter in "abc"),
        rows=Names.listed([f"{'w':_<100}"]),
    )


@pytest.mark.parametrize("suffix", [".mps", ".lp", ".mps.gz", ".lp.gz"])
@pytest.mark.parametrize("command", [cbc, cbc_nonzeros, glpk])
@pytest.mark.parametrize(
    ("make", "optimum"),
    [
        (small_model, -8.0),
        (all_binary, -8.0),
        (continuous, -2.0),
        (general, -5.0),
        (long_names, -8.0),
    ],
)
def test_optimum_and_point(
    make: object, optimum: float, command: object, suffix: str, tmp_path: Path
) -> None:
    model = make()
    answer = solve(model, command, tmp_path / f"model{suffix}")
    assert answer.status is Status.OPTIMAL
    assert answer.objective == pytest.approx(optimum, abs=1e-6)
    assert model.objective @ answer.values == pytest.approx(optimum, abs=1e-6)
    if not suffix.endswith(".gz"):
        assert by_highs(tmp_path / f"model{suffix}") == pytest.approx(optimum, abs=1e-6)


@pytest.mark.parametrize("command", [cbc, glpk])
def test_infeasible(command: object, tmp_path: Path) -> None:
    builder = ModelBuilder("impossible")
    choice = builder.binaries("a", 2)
    builder.at_most("few", choice.total(), 1.0)
    builder.at_most("many", -choice.total(), -2.0)
    answer = solve(builder.build(), command, tmp_path / "model.lp")
    assert answer.status is Status.INFEASIBLE
    assert answer.values is None


def solve(model: Model, command: object, path: Path) -> Solution:
    """What the solver's program says about the model, by way of files."""
    answer = path.with_name("answer.sol")
    write_model(model, path)
    arguments = command(path, answer)
    if shutil.which(arguments[0]) is None:
        pytest.skip(f"{arguments[0]} is not installed")
    subprocess.run(arguments, check=True, capture_output=True, timeout=60)
    return to_solution(read(answer.read_bytes(), "answer.sol"), model.columns.texts())


def by_highs(path: Path) -> float:
    """The optimum HiGHS finds for the same file."""
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    assert highs.readModel(str(path)) == highspy.HighsStatus.kOk
    highs.run()
    return float(highs.getInfo().objective_function_value)
