"""The process in which HiGHS runs: reads models on standard input, writes what HiGHS claims.

Run as ``python -m mipc.solvers.highs_worker MEMORY_BYTES``. The only file that imports highspy.
At the start HiGHS has to solve models whose answers are known; a version that fails one is
refused for all that follows.
"""

from __future__ import annotations

import sys
from typing import IO, Any

import numpy as np

from mipc.solvers.child import answers, confine
from mipc.solvers.known_answers import failed_answers
from mipc.solvers.wire import Arrays, receive, send

OPTIONS: dict[str, Any] = {
    "output_flag": False,
    "threads": 1,
    "random_seed": 0,
    "mip_rel_gap": 1e-6,
    "mip_abs_gap": 1e-9,
    # Feasibility jump returned wrong optima and crashed on models with free columns (1.11-1.15),
    # RINS crashed in 1.15 (HiGHS #3262, #3273)
    "mip_heuristic_run_feasibility_jump": False,
    "mip_heuristic_run_rins": False,
}
"""How HiGHS is always run. Never ``objective_bound``: as a cut-off it gave false optima."""

CUT_OFF = 1.001e-6
"""HiGHS drops parts of its tree that are better than its best point by less than its feasibility
tolerance, and then reports the best point's objective as its bound."""

STATUS = {
    "Optimal": "optimal",
    "Infeasible": "infeasible",
    "Primal infeasible or unbounded": "unknown",
    "Unbounded": "unbounded",
    "Time limit reached": "stopped",
    "Iteration limit reached": "stopped",
    "Solution limit reached": "stopped",
    "Target for objective reached": "stopped",
    "Bound on objective reached": "unknown",
    "Interrupted by user": "stopped",
    "Interrupted by HiGHS": "stopped",
    "Memory limit reached": "stopped",
    "Solve error": "failed",
    "Unknown": "unknown",
}
"""What HiGHS says -> what it is taken to claim; any other word is ``unknown``."""


def main() -> None:
    """Serve models until standard input ends."""
    stream = answers()
    confine(int(sys.argv[1]))
    import highspy

    engine: Any = highspy.Highs
    version = engine().version()
    failed = failed_answers(lambda arrays: _solve(highspy, arrays, {}))
    send(stream, {"version": version, "failed": failed}, {})
    serve(highspy, sys.stdin.buffer, stream)


def serve(highspy: Any, questions: IO[bytes], stream: IO[bytes]) -> None:
    """Answer each message."""
    while (message := receive(questions)) is not None:
        header, arrays = message
        claim = _solve(highspy, arrays, header)
        values = claim.pop("values")
        send(stream, claim, {} if values is None else {"values": values})


def _solve(highspy: Any, model: Arrays, options: dict[str, Any]) -> dict[str, Any]:
    """Solve one model from scratch; a warning about its options or the model is a failure."""
    solver = highspy.Highs()
    fine = highspy.HighsStatus.kOk
    scale = _objective_scale(model)
    model = {**model, "objective": model["objective"] * scale}
    if "objective_target" in options:
        options = {**options, "objective_target": options["objective_target"] * scale}
    for name, value in {**OPTIONS, **options}.items():
        if solver.setOptionValue(name, value) != fine:
            return _failed(f"option {name}={value!r} was refused")
    if solver.passModel(_as_highs(highspy, model)) != fine:
        return _failed("a warning or an error when the model was passed")
    status = solver.run()
    word = solver.modelStatusToString(solver.getModelStatus())
    if status == highspy.HighsStatus.kError:
        return _failed(f"an error in the solve: {word}")
    info, solution = solver.getInfo(), solver.getSolution()
    feasible = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    values = np.array(solution.col_value, dtype=np.float64) if feasible else None
    is_mip = bool(model["integer"].any())
    bound = float(info.mip_dual_bound) if is_mip else None
    if not is_mip and word == "Optimal":
        bound = float(info.objective_function_value)
    return {
        "status": STATUS.get(word, "unknown"),
        "detail": f"HiGHS: {word}",
        "objective": float(info.objective_function_value) / scale if feasible else None,
        "dual_bound": (
            (bound - CUT_OFF) / scale if bound is not None and np.isfinite(bound) else None
        ),
        "values": values,
    }


def _objective_scale(model: Arrays) -> float:
    """The power of two, 1 at least, that makes an objective reach to 16 or beyond.

    HiGHS's tolerances are absolute: of an objective that stays small they would take a large share.
    """
    sizes = np.maximum(np.abs(model["lower"]), np.abs(model["upper"]))
    used = model["objective"] != 0
    reach = float((np.abs(model["objective"]) * np.where(used, sizes, 0.0)).sum())
    if not 0.0 < reach < np.inf:
        return 1.0
    return float(2.0 ** np.clip(np.ceil(np.log2(16.0 / reach)), 0, 24))


def _failed(detail: str) -> dict[str, Any]:
    return {
        "status": "failed", "detail": f"HiGHS: {detail}", "objective": None,
        "dual_bound": None, "values": None,
    }  # fmt: skip


def _as_highs(highspy: Any, model: Arrays) -> Any:
    """The model in HiGHS's own types; rows by row."""
    lp = highspy.HighsLp()
    rows, columns = len(model["rhs"]), len(model["objective"])
    lp.num_col_, lp.num_row_ = columns, rows
    lp.col_cost_ = model["objective"]
    lp.col_lower_, lp.col_upper_ = model["lower"], model["upper"]
    lp.row_lower_ = np.where(model["sense"] >= 0, model["rhs"], -highspy.kHighsInf)
    lp.row_upper_ = np.where(model["sense"] <= 0, model["rhs"], highspy.kHighsInf)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.num_col_, lp.a_matrix_.num_row_ = columns, rows
    lp.a_matrix_.start_ = model["indptr"].astype(np.int32)
    lp.a_matrix_.index_ = model["indices"]
    lp.a_matrix_.value_ = model["data"]
    if model["integer"].any():
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(flag)] for flag in model["integer"]]
    return lp


if __name__ == "__main__":
    main()
