"""A channel's list that is older than its single records: what it says of our own write waits.

A write is verified by reading the one record, where the channel can. Its list often comes from an
index that follows seconds or minutes later, and shows until then what was there before the write.
That is nobody's second write. Such a row is left out of the poll while the channel's list may lag:
for `read_back_within`, or for as long as it has been measured to; and the single record is asked
again after each such poll, for somebody else may have written. After that it counts like any
other, and where it was the list all the same, what was frozen thaws once the list has caught up.
"""

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from store.cells import oddities
from store.cells.cell_ids import of_channel
from store.corrections import freeze
from store.database.rows import Columns
from store.model import Millis
from store.polling.sweep import Sweep, VerifiedWrite
from store.targets.copies import agrees

LAG_MAX_MS = 30 * 60_000
"""No list is believed to lag by more."""

FORGET_MS = 7 * 24 * 3_600_000
"""A lag that was measured longer ago counts no more."""

_BEFORE = """(SELECT json_extract(u.seen, '$.{}') FROM audit u
  WHERE u.correction_id = k.id AND u.step = 'applying' ORDER BY u.id DESC LIMIT 1)"""
_WRITE = Columns(
    VerifiedWrite,
    {
        "listing_id": "l.id",
        "correction_id": "k.id",
        "available_before": f"coalesce({_BEFORE.format('available')}, k.from_quantity)",
        "state_before": f"coalesce({_BEFORE.format('state')}, k.from_state)",
        "available": "l.available",
        "state": "l.state",
    },
)
_RECENT = f"""SELECT {_WRITE.sql} FROM channels c
CROSS JOIN corrections k INDEXED BY corrections_verified ON k.ended_at > :now - max(:lag,
  CASE WHEN c.list_lag_at > :now - :forget THEN c.list_lag_ms ELSE 0 END)
CROSS JOIN listings l ON l.id = k.listing_id AND l.channel_id = c.id
WHERE c.id = :channel AND {freeze.PROVEN_ALONE}
  AND ({agrees("l", "k.to_quantity")} AND k.to_quantity IS NOT k.from_quantity
    OR l.state IS k.to_state AND k.to_state IS NOT k.from_state)
  AND NOT EXISTS (SELECT 1 FROM corrections x WHERE x.listing_id = l.id AND x.id > k.id
    AND x.applying_at IS NOT NULL)"""

_SET_ASIDE = """DELETE FROM stage WHERE poll_id = :poll AND listing_id = :listing
  AND problem IS NULL AND available IS :available AND state IS :state RETURNING id"""

_CAUGHT_UP = f"""SELECT l.id, l.available, l.at_least, l.state, k.id, k.from_quantity,
  k.to_quantity, k.from_state, k.to_state, k.ended_at, p.started_at
FROM cell_oddities o JOIN listings l ON l.id = o.id
JOIN corrections k ON k.id = o.behind_update JOIN polls p ON p.id = :poll
WHERE {of_channel("o.id", ":channel")} AND o.behind_update IS NOT NULL"""


class _Behind(NamedTuple):
    """A listing whose list has contradicted one of our updates, in the order of the query."""

    listing_id: int
    available: int | None
    at_least: bool
    state: str | None
    correction_id: int
    from_quantity: int | None
    to_quantity: int | None
    from_state: str | None
    to_state: str | None
    written_at: Millis
    polled_at: Millis

    @property
    def is_shown(self) -> bool:
        """Whether the list shows what was written."""
        is_least = self.at_least and (self.to_quantity or 0) >= (self.available or 0)
        return (is_least or self.to_quantity in (self.from_quantity, self.available)) and (
            self.to_state in (self.from_state, self.state)
        )


def recent_writes(
    connection: sqlite3.Connection, channel_id: int, *, lag_ms: int, now: Millis
) -> tuple[VerifiedWrite, ...]:
    """Our writes to a channel that its list may not show yet, as far as it is known to lag.

    `lag_ms`: what it may lag by at least. Only those that a single record has proven, and that
    still stand.
    """
    values = {"channel": channel_id, "lag": lag_ms, "now": now, "forget": FORGET_MS}
    return tuple(map(_WRITE.read, connection.execute(_RECENT, values).fetchall()))


