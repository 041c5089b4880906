"""Thinning of the past: what ended before an instant goes, a few rows at a time, and is counted.

What is unexplained stays as it was (`store.accounts.balance`): what the events and writes that go
had added is put into their listings' openings.
"""

import itertools
import json
import sqlite3
from typing import NamedTuple

from store.accounts import account_rows, balance
from store.cells import instants
from store.cells.cell_ids import cell
from store.model import Millis

STEP = 500
"""Rows that one transaction looks at: a few milliseconds, so that no poll waits for long."""

_ALL_CELLS = 2**63 - 1


class ThinningProgress(NamedTuple):
    """How far the thinning has come."""

    table: int = 0
    after: int = 0
    unused: frozenset[int] | None = None
    """After the tables: the old instants of which no cell up to `after` was seen to use one."""


class _Table(NamedTuple):
    name: str
    began: str
    """SQL for when a row came in, of alias t: ids follow it, but for a clock that was set back."""
    ended: str
    """SQL for whether the row is over, and over before `:before`."""
    kept_in: str = ""
    """The table that has the rows, where the name is that of a view of it."""


_TABLES = (
    _Table("past_readings", "t.until_at", "t.until_at < :before", "former_readings"),
    _Table("past_targets", "t.until_at", "t.until_at < :before", "former_targets"),
    _Table("doubts", "t.since_at", "t.until_at < :before"),
    _Table(
        "polls",
        "t.started_at",
        """t.finished_at < :before AND NOT EXISTS (SELECT 1 FROM channels c
          WHERE t.id IN (c.good_poll_id, c.quarantined_poll_id))""",
    ),
    _Table("past_disagreements", "t.first_seen_at", "t.closed_at < :before", "closed"),
    # An event that the authority has not seen yet still moves targets, however old it is.
    _Table(
        "events",
        "t.received_at",
        """t.received_at < :before AND t.at < :before AND NOT EXISTS
          (SELECT 1 FROM movements v WHERE v.event_row = t.id AND v.unseen = 1)""",
    ),
    # A failure that is a listing's last correction keeps rules from approving there (rule 9,
    # docs/architecture.md); once it is gone, they would try again.
    _Table(
        "corrections",
        "t.proposed_at",
        """t.live = 0 AND t.silences = 0 AND t.ended_at < :before
          AND NOT (t.status IN ('failed', 'not_applied', 'unknown') AND NOT EXISTS
            (SELECT 1 FROM corrections n WHERE n.listing_id = t.listing_id AND n.id > t.id
              AND n.status IN ('failed', 'not_applied', 'unknown', 'verified')))""",
    ),
    _Table("incidents", "t.since", "t.closed_at < :before"),
    _Table("odd_events", "t.seen_at", "t.seen_at < :before"),
    _Table("requests", "t.asked_at", "t.asked_at < :before"),
)


# The ids of readings may begin anew once all have gone: nothing may tell of the earlier ones then.
_ENDS_OVER = f"""DELETE FROM reading_ends WHERE at < :before
  AND upto < coalesce((SELECT min(id) FROM former_readings), {2**63 - 1})"""


class _Seen(NamedTuple):
    """A row that was looked at."""

    id: int
    began_later: int
    is_over: int


def thin(
    connection: sqlite3.Connection, place: ThinningProgress, *, before: Millis
) -> ThinningProgress | None:
    """Take out of one table what ended before an instant; return where to go on, None at the end.

    Looks at `STEP` rows at most, and at last, for instants, at `instants.CELLS_AT_ONCE` cells. Safe
    to repeat from the start.
    """
    if place.table == len(_TABLES):
        return _thin_instants(connection, place, before=before)
    # By the ids from the oldest on, and no further than to the first row that began after the
    # instant: it costs what goes, and the few old rows that must stay.
    table = _TABLES[place.table]
    rows = connection.execute(
        f"""SELECT t.id, {table.began} >= :before, {table.ended} FROM {table.name} t
        WHERE t.id > :after ORDER BY t.id LIMIT {STEP}""",
        {"after": place.after, "before": before},
    ).fetchall()
    seen = [_Seen._make(row) for row in rows]
    over = [row.id for row in seen if row.is_over]
    if over:
        _remove(connection, table.kept_in or table.name, over)
        if table.kept_in == "former_readings":
            connection.execute(_ENDS_OVER, {"before": before})
        _count(connection, table.name, len(over), before=before)
    last = seen[-1] if len(seen) == STEP else None
    if last is not None and not last.began_later:
        return ThinningProgress(place.table, last.id)
    return ThinningProgress(place.table + 1)


