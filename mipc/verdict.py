"""Verdicts, and the only function that makes one.

``Robust`` rests on bounds or on a solver's claim, and says which. ``Violated`` rests on a replayed
witness and on nothing else. Everything else is ``Unknown``, with a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal, TypeAlias

from mipc.errors import InternalError
from mipc.formulation import Part
from mipc.milp.solution import Solution, Status
from mipc.numerics.rationals import around
from mipc.properties.query import Query
from mipc.replay import Replay

__all__ = [
    "Answer",
    "Finding",
    "Robust",
    "Unknown",
    "Verdict",
    "Violated",
    "conclude",
    "finding_of",
    "weigh",
]

Trust: TypeAlias = Literal["bounds", "solver"]
Range: TypeAlias = tuple[float, float]

CLAIM_GUARD = 2e-6
"""A solver's bound on a margin is believed up to twice its feasibility tolerance."""

DISTANCE_GUARD = (1e-5, 5e-7)
"""And its bound on a distance up to this share of it, and this much: HiGHS was off by 2.7e-7."""

EXACT = 2.0**-40
"""More than the share by which an exact distance differs from the float that is told of it."""


@dataclass(frozen=True)
class Robust:
    """No point of the box violates the requirement; ``trust`` says on whose word."""

    trust: Trust


@dataclass(frozen=True, eq=False)
class Violated:
    """A point of the box violates it: ``witness``, which was replayed."""

    witness: Replay


@dataclass(frozen=True)
class Unknown:
    """Neither was established. ``reason`` is a code of `spec/verdicts.md`, ``detail`` is words."""

    reason: str
    detail: str = ""


Verdict: TypeAlias = Robust | Violated | Unknown


@dataclass(frozen=True)
class Finding:
    """What was established about one disjunct.

    Attributes
    ----------
    target : int
        The disjunct's number.
    closed : "bounds", "solver" or None
        On whose word it cannot hold.
    upper : float
        No point of the box has a larger margin: proved by bounds, or claimed by a solver.
    nearest : float
        No violation is nearer to the centre: the same; 0 if nothing is known.
    reason, detail : str
        Why it is open, if it is.
    claimed : bool
        Whether ``upper`` or ``nearest`` rests on a solver's claim.
    """

    target: int
    closed: Trust | None
    upper: float
    nearest: float = 0.0
    reason: str = ""
    detail: str = ""
    claimed: bool = False

    @property
    def is_claimed(self) -> bool:
        """Whether any of it rests on a solver's claim."""
        return self.claimed or self.closed == "solver"

    def says_more_than(self, before: Finding) -> bool:
        """Whether more is known of the disjunct than before."""
        closer = self.upper < before.upper or self.nearest > before.nearest
        return closer or (self.closed is not None and before.closed is None)


@dataclass(frozen=True, eq=False)
class Answer:
    """A verdict and the numbers that go with it.

    Attributes
    ----------
    verdict : Verdict
    stage : str
        What settled it: ``input``, ``bounds``, ``attack``, ``halving``, ``branching``, ``solver``
        or ``none``.
    margin : (lower, upper) or None
        The largest margin in the box: replayed from below, bounded from above.
    distance : (lower, upper) or None
        The least distance of a violation: bounded from below, replayed from above. Without a
        witness the upper end is infinite; ``None`` for a robust question.
    seconds : float
    """

    verdict: Verdict
    stage: str
    margin: Range | None
    distance: Range | None
    seconds: float = 0.0


def conclude(
    query: Query, findings: Sequence[Finding], replays: Sequence[Replay], stage: str
) -> Answer:
    """The verdict that findings and replayed points allow.

    Sound by construction: ``Violated`` needs a replay that is a witness; ``Robust`` needs every
    disjunct of the query closed, and no replayed point that violates in exact arithmetic, even one
    that ONNX Runtime does not confirm. A witness beats a solver's claim, and nothing else that the
    solver said of its disjunct is believed then.
    """
    witnesses = [run for run in replays if run.violates]
    refuted = [run for run in replays if run.inside and run.exact_margin[0] >= 0]
    findings = _without_lies(findings, replays)
    upper = max((finding.upper for finding in findings), default=float("-inf"))
    complete = {f.target for f in findings} == {d.number for d in query.disjuncts}
    lower = max((rounded_down(run.exact_margin[0]) for run in replays if run.inside), default=None)
    margin = (lower, max(upper, lower)) if lower is not None and complete else None
    if margin is None and complete and findings:
        margin = (float("-inf"), upper)
    if witnesses:
        best = _best(query, witnesses)
        least = min((f.nearest for f in findings if f.closed is None), default=0.0)
        claimed = any(f.is_claimed for f in findings)
        distance = _distances(query, best, least, claimed=claimed)
        return Answer(Violated(best), stage, margin, distance)
    open_ones = [finding for finding in findings if finding.closed is None]
    if refuted and complete and all(finding.closed == "bounds" for finding in findings):
        raise InternalError("bounds exclude a point that violates exactly")
    if complete and not open_ones and not refuted:
        on_solver = any(finding.closed == "solver" for finding in findings)
        return Answer(Robust("solver" if on_solver else "bounds"), stage, margin, None)
    far = None
    if query.objective == "closest" and complete:
        far = (min((f.nearest for f in open_ones), default=0.0), float("inf"))
    return Answer(_why_unknown(query, open_ones, replays), "none", margin, far)


