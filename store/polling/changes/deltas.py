"""Polls that ask a channel only for what changed since an instant, between its full sweeps.

What such a poll does not name is as the last sweep and the polls since then left it. Only a sweep
sees that a listing is gone, and what the channel's own filter by time leaves out.
"""

import sqlite3
from typing import NamedTuple

from store.cells.cell_ids import of_channel
from store.channels import incidents
from store.database.rows import Columns
from store.model import IncidentKind, Millis
from store.polling import staging
from store.polling.absences import ABSENT_ONCE
from store.polling.changes import part
from store.polling.recognition.memory import PollMemory
from store.polling.sweep import Sweep


class DeltaBasis(NamedTuple):
    """What a poll of only what changed would rest on."""

    read_from: Millis | None
    """The begin of the last good poll, or the time of what it read where that is earlier."""
    last_success_at: Millis | None
    last_outcome: str | None
    swept_at: Millis | None
    """The begin of the last good full sweep."""
    configured_as: str | None
    """What the channel was configured as then."""
    is_after_delta: bool
    """The last good poll asked only for what changed."""
    has_absent: bool
    """Listings that the last full list lacked wait for the next one."""
    awaits_proof: bool
    """The time is up for an update that the channel applies later, and no reading has shown it."""


_BASIS = Columns(
    DeltaBasis,
    {
        "read_from": "min(coalesce(p.as_of, p.started_at), p.started_at)",
        "last_success_at": "c.last_success_at",
        "last_outcome": "c.last_outcome",
        "swept_at": "c.swept_at",
        "configured_as": "c.swept_with",
        "is_after_delta": "p.since IS NOT NULL",
        "has_absent": f"""EXISTS (SELECT 1 FROM cell_oddities o
          WHERE {of_channel("o.id", "c.id")} AND o.problem = :absent)""",
        "awaits_proof": """EXISTS (SELECT 1 FROM corrections k
          INDEXED BY corrections_applied_later JOIN listings l ON l.id = k.listing_id
          WHERE k.status = 'applied' AND k.proof_until IS NOT NULL AND k.proof_until < :now
            AND l.channel_id = c.id)""",
    },
    {"is_after_delta": bool, "has_absent": bool, "awaits_proof": bool},
)

# By refs, where both have one: a record with another is another listing, whatever its SKU says.
_OTHER_LISTING = """SELECT p.sku FROM stage p JOIN listings l ON l.id = p.listing_id
WHERE p.poll_id = ? AND p.problem IS NULL AND l.present = 1 AND l.copies = 1
  AND coalesce(p.ref, '') <> '' AND coalesce(l.ref, '') <> '' AND p.ref <> l.ref LIMIT 1"""
_STANDS_TWICE = """SELECT sku FROM stage WHERE poll_id = ? AND problem IS NULL
GROUP BY sku, location HAVING count(DISTINCT coalesce(ref, '')) > 1 LIMIT 1"""
_IS_NEW = """SELECT 1 FROM stage p LEFT JOIN listings l ON l.id = p.listing_id
WHERE p.poll_id = ? AND p.problem IS NULL AND coalesce(l.present, 0) = 0
  AND coalesce(p.ref, '') <> '' LIMIT 1"""
_RENAMED = f"""SELECT i.sku FROM listings l JOIN items i ON i.id = l.item_id
WHERE {of_channel("l.id", ":channel")} AND l.present = 1 AND l.ref IN (SELECT p.ref FROM stage p
    LEFT JOIN listings n ON n.id = p.listing_id WHERE p.poll_id = :poll AND p.problem IS NULL
      AND coalesce(n.present, 0) = 0 AND coalesce(p.ref, '') <> '')
  AND EXISTS (SELECT 1 FROM stage p WHERE p.poll_id = :poll AND p.ref = l.ref
    AND p.location = i.location AND p.sku <> i.sku) LIMIT 1"""

_DIFFERS = """SELECT p.sku, p.location FROM stage p LEFT JOIN listings l ON l.id = p.listing_id
WHERE p.poll_id = ? AND p.problem IS NULL AND (l.id IS NULL OR l.present = 0
  OR l.problem IS NULL AND l.copies = 1 AND (l.available IS NOT p.available
    OR l.state IS NOT p.state OR l.at_least <> p.at_least))"""


