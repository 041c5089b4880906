"""How the channels have behaved in the last days, measured in the cache.

Each question is one query over an index: the cost follows what happened, not the catalogue.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from store.cells.cell_ids import cell, of_channel
from store.checklist import delays
from store.checklist.values import (
    WINDOW_MS,
    ChannelBehaviour,
    Measured,
    OpenCount,
    Sales,
    percentile,
    spans,
)
from store.database import schema
from store.model import Freshness, Kind, Millis, Status
from store.queries import open_totals
from store.targets.verdict_sql import FRESHNESS, LISTED, REASON, SOURCES, status_of

SAMPLE = 2_000
"""SKUs whose states are looked at."""
HOUR_MS = 3_600_000
CORRECTIONS_MAX = 20_000

FieldsByChannel = Mapping[int, dict[str, Any]]
"""By the channel's id, some fields of its behaviour."""


class _Channel(NamedTuple):
    id: int
    name: str
    freshness: str
    age_ms: int | None
    last_poll_at: Millis | None


def measure(
    connection: sqlite3.Connection, *, now: Millis, unseen_after_ms: int
) -> Measured | None:
    """Measure the last seven days; None where no channel has ever been polled.

    None too for a cache of an older version: it is only read here, and not migrated.
    `unseen_after_ms`: an event that waits longer for the authority is overdue.
    """
    if schema.version(connection) < len(schema.MIGRATIONS):
        return None
    rows = connection.execute(
        f"""SELECT c.id, c.name, {FRESHNESS}, :now - c.last_success_at, c.last_poll_at
        FROM channels c WHERE c.configured = 1 ORDER BY c.id""",
        {"now": now},
    )
    channels = [_Channel._make(row) for row in rows]
    if all(channel.last_poll_at is None for channel in channels):
        return None
    since = now - WINDOW_MS
    fields: dict[int, dict[str, Any]] = defaultdict(dict)
    for found in (
        _polls(connection, since=since),
        _events(connection, since=since),
        _odd(connection, since=since),
        _overdue(connection, before=now - unseen_after_ms, now=now),
        _delays(connection, since=since, within_ms=unseen_after_ms),
        _fights(connection, since=since),
        _changed_back(connection, since=since),
        _open(connection, now=now),
        _closed(connection, since=since),
        _ended(connection, since=since),
        _oversold(connection, since=since),
        _sales(connection, [channel.id for channel in channels], since=since, now=now),
        _states(connection),
    ):
        for channel_id, some in found.items():
            fields[channel_id] |= some
    return Measured(
        now,
        since,
        tuple(
            ChannelBehaviour(
                name=channel.name,
                freshness=Freshness(channel.freshness),
                age_ms=channel.age_ms,
                **fields[channel.id],
            )
            for channel in channels
        ),
        open_totals.ignored(connection, now=now),
    )


def _polls(connection: sqlite3.Connection, *, since: Millis) -> FieldsByChannel:
    rows = connection.execute(
        """SELECT c.id, coalesce(sum(p.outcome = 'good'), 0),
          coalesce(sum(p.outcome = 'failed'), 0),
          coalesce(sum(p.outcome IN ('quarantined', 'accepted', 'replaced', 'discarded')), 0),
          coalesce(sum(CASE WHEN p.outcome IN ('good', 'accepted') THEN p.changed END), 0)
        FROM channels c JOIN polls p ON p.channel_id = c.id AND p.finished_at > ?
        GROUP BY c.id""",
        (since,),
    )
    names = ("good", "failed", "quarantined", "moved")
    return {channel_id: dict(zip(names, counts, strict=True)) for channel_id, *counts in rows}


def _events(connection: sqlite3.Connection, *, since: Millis) -> FieldsByChannel:
    found: dict[int, dict[str, Any]] = {
        channel_id: {"reports_events": True, "kinds": {}, "fates": {}, "repeated": 0}
        for (channel_id,) in connection.execute(
            """SELECT c.id FROM channels c
            WHERE EXISTS (SELECT 1 FROM events e WHERE e.channel_id = c.id)"""
        )
    }
    # The unary plus keeps SQLite from an index on the channel. It would take that one to spare the
    # sorting for the GROUP BY, and read the whole table instead of the window's few rows.
    for channel_id, kind, fate, count, repeated in connection.execute(
        """SELECT channel_id, kind, fate, count(*), sum(repeats > 0) FROM events
        WHERE received_at > ? GROUP BY +channel_id, kind, fate""",
        (since,),
    ):
        behaviour = found[channel_id]
        behaviour["kinds"][kind] = behaviour["kinds"].get(kind, 0) + count
        behaviour["fates"][fate] = behaviour["fates"].get(fate, 0) + count
        behaviour["repeated"] += repeated
    return found


