"""docs/console.md, held against the program: the keys, the signs, the filter, the own file."""

import tomllib

import msgspec
import pytest

from console import preferences
from console.keys import ACTIONS
from console.keys.action import Action, PageName
from console.reports.tables import where
from console.text.looks.themes import PALETTES
from console.tui.data.filters.disagreement_filter import KEYS
from console.tui.data.filters.update_filter import KEYS as UPDATE_KEYS
from console.tui.dialogs.texts.help import SIGNS
from tests.documents.texts import ROOT, document, fenced, first_column, section

CONSOLE = document("console.md")
MARKS = ("<!-- The keys:", "<!-- End of the keys. -->")
(OWN,) = fenced(CONSOLE, "toml")


def test_the_document_has_the_keys_that_there_are() -> None:
    begin, end = (CONSOLE.index(mark) for mark in MARKS)
    written = CONSOLE[begin:end].split("\n", 1)[1]
    rows = [f"| {_quoted(action)} | {action.title} | {where(action)} |\n" for action in ACTIONS]
    table = "".join(["\n| key | does | on |\n|---|---|---|\n", *rows, "\n"])
    if not written.strip():
        mark = CONSOLE[begin:end].split("\n", 1)[0]
        whole = f"{CONSOLE[:begin]}{mark}\n{table}{CONSOLE[end:]}"
        (ROOT / "docs" / "console.md").write_text(whole, encoding="utf-8")
        pytest.fail("the keys were not there: written, look at them and run again")
    assert written == table, "delete the table between its marks, and this writes it anew"


def _quoted(action: Action) -> str:
    return " ".join(f"`{key}`" for key in action.keys)


def test_the_users_own_file_decodes_and_has_every_key() -> None:
    written = tomllib.loads(OWN)
    read = preferences.decode(written, source="console.md")

    assert set(written) == {field.name for field in msgspec.structs.fields(preferences._File)}
    assert read.theme == "contrast"
    assert all(theme in OWN for theme in PALETTES)


def test_every_page_is_there_with_its_key() -> None:
    shown = {action.keys[0] for action in ACTIONS if action.name.startswith("show_")}
    assert set(first_column(section(CONSOLE, "## The pages"))) == shown
    assert len(shown) == len(PageName)


def test_the_signs_are_those_of_the_help() -> None:
    written = first_column(section(CONSOLE, "## The signs"))
    assert [sign for sign, _, _ in SIGNS if sign not in written] == []


def test_every_word_of_the_filters_is_there() -> None:
    finding = section(CONSOLE, "## Finding")
    # `state` is the word that we write; `status` is another for it.
    for word in {*KEYS, "state"} - {"status"}:
        assert f"`{word}:" in finding or f"`{word}>" in finding, word
    assert all(f"`{word}:" in finding for word in UPDATE_KEYS)