def _without_lies(findings: Sequence[Finding], replays: Sequence[Replay]) -> list[Finding]:
    """The findings, with nothing known of a disjunct of which a point refutes a solver's claim.

    Raises
    ------
    InternalError
        A point refutes what rests on bounds alone: a fault of mipc.
    """
    inside = [run for run in replays if run.inside]
    believed = []
    for finding in findings:
        mine = [run for run in inside if finding.target in run.margins]
        shut = finding.closed == "bounds" and any(
            run.margins[finding.target][0] > 0 for run in mine
        )
        if not shut and not any(_is_wrong(finding, run) for run in mine):
            believed.append(finding)
        elif finding.is_claimed and not shut:
            believed.append(Finding(finding.target, None, float("inf")))
        else:
            raise InternalError(f"bounds of target {finding.target} exclude a point of it")
    return believed


def _is_wrong(finding: Finding, run: Replay) -> bool:
    """Whether a point of a disjunct shows what is known of it to be wrong.

    A solver's claim may be off by rounding; what rests on bounds may not, beside what it costs to
    write an exact number as a float.
    """
    margin = rounded_down(run.margins[finding.target][0])
    slack = CLAIM_GUARD * abs(finding.upper) if finding.is_claimed else 0.0
    if finding.closed != "bounds" and margin > finding.upper + slack:
        return True
    if margin < 0 or finding.closed == "bounds":
        return False
    guard = _distance_guard(finding.nearest) if finding.is_claimed else EXACT * finding.nearest
    near = run.distance is not None and run.distance < finding.nearest - 2 * guard
    return near or finding.closed == "solver"


def finding_of(part: Part) -> Finding:
    """What bounds say of a disjunct: a surely negative margin closes it."""
    return Finding(part.target, "bounds" if part.upper < 0 else None, part.upper)


def weigh(query: Query, known: Finding, claim: Solution, guard: float) -> Finding:
    """What a solver's claim about the model of a disjunct adds to what is known of it.

    One word of a solver closes a disjunct: "infeasible", where the model asks for a violation.
    A dual bound on the margin closes it too, where it stays below a violation by more than the
    model's guard (see :class:`~mipc.formulation.Formulation`).
    """
    objective = query.objective
    if known.closed is not None and objective != "worst":
        return known
    if claim.status is Status.INFEASIBLE and objective != "worst":
        return replace(known, closed="solver", upper=min(known.upper, 0.0), reason="", detail="")
    if objective != "closest":
        return _weigh_margin(known, claim, guard)
    found = _still_open(known, claim)
    if claim.dual_bound is None:
        return found
    nearest = claim.dual_bound - _distance_guard(claim.dual_bound)
    if nearest <= known.nearest:
        return found
    return replace(found, nearest=nearest, claimed=True)


def _weigh_margin(known: Finding, claim: Solution, guard: float) -> Finding:
    """What a dual bound says of the largest margin."""
    found = known if known.closed is not None else _still_open(known, claim)
    if claim.status is Status.INFEASIBLE or claim.dual_bound is None:
        return found
    upper = _claimed_margin(claim.dual_bound, guard)
    if upper >= known.upper:
        return found
    if upper < -guard and known.closed is None:
        found = replace(found, closed="solver", reason="", detail="")
    return replace(found, upper=upper, claimed=True)


def _distance_guard(distance: float) -> float:
    share, least = DISTANCE_GUARD
    return max(share * distance, least)


def _claimed_margin(dual_bound: float, guard: float) -> float:
    """What a dual bound says of the largest margin, up to the solver's tolerance.

    An eighth of the guard is twice that tolerance in the units of the file's margin.
    """
    return -dual_bound + max(CLAIM_GUARD * max(1.0, abs(dual_bound)), guard / 8)


def _still_open(known: Finding, claim: Solution) -> Finding:
    """A disjunct that a claim does not close, and why."""
    died, memory = "died" in claim.detail, "Memory" in claim.detail
    reason = {
        Status.OPTIMAL: "",
        Status.FEASIBLE: "timeout",
        Status.STOPPED: "solver-error" if memory else "timeout",
    }.get(claim.status, "solver-crash" if died else "solver-error")
    return replace(known, closed=None, reason=reason, detail=claim.detail)


def _why_unknown(query: Query, open_ones: Sequence[Finding], replays: Sequence[Replay]) -> Unknown:
    """The first reason that a finding gives; else what was wrong with a point that was replayed.

    One that violates in exact arithmetic, if there is any; else the last.
    """
    for finding in open_ones:
        if finding.reason:
            return Unknown(finding.reason, finding.detail)
    if not any(case.has_float for case in query.cases):
        return Unknown("no-float-in-box", "no point of the network's floats lies in the box")
    flaws = [run.flaw for run in replays if run.flaw]
    mismatch = "float-mismatch"
    return Unknown(mismatch if mismatch in flaws else flaws[-1] if flaws else "undecided")


def _best(query: Query, witnesses: list[Replay]) -> Replay:
    """The nearest witness for ``closest``, the one with the largest margin otherwise."""
    if query.objective == "closest":
        return min(witnesses, key=lambda run: run.distance or 0.0)
    return max(witnesses, key=lambda run: run.exact_margin[0])


def _distances(query: Query, best: Replay, least: float, *, claimed: bool) -> Range | None:
    reached = best.distance
    if reached is None:
        return None
    if query.objective != "closest":
        return 0.0, reached
    most = reached - _distance_guard(reached) if claimed else reached
    return max(min(least, most), 0.0), reached


def rounded_down(value: Fraction) -> float:
    """The float64 at or below a rational."""
    return around(value)[0]
