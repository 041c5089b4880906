"""Which files of a channel have been taken in, in their order: a full list, and changes on it.

It is kept in the same transaction as the readings, so that each file counts once whatever stops us.
"""

import sqlite3

import msgspec

from store.channels import incidents
from store.model import IncidentKind, Millis
from store.polling.sweep import Sweep


class FileTaken(msgspec.Struct, frozen=True):
    """One file of changes that we have seen."""

    name: str
    size: int
    """In bytes."""
    modified_ns: int
    digest: str = ""
    """Of its content; empty of one that a full list had overtaken before it was read."""
    is_current: bool = True
    """It lies on the full list that is in force."""


class FileSequence(msgspec.Struct, frozen=True):
    """What a channel's readings are made of: its last full list, and the changes since."""

    source: str
    """What the files were read with: another configuration begins anew."""
    full: FileTaken
    full_at: Millis
    """From when the full list is."""
    changes: tuple[FileTaken, ...]
    """In the order in which they count; older ones that a full list has overtaken come first."""
    as_of: Millis
    """Up to when nothing is missing."""
    gap: str = ""
    """Why something may be missing since then; empty where nothing is."""
    columns: tuple[str, ...] = ()
    """Of the full list, by our names of them."""
    is_part: bool = False
    """The poll that it came with had only what changed: all other listings are as they were."""


_decode = msgspec.json.Decoder(FileSequence).decode
_encode = msgspec.json.Encoder().encode


def known(connection: sqlite3.Connection, channel: str) -> FileSequence | None:
    """The channel's files as they were taken in; None where there are none."""
    row = connection.execute(
        "SELECT file_sequence FROM channels WHERE name = ?", (channel,)
    ).fetchone()
    (kept,) = row or (None,)
    return None if kept is None else _decode(kept)


def keep(connection: sqlite3.Connection, sweep: Sweep, *, now: Millis) -> None:
    """Take in the files of a poll whose readings come into force, and report what is missing."""
    if sweep.sequence is None:
        return
    found = _decode(sweep.sequence)
    connection.execute(
        "UPDATE channels SET file_sequence = ?, gap = ? WHERE id = ?",
        (sweep.sequence, found.gap or None, sweep.channel_id),
    )
    if found.gap:
        incidents.raise_incident(connection, sweep.channel, IncidentKind.GAP, found.gap, now=now)
    else:
        incidents.resolve(connection, sweep.channel, IncidentKind.GAP, now=now)


def set_aside(connection: sqlite3.Connection, sweep: Sweep) -> None:
    """Keep the files of a quarantined poll with its record, for whoever accepts it."""
    connection.execute(
        "UPDATE polls SET file_sequence = ? WHERE id = ?", (sweep.sequence, sweep.poll_id)
    )


def take_back(connection: sqlite3.Connection, sweep: Sweep) -> None:
    """Give the sweep of an accepted poll the files that it was read from."""
    (kept,) = connection.execute(
        "SELECT file_sequence FROM polls WHERE id = ?", (sweep.poll_id,)
    ).fetchone()
    if kept is not None:
        note(sweep, _decode(kept))


def note(sweep: Sweep, sequence: FileSequence) -> None:
    """Say which files a poll was read from, before its first page is staged."""
    sweep.sequence = _encode(sequence).decode()
    sweep.is_part = sequence.is_part
