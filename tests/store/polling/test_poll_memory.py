"""What an engine remembers of a poll is saved, and comes back as it was."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.polling.recognition import packing
from store.polling.recognition.packing import from_steps, steps_of
from store.polling.recognition.pages import (
    NO_RECORD,
    FreshPage,
    PollPages,
    changes,
    differing,
    joined,
    mark_of,
    replace,
)

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


LISTINGS = st.integers(1, 99) | st.just(NO_RECORD)
ENTRIES = st.lists(st.tuples(st.integers(0, 2**64 - 1), LISTINGS), min_size=1, max_size=5)
LISTS = st.lists(ENTRIES, min_size=1, max_size=6)


def whole(pages: list[list[tuple[int, int]]]) -> PollPages:
    """The pages whose entries have these digests and listings."""
    made = [FreshPage(mark_of(repr(page).encode()), 10 * len(page), len(page)) for page in pages]
    return joined(PollPages(), made, *arrays(pages))


def arrays(pages: list[list[tuple[int, int]]]) -> tuple["array[int]", "array[int]"]:
    entries = [entry for page in pages for entry in page]
    return array("Q", (digest for digest, _ in entries)), array(
        "q", (known for _, known in entries)
    )


@given(LISTS, st.sampled_from((1, 500, 2_100)))
def test_pages_come_back_as_they_were_packed(
    pages: list[list[tuple[int, int]]], following: int
) -> None:
    """Whether their listings follow each other or not."""
    after = [[(place, 7 + place) for place in range(following)]]
    known = whole(pages + after + pages)

    assert packing.unpacked(packing.packed(known)) == known


@given(LISTS, st.data())
def test_what_has_changed_of_pages_is_all_that_is_packed_again(
    before: list[list[tuple[int, int]]], data: st.DataObject
) -> None:
    known = whole(before)
    rows = list(packing.packed(known))
    changed_rows = []
    for _ in range(2):
        layout: list[range | FreshPage] = []
        fresh: list[list[tuple[int, int]]] = []
        for number, page in enumerate(before):
            if data.draw(st.booleans()):
                layout.append(range(number, number + 1))
                continue
            entries = st.lists(ENTRIES.map(lambda some: some[0]), min_size=1, max_size=5)
            fresh.append(data.draw(st.just(page) | entries))
            layout.append(FreshPage(mark_of(repr(fresh[-1]).encode()), 3, len(fresh[-1])))
        made = joined(known, layout, *arrays(fresh))
        changed = changes(known, layout, *arrays(fresh))
        if changed is None:
            assert made.ends != known.ends
            return
        replace(known, layout, *arrays(fresh))
        assert made == known
        changed_rows.append(packing.packed_changes(known, changed))

    assert packing.unpacked(rows, changed_rows) == known


@given(st.lists(st.integers(1, 90), min_size=1, max_size=4), st.data())
def test_entries_that_differ_are_found_wherever_they_stand(
    sizes: list[int], data: st.DataObject
) -> None:
    before = [[(entry, entry) for entry in range(size)] for size in sizes]
    numbers = st.integers(0, max(sizes) - 1)
    edits = data.draw(st.sets(st.tuples(st.integers(0, len(sizes) - 1), numbers, st.booleans())))
    now = [
        [
            (digest + ((page, entry, True) in edits), known + ((page, entry, False) in edits))
            for entry, (digest, known) in enumerate(entries)
        ]
        for page, entries in enumerate(before)
    ]
    layout = [FreshPage(mark_of(b"other"), 3, size) for size in sizes]

    found = changes(whole(before), layout, *arrays(now))

    were, are = ([entry for page in pages for entry in page] for pages in (before, now))
    differing_places = {place for place, entry in enumerate(are) if entry != were[place]}
    assert found is not None
    assert (len(found.entries), set(found.entries)) == (len(differing_places), differing_places)


@pytest.mark.parametrize("first", [1, 2**16 - 3, 5 * 2**28 + 2**16 - 1, 300 * 2**28 + 2**24 - 7])
def test_listings_that_follow_each_other_are_the_same_after_a_restart(first: int) -> None:
    listing_ids = array("q", [*range(first, first + 140_000), -1, 7])
    digests = array("Q", range(len(listing_ids)))
    saved = PollPages([b"mark"], array("q", [1]), array("q", [len(digests)]), digests, listing_ids)

    recalled = packing.unpacked(packing.packed(saved))

    assert recalled.listing_ids == listing_ids
    assert recalled.records == len(listing_ids) - 1
