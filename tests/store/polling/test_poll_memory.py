"""What an engine remembers of a poll is saved, and comes back as it was."""

from array import array

from hypothesis import given
from hypothesis import strategies as st

from store.polling.recognition.memory import from_steps, steps_of
from store.polling.recognition.pages import NO_RECORD, PollPages, differing

IDS = st.lists(st.integers(1, 2**50) | st.integers(1, 9) | st.just(NO_RECORD), max_size=70)


@given(IDS)
def test_listings_come_back_from_their_steps(listing_ids: list[int]) -> None:
    some = array("q", listing_ids)
    for times in (1, 40):
        assert from_steps(steps_of(times * some)) == times * some


def test_listings_in_their_order_are_steps_of_one() -> None:
    assert array("q", steps_of(array("q", range(5, 1_000)))) == array("q", (5, *[1] * 994))


@given(IDS)
def test_entries_without_a_record_are_counted_out(listing_ids: list[int]) -> None:
    records = PollPages(listing_ids=array("q", listing_ids)).records
    assert records == sum(listing_id != NO_RECORD for listing_id in listing_ids)


@given(st.lists(st.integers(1, 60)), st.lists(st.integers(1, 60)))
def test_many_are_told_apart_as_few_are(before: list[int], now: list[int]) -> None:
    """By a byte for each id between, where a table would be too large."""
    many = array("q", range(100, 60_000))
    few = differing(array("q", before), array("q", now))
    assert differing(array("q", before) + many, many + array("q", now)) == few
