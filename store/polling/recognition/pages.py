"""The pages of one poll, as they are recognised by in the next: digests and listings, no values."""

import contextlib
import re
import sys
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import msgspec
import xxhash

NO_RECORD = -1
"""The listing of an entry that is none, such as a row that a word takes off the list."""

_HIGHEST_BYTE = 7 if sys.byteorder == "little" else 0
"""Which of the eight of a listing; of `NO_RECORD` all bits of it are set."""

NEW = 0
"""The listing of an entry that has none yet, or that is not recognised."""

UNMARKED = b""
"""The digest of a page that is never recognised as a whole."""


mark_of = xxhash.xxh3_128_digest
"""The digest of a page's bytes: 16 bytes. A page that is taken for another loses its changes
without a trace. Of 64 bits two in some billions of pages are alike by chance; of 128 none ever
are."""


digest_of = xxhash.xxh3_64_intdigest
"""The digest of an entry's bytes. It is held only against the few hundred entries that stood at
about its place, so that 64 bits are enough. 0 is never recognised: by chance that is safe too."""


class FreshPart(msgspec.Struct, frozen=True):
    """A stretch of a page that is not as it was, or not known to be."""

    mark: bytes
    """`mark_of` its bytes; `UNMARKED` where they alone do not say what it holds, or some of it
    can't be read."""
    digests: "array[int]"
    """`digest_of` each entry's bytes, in order; 0 where they alone do not say what it holds."""
    listing_ids: "array[int]"
    """The listing of each entry that `Recogniser.listings` knew; `NEW` where the entry's record is
    among those of the page, in their order; `NO_RECORD`."""
    size: int = 0
    """In bytes; 0 where its place among others is not found by it."""


class PageMarks(msgspec.Struct, frozen=True):
    """What a page of a channel is recognised by."""

    parts: "Sequence[range | FreshPart] | None" = None
    """Its stretches, in order: the numbers of known pages that follow each other
    (`Recogniser.page`), or what is new. The page's records are those of the entries that are `NEW`.
    None: it is one stretch, and each of its records is recognised by what it says."""
    mark: bytes = UNMARKED
    """Of a page of one stretch: `mark_of` the bytes that it is decoded from, where they alone say
    what it holds and nothing of it is refused or doubtful."""
    everything: bool = False
    """All is as in the last good poll (`Recogniser.everything`): the page has no records."""
    source: bytes | None = None
    """What the channel notes of what it read, for its next poll (`Recogniser.source`)."""


ALL_NEW = PageMarks()
"""A page whose channel recognises nothing itself."""


class PollPages(msgspec.Struct, frozen=True):
    """All pages of a poll, in order, as flat arrays: 16 bytes an entry, and about 60 a page."""

    marks: list[bytes] = msgspec.field(default_factory=list)
    sizes: "array[int]" = msgspec.field(default_factory=lambda: array("q"))
    ends: "array[int]" = msgspec.field(default_factory=lambda: array("q"))
    """Where each page's entries end among all."""
    digests: "array[int]" = msgspec.field(default_factory=lambda: array("Q"))
    listing_ids: "array[int]" = msgspec.field(default_factory=lambda: array("q"))

    @property
    def records(self) -> int:
        """How many of the entries are records."""
        # Counted in bytes, which is faster by far: the highest byte of a listing's id is 0.
        return len(self.listing_ids) - self.listing_ids.tobytes()[_HIGHEST_BYTE::8].count(0xFF)

    def start(self, page: int) -> int:
        return self.ends[page - 1] if page > 0 else 0

    def listings(self, page: int) -> "array[int]":
        return self.listing_ids[self.start(page) : self.ends[page]]

    def page_at(self, entry: int) -> int:
        """The page that has an entry."""
        return bisect_right(self.ends, entry)


class FreshPage(NamedTuple):
    """How a page that is no known one is put among others."""

    mark: bytes
    size: int
    entries: int


