"""The pages of a poll as rows of the cache: some rows of many pages each, and then what changed.

Most polls change few entries of a long list, so that they add a row with these, and write the rest
again only once such rows have become many.
"""

import zlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import accumulate, islice

import msgspec

from store.polling.recognition.pages import Changes, PollPages

_ENTRIES_OF_ROW = 65_536
"""About how many entries a row of the cache has: half a megabyte."""

_GROUP = 1024
"""So many listings are worked out at once."""

_RUN_LENGTH_MIN = 64
"""Of the runs of a row, on average; with shorter ones their steps are kept."""

_BLOCK = 65_536
"""So many numbers have all their bytes but two in common."""


class _SavedPages(msgspec.Struct, array_like=True):
    """Some pages as a row of the cache has them."""

    marks: list[bytes]
    sizes: list[int]
    counts: list[int]
    digests: memoryview
    listing_ids: "_SavedListings"


class _SavedListings(msgspec.Struct, array_like=True):
    """The listings of some entries: as runs in which each is one more than the one before."""

    firsts: list[int]
    lengths: list[int]
    steps: bytes
    """Instead of the runs, where these would be short: from each to the next, compressed."""


class _SavedChanges(msgspec.Struct, array_like=True):
    """What one poll changed of the pages."""

    pages: list[int]
    marks: list[bytes]
    sizes: list[int]
    entries: list[int]
    digests: list[int]
    listing_ids: list[int]


_encode = msgspec.msgpack.Encoder().encode


def packed(known: PollPages) -> Iterator[bytes]:
    """Rows with all pages, in order."""
    first = 0
    while first < len(known.marks):
        start = known.start(first)
        end_page = known.page_at(start + _ENTRIES_OF_ROW)
        last = max(first + 1, min(end_page, len(known.marks)))
        yield _pack(known, first, last)
        first = last


def packed_changes(known: PollPages, changed: Changes) -> bytes:
    """A row with what has changed of them: the pages are those of after."""
    return _encode(
        _SavedChanges(
            changed.pages,
            [known.marks[page] for page in changed.pages],
            [known.sizes[page] for page in changed.pages],
            changed.entries,
            [known.digests[entry] for entry in changed.entries],
            [known.listing_ids[entry] for entry in changed.entries],
        )
    )


def unpacked(rows: Iterable[bytes], changed: Iterable[bytes] = ()) -> PollPages:
    """The pages of the rows of `packed`, and of those of `packed_changes` that came after.

    Raises DecodeError, ValueError, IndexError, OverflowError and zlib.error where they are not such
    rows.
    """
    saved = [msgspec.msgpack.decode(row, type=_SavedPages) for row in rows]
    if any(8 * sum(some.counts) != len(some.digests) for some in saved):
        raise ValueError("other digests than entries")
    ends = list(accumulate(sum(some.counts) for some in saved))
    total = ends[-1] if ends else 0
    # Made at their full length: arrays that grow by turns leave as much memory lost between them.
    found = PollPages(digests=array("Q", [0]) * total, listing_ids=array("q", [0]) * total)
    digests, listing_ids = memoryview(found.digests).cast("B"), memoryview(found.listing_ids)
    for some, start, end in zip(saved, (0, *ends), ends, strict=False):
        found.marks.extend(some.marks)
        found.sizes.extend(some.sizes)
        found.ends.extend(islice(accumulate(some.counts, initial=start), 1, None))
        digests[8 * start : 8 * end] = some.digests
        _fill(listing_ids[start:end], some.listing_ids)
    for row in changed:
        _change(found, row)
    return found


def _change(into: PollPages, row: bytes) -> None:
    saved = msgspec.msgpack.decode(row, type=_SavedChanges)
    for page, mark, size in zip(saved.pages, saved.marks, saved.sizes, strict=True):
        into.marks[page], into.sizes[page] = mark, size
    changed = zip(saved.entries, saved.digests, saved.listing_ids, strict=True)
    for entry, digest, listing_id in changed:
        into.digests[entry], into.listing_ids[entry] = digest, listing_id


