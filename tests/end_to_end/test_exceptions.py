"""One scripted day with every exception of availability and time, end to end through HTTP.

What it comes to is committed as text that a person read: `tests/end_to_end/expected`.
"""

import json
from collections.abc import Iterator

import pytest

from tests.end_to_end import exceptions
from tests.end_to_end.exceptions import EXPECTED, Day

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def ended() -> Iterator[Day]:
    """The day, played to its end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SKEW_CONFIG", raising=False)
        with exceptions.day() as day:
            day.play(exceptions.moments())
            yield day


def test_the_day_ends_as_it_is_expected_to(ended: Day) -> None:
    come_to = exceptions.outcome(ended)

    assert sorted(come_to) == sorted(file.name for file in EXPECTED.iterdir())
    for name, text in come_to.items():
        assert text == (EXPECTED / name).read_text(), f"{name} has changed: read it, then renew it"


def test_nothing_was_written_but_what_a_person_approved(ended: Day) -> None:
    assert ended.channels.written == [
        'warehouse TILL-1@TILL {"available":7}',
        'shop MUG@berlin {"available":4,"state":"live"}',
        'shop JAR@berlin {"available":4,"state":"live"}',
    ]


def test_every_line_that_is_skipped_is_named_and_the_rest_is_processed(ended: Day) -> None:
    stderr = ended.skew("diff")[2]

    for words in (
        'market-aliases.csv, line 4: "MK-TWO" is an alias of "PAN" here and of "WOK" in line 3',
        'bundles.csv, line 4: the bundle names itself as its component; bundle "SELF"',
        "the cycle LOOP-A → LOOP-B → LOOP-A",
    ):
        assert words in stderr
    aliased = json.loads(ended.skew("history", "CLOCK", "--json")[1])["entries"]
    assert {disagreement["channel"] for disagreement in aliased} == {"warehouse", "shop", "market"}


def test_every_cause_has_its_example(ended: Day) -> None:
    grouped = json.loads(ended.skew("diff", "--by", "cause", "--json")[1])

    assert {group["value"] for group in grouped["groups"]} == {
        "applied twice", "second writer", "lag", "never applied", "unit of measure", "mapping",
        "shared pool", "oversold", "unexplained", "not applied", "buffer", "in flight",
        "duplicate", "near match", "missing",
        "loop",
    }  # fmt: skip


def test_the_bad_events_are_counted_and_what_they_say_is_red(ended: Day) -> None:
    code, out, _ = ended.skew("check", "--json")

    answers = json.loads(out)["checklist"]
    assert code == 2
    assert [answer["ok"] for answer in answers] == [True, True, False, False, False, True]
    late = answers[3]["evidence"]
    for words in ("shop: 1 repeat", "shop: 1 event came out of order", "market: 5 events refused"):
        assert words in late


def test_the_past_is_reported_as_it_was_and_as_it_was_known(ended: Day) -> None:
    at = f"{exceptions.DAY}T09:20:00Z"
    history = json.loads(ended.skew("history", "TEA", "--at", at, "--json")[1])

    sale = next(entry for entry in history["entries"] if entry["kind"] == "event")
    assert (sale["id"], sale["known"]) == ("s1", False)
    after = json.loads(
        ended.skew("history", "TEA", "--at", at.replace("09:2", "09:4"), "--json")[1]
    )
    assert next(entry for entry in after["entries"] if entry["kind"] == "event")["known"]
