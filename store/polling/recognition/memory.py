"""What is remembered of a channel's last good poll, in an engine and from one to the next.

In the cache it is a row for the whole and some rows for its pages, each of many: so that a poll
that finds all as it was reads no page. It counts only while its poll is the last good one, so that
one that was saved too early, or not at all, costs time and never truth.
"""

import sqlite3
import zlib
from array import array
from collections.abc import Awaitable, Callable, Iterator
from itertools import accumulate, islice

import msgspec

from store.polling.recognition.pages import PollPages

Fetch = Callable[[int, int], Awaitable[PollPages]]
"""Fetches the pages of a poll, by the ids of the channel and the poll. Raises StoreError."""

_ENTRIES_OF_ROW = 65_536
"""About how many entries a row of the cache has: half a megabyte."""

_GROUP = 1024
"""So many listings begin anew from 0: their sums are of short numbers, which are quick."""


class PollMemory:
    """What one channel's last good poll held. Belongs to one running engine."""

    __slots__ = (
        "channel_id", "configured", "described", "fetch", "pages", "poll_id", "records",
        "saved_poll_id", "source",
    )  # fmt: skip

    def __init__(self, fetch: "Fetch | None" = None) -> None:
        self.fetch = fetch
        """Fetches the pages once the channel asks for them. None: each poll begins with them."""
        self.poll_id = self.channel_id = 0
        self.configured = b""
        """What the channel was configured as."""
        self.described = b""
        """What its entries were decoded by."""
        self.source = b""
        """What the channel noted of what it read (`Recogniser.source`)."""
        self.records = 0
        """How many it had."""
        self.pages: PollPages | None = None
        """None: not fetched from the cache yet."""
        self.saved_poll_id = 0
        """The poll that the pages in the cache are of."""

    def take_pages(self, found: PollPages) -> None:
        """Take the pages from the cache; where some are missing, nothing counts any more."""
        if found.records == self.records:
            self.pages = found
        else:
            self.poll_id = 0


class _SavedPages(msgspec.Struct, array_like=True):
    """Some pages as a row of the cache has them."""

    marks: list[bytes]
    sizes: list[int]
    counts: list[int]
    digests: bytes
    listing_steps: bytes
    """From each entry's listing to the next, packed: on most pages each is 1."""


def recall(
    connection: sqlite3.Connection, memory: PollMemory, channel_id: int, good_poll_id: int | None
) -> None:
    """Recall what an earlier engine saved, where it is of the last good poll."""
    if good_poll_id is None or memory.poll_id == good_poll_id:
        return
    row = connection.execute(
        """SELECT configured, described, source, records FROM poll_memories
        WHERE channel_id = ? AND poll_id = ?""",
        (channel_id, good_poll_id),
    ).fetchone()
    if row is not None:
        memory.configured, memory.described, memory.source, memory.records = row
        memory.poll_id = memory.saved_poll_id = good_poll_id
        memory.channel_id = channel_id
        memory.pages = None


def pages(connection: sqlite3.Connection, channel_id: int, poll_id: int) -> PollPages:
    """Fetch the pages of a poll; none where another poll's have taken their place."""
    rows = connection.execute(
        """SELECT p.content FROM poll_pages p JOIN poll_memories m USING (channel_id)
        WHERE p.channel_id = ? AND m.poll_id = ? ORDER BY p.number""",
        (channel_id, poll_id),
    )
    marks: list[bytes] = []
    found = PollPages(marks)
    for (content,) in rows:
        saved = msgspec.msgpack.decode(content, type=_SavedPages)
        end = len(found.digests)
        marks += saved.marks
        found.sizes.extend(saved.sizes)
        found.ends.extend(islice(accumulate(saved.counts, initial=end), 1, None))
        found.digests.frombytes(saved.digests)
        found.listing_ids.extend(from_steps(zlib.decompress(saved.listing_steps)))
    return found


def keep_poll(
    connection: sqlite3.Connection, memory: PollMemory, channel_id: int, before: int | None
) -> None:
    """Let saved pages count for a poll that found them all as they were.

    `before`: the poll that they were of.
    """
    if memory.saved_poll_id != before or not before:
        return
    connection.execute(
        """UPDATE poll_memories SET poll_id = ?, source = ?
        WHERE channel_id = ? AND poll_id = ?""",
        (memory.poll_id, memory.source, channel_id, before),
    )
    memory.saved_poll_id = memory.poll_id


def save(connection: sqlite3.Connection, memory: PollMemory, channel: str) -> None:
    """Save it for the next engine, where it is of the channel's last good poll. Repeatable."""
    if memory.saved_poll_id == memory.poll_id or memory.pages is None:
        return
    row = connection.execute(
        "SELECT id FROM channels WHERE name = ? AND good_poll_id = ?", (channel, memory.poll_id)
    ).fetchone()
    if row is None:
        return
    (channel_id,) = row
    connection.execute("DELETE FROM poll_pages WHERE channel_id = ?", (channel_id,))
    connection.execute(
        """INSERT OR REPLACE INTO poll_memories
          (channel_id, poll_id, configured, described, source, records)
        VALUES (?, ?, ?, ?, ?, ?)""",
        (
            channel_id, memory.poll_id, memory.configured, memory.described, memory.source,
            memory.records,
        ),
    )  # fmt: skip
    connection.executemany(
        "INSERT INTO poll_pages (channel_id, number, content) VALUES (?, ?, ?)",
        ((channel_id, number, content) for number, content in enumerate(_packed(memory.pages))),
    )
    memory.saved_poll_id = memory.poll_id


def _packed(known: PollPages) -> Iterator[bytes]:
    first = 0
    while first < len(known.marks):
        start = known.start(first)
        end_page = known.page_at(start + _ENTRIES_OF_ROW)
        last = max(first + 1, min(end_page, len(known.marks)))
        yield _pack(known, first, last)
        first = last


def _pack(known: PollPages, first: int, last: int) -> bytes:
    start, end = known.start(first), known.ends[last - 1]
    return _encode(
        _SavedPages(
            list(known.marks[first:last]),
            known.sizes[first:last].tolist(),
            [known.ends[page] - known.start(page) for page in range(first, last)],
            known.digests[start:end].tobytes(),
            zlib.compress(steps_of(known.listing_ids[start:end]), 1),
        )
    )


_encode = msgspec.msgpack.Encoder().encode


def steps_of(listing_ids: "array[int]") -> bytes:
    """What is added from each listing to the next, 8 bytes each: on most pages always 1."""
    # Done as one subtraction of two long numbers, with 64 binary digits for each listing, and so
    # without a step of Python for each. What is borrowed from the next is given back in adding.
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