def _pack(known: PollPages, first: int, last: int) -> bytes:
    start, end = known.start(first), known.ends[last - 1]
    return _encode(
        _SavedPages(
            known.marks[first:last],
            known.sizes[first:last].tolist(),
            [known.ends[page] - known.start(page) for page in range(first, last)],
            memoryview(known.digests)[start:end].cast("B"),
            _saved_listings(known.listing_ids[start:end]),
        )
    )


def _saved_listings(listing_ids: "array[int]") -> _SavedListings:
    firsts: list[int] = []
    lengths: list[int] = []
    place, runs_max = 0, 1 + len(listing_ids) // _RUN_LENGTH_MIN
    while place < len(listing_ids):
        if len(firsts) == runs_max:
            return _SavedListings([], [], zlib.compress(steps_of(listing_ids), 1))
        length = _run_length(listing_ids, place)
        firsts.append(listing_ids[place])
        lengths.append(length)
        place += length
    return _SavedListings(firsts, lengths, b"")


def _run_length(listing_ids: "array[int]", start: int) -> int:
    """How many from a place on are each one more than the one before."""
    end = start
    while end < len(listing_ids):
        some = listing_ids[end : end + _GROUP]
        following = _following(listing_ids[start] + end - start, len(some))
        if some != following:
            return (
                end
                - start
                + bisect_left(
                    range(1, len(some)), True, key=lambda size: some[:size] != following[:size]
                )
            )
        end += len(some)
    return end - start


def _fill(into: memoryview, saved: _SavedListings) -> None:
    """Write the listings of a row. Raises ValueError where they are fewer or more."""
    if saved.steps:
        steps = zlib.decompressobj().decompress(saved.steps, 8 * len(into) + 1)
        into[:] = from_steps(steps)
        return
    if sum(saved.lengths) != len(into):
        raise ValueError("other listings than entries")
    start = 0
    for first, length in zip(saved.firsts, saved.lengths, strict=True):
        for place in range(0, length, _BLOCK):
            some = _following(first + place, min(_BLOCK, length - place))
            into[start : start + len(some)] = some
            start += len(some)


def _following(first: int, count: int) -> "array[int]":
    """So many numbers, each one more than the one before."""
    if first < 0:
        return array("q", range(first, first + count))
    # Copied, and the bytes that they share written over it, without a step of Python for each.
    found, low = array("q"), _low_numbers()
    while count > 0:
        start = first % _BLOCK
        size = min(count, _BLOCK - start)
        content = bytearray(low[8 * start : 8 * (start + size)])
        for place, byte in enumerate((first // _BLOCK).to_bytes(6, "little"), 2):
            if byte:
                content[place::8] = bytes([byte]) * size
        found.frombytes(content)
        first, count = first + size, count - size
    return found


@cache
def _low_numbers() -> bytes:
    """The numbers below `_BLOCK`, 8 bytes each: of all others two bytes are as theirs."""
    return array("q", range(_BLOCK)).tobytes()


def steps_of(listing_ids: "array[int]") -> bytes:
    """What is added from each listing to the next, 8 bytes each: on most pages always 1."""
    # Done as one subtraction of two long numbers, with 64 binary digits for each listing. What is
    # borrowed from the next is given back in adding. Each group begins anew from 0: their sums are
    # of short numbers, which are quick.
    steps = []
    for start in range(0, len(listing_ids), _GROUP):
        group = listing_ids[start : start + _GROUP].tobytes()
        whole, bits = int.from_bytes(group, "little"), 8 * len(group)
        steps.append(((whole - (whole << 64)) & ((1 << bits) - 1)).to_bytes(len(group), "little"))
    return b"".join(steps)


def from_steps(steps: bytes) -> "array[int]":
    """The listings whose `steps_of` these are."""
    found = array("q")
    for start in range(0, len(steps), 8 * _GROUP):
        group = steps[start : start + 8 * _GROUP]
        bits, shift, whole = 8 * len(group), 64, int.from_bytes(group, "little")
        while shift < bits:
            # Each has the sum of twice as many steps before it as it had.
            whole = (whole + (whole << shift)) & ((1 << bits) - 1)
            shift *= 2
        found.frombytes(whole.to_bytes(len(group), "little"))
    return found
