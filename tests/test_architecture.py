"""Imports go down the floors only (docs/architecture.md)."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "mmtlib"
FLOORS = {
    0: ("core",),
    1: ("config",),
    2: ("transforms", "datasets", "synthetic", "models", "losses", "evaluation"),
    3: ("training", "analysis", "figures"),
    4: ("experiment",),
    5: ("results",),
    6: ("study", "exercises"),
    7: ("gallery", "widgets", "course"),
    8: ("explorer",),
    9: ("cli", "__main__"),
}
FLOOR = {room: floor for floor, rooms in FLOORS.items() for room in rooms}
FILES = sorted(PACKAGE.rglob("*.py"))
PARTS = {("__main__", "cli")}
"""A file that was divided for its length: one part may use the other."""


def room_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_modules(tree: ast.AST) -> set[str]:
    """Return every module of ours that a file imports, at its top or inside a function."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            if node.module == "mmtlib":
                found |= {f"mmtlib.{alias.name}" for alias in node.names}
            else:
                found.add(node.module)
    return {name for name in found if name.split(".")[0] == "mmtlib"}


def imported_rooms(text: str) -> set[str]:
    rooms = set()
    for name in imported_modules(ast.parse(text)):
        room = name.split(".")[1] if "." in name else "mmtlib"
        rooms.add(room if room in FLOOR else "mmtlib")
    return rooms


def violations(room: str, rooms: set[str]) -> set[str]:
    """Return the rooms that this room must not import."""
    floor = FLOOR[room]
    return {
        other
        for other in rooms - {room}
        if (other == "mmtlib" and room != "cli")  # the root imports everything
        or FLOOR.get(other, -1) > floor
        or (FLOOR.get(other) == floor and (room, other) not in PARTS)
    }


def module_name(file: Path) -> str:
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def import_graph(texts: dict[str, str]) -> dict[str, set[str]]:
    """Return module -> the modules that it imports: at its top, in a function or for types alone.

    A package that gives names of its own modules does not import them in this sense.

    Args:
        texts: name of a module -> its source.
    """
    graph = {}
    for module, text in texts.items():
        found = set()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = {f"{node.module}.{alias.name}" for alias in node.names}
                found |= {name if name in texts else node.module for name in names}
            elif isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
        graph[module] = {n for n in found & texts.keys() if not n.startswith(f"{module}.")}
    return graph


def circles(graph: dict[str, set[str]]) -> set[frozenset[str]]:
    """Return the sets of modules each of which, through others, imports itself."""
    reached = {module: set(others) for module, others in graph.items()}
    for middle in graph:
        for module in graph:
            if middle in reached[module]:
                reached[module] |= reached[middle]
    return {
        frozenset(m for m in reached[module] if module in reached[m])
        for module in graph
        if module in reached[module]
    }


def test_no_module_imports_itself_through_others():
    texts = {module_name(file): file.read_text() for file in FILES}
    assert circles(import_graph(texts)) == set()


def test_circles_are_found():
    texts = {
        "p": "from p.a import f\nfrom p.b import g",
        "p.a": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from p.b import g",
        "p.b": "def g():\n    from p import c",
        "p.c": "import p.a\nimport p.d",
        "p.d": "import os\nfrom q import x",
    }
    assert circles(import_graph(texts)) == {frozenset({"p.a", "p.b", "p.c"})}


def test_every_room_has_a_floor():
    rooms = {room_of(file) for file in FILES} - {"__init__"}
    assert rooms <= set(FLOOR)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_go_down(file):
    if file == PACKAGE / "__init__.py":
        return  # the root gives names of all rooms, on first use
    assert violations(room_of(file), imported_rooms(file.read_text())) == set()


@pytest.mark.parametrize(
    ("room", "text", "wrong"),
    [
        ("losses", "from mmtlib.core.outputs import StreamOutput", set()),
        ("losses", "from mmtlib.losses.ssa import ssa_loss", set()),
        ("losses", "from mmtlib.models import CompactI3D", {"models"}),
        ("losses", "def f():\n    import mmtlib.training.trainer as t", {"training"}),
        ("figures", "from mmtlib import training", {"training"}),
        ("analysis", "from mmtlib.models import CompactI3D", set()),
        ("analysis", "from mmtlib.training import History", {"training"}),
        ("figures", "from mmtlib.analysis import saliency", {"analysis"}),
        ("figures", "from mmtlib import run", {"mmtlib"}),
        ("figures", "import mmtlib", {"mmtlib"}),
        ("config", "from mmtlib.core.errors import ConfigError", set()),
        ("core", "from mmtlib.config import ExperimentConfig", {"config"}),
        ("cli", "from mmtlib import __version__", set()),
        ("widgets", "from mmtlib.exercises import checks", set()),
        ("exercises", "from mmtlib.widgets import self_test", {"widgets"}),
        ("course", "from mmtlib.widgets import self_test", {"widgets"}),
    ],
)
def test_the_test_itself(room, text, wrong):
    assert violations(room, imported_rooms(text)) == wrong


def test_the_map_agrees():
    """`docs/architecture.md` puts every room on the floor it has here."""
    text = (PACKAGE.parent / "docs" / "architecture.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| ") and line[2].isdigit()]
    shown = {int(row[2]): row.split("|")[2] for row in rows}
    there = {room_of(file) for file in FILES} - {"__init__"}
    for room in there:
        assert f"`{room}" in shown[FLOOR[room]], room
