"""The house: imports go one way, and each outside library has one door."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1] / "mipc"

ORDER = [
    {"errors"},
    {"clock"},
    {"numerics"},
    {"milp"},
    {"solvers"},
    {"ir"},
    {"semantics"},
    {"properties"},
    {"passes"},
    {"frontend"},
    {"formulation", "batch", "question_facts", "runtime"},
    {"sidecar", "compile", "networks"},
    {"replay", "solve", "witness_files", "doctor"},
    {"verdict", "search", "assignment"},
    {"decide", "results"},
    {"decoding"},
    {"cli"},
]
LEVEL = {name: level for level, names in enumerate(ORDER) for name in names}

DOORS = {
    "networkx": {"ir/graph.py"},
    "highspy": {"solvers/highs_worker.py"},
    "onnx": {"frontend"},
    "onnxruntime": {"runtime.py"},
    "polars": {"milp"},
    "PIL": {"properties/inputs.py", "witness_files.py"},
    "typer": {"cli"},
    "rich": {"cli"},
    "pydantic": {"doctor/report.py", "question_facts.py", "results.py", "sidecar.py"},
    "pickle": set(),
    "marshal": set(),
}

FILES = sorted(path for path in ROOT.rglob("*.py") if path.name not in ("__main__.py",))


def imports(path):
    """The modules a file imports; those it imports for types only are left out."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_imports_only_from_rooms_below_it(path):
    room = path.relative_to(ROOT).with_suffix("").parts[0]
    if room == "__init__":
        return
    for module in imports(path):
        parts = module.split(".")
        if parts[0] == "mipc" and len(parts) > 1 and parts[1] != room:
            assert LEVEL[parts[1]] <= LEVEL[room], f"{room} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_library_is_imported_behind_its_door(path):
    place = str(path.relative_to(ROOT))
    for module in imports(path):
        allowed = DOORS.get(module.split(".")[0])
        if allowed is not None:
            assert any(place == door or place.startswith(f"{door}/") for door in allowed), (
                f"{place} imports {module}"
            )


def test_every_room_has_its_place_in_the_order():
    rooms = {path.relative_to(ROOT).with_suffix("").parts[0] for path in FILES} - {"__init__"}
    assert rooms == set(LEVEL)


def test_no_file_is_hard_to_open():
    for path in FILES:
        assert len(path.read_text().splitlines()) <= 480, path
