"""Says what of a poll is as it was in the last good one. A channel may ask before it decodes.

Where a page or an entry has the digest that it had then, and is decoded as it was then, its
listing shows what it showed. A listing that has moved otherwise since then is never recognised.
"""

import hashlib
import sys
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from store.polling.recognition.memory import PollMemory
from store.polling.recognition.pages import (
    NEW,
    NO_RECORD,
    UNMARKED,
    FreshPage,
    PollPages,
    changes,
    differing_places,
    joined,
    mark_of,
    replace,
)

_FORM = 4
"""Of what is saved: it is raised with every change of how."""

_FAR = 1_000
"""So many entries further it is looked where most of a page has moved."""

_FEW = 8
"""So many entries of a page are looked for one by one; of more a table is made."""


class ExpectedPage(NamedTuple):
    """The page that came next in the last good poll."""

    number: int
    mark: bytes
    size: int


class Recogniser:
    """What one poll recognises. Only one thread at a time may use it."""

    def __init__(
        self,
        memory: PollMemory,
        suspects: frozenset[int],
        *,
        counts: bool,
    ) -> None:
        """`counts`: the memory is that of the last good poll."""
        self._memory = memory
        self._suspects = suspects
        self._counts = counts
        self._described = memory.described if counts else b""
        self._next = 0
        self._taken: set[int] = set()
        self.configured = b""
        self.described = b""
        """What the entries are decoded by: their digests are of this too."""
        self.everything_stands = False
        """All pages are as they were."""

    @classmethod
    def nothing(cls) -> "Recogniser":
        """One that recognises nothing."""
        return cls(PollMemory(), frozenset(), counts=False)

    def configure(self, configured: str) -> None:
        """Say as what the channel is configured, and by which version of Skew it is decoded.

        Nothing is recognised that was decoded under another configuration.
        """
        said = f"{_FORM} {sys.byteorder} {configured}"
        self.configured = hashlib.blake2b(said.encode(), digest_size=16).digest()
        self.describe(b"")

    def describe(self, description: bytes) -> None:
        """Say what else decides how an entry is decoded: its columns, its encoding.

        Nothing is recognised that was decoded under another description.
        """
        said = self.configured + description
        self.described = hashlib.blake2b(said, digest_size=16).digest()

    async def load(self) -> None:
        """Fetch the known pages from the cache, before any is asked for. Raises StoreError."""
        memory = self._memory
        if self._counts and memory.pages is None and memory.fetch is not None:
            memory.take_pages(await memory.fetch(memory.channel_id, memory.poll_id))

    @property
    def source(self) -> bytes:
        """What the channel itself noted of the last good poll (`RecordPage.source`).

        Empty where it noted nothing, or was configured otherwise.
        """
        known = self._memory
        return known.source if self._counts and known.configured == self.configured else b""

    def everything(self) -> bool:
        """Say that all is as it was in the last good poll; False: that can't be recognised.

        The whole list must be equal and decoded as it was. No page of it is to be given then.
        """
        if not self._counts or self._memory.configured != self.configured:
            return False
        if self._suspects or self._taken or not self._memory.records:
            return False
        self.described = self._memory.described
        self.everything_stands = True
        return True

    def page(self, mark: bytes) -> int | None:
        """Take the known page with this digest; None where there is none, or it is to be compared.

        Each is taken once: the same page a second time is a second one.
        """
        if mark == UNMARKED or not self._is_same:
            return None
        pages, expected = self.pages, self._next
        if expected < len(pages.marks) and pages.marks[expected] == mark:
            found = expected if expected not in self._taken else None
        else:
            places = self._places.get(mark, ())
            found = next((place for place in places if place not in self._taken), None)
        if found is None or found in self._doubtful:
            return None
        self._taken.add(found)
        self._next = found + 1
        return found

    def expected(self) -> ExpectedPage | None:
        """The page that came next in the last good poll."""
        if not self._is_same or self._next >= len(self.pages.marks):
            return None
        number = self._next
        return ExpectedPage(number, self.pages.marks[number], self.pages.sizes[number])

    def following(self, page: int) -> int:
        """What the page behind one begins with, if it is not taken yet; else 0."""
        pages = self.pages
        start = pages.ends[page]
        if page + 1 in self._taken or page + 1 >= len(pages.marks) or start == pages.ends[page + 1]:
            return 0
        return pages.digests[start]

    def standing(self, content: memoryview, size_min: int) -> range:
        """Take the known pages that come next and are as they were, from the begin of `content`.

        Until one is not, has less than `size_min` bytes, or ends beyond.
        """
        if not self._is_same:
            return range(0)
        marks, sizes = self.pages.marks, self.pages.sizes
        doubtful, taken = self._doubtful, self._taken
        at, page, length, last = 0, self._next, len(content), len(marks)
        while page < last:
            size = sizes[page]
            end = at + size
            # Of a long file this is asked tens of thousands of times.
            if end > length or mark_of(content[at:end]) != marks[page] or size < size_min:
                break
            if page in doubtful or page in taken:
                break
            at, page = end, page + 1
        found = range(self._next, page)
        self._taken.update(found)
        self._next = page
        return found

    @property
    def knows_any(self) -> bool:
        """Whether there is any known page to be found."""
        return self._is_same and bool(self.pages.marks)

    def page_beginning(self, digest: int) -> int | None:
        """The known page, not taken yet, that begins with this entry."""
        page = self._beginnings.get(digest) if digest and self._is_same else None
        return None if page in self._taken else page

    def expect(self, page: int) -> None:
        """Say which known page comes next."""
        self._next = page

    @property
    def next_page(self) -> int:
        """The known page that comes next, as far as the poll has come."""
        return self._next

    def listings(self, digests: "array[int]", expected: int | None = None) -> "array[int]":
        """The listing of each entry of a page that is not known as a whole; `NEW` where unknown.

        An entry is looked for where it stood, and about there. Elsewhere it is not found: then it
        is decoded, and compared with its listing. `expected`: the page that it was to begin with,
        where others have been taken since.
        """
        found = array("q", bytes(8 * len(digests)))
        if not self._is_same or not self.pages.marks:
            return found
        came_to = self._next
        if expected is not None:
            self._next = expected
        unknown = self._find_in_place(digests, found)
        if unknown:
            self._find_near(digests, found, unknown)
        if expected not in (None, came_to):
            self._next = came_to
        if self._suspects and not self._suspects.isdisjoint(found):
            for place, listing_id in enumerate(found):
                if listing_id in self._suspects:
                    found[place] = NEW
        return found

    def _find_in_place(self, digests: "array[int]", found: "array[int]") -> list[int]:
        """Find the entries that stand where they stood; answers the places of the others."""
        pages, page = self.pages, self._next
        if page >= len(pages.marks):
            return list(range(len(digests)))
        start = pages.start(page)
        before = pages.digests[start : start + len(digests)]
        unknown = differing_places(before, digests[: len(before)])
        if 0 in digests:
            unknown = sorted({*unknown, *(at for at, digest in enumerate(digests) if not digest)})
        unknown += range(len(before), len(digests))
        if len(unknown) == len(digests):
            return unknown
        found[: len(before)] = pages.listing_ids[start : start + len(before)]
        for place in unknown:
            found[place] = NEW
        self._next = pages.page_at(start + len(before))
        return unknown

    def _find_near(self, digests: "array[int]", found: "array[int]", unknown: list[int]) -> None:
        """Find the entries that have moved a little."""
        pages = self.pages
        last = len(pages.marks) - 1
        start = pages.start(min(max(self._next - 2, 0), last))
        end = pages.ends[min(self._next + 1, last)]
        if len(unknown) * 2 > len(digests):
            # A part of the list has moved as a whole, so that it is worth to look further.
            start, end = max(start - _FAR, 0), end + _FAR
        near = pages.digests[start:end]
        if not near:
            return
        if len(unknown) <= _FEW:
            content = near.tobytes()
            places = {digests[place]: _place_of(digests[place], content) for place in unknown}
        else:
            places = dict(zip(near, range(len(near)), strict=True))
        furthest = -1
        for place in unknown:
            at = places.get(digests[place], -1) if digests[place] else -1
            if at >= 0:
                found[place] = pages.listing_ids[start + at]
                furthest = max(furthest, at)
        if furthest >= 0 and len(unknown) == len(digests):
            # The rest of the page that has the last of them comes next.
            self._next = pages.page_at(start + furthest)

    @cached_property
    def pages(self) -> PollPages:
        """The pages of the last good poll; none where they don't count, or are not there any more.

        They are fetched before (`load`).
        """
        if self._counts and self._memory.pages is None:
            self._counts = False
        return self._memory.pages if self._counts and self._memory.pages else PollPages()

    @property
    def counts(self) -> bool:
        """Whether its pages are all that the last good poll held, so that what they lack is new."""
        return self.everything_stands or (bool(self.pages.marks) and self._counts)

    @property
    def records(self) -> int:
        """How many records the last good poll had."""
        return self._memory.records if self._counts else 0

    def size_of(self, pages: range) -> int:
        """How many bytes known pages have that follow each other."""
        return sum(self.pages.sizes[pages.start : pages.stop])

    def records_of(self, pages: range) -> int:
        """How many records known pages have that follow each other."""
        start, end = self.pages.start(pages.start), self.pages.ends[pages.stop - 1]
        if self._all_are_records:
            return end - start
        return end - start - self.pages.listing_ids[start:end].count(NO_RECORD)

    def remember(
        self,
        memory: PollMemory,
        layout: Sequence[range | FreshPage],
        digests: "array[int]",
        listing_ids: "array[int]",
    ) -> bool:
        """Make a merged poll what the next one is recognised by: its pages, as `joined` has it.

        Answers whether these are the pages of the poll before, decoded as they were.
        """
        described = (memory.configured, memory.described)
        stands = self.everything_stands
        if not stands:
            known = memory.pages if self.counts else None
            changed = None if known is None else changes(known, layout, digests, listing_ids)
            stands = changed == ([], [])
            if not stands:
                # Until it is known of which poll they are, they are of none.
                memory.poll_id = 0
                if known is None or changed is None:
                    memory.pages = joined(self.pages, layout, digests, listing_ids)
                else:
                    replace(known, layout, digests, listing_ids)
                memory.note(changed)
        memory.configured, memory.described = self.configured, self.described
        return stands and described == (self.configured, self.described)

    def lacking(self, had: Collection[int]) -> "array[int]":
        """The listings of the known pages but those that the poll had, each as often as there."""
        pages, left = self.pages, array("q")
        for page in range(len(pages.marks)):
            if page not in had:
                left.extend(pages.listings(page))
        return left

    def listed(self, had: Iterable[int]) -> Iterator[int]:
        """The listings of the known pages that the poll had, each as often as there."""
        for page in had:
            yield from self.pages.listings(page)

    @property
    def _is_same(self) -> bool:
        return self._counts and self._described == self.described

    @cached_property
    def _all_are_records(self) -> bool:
        return self.pages.records == len(self.pages.listing_ids)

    @cached_property
    def _places(self) -> dict[bytes, list[int]]:
        places: dict[bytes, list[int]] = {}
        for number, mark in enumerate(self.pages.marks):
            places.setdefault(mark, []).append(number)
        return places

    @cached_property
    def _beginnings(self) -> dict[int, int]:
        pages = self.pages
        places = list(enumerate(zip((0, *pages.ends), pages.ends, strict=False)))
        return {
            pages.digests[start]: number for number, (start, end) in reversed(places) if start < end
        }

    @cached_property
    def _doubtful(self) -> frozenset[int]:
        """The pages with a listing that must be compared."""
        if not self._suspects:
            return frozenset()
        pages = self.pages
        return frozenset(
            page
            for page in range(len(pages.marks))
            if not self._suspects.isdisjoint(pages.listings(page))
        )


def _place_of(digest: int, content: bytes) -> int:
    """The first place of a digest in an array of them, given by its bytes; -1 where it has none."""
    wanted = digest.to_bytes(8, sys.byteorder)
    found = content.find(wanted)
    while found % 8 and found > 0:
        found = content.find(wanted, found + 1)
    return found // 8