def joined(
    known: PollPages,
    layout: Sequence[range | FreshPage],
    digests: "array[int]",
    listing_ids: "array[int]",
) -> PollPages:
    """Put the pages of a poll together: known ones by their numbers, and fresh ones.

    `digests` and `listing_ids` have the entries of the fresh ones, in order.
    """
    made = PollPages()
    marks, taken = made.marks, 0
    for part in layout:
        begin = len(made.digests)
        if isinstance(part, range):
            start, end = known.start(part.start), known.ends[part.stop - 1]
            marks += known.marks[part.start : part.stop]
            made.sizes.extend(known.sizes[part.start : part.stop])
            made.digests.extend(known.digests[start:end])
            made.listing_ids.extend(known.listing_ids[start:end])
            ends = known.ends[part.start : part.stop]
            moved = begin - start
            made.ends.extend(ends if not moved else array("q", (end + moved for end in ends)))
            continue
        marks.append(part.mark)
        made.sizes.append(part.size)
        made.digests.extend(digests[taken : taken + part.entries])
        made.listing_ids.extend(listing_ids[taken : taken + part.entries])
        taken += part.entries
        made.ends.append(begin + part.entries)
    return made


class Changes(NamedTuple):
    """Where the pages of a poll differ from as many of the one before, each as long."""

    pages: list[int]
    entries: list[int]


def max_changes(known: PollPages) -> int:
    """How many changed entries are noted one by one."""
    return 1000 + len(known.digests) // 16


def changes(
    known: PollPages,
    layout: Sequence[range | FreshPage],
    digests: "array[int]",
    listing_ids: "array[int]",
) -> Changes | None:
    """What of the known pages is another now.

    None where they are not at their places any more, or where more is another than is worth a list.
    """
    found = Changes([], [])
    entries_max = max_changes(known)
    page = taken = 0
    for part in layout:
        if isinstance(part, range):
            if part.start != page:
                return None
            page = part.stop
            continue
        if page >= len(known.marks):
            return None
        start, end = known.start(page), known.ends[page]
        if end - start != part.entries:
            return None
        stop = taken + part.entries
        found.pages.append(page)
        differ = differing_places(known.digests[start:end], digests[taken:stop])
        others = differing_places(known.listing_ids[start:end], listing_ids[taken:stop])
        found.entries.extend(start + entry for entry in {*differ, *others})
        if len(found.entries) > entries_max:
            return None
        page, taken = page + 1, stop
    return found if page == len(known.marks) else None


def differing_places(before: "array[int]", now: "array[int]") -> list[int]:
    """Where two arrays differ, of one length and of 8 bytes each."""
    # Mostly one entry of a page does: two long numbers tell without a step of Python for each.
    odd = int.from_bytes(before.tobytes(), "little") ^ int.from_bytes(now.tobytes(), "little")
    if not odd:
        return []
    first, last = ((odd & -odd).bit_length() - 1) // 64, (odd.bit_length() - 1) // 64
    if first == last:
        return [first]
    return [place for place in range(first, last + 1) if before[place] != now[place]]


def replace(
    known: PollPages,
    layout: Sequence[range | FreshPage],
    digests: "array[int]",
    listing_ids: "array[int]",
) -> None:
    """Make the pages of a poll of the known ones, where `changes` finds these at their places.

    They are then what `joined` makes, without a copy of all that stands.
    """
    page = taken = 0
    for part in layout:
        if isinstance(part, range):
            page = part.stop
            continue
        start, stop = known.start(page), taken + part.entries
        known.marks[page], known.sizes[page] = part.mark, part.size
        known.digests[start : start + part.entries] = digests[taken:stop]
        known.listing_ids[start : start + part.entries] = listing_ids[taken:stop]
        page, taken = page + 1, stop


_FEW = 50_000
_SPREAD_MAX = 64


def differing(before: "array[int]", now: "array[int]") -> set[int]:
    """The listings that stand in the one more often than in the other."""
    if before == now:
        return set()
    low, high = min(chain(before, now), default=0), max(chain(before, now), default=0)
    if len(before) + len(now) > _FEW and high - low < _SPREAD_MAX * (len(before) + len(now)):
        # A table of a million takes a hundred megabytes, and a byte for each id between takes one.
        with contextlib.suppress(ValueError):
            return _differing_by_bytes(before, now, low, high)
    times = Counter(now)
    times.subtract(before)
    return {listing_id for listing_id, more in times.items() if more}


def _differing_by_bytes(before: "array[int]", now: "array[int]", low: int, high: int) -> set[int]:
    """Like `differing`, by a count for each id. Raises ValueError where one is above 255."""
    then, times = bytearray(high - low + 1), bytearray(high - low + 1)
    for listing_id in before:
        then[listing_id - low] += 1
    for listing_id in now:
        times[listing_id - low] += 1
    differs = int.from_bytes(then, "big") ^ int.from_bytes(times, "big")
    places = re.finditer(rb"[^\0]", differs.to_bytes(high - low + 1, "big"))
    return {low + found.start() for found in places}
