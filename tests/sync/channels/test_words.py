"""Words for numbers: what they mean, and what is no word or no meaning."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sync.channels.words import AtLeast, NumberWords, Word, plain

SHOP: dict[str, str | int] = {
    "not stocked": "absent",
    "Unlimited": "uncounted",
    ">100": "at least 100",
    "sold out": "0",
    "few": 3,
    "-1": "uncounted",
    "99999": "uncounted",
    "true": "at least 1",
    "": "absent",
}


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        ("not stocked", Word.ABSENT),
        ("  Not  Stocked ", Word.ABSENT),
        ("unlimited", Word.UNCOUNTED),
        (">100", 100),
        ("sold out", 0),
        ("few", 3),
        (-1, Word.UNCOUNTED),
        (-1.0, Word.UNCOUNTED),
        ("-1", Word.UNCOUNTED),
        (99999, Word.UNCOUNTED),
        (True, 1),
        ("   ", Word.ABSENT),
    ],
)
def test_a_word_means_what_the_table_says(said: object, meaning: object) -> None:
    assert NumberWords(SHOP).of(said) == meaning


@pytest.mark.parametrize("said", ["12", 12, 1.5, "on order", None, [], {}, False, ">1000"])
def test_anything_else_is_no_word(said: object) -> None:
    assert NumberWords(SHOP).of(said) is None


def test_a_least_number_is_no_exact_one() -> None:
    words = NumberWords({">100": "at least 100", "100 or so": "100"})

    assert isinstance(words.of(">100"), AtLeast)
    assert not isinstance(words.of("100 or so"), AtLeast)


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ({"12": "absent"}, 'words "12" is a number'),
        ({" 1,200 ": "absent"}, "is a number"),
        ({"99": "uncounted"}, 'words "99" is a number'),
        ({"n/a": "gone"}, 'words "gone" is not what "n/a" can mean: write "absent"'),
        ({"n/a": "at least"}, 'words "at least" is not what'),
        ({"n/a": "at least 0"}, 'words "at least 0" is not what'),
        ({"n/a": "at least -3"}, "is not what"),
        ({"n/a": "-3"}, "is not what"),
        ({"n/a": 10**13}, "is not what"),
        ({"dropped": "archived"}, "it is a state, which stands in `states`"),
        ({"N/A": "absent", "n/a": "uncounted"}, "is there twice, with two meanings"),
        ({"x" * 201: "absent"}, "more than 200 characters"),
    ],
)
def test_what_is_no_word_or_no_meaning_is_refused(table: dict[str, str | int], reason: str) -> None:
    with pytest.raises(ValueError, match="words ") as caught:
        NumberWords(table)

    assert reason in str(caught.value)


@given(st.text(max_size=30), st.text(alphabet=" \t", max_size=3))
def test_every_text_that_is_no_number_can_be_a_word(word: str, blanks: str) -> None:
    assume(not re.fullmatch(r"[+-]?[0-9][0-9,. ]*", word.strip()))

    words = NumberWords({word: "absent"})

    assert words.of(f"{blanks}{word}{blanks}") is Word.ABSENT


def test_a_figure_without_a_number_is_not_known() -> None:
    found = {"sku": "A", "available": 5, "on_hand": AtLeast(9), "committed": AtLeast(2),
             "incoming": Word.ABSENT, "threshold": Word.UNCOUNTED}  # fmt: skip

    assert plain(found, "available") == {
        "sku": "A", "available": 5, "on_hand": 9, "committed": None, "incoming": None,
        "threshold": None, "at_least": False,
    }  # fmt: skip


def test_what_is_kept_back_at_least_leaves_nothing_that_is_known() -> None:
    with pytest.raises(ValueError, match="committed is at least 2"):
        plain({"on_hand": 9, "committed": AtLeast(2)}, "on_hand")
