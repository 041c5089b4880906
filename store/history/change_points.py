"""When something changed: the nearest instants before and after another, for who steps through.

An instant counts where a screen would have shown something else: a reading or a target changed, a
disagreement opened or closed, an event came, an update took a step, an incident opened, was seen or
closed, a rule that ignores began or ended, a poll brought something, ended badly, or ended well
after that. What only the clock changes, as when a disagreement has settled, does not count.
"""

import sqlite3
from collections.abc import Iterable, Iterator

from store.cells.cell_ids import cell
from store.history.past_views import last_id
from store.model import Millis
from store.targets.ignored import SKU_FITS

# Table → the instant of its rows. Their ids follow the time, so that halving the ids finds an
# instant in a score of lookups, and a past of any length costs the same without one more index.
_IN_ORDER = (
    ("past_targets", "until_at"),
    ("open_disagreements", "first_seen_at"),
    ("past_disagreements", "first_seen_at"),
    ("audit", "at"),
)

# A good poll that changed nothing is a heartbeat, and a screen shows the same after it: stepping
# through those would take a thousand keys a day. It counts only where it ended a trouble.
_TELLING = """(p.outcome <> 'good' OR p.changed + p.zeroed + p.gone + p.added + p.refused > 0
  OR EXISTS (SELECT 1 FROM main.polls b WHERE b.id = (SELECT max(x.id) FROM main.polls x
    WHERE x.channel_id = p.channel_id AND x.id < p.id) AND b.outcome <> 'good'))"""


def following(
    connection: sqlite3.Connection, at: Millis, *, sku: str | None = None, until: Millis
) -> Millis | None:
    """The next change after `at` and up to `until`, of one SKU or of all; None: nothing changed."""
    found = _of_sku(connection, sku) if sku is not None else _after(connection, at)
    return min((instant for instant in found if at < instant <= until), default=None)


def preceding(
    connection: sqlite3.Connection, at: Millis, *, sku: str | None = None
) -> Millis | None:
    """The last change before an instant; None: nothing that is kept came before."""
    found = _of_sku(connection, sku) if sku is not None else _before(connection, at)
    return max((instant for instant in found if instant < at), default=None)


def first(connection: sqlite3.Connection) -> Millis | None:
    """When the first poll that is kept began; None: there has been none."""
    row = connection.execute("SELECT started_at FROM main.polls ORDER BY id LIMIT 1").fetchone()
    return None if row is None else row[0]


def _after(connection: sqlite3.Connection, at: Millis) -> Iterator[Millis]:
    for table, column in _IN_ORDER:
        last = last_id(connection, table, column, at)
        yield from _instants(
            connection,
            f"SELECT {column} FROM main.{table} WHERE id > ? ORDER BY id LIMIT 1",
            (last,),
        )
    for channel_id in _channels(connection):
        yield from _instants(
            connection,
            """SELECT min(closed_at) FROM main.past_disagreements
            WHERE channel_id = ? AND closed_at > ?""",
            (channel_id, at),
        )
        yield from _instants(
            connection,
            f"""SELECT finished_at FROM main.polls p WHERE channel_id = ? AND finished_at > ?
            AND {_TELLING} ORDER BY finished_at LIMIT 1""",
            (channel_id, at),
        )
    for column, table in _SOUGHT:
        yield from _instants(
            connection, f"SELECT min({column}) FROM main.{table} WHERE {column} > ?", (at,)
        )


def _before(connection: sqlite3.Connection, at: Millis) -> Iterator[Millis]:
    for table, column in _IN_ORDER:
        last = last_id(connection, table, column, at - 1)
        yield from _instants(connection, f"SELECT {column} FROM main.{table} WHERE id = ?", (last,))
    for channel_id in _channels(connection):
        yield from _instants(
            connection,
            """SELECT max(closed_at) FROM main.past_disagreements
            WHERE channel_id = ? AND closed_at < ?""",
            (channel_id, at),
        )
        yield from _instants(
            connection,
            f"""SELECT finished_at FROM main.polls p WHERE channel_id = ? AND finished_at < ?
            AND {_TELLING} ORDER BY finished_at DESC LIMIT 1""",
            (channel_id, at),
        )
    for column, table in _SOUGHT:
        yield from _instants(
            connection, f"SELECT max({column}) FROM main.{table} WHERE {column} < ?", (at,)
        )


_RULE_END = "coalesce(ended_at, until_at)"
"""When a rule that ignores ends or ended."""

# These have an index of their instant, and of incidents and rules there are few.
_SOUGHT = (
    ("at", "reading_ends"),
    ("since_at", "doubts"),
    ("until_at", "doubts"),
    ("received_at", "events"),
    ("since", "incidents"),
    ("acknowledged_at", "incidents"),
    ("closed_at", "incidents"),
    ("made_at", "ignore_rules"),
    (_RULE_END, "ignore_rules"),
)


def _channels(connection: sqlite3.Connection) -> list[int]:
    return [row[0] for row in connection.execute("SELECT id FROM main.channels").fetchall()]


def _of_sku(connection: sqlite3.Connection, sku: str) -> Iterator[Millis]:
    """All instants at which something of one SKU changed, in no order."""
    return _instants(connection, _OF_SKU, {"sku": sku})


def _instants(
    connection: sqlite3.Connection, query: str, values: "tuple[object, ...] | dict[str, object]"
) -> Iterator[Millis]:
    rows: Iterable[tuple[Millis | None]] = connection.execute(query, values)
    return (row[0] for row in rows if row[0] is not None)


_LISTINGS = f"""FROM main.items i JOIN main.channels c
  JOIN main.listings l ON l.id = {cell("c.id", "i.id")}"""
_OF = "WHERE i.sku = :sku"

_FITS = SKU_FITS.format(rule="r")

_OF_SKU = f"""
SELECT l.observed_at {_LISTINGS} {_OF}
UNION SELECT x.until_at {_LISTINGS} JOIN main.past_readings x ON x.listing_id = l.id {_OF}
UNION SELECT x.observed_at {_LISTINGS} JOIN main.past_readings x ON x.listing_id = l.id {_OF}
UNION SELECT l.target_since {_LISTINGS} {_OF}
UNION SELECT x.until_at {_LISTINGS} JOIN main.past_targets x ON x.listing_id = l.id {_OF}
UNION SELECT x.since_at {_LISTINGS} JOIN main.past_targets x ON x.listing_id = l.id {_OF}
UNION SELECT x.since_at {_LISTINGS} JOIN main.doubts x ON x.listing_id = l.id {_OF}
UNION SELECT x.until_at {_LISTINGS} JOIN main.doubts x ON x.listing_id = l.id {_OF}
UNION SELECT d.first_seen_at {_LISTINGS}
  JOIN main.disagreements d ON d.listing_id = l.id {_OF}
UNION SELECT d.closed_at {_LISTINGS}
  JOIN main.past_disagreements d ON d.listing_id = l.id {_OF}
UNION SELECT u.at {_LISTINGS} JOIN main.corrections k ON k.listing_id = l.id
  JOIN main.audit u ON u.correction_id = k.id {_OF}
UNION SELECT e.received_at FROM main.items i JOIN main.movements v ON v.item_id = i.id
  JOIN main.events e ON e.id = v.event_row {_OF}
UNION SELECT r.made_at FROM main.items i JOIN main.ignore_rules r ON {_FITS} {_OF}
UNION SELECT {_RULE_END} FROM main.items i JOIN main.ignore_rules r ON {_FITS} {_OF}
UNION SELECT e.received_at FROM main.items i JOIN main.events e ON e.item_id = i.id {_OF}"""
