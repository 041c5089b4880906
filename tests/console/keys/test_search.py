"""What a few letters in the palette mean."""

import string

import pytest

from console.keys import ACTIONS, by_name
from console.keys.search import EntryKind, PaletteEntry, chosen, listed, search

DECIDING = {action.name for action in ACTIONS if action.writes}
SKU = PaletteEntry(EntryKind.SKU, "SORT-1")


def recent(*names: str) -> list[PaletteEntry]:
    return [PaletteEntry(EntryKind.ACTION, name) for name in names]


def first(text: str) -> str | None:
    found = listed(text, search(text, ACTIONS), (), ())
    place = chosen(text, found, DECIDING)
    return None if place is None else found[place].name


def test_of_nothing_typed_nothing_is_chosen_and_what_decides_stands_last() -> None:
    found = search("  ", ACTIONS)

    assert chosen("  ", listed("  ", found, (), ()), DECIDING) is None
    assert len(found) == len(ACTIONS)
    writes = [action.writes for action in found]
    assert writes == sorted(writes)


def test_a_key_means_its_action_as_in_an_editor() -> None:
    assert first("q") == "quit"
    assert first("?") == "help"


@pytest.mark.parametrize("letter", string.ascii_letters)
def test_no_single_letter_chooses_a_decision(letter: str) -> None:
    name = first(letter)
    assert name is None or not by_name(name).writes


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("approve", "approve"),
        ("rej", "reject"),
        ("sort", "sort"),
        ("channels", "show_channels"),
        ("SORT", "sort"),
        ("qit", "quit"),
    ],
)
def test_words_find_what_they_name(text: str, name: str) -> None:
    assert first(text) == name


def test_what_fits_nothing_finds_nothing() -> None:
    assert search("zzzqqq", ACTIONS) == []
    assert first("zzzqqq") is None


def test_what_was_chosen_lately_stands_first_but_for_decisions() -> None:
    lately = [*recent("approve", "sort"), SKU, *recent("theme")]
    found = listed("", search("", ACTIONS, lately), (), lately)

    assert [entry.name for entry in found[:3]] == ["sort", "SORT-1", "theme"]
    assert len(found) == len(ACTIONS) + 1
    assert found.index(recent("approve")[0]) > len(ACTIONS) - len(DECIDING)


def test_of_what_fits_equally_well_the_latest_stands_first() -> None:
    shown = search("show the", ACTIONS, recent("show_updates"))

    assert shown[0].name == "show_updates"


def test_just_this_name_stands_before_actions_and_what_begins_with_it_after() -> None:
    found = listed("sort", search("sort", ACTIONS), [SKU], ())
    assert [found[0].name, found[-1]] == ["sort", SKU]

    exact = listed("#881", search("#881", ACTIONS), [PaletteEntry(EntryKind.UPDATE, "881")], ())
    assert exact[0] == PaletteEntry(EntryKind.UPDATE, "881")
    assert listed("sort-1", [], [SKU], ())[0] == SKU
