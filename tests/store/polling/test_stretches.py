"""A page that nothing marks is recognised by stretches of its records, and misses no change."""

from array import array
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.model import Record
from store.polling.recognition import stretches
from store.polling.recognition.memory import PollMemory
from store.polling.recognition.pages import NEW, UNMARKED, FreshPage, FreshPart
from store.polling.recognition.recogniser import Recogniser
from store.record_columns import from_rows, rows_of

LISTS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 2)), max_size=40)
"""Of listings by number, and what each of them shows."""
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["insert", "delete", "change", "move"]), st.integers(0), st.integers(0)
    ),
    max_size=5,
)
Entry = tuple[int, int]


def edited(before: list[Entry], edits: list[tuple[str, int, int]]) -> list[Entry]:
    after = list(before)
    for edit, at, other in edits:
        place = at % (len(after) + 1)
        if edit == "insert":
            after.insert(place, (other % 30, other % 3))
        elif place < len(after):
            entry = after.pop(place)
            if edit == "change":
                after.insert(place, (entry[0], (entry[1] + 1) % 3))
            elif edit == "move":
                after.insert(other % (len(after) + 1), entry)
    return after


def read(
    memory: PollMemory, entries: list[Entry], page_size: int, suspects: frozenset[int]
) -> list[int]:
    """Poll these entries: the listing that each was recognised as, or `NEW`."""
    recogniser = Recogniser(memory, suspects, counts=True)
    layout: list[range | FreshPage] = []
    digests, listing_ids, recognised = array("Q"), array("q"), list[int]()
    for start in range(0, len(entries), page_size):
        page = entries[start : start + page_size]
        records: Sequence[Record] = [Record(f"SKU-{number}", shown) for number, shown in page]
        if start % 2:
            records = from_rows(rows_of(records))
        parts, new = stretches.recognise(recogniser, records, (), UNMARKED)
        came: list[int] = []
        for part in parts:
            if isinstance(part, FreshPart):
                layout.append(FreshPage(part.mark, part.size, len(part.digests)))
                digests += part.digests
                came += part.listing_ids
                # What is not recognised is looked up, as the merge does it.
                known = zip(part.listing_ids, page[len(came) - len(part.digests) :], strict=False)
                listing_ids.extend(found or entry[0] + 1 for found, entry in known)
            else:
                layout.append(part)
                for number in part:
                    came += recogniser.pages.listings(number)
        assert len(came) == len(page)
        left = [entry for found, entry in zip(came, page, strict=True) if found == NEW]
        assert [record.sku for record in new] == [f"SKU-{number}" for number, _ in left]
        recognised += came
    recogniser.remember(memory, layout, digests, listing_ids)
    return recognised


@given(LISTS, st.lists(EDITS, max_size=3), st.integers(1, 12), st.sets(st.integers(1, 31)))
def test_what_is_recognised_is_a_record_that_was_there_and_every_other_one_is_compared(
    before: list[Entry], changes: list[list[tuple[str, int, int]]], size: int, odd: set[int]
) -> None:
    memory, patch = PollMemory(), pytest.MonkeyPatch()
    with patch.context() as patched:
        patched.setattr(stretches, "STRETCH", 3)
        read(memory, before, size, frozenset())
        for edits in changes:
            after = edited(before, edits)
            recognised = read(memory, after, size, frozenset(odd))

            there = {(number + 1, (number, shown)) for number, shown in before}
            for found, entry in zip(recognised, after, strict=True):
                assert found == NEW or (found, entry) in there
                assert found not in odd
            if after == before and not odd:
                assert NEW not in recognised
            before = after


def test_one_changed_record_leaves_all_others_recognised() -> None:
    before = [(number, 1) for number in range(1000)]
    memory = PollMemory()
    read(memory, before, 250, frozenset())

    recognised = read(memory, [*before[:700], (700, 2), *before[701:]], 250, frozenset())

    assert [place for place, found in enumerate(recognised) if found == NEW] == [700]


def test_many_records_in_front_leave_all_others_recognised() -> None:
    before = [(number, 1) for number in range(3000)]
    memory = PollMemory()
    read(memory, before, 250, frozenset())

    more = [(number, 1) for number in range(5000, 5300)]
    assert read(memory, [*more, *before], 250, frozenset()).count(NEW) == 300
    assert read(memory, before[120:], 250, frozenset()).count(NEW) == 0
