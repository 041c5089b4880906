"""A page that its channel does not recognise itself: recognised by what its records say.

Stretches of it first, and where one does not stand, its records one by one.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, repeat
from typing import Any

import msgspec

from store.polling.recognition.pages import NEW, UNMARKED, FreshPart, digest_of, mark_of
from store.polling.recognition.recogniser import Recogniser

STRETCH = 100
"""So many records are recognised together."""

# A digest is of the record's encoded bytes and not its own hash, for Python gives −1 and −2 the
# same hash: one unit more oversold would never be noticed.
_encode = msgspec.msgpack.Encoder().encode

_Row = tuple[Any, ...]
"""A record's values, in the order of Record's fields."""


def recognise(
    recogniser: Recogniser, rows: Iterable[_Row], kept: tuple[str, ...], mark: bytes
) -> tuple[list[range | FreshPart], list[_Row]]:
    """Part a page into known pages and new ones; also answers the rows that are not recognised.

    `rows`: of all its records. `kept`: what they lack and their listings keep. `mark`: what the
    whole page is recognised by; `UNMARKED` where nothing is known of it but its records.
    """
    if mark != UNMARKED:
        if (known := recogniser.page(mark)) is not None:
            return [range(known, known + 1)], []
        return _one_by_one(recogniser, list(rows), kept, [mark], recogniser.next_page)
    return _by_stretches(recogniser, iter(rows), kept)


def _by_stretches(
    recogniser: Recogniser, rows: Iterator[_Row], kept: tuple[str, ...]
) -> tuple[list[range | FreshPart], list[_Row]]:
    """Part a page that nothing marks into stretches: those that stand as a whole, and the others.

    Also answers the rows that are not recognised by themselves either.
    """
    # To digest a row by itself takes twice as long as to digest it with others.
    parts: list[range | FreshPart] = []
    new: list[_Row] = []
    unknown: list[_Row] = []
    marks: list[bytes] = []
    expected = recogniser.next_page
    while stretch := list(islice(rows, STRETCH)):
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
    rows: list[_Row],
    kept: tuple[str, ...],
    marks: Sequence[bytes],
    expected: int,
) -> tuple[list[range | FreshPart], list[_Row]]:
    """Recognise the rows of successive stretches one by one; also answers those that are new.

    `marks`: of the stretches. `expected`: the known page with which they began.
    """
    size = len(rows) if len(marks) == 1 else STRETCH
    digests = _digests(rows, kept)
    found = recogniser.listings(digests, expected)
    parts: list[range | FreshPart] = [
        FreshPart(mark, digests[start : start + size], found[start : start + size])
        for mark, start in zip(marks, range(0, max(len(rows), 1), max(size, 1)), strict=True)
    ]
    if not any(found):
        return parts, rows
    return parts, [row for row, listing_id in zip(rows, found, strict=True) if listing_id == NEW]


def _digests(rows: Iterable[_Row], kept: tuple[str, ...]) -> "array[int]":
    # A record of which something is kept must not be taken for one that says the same and has
    # nothing there.
    contents = zip(rows, repeat(kept)) if kept else rows
    return array("Q", map(digest_of, map(_encode, contents)))
