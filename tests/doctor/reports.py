"""Reports of small models, which are valid JSON and can be printed."""

import json
from pathlib import Path

import jsonschema
from onnx_models import Node, X, model, saved, w

from mipc.cli.doctor_text import report_text
from mipc.doctor.examine import examine

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "spec" / "doctor.schema.json").read_text())

UNKNOWN = [
    Node("Gemm", X, w(3, 3), output="a"),
    Node("RandomNormalLike", "a", output="b"),
    Node("Relu", "a", output="c"),
    Node("Det", "c", output="d"),
    Node("Relu", "b", output="e"),
    Node("NonZero", "e", output="f"),
    Node("Concat", "d", "f", axis=0),
]
"""Nodes of which three have operators that no question could be asked of."""


def examined(nodes, shape, folder, **options):
    """The report of a small model, which is valid JSON and can be printed."""
    return checked(examine(saved(model(nodes, shape, **options), folder)))


def checked(report):
    jsonschema.validate(json.loads(report.model_dump_json()), SCHEMA)
    assert report_text(report).startswith(report.light)
    return report


def found(report, level):
    return [finding for finding in report.findings if finding.level == level]
