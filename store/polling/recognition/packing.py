"""The pages of a poll as rows of the cache: some rows of many pages each, and then what changed.

Most polls change few entries of a long list, so that they add a row with these, and write the rest
again only once such rows have become many.
"""

import zlib
from array import array
from collections.abc import Iterator
from itertools import accumulate, islice

import msgspec

from store.polling.recognition.pages import Changes, PollPages

_ENTRIES_OF_ROW = 65_536
"""About how many entries a row of the cache has: half a megabyte."""

_GROUP = 1024
"""So many listings are packed as one: as the first of them where each follows the one before."""

_ONES = int.from_bytes(array("q", [1]) * _GROUP, "little")
_RAMP = int.from_bytes(array("q", range(_GROUP)), "little")


class _SavedPages(msgspec.Struct, array_like=True):
    """Some pages as a row of the cache has them."""

    marks: list[bytes]
    sizes: list[int]
    counts: list[int]
    digests: bytes
    listing_ids: "_SavedListings"


class _SavedListings(msgspec.Struct, array_like=True):
    """The listings of some entries, in groups."""

    firsts: list[int]
    """The first of each group in which each is one more than the one before; 0: not so."""
    steps: bytes
    """Of the other groups, from each to the next, compressed."""


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


def unpack(into: PollPages, marks: list[bytes], row: bytes) -> None:
    """Add the pages of a row of `packed`; `marks` are those of `into`. Raises DecodeError."""
    saved = msgspec.msgpack.decode(row, type=_SavedPages)
    end = len(into.digests)
    marks += saved.marks
    into.sizes.extend(saved.sizes)
    into.ends.extend(islice(accumulate(saved.counts, initial=end), 1, None))
    into.digests.frombytes(saved.digests)
    into.listing_ids.extend(_listings_of(saved.listing_ids, len(into.digests) - end))


def change(into: PollPages, marks: list[bytes], row: bytes) -> None:
    """Change pages as a row of `packed_changes` says. Raises DecodeError and IndexError."""
    saved = msgspec.msgpack.decode(row, type=_SavedChanges)
    for page, mark, size in zip(saved.pages, saved.marks, saved.sizes, strict=True):
        marks[page], into.sizes[page] = mark, size
    changed = zip(saved.entries, saved.digests, saved.listing_ids, strict=True)
    for entry, digest, listing_id in changed:
        into.digests[entry], into.listing_ids[entry] = digest, listing_id


def _pack(known: PollPages, first: int, last: int) -> bytes:
    start, end = known.start(first), known.ends[last - 1]
    return _encode(
        _SavedPages(
            list(known.marks[first:last]),
            known.sizes[first:last].tolist(),
            [known.ends[page] - known.start(page) for page in range(first, last)],
            known.digests[start:end].tobytes(),
            _saved_listings(known.listing_ids[start:end]),
        )
    )


def _saved_listings(listing_ids: "array[int]") -> _SavedListings:
    firsts: list[int] = []
    others = array("q")
    for start in range(0, len(listing_ids), _GROUP):
        group = listing_ids[start : start + _GROUP]
        follow = group[0] > 0 and group == _following(group[0], len(group))
        firsts.append(group[0] if follow else 0)
        others.extend(array("q") if follow else group)
    return _SavedListings(firsts, zlib.compress(steps_of(others), 1) if others else b"")


def _listings_of(saved: _SavedListings, count: int) -> "array[int]":
    others = from_steps(zlib.decompress(saved.steps)) if saved.steps else array("q")
    found, taken = array("q"), 0
    for first in saved.firsts:
        size = min(_GROUP, count - len(found))
        if first:
            found.extend(_following(first, size))
        else:
            found.extend(others[taken : taken + size])
            taken += size
    return found


def _following(first: int, count: int) -> "array[int]":
    """So many numbers, each one more than the one before."""
    # As one sum of two long numbers, and so without a step of Python for each.
    content = (_RAMP + first * _ONES).to_bytes(8 * _GROUP, "little")
    found = array("q")
    found.frombytes(content[: 8 * count])
    return found


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
