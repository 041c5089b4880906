"""Trouble with the clocks of files and sources: what is dated ahead of ours, as incidents."""

import sqlite3
from datetime import UTC, datetime

from store.cells.cell_ids import item_of, of_channel
from store.channels import incidents
from store.model import IncidentKind, Millis
from store.polling.sweep import Sweep

FILE = "file"
SOURCE = "source"
"""Keys of the two incidents."""

_AHEAD_FILE = """SELECT p.dated_at, p.as_of, (SELECT f.name FROM file_sights f
  WHERE f.channel_id = p.channel_id AND f.modified_ns / 1000000 = p.dated_at LIMIT 1)
FROM polls p WHERE p.id = :poll AND p.dated_at - p.as_of > :ahead"""

_AHEAD_SOURCE = f"""SELECT l.source_at, l.source_seen_at, i.sku FROM cell_details l
JOIN items i ON i.id = {item_of("l.id")}
WHERE {of_channel("l.id", ":channel")} AND l.source_seen_at IS NOT NULL
  AND l.source_at - l.source_seen_at > :ahead
ORDER BY l.source_at - l.source_seen_at DESC LIMIT 1"""


def report(connection: sqlite3.Connection, sweep: Sweep, *, ahead_ms: int, now: Millis) -> None:
    """Raise or end the channel's incidents, by the poll whose readings are in force now.

    What is dated ahead by no more than `ahead_ms` is no trouble: clocks differ.
    """
    values = {"poll": sweep.poll_id, "channel": sweep.channel_id, "ahead": ahead_ms}
    for key, query, what in ((FILE, _AHEAD_FILE, ""), (SOURCE, _AHEAD_SOURCE, "SKU ")):
        row = connection.execute(query, values).fetchone()
        if row is None:
            incidents.resolve(connection, sweep.channel, IncidentKind.CLOCK, now=now, key=key)
            continue
        dated_at, seen_at, name = row
        words = (
            f"{what}{name} is dated {_utc(dated_at)}, {_span(dated_at - seen_at)} ahead of this "
            f"machine's clock: it counts as of {_utc(seen_at)}, when it was first seen"
        )
        incidents.raise_incident(
            connection, sweep.channel, IncidentKind.CLOCK, words, now=now, key=key
        )


def _utc(at: Millis) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _span(span_ms: int) -> str:
    hours = span_ms / 3_600_000
    return f"{hours:,.3g} h" if hours >= 1 else f"{span_ms // 60_000} min"