def set_aside(connection: sqlite3.Connection, sweep: Sweep) -> None:
    """Leave out of the poll what its list showed before our own newest writes."""
    for write in sweep.recent_writes:
        values = {"poll": sweep.poll_id, "listing": write.listing_id}
        rows = connection.execute(
            _SET_ASIDE, values | {"available": write.available_before, "state": write.state_before}
        ).fetchall()
        if not rows and write.available == write.available_before:
            continue
        # One attribute was written; the other may be as it was, or as the single record showed it.
        if not rows:
            rows = connection.execute(
                _SET_ASIDE, values | {"available": write.available_before, "state": write.state}
            ).fetchall()
        if rows:
            sweep.behind[write.listing_id] = write.correction_id


def left_out(
    connection: sqlite3.Connection, listing_ids: Sequence[int]
) -> list[tuple[str, str, str]]:
    """SKU, location and the channel's own reference of these listings."""
    rows = connection.execute(
        """SELECT i.sku, i.location, coalesce(l.ref, '') FROM json_each(?) j
        JOIN listings l ON l.id = j.value JOIN items i ON i.id = l.item_id ORDER BY l.id""",
        (json.dumps(list(listing_ids)),),
    )
    return rows.fetchall()


def disproved(connection: sqlite3.Connection, listing_ids: Sequence[int]) -> None:
    """Where the single record does not show our write either, no list was late: measure nothing."""
    connection.execute(
        """UPDATE cell_oddities SET behind_update = NULL WHERE id IN (
          SELECT l.id FROM json_each(?) j JOIN listings l ON l.id = j.value
          JOIN cell_oddities o ON o.id = l.id JOIN corrections k ON k.id = o.behind_update
          WHERE l.available IS NOT k.to_quantity
            OR l.state IS NOT coalesce(k.to_state, l.state))""",
        (json.dumps(list(listing_ids)),),
    )


def note(connection: sqlite3.Connection, sweep: Sweep, *, now: Millis) -> None:
    """After a merge: note whose list lags, measure by how much, and thaw what has caught up."""
    # What lags is compared with each poll until it has caught up, for by its digest alone the
    # record of the next one would be recognised as the one that was left out.
    oddities.keep(connection, sweep.behind)
    connection.executemany(
        "UPDATE cell_oddities SET behind_update = ? WHERE id = ?",
        [(correction_id, listing_id) for listing_id, correction_id in sweep.behind.items()],
    )
    connection.executemany(
        "INSERT INTO moved_outside_polls (channel_id, listing_id) VALUES (?, ?)",
        [(sweep.channel_id, listing_id) for listing_id in sweep.behind],
    )
    named = frozenset(sweep.listing_ids) if sweep.is_part else frozenset()
    rows = connection.execute(_CAUGHT_UP, {"channel": sweep.channel_id, "poll": sweep.poll_id})
    for listing in map(_Behind._make, rows.fetchall()):
        if listing.listing_id in sweep.behind or not listing.is_shown:
            continue
        if sweep.is_part and listing.listing_id not in named:
            # What a poll of only what changed does not name shows the single record still.
            continue
        connection.execute(
            "UPDATE cell_oddities SET behind_update = NULL WHERE id = ?", (listing.listing_id,)
        )
        lag_ms = max(0, listing.polled_at - listing.written_at)
        if lag_ms > LAG_MAX_MS:
            # By then somebody has written it, whether the list was late or not.
            continue
        connection.execute(
            """UPDATE channels SET list_lag_at = :now, list_lag_ms = max(:lag,
              CASE WHEN list_lag_at > :now - :forget THEN list_lag_ms ELSE 0 END) WHERE id = :id""",
            {"now": now, "lag": lag_ms, "forget": FORGET_MS, "id": sweep.channel_id},
        )
        words = (
            f"the list shows what update #{listing.correction_id} wrote: it came "
            f"{lag_ms // 1000} s later than the single record"
        )
        freeze.thaw_caught_up(connection, listing.listing_id, words, now=now)
