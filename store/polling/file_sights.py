"""Files with a time to come: when we first saw each, so that none is new at every poll.

Rule 3, docs/architecture.md: as-of is for ever the earlier of the time and the first sight.
"""

import sqlite3
from collections.abc import Mapping

import msgspec

from store.channels import polls
from store.model import Millis

KEPT_MS = 7 * 86_400_000
"""How long a first sight is kept at least: a file that has gone may be put back as it was."""


class FileStamp(msgspec.Struct, frozen=True):
    """What tells a file from another that takes its place."""

    # Not its inode: a server may put the very same file there again and again.
    name: str
    size: int
    """In bytes."""
    modified_ns: int
    """Its own time, in nanoseconds since 1970."""


def known(connection: sqlite3.Connection, channel: str) -> dict[FileStamp, Millis]:
    """The first sights of the channel's files from the future, those that have gone included."""
    rows = connection.execute(
        """SELECT f.first_seen_at, f.name, f.size, f.modified_ns FROM file_sights f
        JOIN channels c ON c.id = f.channel_id WHERE c.name = ?""",
        (channel,),
    )
    return {FileStamp(*stamp): first_seen_at for first_seen_at, *stamp in rows}


def keep(
    connection: sqlite3.Connection,
    channel: str,
    present: Mapping[FileStamp, Millis],
    *,
    now: Millis,
) -> None:
    """Keep the first sights of the files that are there, and forget long gone ones. Repeatable.

    A file is `unwatched` if the channel was not read shortly before: it may have been there for any
    time.
    """
    channel_id, _, _ = polls.channel(connection, channel)
    before = known(connection, channel)
    connection.executemany(
        """INSERT INTO file_sights (channel_id, name, size, modified_ns, first_seen_at, unwatched)
        SELECT id, ?, ?, ?, ?, coalesce(abs(? - last_success_at) > stale_after_ms, 1)
        FROM channels WHERE id = ?""",
        (
            (file.name, file.size, file.modified_ns, seen_at, now, channel_id)
            for file, seen_at in present.items()
            if file not in before
        ),
    )
    connection.executemany(
        """DELETE FROM file_sights WHERE channel_id = ? AND name = ? AND size = ?
          AND modified_ns = ? AND first_seen_at < ?""",
        (
            (channel_id, file.name, file.size, file.modified_ns, now - KEPT_MS)
            for file in before.keys() - present.keys()
        ),
    )


def note_poll(connection: sqlite3.Connection, poll_id: int, file: FileStamp) -> None:
    """Note in the poll's record that its file is from the future, if it is."""
    connection.execute(
        """UPDATE polls SET (dated_at, unwatched) = (SELECT f.modified_ns / 1000000, f.unwatched
          FROM file_sights f WHERE f.channel_id = polls.channel_id AND f.name = :name
            AND f.size = :size AND f.modified_ns = :modified_ns)
        WHERE id = :poll""",
        {"poll": poll_id, **msgspec.structs.asdict(file)},
    )