def _odd(connection: sqlite3.Connection, *, since: Millis) -> FieldsByChannel:
    found: dict[int, dict[str, Any]] = defaultdict(lambda: {"odd": {}})
    for channel_id, what, count, newest in connection.execute(
        """SELECT channel_id, what, count(*), max(id) FROM odd_events
        WHERE seen_at > ? GROUP BY channel_id, what""",
        (since,),
    ).fetchall():
        found[channel_id]["odd"][what] = count
        if what == "refused":
            (words,) = connection.execute(
                "SELECT words FROM odd_events WHERE id = ?", (newest,)
            ).fetchone()
            found[channel_id]["refused_words"] = words
    return found


def _overdue(connection: sqlite3.Connection, *, before: Millis, now: Millis) -> FieldsByChannel:
    rows = connection.execute(
        """SELECT e.channel_id, count(DISTINCT e.id), min(e.at)
        FROM movements v JOIN events e ON e.id = v.event_row
        WHERE v.unseen = 1 AND e.at < ? GROUP BY e.channel_id""",
        (before,),
    )
    return {
        channel_id: {"overdue": count, "overdue_ms": now - oldest}
        for channel_id, count, oldest in rows
    }


def _delays(connection: sqlite3.Connection, *, since: Millis, within_ms: int) -> FieldsByChannel:
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    for channel_id, arrival in delays.event_delays(connection, since=since).items():
        found[channel_id]["arrival"] = arrival
    for channel_id, shown in delays.target_delays(connection, since=since).items():
        found[channel_id] |= {"shown": shown.all, "followed": shown.followed}
    for channel_id, taken in delays.inclusion_delays(
        connection, since=since, within_ms=within_ms
    ).items():
        found[channel_id] |= {"included": taken.after, "overlooked": taken.overlooked}
    return found


def _fights(connection: sqlite3.Connection, *, since: Millis) -> FieldsByChannel:
    found: dict[int, dict[str, Any]] = {
        channel_id: {"frozen": count, "fought": {}}
        for channel_id, count in connection.execute(
            f"""SELECT c.id, (SELECT count(*) FROM cell_oddities o
              WHERE {of_channel("o.id", "c.id")} AND o.frozen_at IS NOT NULL) FROM channels c"""
        )
    }
    for channel_id, kind, count in connection.execute(
        """SELECT channel_id, kind, count(*) FROM incidents
        WHERE kind IN ('second writer', 'loop') AND channel_id IS NOT NULL
          AND (closed_at IS NULL OR last_at > ?) GROUP BY channel_id, kind""",
        (since,),
    ):
        found[channel_id]["fought"][kind] = count
    return found


# The channel shows again what it showed before the write, though the written quantity is still
# its target, and no order or the like of its own explains it.
_CHANGED_BACK = """SELECT k.channel_id, count(*) FROM (
    SELECT k.*, l.item_id, l.channel_id, l.available, l.observed_at, l.target_quantity,
      l.target_since
    FROM corrections k JOIN listings l ON l.id = k.listing_id
    WHERE k.ended_at > ? AND +k.status = 'verified' AND k.from_quantity <> k.to_quantity
    ORDER BY k.ended_at DESC LIMIT ?) k
  WHERE EXISTS (SELECT 1
      FROM (SELECT available, observed_at FROM past_readings
        WHERE listing_id = k.listing_id AND until_at > k.ended_at
        UNION ALL SELECT k.available, k.observed_at) r
      JOIN (SELECT quantity, since_at, until_at FROM past_targets
        WHERE listing_id = k.listing_id AND until_at > k.ended_at
        UNION ALL SELECT k.target_quantity, k.target_since, NULL) t
        ON t.since_at <= r.observed_at AND coalesce(r.observed_at < t.until_at, 1)
      WHERE r.observed_at > k.ended_at AND r.available = k.from_quantity
        AND t.quantity = k.to_quantity)
    AND NOT EXISTS (SELECT 1 FROM events e WHERE e.item_id = k.item_id
      AND +e.channel_id = k.channel_id AND e.kind <> 'adjusted' AND e.at > k.applying_at)
  GROUP BY k.channel_id"""


def _changed_back(connection: sqlite3.Connection, *, since: Millis) -> FieldsByChannel:
    rows = connection.execute(_CHANGED_BACK, (since, CORRECTIONS_MAX))
    return {channel_id: {"changed_back": count} for channel_id, count in rows}


