"""Pauses of a channel: the engine's own, after refused credentials, and a person's.

Both are columns of the channel's row; `paused_by` says whose it is. The engine never ends or
overwrites a person's pause before its time.
"""

import sqlite3

import msgspec

from store.channels import polls
from store.database import lease
from store.errors import NoSuchThing
from store.model import Millis

SPAN_MS_MAX = 30 * 86_400_000
"""How long a person may pause a channel at once.

Every pause has an end: what happens on a channel that is never polled, nobody sees.
"""


class Pause(msgspec.Struct, frozen=True):
    """One channel that is not polled, and why."""

    channel: str
    reason: str
    until: Millis | None
    """None: until somebody resumes it, or the engine restarts."""
    by: str | None
    """The person; None where the engine did it."""


_PAUSE = "name, coalesce(paused_reason, ''), paused_until, paused_by"
_IS_PAUSED = "(paused_reason IS NOT NULL OR paused_until IS NOT NULL)"


def pause_by_engine(
    connection: sqlite3.Connection, channel: str, reason: str, until: Millis | None
) -> None:
    """Note that the engine does not poll the channel; a person's pause stays as it is."""
    connection.execute(
        """UPDATE channels SET paused_until = ?, paused_reason = ?
        WHERE name = ? AND paused_by IS NULL""",
        (until, reason, channel),
    )


def end_engine_pause(connection: sqlite3.Connection, channel: str) -> None:
    """End the engine's own pause of the channel, if there is one."""
    connection.execute(
        """UPDATE channels SET paused_until = NULL, paused_reason = NULL
        WHERE name = ? AND paused_by IS NULL""",
        (channel,),
    )


def pause(
    connection: sqlite3.Connection, channel: str, *, who: str, reason: str, until: Millis
) -> None:
    """Stop polls of the channel and writes to it until an instant; replaces another pause of it.

    A running engine obeys within a second. Raises NoSuchThing.
    """
    cursor = connection.execute(
        "UPDATE channels SET paused_until = ?, paused_reason = ?, paused_by = ? WHERE name = ?",
        (until, reason, who, channel),
    )
    if cursor.rowcount == 0:
        raise polls.unknown_channel(connection, channel)


def resume(connection: sqlite3.Connection, channel: str, *, who: str, now: Millis) -> Pause:
    """End the channel's pause, whoever's it is, and return it. Raises NoSuchThing.

    A running engine is asked to poll the channel, also one that never saw the pause.
    """
    found = next((pause for pause in _select(connection, "name = ?", channel)), None)
    if found is None:
        raise NoSuchThing(f"channel {channel} is not paused")
    _end(connection, "name = ?", channel)
    lease.ask(connection, "poll", channel, who=who, now=now)
    return found


def on_record(connection: sqlite3.Connection) -> dict[str, Pause]:
    """Every pause on record, by channel; one that has run out is among them until it is ended."""
    return {pause.channel: pause for pause in _select(connection, "1")}


def by_people(connection: sqlite3.Connection, *, now: Millis) -> dict[str, Pause]:
    """The pauses of people that hold now, by channel."""
    found = _select(connection, "paused_by IS NOT NULL AND paused_until > ?", now)
    return {pause.channel: pause for pause in found}


def end_passed(connection: sqlite3.Connection, *, now: Millis) -> None:
    """End the pauses of people whose time has come."""
    _end(connection, "paused_by IS NOT NULL AND paused_until <= ?", now)


def in_words(pause: Pause) -> str:
    """Describe a pause, without its end: how to write that depends on the reader's clock."""
    return f"paused by {pause.by or 'the engine'}: {pause.reason}"


def _select(connection: sqlite3.Connection, where: str, *values: object) -> list[Pause]:
    rows = connection.execute(
        f"SELECT {_PAUSE} FROM channels WHERE {_IS_PAUSED} AND {where} ORDER BY id", values
    )
    return [Pause(*row) for row in rows]


def _end(connection: sqlite3.Connection, where: str, *values: object) -> None:
    connection.execute(
        f"""UPDATE channels SET paused_until = NULL, paused_reason = NULL, paused_by = NULL
        WHERE {where}""",
        values,
    )