def _thin_instants(
    connection: sqlite3.Connection, place: ThinningProgress, *, before: Millis
) -> ThinningProgress | None:
    """Look through the cells for what they use of the old instants; then remove the others."""
    unused = instants.old(connection, before) if place.unused is None else place.unused
    last: int | None = place.after
    if last != _ALL_CELLS:
        unused, last = instants.without_used(connection, unused, place.after)
    if last is not None and last != _ALL_CELLS:
        return place._replace(after=last, unused=unused)
    going = frozenset(itertools.islice(unused, STEP))
    instants.remove(connection, going)
    return place._replace(after=_ALL_CELLS, unused=unused - going) if unused > going else None


def thinned_before(connection: sqlite3.Connection) -> Millis | None:
    """Up to when something has been thinned out; None: all that ever was is kept."""
    row = connection.execute("SELECT max(before_at) FROM thinned WHERE rows_removed > 0").fetchone()
    before: Millis | None = row[0]
    return before


def _remove(connection: sqlite3.Connection, table: str, ids: list[int]) -> None:
    """Delete rows and what belongs to them; the accounts that rest on them stay balanced."""
    # The order matters: what is known is read, then the rows go, then it is counted again without
    # them, and the difference goes into the opening. The opening's time moves on to the last of the
    # events, because one that a channel reports again is older than that and must not count twice.
    values = {"ids": json.dumps(ids)}
    among = "IN (SELECT value FROM json_each(:ids))"
    rests = _ACCOUNTS.get(table)
    rolled = [] if rests is None else connection.execute(rests, values).fetchall()
    if table == "corrections":
        connection.execute(f"DELETE FROM audit WHERE correction_id {among}", values)
    connection.execute(f"DELETE FROM {table} WHERE id {among}", values)
    moved = [listing_id for listing_id, _, _ in rolled]
    these = f"SELECT value FROM json_each('{json.dumps(moved)}')"
    account_rows.keep(connection, these)
    connection.executemany(
        "UPDATE cell_accounts SET opening_at = max(opening_at, ?) WHERE id = ?",
        ((newest_at, listing_id) for listing_id, _, newest_at in rolled),
    )
    balance.settle_listings(connection, moved)
    with account_rows.unexplained_kept(connection, these):
        connection.executemany(
            "UPDATE cell_accounts SET opening = opening + ?1 - known WHERE id = ?2 AND known <> ?1",
            ((known, listing_id) for listing_id, known, _ in rolled),
        )


# What is known of each listing that events or writes have moved, before they go, and the time of
# the last of those that go. Our own write is not an event: no channel reports it again.
_ACCOUNTS = {
    "events": f"""SELECT l.id, l.known, max(e.at) FROM events e
      JOIN movements v ON v.event_row = e.id JOIN channels c
      JOIN listings l ON l.id IN ({cell("c.id", "e.item_id")}, {cell("c.id", "v.item_id")})
        AND l.opening IS NOT NULL
      WHERE e.id IN (SELECT value FROM json_each(:ids)) GROUP BY l.id""",
    "corrections": """SELECT DISTINCT l.id, l.known, l.opening_at FROM corrections k
      JOIN listings l ON l.id = k.listing_id AND l.opening IS NOT NULL
      WHERE k.status = 'verified' AND k.id IN (SELECT value FROM json_each(:ids))""",
}


def _count(connection: sqlite3.Connection, table: str, removed: int, *, before: Millis) -> None:
    connection.execute(
        """INSERT INTO thinned (what, before_at, rows_removed) VALUES (:what, :before, :removed)
        ON CONFLICT (what) DO UPDATE SET before_at = max(before_at, excluded.before_at),
          rows_removed = rows_removed + excluded.rows_removed""",
        {"what": table, "before": before, "removed": removed},
    )
