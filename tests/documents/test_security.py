"""Each danger that SECURITY.md names has a test that stands where it says."""

import ast
import re
from pathlib import Path

from tests.documents.texts import DOCUMENTS, ROOT, rows

TABLE = DOCUMENTS["SECURITY.md"]
NAMED = re.findall(r"`([\w/]+\.py)::(\w+)`", TABLE)


def named_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_every_row_names_tests_and_every_test_is_there() -> None:
    dangers = rows(TABLE)[2:]
    assert dangers
    assert [row for row in dangers if not re.search(r"`[\w/]+\.py::test_\w+`", row[-1])] == []
    lacking = [f"{file}::{name}" for file, name in NAMED if name not in named_in(ROOT / file)]
    assert lacking == []