def basis(connection: sqlite3.Connection, channel: str, *, now: Millis) -> DeltaBasis | None:
    """What a poll of only what changed would rest on; None where the channel had no good poll."""
    row = connection.execute(
        f"""SELECT {_BASIS.sql} FROM channels c JOIN polls p ON p.id = c.good_poll_id
        WHERE c.name = :channel""",
        {"channel": channel, "absent": ABSENT_ONCE, "now": now},
    ).fetchone()
    return None if row is None else _BASIS.read(row)


def begin(connection: sqlite3.Connection, sweep: Sweep, since: Millis) -> None:
    """Let a poll be one of only what changed, before its first page is staged."""
    # A list of changes may be as late as a full one, so what it shows from before our own newest
    # writes waits here too.
    writes = sweep.recent_writes
    part.begin(sweep)
    sweep.recent_writes = writes
    sweep.since = since
    connection.execute("UPDATE polls SET since = ? WHERE id = ?", (since, sweep.poll_id))


def begin_again(
    connection: sqlite3.Connection,
    sweep: Sweep,
    memory: PollMemory,
    *,
    now: Millis,
    list_lag_ms: int,
) -> None:
    """Let a poll of only what changed begin again as a full sweep; nothing of it is kept."""
    fresh = staging.begin(
        connection, sweep.channel, memory, now=now, poll_id=sweep.poll_id, list_lag_ms=list_lag_ms
    )
    fresh.configured_as = sweep.configured_as
    for name in Sweep.__struct_fields__:
        setattr(sweep, name, getattr(fresh, name))
    connection.execute("UPDATE polls SET since = NULL WHERE id = ?", (sweep.poll_id,))


def contradicted(connection: sqlite3.Connection, sweep: Sweep) -> str | None:
    """Why what changed can't be put into the known list, or None. All pages must be in.

    A record of another listing than the one known by its SKU: only the whole list shows whether
    the SKU has moved to it or stands twice now.
    """
    poll = (sweep.poll_id,)
    for statement, words in (
        (_OTHER_LISTING, "is another listing now, or there twice"),
        (_STANDS_TWICE, "came twice"),
    ):
        row = connection.execute(statement, poll).fetchone()
        if row is not None:
            return f"{row[0]} {words}"
    # Looking for a ref reads all of the channel's listings, so only what is new has it done.
    if connection.execute(_IS_NEW, poll).fetchone() is None:
        return None
    values = {"channel": sweep.channel_id, "poll": sweep.poll_id}
    row = connection.execute(_RENAMED, values).fetchone()
    return None if row is None else f"{row[0]} has another SKU now"


def differing(connection: sqlite3.Connection, sweep: Sweep) -> set[tuple[str, str]]:
    """The listings, by SKU and location, that a full sweep found new or with other values.

    All pages must be in.
    """
    staging.counts(connection, sweep)
    return {(sku, at) for sku, at in connection.execute(_DIFFERS, (sweep.poll_id,))}


def keep(connection: sqlite3.Connection, sweep: Sweep) -> None:
    """Note a full sweep whose readings come into force: what later polls rest on."""
    if sweep.configured_as is None or sweep.is_part:
        return
    connection.execute(
        """UPDATE channels SET swept_with = ?, swept_at = (SELECT started_at FROM polls
          WHERE id = ?) WHERE id = ?""",
        (sweep.configured_as, sweep.poll_id, sweep.channel_id),
    )


def take_back(connection: sqlite3.Connection, sweep: Sweep) -> None:
    """Give the sweep of an accepted poll what it asked for."""
    (since,) = connection.execute(
        "SELECT since FROM polls WHERE id = ?", (sweep.poll_id,)
    ).fetchone()
    if since is not None:
        sweep.since, sweep.is_part = since, True


def require_sweep(connection: sqlite3.Connection, channel_id: int) -> None:
    """Have the channel's next poll read everything."""
    connection.execute("UPDATE channels SET swept_with = NULL WHERE id = ?", (channel_id,))


def report_unreported(
    connection: sqlite3.Connection, channel: str, words: str, *, now: Millis
) -> None:
    """Raise the incident of changes that only a full sweep found, or close it: empty `words`."""
    if words:
        incidents.raise_incident(connection, channel, IncidentKind.UNREPORTED, words, now=now)
    else:
        incidents.resolve(connection, channel, IncidentKind.UNREPORTED, now=now)
