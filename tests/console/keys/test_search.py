"""What a few letters in the palette mean."""

import string

import pytest

from console.keys import ACTIONS, by_name
from console.keys.search import chosen, search


def first(text: str) -> str | None:
    found = search(text, ACTIONS)
    place = chosen(text, found)
    return None if place is None else found[place].name


def test_of_nothing_typed_nothing_is_chosen_and_what_decides_stands_last() -> None:
    found = search("  ", ACTIONS)

    assert chosen("  ", found) is None
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
