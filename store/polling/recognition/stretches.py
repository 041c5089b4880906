"""A page that its channel does not recognise itself: recognised by what its records say.

Stretches of it first, and where one does not stand, its records one by one.
"""

from array import array
from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any

import msgspec

from store.model import Record
from store.polling.recognition.pages import NEW, UNMARKED, FreshPart, digest_of, mark_of
from store.polling.recognition.recogniser import Recogniser
from store.record_columns import RecordColumns, from_rows

STRETCH = 100
"""So many records are recognised together."""

# A digest is of the record's encoded bytes and not its own hash, for Python gives −1 and −2 the
# same hash: one unit more oversold would never be noticed.
_encode = msgspec.msgpack.Encoder().encode

_Entry = Record | tuple[Any, ...]
"""A record, or its values in the order of Record's fields: both are encoded as the same."""


def recognise(
    recogniser: Recogniser, records: Sequence[Record], kept: tuple[str, ...], mark: bytes
) -> tuple[list[range | FreshPart], Sequence[Record]]:
    """Part a page into known pages and new ones; also answers the records not recognised.

    `kept`: what they lack and their listings keep. `mark`: what the whole page is recognised by;
    `UNMARKED` where nothing is known of it but its records.
    """
    by_column = isinstance(records, RecordColumns)
    entries: list[Any] = list(records.rows() if isinstance(records, RecordColumns) else records)
    if mark == UNMARKED:
        parts, new = _by_stretches(recogniser, entries, kept)
    elif (known := recogniser.page(mark)) is not None:
        return [range(known, known + 1)], ()
    else:
        parts, new = _one_by_one(recogniser, entries, kept, [mark], recogniser.next_page)
    if len(new) == len(records):
        return parts, records
    return parts, from_rows(new) if new and by_column else new


def _by_stretches(
    recogniser: Recogniser, entries: list[Any], kept: tuple[str, ...]
) -> tuple[list[range | FreshPart], list[Any]]:
    """Part a page that nothing marks into stretches: those that stand as a whole, and the others.

    Also answers the entries that are not recognised by themselves either.
    """
    # To digest an entry by itself takes twice as long as to digest it with others.
    parts: list[range | FreshPart] = []
    new: list[Any] = []
    unknown: list[Any] = []
    marks: list[bytes] = []
    expected = recogniser.next_page
    for start in range(0, len(entries), STRETCH):
        stretch = entries[start : start + STRETCH]
        mark = mark_of(_encode((stretch, kept)))
        known = recogniser.page(mark)
        if known is None:
            unknown += stretch
            marks.append(mark)
            continue
        if unknown:
            fresh, left = _one_by_one(recogniser, unknown, kept, marks, expected)
            parts += fresh
            new += left
            unknown, marks = [], []
        last = parts[-1] if parts else None
        if isinstance(last, range) and last.stop == known:
            parts[-1] = range(last.start, known + 1)
        else:
            parts.append(range(known, known + 1))
        expected = recogniser.next_page
    if unknown:
        fresh, left = _one_by_one(recogniser, unknown, kept, marks, expected)
        parts += fresh
        new += left
    return parts, new


def _one_by_one(
    recogniser: Recogniser,
    entries: list[Any],
    kept: tuple[str, ...],
    marks: Sequence[bytes],
    expected: int,
) -> tuple[list[range | FreshPart], list[Any]]:
    """Recognise the entries of successive stretches one by one; also answers those that are new.

    `marks`: of the stretches. `expected`: the known page with which they began.
    """
    size = len(entries) if len(marks) == 1 else STRETCH
    digests = _digests(entries, kept)
    found = recogniser.listings(digests, expected)
    parts: list[range | FreshPart] = [
        FreshPart(mark, digests[start : start + size], found[start : start + size])
        for mark, start in zip(marks, range(0, max(len(entries), 1), max(size, 1)), strict=True)
    ]
    if not any(found):
        return parts, entries
    return parts, [
        entry for entry, listing_id in zip(entries, found, strict=True) if listing_id == NEW
    ]


def _digests(entries: Iterable[_Entry], kept: tuple[str, ...]) -> "array[int]":
    # A record of which something is kept must not be taken for one that says the same and has
    # nothing there.
    contents = zip(entries, repeat(kept)) if kept else entries
    return array("Q", map(digest_of, map(_encode, contents)))
