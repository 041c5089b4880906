"""What a stranger may rely on when looking for a room: sizes and names, in CONTRIBUTING.md."""

import ast
import functools
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("store", "sync", "console")
LINES_MAX = 400
UNSAID = {"one", "each", "it"}

FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


@functools.cache
def trees() -> dict[str, ast.Module]:
    return {
        str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8")) for path in FILES
    }


def test_no_file_is_longer_than_a_reader_keeps_in_mind() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert [str(path) for path, lines in lengths.items() if lines > LINES_MAX] == []


@pytest.mark.long
def test_no_two_public_classes_have_one_name() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for place, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(place)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


@pytest.mark.long
def test_a_loops_variable_says_what_it_is() -> None:
    found = []
    for place, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
                names = {name.id for name in ast.walk(node.target) if isinstance(name, ast.Name)}
                found += [f"{place}: {name}" for name in names & UNSAID]
    assert found == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_package_is_a_heap_of_files(package: str) -> None:
    """A dozen files or so in a room, its `__init__` among them, and rooms rather than files."""
    rooms = {path.parent for path in FILES if path.is_relative_to(ROOT / package)}
    sizes = {str(room.relative_to(ROOT)): len([*room.glob("*.py")]) for room in rooms}
    assert {room: count for room, count in sizes.items() if count > 14} == {}
