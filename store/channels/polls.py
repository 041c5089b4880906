"""The record of each poll, and what its channel keeps of it: freshness, error, next poll."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from store.channels import incidents
from store.errors import NoSuchThing
from store.model import IncidentKind, Millis, PollOutcome
from store.poll_counts import PollCounts

ABANDONED = "the engine stopped while it was polling"
"""The error of a poll that nobody ended. It is no sign of trouble with the channel."""


def abandon(connection: sqlite3.Connection) -> int:
    """At an engine's start: end the records of polls that a dead engine left running."""
    cursor = connection.execute(
        """UPDATE polls SET outcome = 'failed', finished_at = started_at, error = ?
        WHERE outcome = 'running'""",
        (ABANDONED,),
    )
    return cursor.rowcount


def set_next_poll(connection: sqlite3.Connection, channel: str, at: Millis | None) -> None:
    """Note when the scheduler will poll the channel next, for the screen."""
    connection.execute("UPDATE channels SET next_poll_at = ? WHERE name = ?", (at, channel))


def set_rates(connection: sqlite3.Connection, rates: Mapping[str, float | None]) -> None:
    """Note how many requests a second we send each channel at most, for the screen."""
    connection.executemany(
        "UPDATE channels SET rate_per_s = ? WHERE name = ? AND rate_per_s IS NOT ?",
        ((per_s, name, per_s) for name, per_s in rates.items()),
    )


def note_allowance(
    connection: sqlite3.Connection,
    channel: str,
    left: int,
    of: int | None,
    *,
    at: Millis,
    unit: str | None = None,
) -> None:
    """Note how many requests the channel says are left, and `of` how many; None: it did not say.

    `unit` is what they are where they are not requests: `points`.
    """
    connection.execute(
        """UPDATE channels SET allowance_left = ?, allowance_of = ?, allowance_at = ?,
          allowance_unit = ? WHERE name = ?""",
        (left, of, at, unit, channel),
    )


def open_record(
    connection: sqlite3.Connection, name: str, *, now: Millis, poll_id: int | None = None
) -> int:
    """Begin a poll's record, `running`, or (`poll_id`) let one begin now; answer its id.

    How many listings the last good poll had is how many are expected.
    """
    if poll_id is not None:
        connection.execute("UPDATE polls SET started_at = ? WHERE id = ?", (now, poll_id))
        return poll_id
    polled = channel(connection, name)
    (started,) = connection.execute(
        """INSERT INTO polls (channel_id, started_at, outcome, known) VALUES (?, ?, ?, ?)
        RETURNING id""",
        (polled.id, now, PollOutcome.RUNNING, polled.listings),
    ).fetchone()
    return int(started)


def note_progress(
    connection: sqlite3.Connection, poll_id: int, seen: int, announced: int | None
) -> None:
    """Note how many records a running poll has read, and how many the channel says that it has."""
    connection.execute(
        "UPDATE polls SET seen = ?, announced = ? WHERE id = ? AND outcome = 'running'",
        (seen, announced, poll_id),
    )


def note_warnings(connection: sqlite3.Connection, channel: str, warnings: Sequence[str]) -> None:
    """Note what is doubtful about the channel's newest poll, instead of what was."""
    connection.execute(
        "UPDATE channels SET warnings = ? WHERE name = ?", (json.dumps(list(warnings)), channel)
    )


def warnings(connection: sqlite3.Connection, channel: str) -> tuple[str, ...]:
    """What is doubtful about the channel's newest poll."""
    row = connection.execute("SELECT warnings FROM channels WHERE name = ?", (channel,)).fetchone()
    return tuple(json.loads(row[0])) if row is not None else ()


class PolledChannel(NamedTuple):
    """What a poll must know of its channel."""

    id: int
    listings: int
    """How many its last good poll had."""
    good_poll_id: int | None


def channel(connection: sqlite3.Connection, name: str) -> PolledChannel:
    """What a poll must know of the channel of this name. Raises NoSuchThing."""
    row = connection.execute(
        "SELECT id, listings, good_poll_id FROM channels WHERE name = ?", (name,)
    ).fetchone()
    if row is None:
        raise unknown_channel(connection, name)
    return PolledChannel(*row)


