"""What is remembered of a channel's last good poll, in an engine and from one to the next.

In the cache it is a row for the whole and some rows for its pages, each of many: so that a poll
that finds all as it was reads no page. It counts only while its poll is the last good one, so that
one that was saved too early, or not at all, costs time and never truth.
"""

import sqlite3
import zlib
from collections.abc import Awaitable, Callable

import msgspec

from store.polling.recognition import packing
from store.polling.recognition.pages import Changes, PollPages, max_changes

Fetch = Callable[[int, int], Awaitable[PollPages]]
"""Fetches the pages of a poll, by the ids of the channel and the poll. Raises StoreError."""

_CHANGES_FROM = 1_000_000
"""The number of the first row with changes of the pages in the rows before."""

_CHANGE_ROWS_MAX = 64
_CHANGE_BYTES_PART = 1 / 16
"""Of the other rows: with more bytes of changes, all is written anew."""


class PollMemory:
    """What one channel's last good poll held. Belongs to one running engine."""

    __slots__ = (
        "changed_entries", "changed_pages", "channel_id", "configured", "described", "fetch",
        "is_new", "pages", "poll_id", "records", "saved_poll_id", "source",
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
        self.is_new = True
        """Its pages are others than those in the cache, or stand at other places."""
        self.changed_pages: set[int] = set()
        self.changed_entries: set[int] = set()
        """Where else they differ from those."""

    def note(self, changed: Changes | None) -> None:
        """Note what has changed of the pages; None: more than some of them."""
        if changed is not None and not self.is_new and self.pages is not None:
            self.changed_pages.update(changed.pages)
            self.changed_entries.update(changed.entries)
            if len(self.changed_entries) <= max_changes(self.pages):
                return
        self.is_new = True
        self.changed_pages.clear()
        self.changed_entries.clear()

    def note_saved(self, poll_id: int) -> None:
        """Note that the pages in the cache are those of a poll, which are the pages here."""
        self.saved_poll_id, self.is_new = poll_id, False
        self.changed_pages.clear()
        self.changed_entries.clear()

    def take_pages(self, found: PollPages) -> None:
        """Take the pages from the cache; where some are missing, nothing counts any more."""
        if found.records == self.records:
            self.pages = found
        else:
            self.poll_id = 0


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
        memory.poll_id = good_poll_id
        memory.note_saved(good_poll_id)
        memory.channel_id = channel_id
        memory.pages = None


def pages(connection: sqlite3.Connection, channel_id: int, poll_id: int) -> PollPages:
    """Fetch the pages of a poll; none where another poll's have taken their place."""
    rows = connection.execute(
        """SELECT p.number, p.content FROM poll_pages p JOIN poll_memories m USING (channel_id)
        WHERE p.channel_id = ? AND m.poll_id = ? ORDER BY p.number""",
        (channel_id, poll_id),
    )
    saved: list[bytes] = []
    changed: list[bytes] = []
    for number, content in rows:
        (saved if number < _CHANGES_FROM else changed).append(content)
    # SQLite would keep these megabytes for a second reading that never comes.
    connection.execute("PRAGMA shrink_memory")
    try:
        return packing.unpacked(saved, changed)
    except (msgspec.DecodeError, ValueError, IndexError, OverflowError, zlib.error):
        return PollPages()


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
    if not _save_changes(connection, memory, channel_id):
        connection.execute("DELETE FROM poll_pages WHERE channel_id = ?", (channel_id,))
        connection.executemany(
            _SAVE_PAGES,
            (
                (channel_id, number, content)
                for number, content in enumerate(packing.packed(memory.pages))
            ),
        )
    connection.execute(
        """INSERT OR REPLACE INTO poll_memories
          (channel_id, poll_id, configured, described, source, records)
        VALUES (?, ?, ?, ?, ?, ?)""",
        (
            channel_id, memory.poll_id, memory.configured, memory.described, memory.source,
            memory.records,
        ),
    )  # fmt: skip
    memory.note_saved(memory.poll_id)


_SAVE_PAGES = "INSERT INTO poll_pages (channel_id, number, content) VALUES (?, ?, ?)"


def _save_changes(connection: sqlite3.Connection, memory: PollMemory, channel_id: int) -> bool:
    """Save only what has changed since the pages were saved; False: all of them are to be."""
    if memory.is_new or memory.pages is None:
        return False
    rows, of_changes, of_pages, poll_id = connection.execute(
        """SELECT coalesce(sum(number >= ?1), 0),
          coalesce(sum(CASE WHEN number >= ?1 THEN length(content) END), 0),
          coalesce(sum(CASE WHEN number < ?1 THEN length(content) END), 0),
          (SELECT poll_id FROM poll_memories WHERE channel_id = ?2)
        FROM poll_pages WHERE channel_id = ?2""",
        (_CHANGES_FROM, channel_id),
    ).fetchone()
    # Another engine may have saved others meanwhile.
    if poll_id != memory.saved_poll_id or rows >= _CHANGE_ROWS_MAX:
        return False
    changed = Changes(sorted(memory.changed_pages), sorted(memory.changed_entries))
    content = packing.packed_changes(memory.pages, changed)
    if of_changes + len(content) > of_pages * _CHANGE_BYTES_PART:
        return False
    connection.execute(_SAVE_PAGES, (channel_id, _CHANGES_FROM + rows, content))
    return True
