"""From a solver's answer back to the network: lift the point, replay it, conclude.

A sidecar and a solution file make a pair; a question that was compiled to several files needs
several pairs before "robust" can be said.

Nothing in a sidecar is believed. The question is compiled again, bounds that strengthen the file
are looked for again, and a solver's "infeasible" counts only for a model that mipc would write for
that question, byte for byte; points are replayed in the original network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mipc.compile import Strengthen, compile_query
from mipc.decide import nearest
from mipc.errors import InputError, QuestionError
from mipc.formulation import Formulation
from mipc.ir.network import Network
from mipc.milp import files
from mipc.milp.solution import Solution
from mipc.milp.solution_files import read as read_solution_text
from mipc.milp.solution_files import to_solution
from mipc.passes import Known, Problem, parse_passes
from mipc.properties.property_question import ask_property
from mipc.properties.query import Case, Query
from mipc.properties.question import ask
from mipc.question_facts import PropertyFacts
from mipc.replay import replay
from mipc.runtime import Runtimes
from mipc.search import beyond, confirmed
from mipc.sidecar import Sidecar, TighterFacts, read_sidecar
from mipc.verdict import Answer, Finding, conclude, finding_of, weigh

__all__ = ["Pair", "decode", "question_of"]


@dataclass(frozen=True, eq=False)
class Pair:
    """A sidecar and what a solver claims about its model."""

    sidecar: Sidecar
    solution: Solution

    @staticmethod
    def read(sidecar_path: Path, solution_path: Path) -> Pair:
        """Read both files; the model file, if it is still beside the sidecar, must be the same.

        Raises
        ------
        ParseError
            One of them is malformed, or they do not fit each other.
        InputError
            The model file has changed.
        """
        sidecar = read_sidecar(sidecar_path)
        model = sidecar_path.parent / Path(sidecar.model.file).name
        if model.is_file() and files.text_sha256(model) != sidecar.model.sha256:
            raise InputError(
                "the model file beside the sidecar is not the one it was written with",
                where=str(model),
                remedy="compile again, and solve the new file",
            )
        text = read_solution_text(files.read_bytes(solution_path), str(solution_path))
        if text.model is not None and text.model != sidecar.model.sha256:
            raise InputError(
                "the solution answers another model than the sidecar's",
                where=str(solution_path),
                remedy="give each sidecar with its own solution: q.3.json q.3.sol",
            )
        return Pair(sidecar, to_solution(text, sidecar.column_names()))

    @staticmethod
    def read_all(paths: Sequence[Path]) -> list[Pair]:
        """Read sidecars and solutions in turn; each file may stand in one pair only.

        Raises
        ------
        InputError
            A file is left over or given twice.
        """
        if len(paths) % 2 or not paths:
            raise InputError("sidecars and solution files come in pairs: q.json q.sol")
        seen: set[Path] = set()
        for path in paths:
            if path.resolve() in seen:
                raise InputError("the file is given twice", where=str(path))
            seen.add(path.resolve())
        return [Pair.read(paths[i], paths[i + 1]) for i in range(0, len(paths), 2)]


def decode(
    pairs: Sequence[Pair], networks: Network | Mapping[str, Network], file: Path | None = None
) -> Answer:
    """The verdict that solvers' answers allow.

    Parameters
    ----------
    networks : Network, or mapping of str to Network
        The only network, or all by the names that the property gives them.
    file : Path, optional
        The VNN-LIB property, where the question is one.

    Raises
    ------
    QuestionError
        The pairs are not about one question, or not about these networks.
    """
    first = pairs[0].sidecar
    query = question_of(pairs[0], networks, file)
    for pair in pairs:
        _check_networks(pair.sidecar, query.networks)
        if pair.sidecar.question != first.question or pair.sidecar.pipeline() != first.pipeline():
            raise QuestionError("the sidecars are about different questions, or other passes")
    groups = [tuple(pair.sidecar.targets) for pair in pairs]
    if any(target not in query.home for group in groups for target in group):
        raise QuestionError("a sidecar names a target that the question does not have")
    if any(len({query.home[target] for target in group}) != 1 for group in groups):
        raise QuestionError("a sidecar joins targets of different cases")
    compiled = compile_query(
        query, parse_passes(first.pipeline()), groups=groups, strengthen=_told(pairs, query)
    )
    findings = {part.target: finding_of(part) for part in compiled.parts}
    runtimes = Runtimes(query)
    begin = query.cases[0]
    start = nearest(begin, begin.start())
    replays = [] if start is None else [replay(query, begin, runtimes, start)]
    for number, pair in enumerate(pairs):
        formulation = compiled.formulations[number]
        ours = _is_ours(pair, formulation)
        for target in groups[number]:
            known = findings[target]
            findings[target] = (
                weigh(query, known, pair.solution, formulation.guard) if ours else _foreign(known)
            )
        values = pair.solution.values
        if values is not None and len(values) == len(formulation.layout.exponents):
            case = query.case_of(groups[number][0])
            lifted = formulation.layout.lift(values)
            for wanted in beyond(case, lifted) if query.objective == "closest" else [lifted]:
                point = nearest(case, wanted)
                if point is not None:
                    replays.append(replay(query, case, runtimes, point))
                    if replays[-1].violates:
                        break
    for target, finding in findings.items():
        if finding.closed is None and target not in {t for group in groups for t in group}:
            findings[target] = replace(
                finding, reason="not-solved", detail=f"no answer about target {target} was given"
            )
    by_bounds = all(finding.closed == "bounds" for finding in findings.values())
    return conclude(query, list(findings.values()), replays, "bounds" if by_bounds else "solver")


def _told(pairs: Sequence[Pair], query: Query) -> Strengthen:
    """What the sidecars know of the neurons of a case, once it is confirmed.

    Raises
    ------
    QuestionError
        Two of the same case differ, or it cannot be confirmed.
    """
    tighter: dict[int, list[TighterFacts]] = {}
    known: dict[int, Known] = {}
    for pair in pairs:
        home, facts = query.home[pair.sidecar.targets[0]], pair.sidecar.known()
        if tighter.setdefault(home, pair.sidecar.tighter) != pair.sidecar.tighter:
            raise QuestionError("the sidecars have different bounds of the same neurons")
        before = known.get(home, Known())
        known[home] = Known(facts.tighter, before.covers + facts.covers)

    def strengthen(case: Case, problem: Problem, targets: tuple[int, ...]) -> Known:
        told = known[query.home[targets[0]]]
        if not confirmed(told, case, problem, targets):
            raise QuestionError(
                "the sidecar has bounds of neurons that mipc cannot confirm",
                remedy="compile the question again on this machine",
            )
        return told

    return strengthen


def question_of(
    pair: Pair, networks: Network | Mapping[str, Network], file: Path | None = None
) -> Query:
    """The question a pair is about, asked of the networks."""
    facts = pair.sidecar.question
    if isinstance(facts, PropertyFacts):
        if file is None:
            raise InputError(
                f"the property {facts.property!r} is needed", remedy="give --property FILE"
            )
        given = networks
        if isinstance(given, Network):
            given = {entry.called: given for entry in pair.sidecar.networks}
        return ask_property(given, facts.question(file))
    if not isinstance(networks, Network):
        (networks,) = networks.values()
    _check_networks(pair.sidecar, [networks])
    return ask(networks, facts.question())


def _check_networks(sidecar: Sidecar, networks: Sequence[Network]) -> None:
    """Refuse networks that a sidecar is not about."""
    if [facts.sha256 for facts in sidecar.networks] != [network.sha256 for network in networks]:
        raise QuestionError(
            "the sidecar is about another network",
            where=str(networks[0].path),
            remedy="give the network it was compiled from with --model",
        )


def _is_ours(pair: Pair, formulation: Formulation) -> bool:
    """Whether the solved model is, byte for byte, what mipc writes for the question."""
    written = files.model_sha256(formulation.model, pair.sidecar.model.file)
    return written == pair.sidecar.model.sha256


def _foreign(known: Finding) -> Finding:
    """A claim about another model adds nothing."""
    return replace(
        known,
        reason="model-mismatch",
        detail="the solved model is not what mipc writes for this question",
    )