def unknown_channel(connection: sqlite3.Connection, name: str) -> NoSuchThing:
    """What to raise for a channel of which the cache has no row: it names those that it has."""
    names = connection.execute("SELECT name FROM channels ORDER BY id").fetchall()
    known = ", ".join(known_name for (known_name,) in names) or "none"
    return NoSuchThing(f"channel `{name}` is not in the cache; known: {known}")


def is_first_good(connection: sqlite3.Connection, channel_id: int) -> bool:
    """Whether the channel has had no good poll before the one that is being merged."""
    (good_poll_id,) = connection.execute(
        "SELECT good_poll_id FROM channels WHERE id = ?", (channel_id,)
    ).fetchone()
    return good_poll_id is None


def is_first_of_all(connection: sqlite3.Connection, channel: str) -> bool:
    """Whether no other channel has had a good poll, and the cache has no item."""
    (is_first,) = connection.execute(
        """SELECT NOT EXISTS (SELECT 1 FROM items) AND NOT EXISTS (
          SELECT 1 FROM channels WHERE good_poll_id IS NOT NULL AND name <> ?)""",
        (channel,),
    ).fetchone()
    return bool(is_first)


def went_back(connection: sqlite3.Connection, channel_id: int) -> bool:
    """Whether the channel's last good poll is of an earlier time than the one before it.

    Also where none is known before it; not where there is no good poll yet.
    """
    # A source's clock may run ahead of ours, but nothing in a poll is from after its start: the
    # earlier of the two is what the poll proves.
    rows = connection.execute(
        """SELECT min(coalesce(as_of, started_at), started_at) FROM polls
        WHERE channel_id = ? AND outcome IN ('good', 'accepted') ORDER BY id DESC LIMIT 2""",
        (channel_id,),
    ).fetchall()
    if len(rows) == 1:
        return True
    if not rows:
        return False
    (newest,), (before,) = rows
    return bool(newest < before)


def record_end(
    connection: sqlite3.Connection,
    poll_id: int,
    outcome: PollOutcome,
    numbers: PollCounts,
    *,
    now: Millis,
    as_of: Millis | None,
) -> None:
    """Complete a poll's record; a good one is what its channel's freshness counts from.

    Without an `as_of` the poll is as of its start, for nothing in it can be older.
    """
    values = {name: getattr(numbers, name) for name in PollCounts.__struct_fields__}
    values |= {"poll": poll_id, "outcome": outcome, "now": now, "as_of": as_of}
    connection.execute(
        """UPDATE polls SET finished_at = :now, outcome = :outcome, as_of = :as_of,
          known = :known, seen = :seen, changed = :changed, zeroed = :zeroed, gone = :gone,
          added = :added, refused = :refused, announced = :announced WHERE id = :poll""",
        values,
    )
    connection.execute(
        """UPDATE channels SET last_poll_at = :now, last_outcome = :outcome
        WHERE id = (SELECT channel_id FROM polls WHERE id = :poll)""",
        values,
    )
    # A poll that changed nothing is recorded too: that is the channel's heartbeat. A quarantined
    # one leaves the freshness alone, because its readings are not in force.
    if outcome is not PollOutcome.QUARANTINED:
        connection.execute(
            """UPDATE channels SET good_poll_id = :poll, last_success_at = :now, last_error = NULL,
              as_of = (SELECT coalesce(p.as_of, p.started_at) FROM polls p WHERE p.id = :poll)
            WHERE id = (SELECT channel_id FROM polls WHERE id = :poll)""",
            values,
        )


def end_quarantine(
    connection: sqlite3.Connection,
    channel_id: int,
    *,
    now: Millis,
    outcome: PollOutcome = PollOutcome.REPLACED,
    over: bool = True,
    by: tuple[str, str] | None = None,
) -> None:
    """Drop the rows of the channel's quarantined poll, if it has one; its record gets the outcome.

    `over`: its incident closes too; `by` is the person who ended it, and what they decided.
    """
    channel_name, poll_id = connection.execute(
        "SELECT name, quarantined_poll_id FROM channels WHERE id = ?", (channel_id,)
    ).fetchone()
    if poll_id is None:
        return
    connection.execute("DELETE FROM quarantined_readings WHERE poll_id = ?", (poll_id,))
    connection.execute("UPDATE polls SET outcome = ? WHERE id = ?", (outcome, poll_id))
    connection.execute("UPDATE channels SET quarantined_poll_id = NULL WHERE id = ?", (channel_id,))
    if over:
        incidents.resolve(connection, channel_name, IncidentKind.QUARANTINED, now=now, by=by)
