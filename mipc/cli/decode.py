"""``mipc decode``: a solver's answer back to the network, replayed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mipc.cli import question as q
from mipc.errors import OptionError

__all__ = ["decode_command"]


def decode_command(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="q.json q.sol ...",
            help="A sidecar and its solution file; several such pairs for several models.",
            show_default=False,
        ),
    ],
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The network, where it is not found by itself.", show_default=False
        ),
    ] = None,
    property: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The VNN-LIB property, likewise.", show_default=False),
    ] = None,
    witness: q.WitnessFile = None,
    json: q.Json = False,
) -> None:
    """Lift solvers' points, replay them, and say what follows.

    Exit code 0 robust, 1 violated, 3 unknown, 2 error.
    """
    import time
    from dataclasses import replace

    from mipc.cli.show import tell, working
    from mipc.decoding import Pair, decode, question_of
    from mipc.frontend.onnx import read_network
    from mipc.networks import find
    from mipc.question_facts import PropertyFacts
    from mipc.witness_files import check_witness_path

    begin = time.perf_counter()
    if witness is not None:
        check_witness_path(witness)
    pairs = Pair.read_all(files)
    folder, sidecar = files[0].parent, pairs[0].sidecar
    networks = {}
    for facts in sidecar.networks:
        single = model if len(sidecar.networks) == 1 else None
        networks[facts.called] = read_network(single or find(facts.name, facts.sha256, folder))
    asked = sidecar.question
    if isinstance(asked, PropertyFacts) and property is None:
        property = find(asked.property, asked.sha256, folder, "--property")
    if not isinstance(asked, PropertyFacts) and property is not None:
        raise OptionError("the question is not a property's", where="--property")
    query = question_of(pairs[0], networks, property)
    if witness is not None:
        check_witness_path(witness, query)
    with working() as progress:
        progress("replaying")
        answer = decode(pairs, networks, property)
    answer = replace(answer, seconds=time.perf_counter() - begin)
    tell(query, answer, witness=witness, json=json)