def _open(connection: sqlite3.Connection, *, now: Millis) -> FieldsByChannel:
    found: dict[int, dict[str, Any]] = defaultdict(lambda: {"open": ()})
    # Grouped by the reason first, inside: so the status is made for a dozen groups and not for each
    # of 100,000 disagreements.
    for channel_id, kind, status, count in connection.execute(
        f"""SELECT channel_id, kind, {status_of("reason")}, sum(n) FROM (
          SELECT d.channel_id, d.kind, {REASON} AS reason, count(*) AS n
          FROM {SOURCES} WHERE {LISTED} GROUP BY 1, 2, 3)
        GROUP BY 1, 2, 3 ORDER BY 1, 2, 3""",
        {"now": now},
    ):
        found[channel_id]["open"] += (OpenCount(Kind(kind), Status(status), count),)
    return found


def _closed(connection: sqlite3.Connection, *, since: Millis) -> FieldsByChannel:
    found = {}
    for (channel_id,) in connection.execute("SELECT id FROM channels").fetchall():
        rows = connection.execute(
            """SELECT closed_at - first_seen_at FROM past_disagreements
            WHERE channel_id = ? AND closed_at > ? ORDER BY closed_at DESC LIMIT ?""",
            (channel_id, since, delays.SPANS_MAX),
        )
        found[channel_id] = {"closed": spans([span_ms for (span_ms,) in rows])}
    return found


def _ended(connection: sqlite3.Connection, *, since: Millis) -> FieldsByChannel:
    found: dict[int, dict[str, Any]] = defaultdict(lambda: {"ended": {}})
    for channel_id, status, count in connection.execute(
        """SELECT l.channel_id, k.status, count(*)
        FROM corrections k JOIN listings l ON l.id = k.listing_id
        WHERE k.ended_at > ? GROUP BY 1, 2""",
        (since,),
    ):
        found[channel_id]["ended"][status] = count
    return found


def _oversold(connection: sqlite3.Connection, *, since: Millis) -> FieldsByChannel:
    rows = connection.execute(
        """SELECT channel_id, count(*) FROM (
          SELECT channel_id FROM open_disagreements WHERE kind = 'negative'
          UNION ALL SELECT d.channel_id FROM channels c
            CROSS JOIN past_disagreements d ON d.channel_id = c.id AND d.closed_at > ?
            WHERE d.kind = 'negative') GROUP BY channel_id""",
        (since,),
    )
    return {channel_id: {"oversold": count} for channel_id, count in rows}


def _sales(
    connection: sqlite3.Connection, channels: Iterable[int], *, since: Millis, now: Millis
) -> FieldsByChannel:
    """What the other channels sold of each SKU, by channel; each order counts once."""
    # Only events with a fate of their own count: a copy is an order that another channel reported
    # too.
    own: dict[int, dict[int, int]] = defaultdict(dict)
    every: dict[int, int] = defaultdict(int)
    first = now
    for channel_id, item_id, pieces, at in connection.execute(
        """SELECT e.channel_id, v.item_id, -sum(v.available), min(e.at)
        FROM events e CROSS JOIN movements v ON v.event_row = e.id
        WHERE e.received_at > :since AND +e.at > :since AND e.kind IN ('ordered', 'cancelled')
          AND e.fate IN ('projected', 'included') GROUP BY +e.channel_id, v.item_id""",
        {"since": since},
    ):
        own[channel_id][item_id] = pieces
        every[item_id] += pieces
        first = min(first, at)
    found = {}
    for channel_id in channels:
        mine = own.get(channel_id, {})
        sold = sorted(n for item, all_ in every.items() if (n := all_ - mine.get(item, 0)) > 0)
        if sold:
            sales = Sales(len(sold), percentile(sold, 95), max(HOUR_MS, now - first))
            found[channel_id] = {"sold_elsewhere": sales}
    return found


def _states(connection: sqlite3.Connection) -> FieldsByChannel:
    """By channel, the states of a sample of its listings."""
    # Items at even distances over all ids: to count every listing would read the whole table.
    (newest,) = connection.execute("SELECT coalesce(max(id), 0) FROM items").fetchone()
    ids = range(1, newest + 1, max(1, newest // SAMPLE))
    found: dict[int, dict[str, Any]] = defaultdict(lambda: {"states": {}})
    for channel_id, state, count in connection.execute(
        f"""SELECT l.channel_id, l.state, count(*) FROM channels c CROSS JOIN json_each(?) j
        CROSS JOIN listings l ON l.id = {cell("c.id", "j.value")}
        WHERE l.present = 1 AND l.state IS NOT NULL GROUP BY 1, 2""",
        (json.dumps(list(ids)),),
    ):
        found[channel_id]["states"][state] = count
    return found
