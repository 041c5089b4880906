"""What stands for a glyph in ASCII, and that nothing that Skew prints lacks it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.text.format import cells, clean
from console.text.glyphs import FALLBACKS, to_ascii
from tests.console.command_shop import seed

ROOT = Path(__file__).parents[3]
ALPHABETS = (
    "sku_skeleton.py", "similar_skus.py", "totals.py", "spreadsheet_damage.py", "names.py",
    "families.py", "harness.py",
)  # fmt: skip
"""Their letters are compared with, or are SKUs of a suite of tests, and never printed."""


@pytest.mark.long
def test_every_glyph_that_skew_prints_has_one_that_stands_for_it() -> None:
    printed = {
        character
        for folder in ("console", "sync", "store")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path.name not in ALPHABETS
        for text in texts_of(path)
        for character in text
        if not character.isascii() and character.isprintable()
    }

    assert printed
    assert {character for character in printed if to_ascii(character) == "?"} <= {
        "␠",
        "␡",
        "\ufffd",
    }


def test_every_stand_in_is_one_cell_of_ascii() -> None:
    for glyph, stands in FALLBACKS.items():
        assert len(stands) == cells(glyph) == 1, glyph
        assert stands.isascii(), glyph


def test_signs_that_stand_in_one_place_stay_different() -> None:
    for place in ("●▲✖■○", "▁▂▃▄▅▆▇█", "▲▼", "●‖✖", "↑↓"):
        assert len({to_ascii(sign) for sign in place}) == len(place)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("╭─ SKU ─╮", "+- SKU -+"),
        ("│ 31 → 14 │", "| 31 > 14 |"),
        ("Kühl", "K?hl"),
        ("日本", "????"),
        ("e\u0301", "e"),
        ("a\u00a0b", "a b"),
    ],
)
def test_a_text_keeps_its_cells_and_never_takes_another_letter(text: str, shown: str) -> None:
    assert to_ascii(text) == shown
    assert cells(to_ascii(text)) == cells(text)


@given(st.text())
def test_whatever_comes_becomes_ascii_of_the_same_width(text: str) -> None:
    cleaned = clean(text)

    assert to_ascii(cleaned).isascii()
    assert cells(to_ascii(cleaned)) == cells(cleaned)


@pytest.mark.long
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437"])
def test_a_report_is_printed_where_the_encoding_lacks_its_glyphs(
    tmp_path: Path, encoding: str
) -> None:
    path = seed(tmp_path)
    ran = subprocess.run(
        [sys.executable, "-m", "console", "diff", "--config", str(path)],
        capture_output=True,
        cwd=ROOT,
        env={"PYTHONIOENCODING": encoding, "PATH": "", "HOME": str(tmp_path)},
        check=False,
    )

    shown = ran.stdout.decode(encoding)
    assert ran.returncode == 1, ran.stderr
    assert "LAMP" in shown
    assert "Traceback" not in ran.stderr.decode(encoding)
    if encoding == "ascii":
        assert "-17" in shown
        assert "?" not in shown


def texts_of(path: Path) -> list[str]:
    """The texts in a file that are no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    shown = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in shown
    ]
