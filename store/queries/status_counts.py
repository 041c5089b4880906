"""What `skew status` and the console's header count: channels, updates, incidents, the engine."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from store.cells.cell_ids import of_channel
from store.channels import incident_list, incidents, write_pauses
from store.channels.incident_list import IncidentState
from store.database import lease
from store.database.rows import Columns
from store.model import LIVE_CORRECTIONS, CorrectionStatus, Direction, Freshness, Millis
from store.queries import open_totals, poll_health, uncounted
from store.queries.values import ChannelHealth, Overview, Progress, RecentPoll, StatusCounts
from store.targets.verdict_sql import FRESHNESS

ERRORS_IN_MINUTES = 5


def status(connection: sqlite3.Connection, *, now: Millis) -> StatusCounts:
    """Channels, counts, updates, incidents and the engine, at one instant."""
    counted = _updates(connection)
    found = channels(connection, now=now)
    return StatusCounts(
        channels=found,
        overview=_overview(connection, found, counted, now=now),
        updates=counted,
        incidents=tuple(incidents.open_incidents(connection)),
        lease=lease.current(connection, now=now),
        write_pause=write_pauses.in_force(connection),
    )


_BY_STATUS = "SELECT status, count(*) FROM corrections GROUP BY status"
_OF_STATUS = "SELECT count(*) FROM corrections WHERE status = ?"
_SAMPLES = 16
_SAMPLED = f"""WITH RECURSIVE places (place) AS
  (SELECT 0 UNION ALL SELECT place + 1 FROM places WHERE place < {_SAMPLES - 1})
SELECT (SELECT k.status FROM corrections k WHERE k.id > (SELECT max(id) FROM corrections)
  * place / {_SAMPLES} ORDER BY k.id LIMIT 1) AS status
FROM places GROUP BY status ORDER BY count(*) DESC LIMIT 1"""


def _updates(connection: sqlite3.Connection) -> dict[str, int]:
    """How many updates stand in each status."""
    counted = dict.fromkeys((str(name) for name in CorrectionStatus), 0)
    # SQLite counts the rows of a table without a look at any, ten times as fast as those of a
    # status. So the status that most of a sample have is what is left of them all. Of a past
    # instant there is no table, but a view, of which each look works out each row.
    is_past = connection.execute("SELECT 1 FROM sqlite_temp_master WHERE name = 'corrections'")
    usual = None if is_past.fetchone() else connection.execute(_SAMPLED).fetchone()[0]
    if usual is None:
        return counted | dict(connection.execute(_BY_STATUS).fetchall())
    for status in counted.keys() - {usual}:
        (counted[status],) = connection.execute(_OF_STATUS, (status,)).fetchone()
    (total,) = connection.execute("SELECT count(*) FROM corrections").fetchone()
    return counted | {usual: total - sum(counted.values())}


def _overview(
    connection: sqlite3.Connection,
    found: Sequence[ChannelHealth],
    updates: Mapping[str, int],
    *,
    now: Millis,
) -> Overview:
    totals = open_totals.read(connection, now=now)
    not_fresh = (Freshness.STALE, Freshness.NEVER, Freshness.QUARANTINED)
    (skus,) = connection.execute(
        """SELECT coalesce(max(listings), 0) FROM channels
        WHERE configured = 1 AND roles <> ''"""
    ).fetchone()
    # A record that could not be read and is part of no disagreement is in doubt too. It is counted
    # by itself: the three counts are those of the list, which has disagreements only.
    (unreadable,) = connection.execute(
        f"""SELECT count(*) FROM channels c CROSS JOIN cell_oddities o
          ON {of_channel("o.id", "c.id")} AND o.problem IS NOT NULL
        WHERE c.configured = 1 AND NOT EXISTS
          (SELECT 1 FROM open_disagreements d WHERE d.listing_id = o.id)"""
    ).fetchone()
    errors = poll_health.errors_by_minute(connection, now=now)
    standing = [
        incident_list.state(incident, now) for incident in incidents.open_incidents(connection)
    ]
    return Overview(
        **msgspec.structs.asdict(totals),
        acknowledged=open_totals.acknowledged(connection, now=now),
        ignored=open_totals.ignored(connection, now=now),
        snoozed_or_rejected=open_totals.snoozed_or_rejected(connection, now=now),
        unreadable=unreadable,
        uncounted=uncounted.count(connection),
        skus=skus,
        channels=len(found),
        channels_stale=sum(channel.freshness in not_fresh for channel in found),
        pending=sum(updates[status] for status in LIVE_CORRECTIONS),
        snoozed=updates["snoozed"],
        incidents=sum(state is not IncidentState.SNOOZED for state in standing),
        errors_5m=sum(errors[-ERRORS_IN_MINUTES:]),
        newest_reading_at=max((channel.last_success_at or 0 for channel in found), default=0)
        or None,
        errors_by_minute=errors,
    )


def channels(connection: sqlite3.Connection, *, now: Millis) -> tuple[ChannelHealth, ...]:
    """The configured channels with their health, in the order of the configuration."""
    recent, running = poll_health.recent(connection), poll_health.running(connection)
    rows = connection.execute(_CHANNELS, {"now": now})
    return tuple(
        _health(row, recent.get(row.id, ()), running.get(row.id))
        for row in map(_CHANNEL.read, rows)
    )


class _ChannelRow(NamedTuple):
    """What the cache itself has of a `ChannelHealth`."""

    id: int
    name: str
    kind: str
    direction: Direction
    roles: tuple[str, ...]
    freshness: Freshness
    last_success_at: Millis | None
    age_ms: int | None
    listings: int
    last_error: str | None
    last_poll_at: Millis | None
    next_poll_at: Millis | None
    every_ms: int
    paused_until: Millis | None
    quarantined_poll: int | None
    unexplained: int | None
    paused_reason: str | None
    paused_by: str | None
    allowance_left: int | None
    allowance_of: int | None
    allowance_at: Millis | None
    allowance_unit: str | None
    rate_per_s: float | None
    warnings: tuple[str, ...]
    swept_at: Millis | None


_CHANNEL = Columns(
    _ChannelRow,
    {name: f"c.{name}" for name in _ChannelRow._fields}
    | {
        "freshness": FRESHNESS,
        "age_ms": ":now - c.last_success_at",
        "last_error": """coalesce(c.last_error,
          CASE WHEN c.paused_by IS NULL THEN c.paused_reason END)""",
        "quarantined_poll": "c.quarantined_poll_id",
        "swept_at": poll_health.SWEPT_AT,
    },
    {
        "direction": Direction,
        "roles": lambda roles: tuple(roles.split(", ")) if roles else (),
        "freshness": Freshness,
        "warnings": msgspec.json.Decoder(tuple[str, ...]).decode,
    },
)
_CHANNELS = f"SELECT {_CHANNEL.sql} FROM channels c WHERE c.configured = 1 ORDER BY c.id"


def _health(
    row: _ChannelRow, recent: tuple[RecentPoll, ...], running: Progress | None
) -> ChannelHealth:
    return ChannelHealth(
        **row._asdict(),
        recent_ms=tuple(poll.took_ms or 0 for poll in recent),
        recent=recent,
        running=running,
    )
