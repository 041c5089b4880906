"""The pause of all writes: nothing is written to any channel, by any process, until it is ended.

It is one row of the cache and not one of each channel, so that a channel which is configured later
is held as well. Every mark that a write is about to leave looks at it in its own transaction
(`store.corrections.lifecycle.begin_applying`). Polls go on.
"""

import sqlite3

import msgspec

from store.database.rows import Columns
from store.errors import NoSuchThing
from store.model import Millis

NO_REASON = "no reason given"
"""What stands there until somebody who paused in a hurry has said why."""


class WritePause(msgspec.Struct, frozen=True):
    """Who paused all writes, why, and since when."""

    by: str
    reason: str
    since: Millis


_PAUSE = Columns(WritePause, {"by": "paused_by", "reason": "reason", "since": "since"})
_IN_FORCE = f"SELECT {_PAUSE.sql} FROM write_pauses WHERE ended_at IS NULL"


def in_force(connection: sqlite3.Connection) -> WritePause | None:
    """The pause of all writes; None where they are let through."""
    row = connection.execute(_IN_FORCE).fetchone()
    return None if row is None else _PAUSE.read(row)


def begin(connection: sqlite3.Connection, *, who: str, reason: str, now: Millis) -> WritePause:
    """Pause all writes at once, and return the pause in force: one that stands already stays."""
    connection.execute(
        """INSERT INTO write_pauses (paused_by, reason, since)
        SELECT ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM write_pauses WHERE ended_at IS NULL)""",
        (who, reason, now),
    )
    return _PAUSE.read(connection.execute(_IN_FORCE).fetchone())


def give_reason(connection: sqlite3.Connection, pause: WritePause, reason: str) -> None:
    """Say why, where this pause was begun in a hurry; another one is left as it is."""
    connection.execute(
        """UPDATE write_pauses SET reason = ?
        WHERE ended_at IS NULL AND paused_by = ? AND since = ?""",
        (reason, pause.by, pause.since),
    )


def end(connection: sqlite3.Connection, *, who: str, now: Millis) -> WritePause:
    """Let all writes through again, and return the pause that ended. Raises NoSuchThing."""
    pause = in_force(connection)
    if pause is None:
        raise NoSuchThing("writes are not paused")
    connection.execute(
        "UPDATE write_pauses SET ended_by = ?, ended_at = ? WHERE ended_at IS NULL", (who, now)
    )
    return pause


def in_words(pause: WritePause) -> str:
    """Describe the pause, without its time: how to write that depends on the reader's clock."""
    return f"all writes are paused by {pause.by}: {pause.reason}"
