"""How many disagreements of each kind each channel has, by their status."""

import sqlite3

import msgspec

from store.database.rows import Columns
from store.model import Millis
from store.queries import counted_groups
from store.queries.counted_groups import BY_THEMSELVES, IS_COUNTED, WITH_ODD
from store.targets.copies import OVERSELLS
from store.targets.verdict_sql import LISTED, REASON, SOURCES, status_of


class KindCount(msgspec.Struct, frozen=True):
    """Those of one channel, kind and status."""

    channel: str
    kind: str
    status: str
    count: int
    oversell_units: int
    """What they show too much, in the channel's units."""


_COUNT = Columns(KindCount, {name: name for name in KindCount.__struct_fields__})
_READ = f"""c.name AS channel, d.kind,
  CASE WHEN {OVERSELLS} THEN coalesce(d.surplus, -d.delta) END AS surplus"""
_EACH = f"SELECT {_READ}, {REASON} AS reason FROM {SOURCES} WHERE {LISTED}"


def kind_counts(connection: sqlite3.Connection, *, now: Millis) -> list[KindCount]:
    """Count the open disagreements, each with its status at `now`."""
    counted = counted_groups.reasons(connection, now=now)
    begin, judged = "WITH", _EACH
    if counted is not None:
        begin = f"{WITH_ODD},"
        judged = f"""SELECT {_READ}, {counted.sql()} AS reason
          FROM open_disagreements d CROSS JOIN items i ON i.id = d.item_id
          CROSS JOIN channels c ON c.id = d.channel_id
          WHERE {IS_COUNTED} AND d.id NOT IN (SELECT id FROM odd) AND {LISTED}
          UNION ALL {_EACH} AND {BY_THEMSELVES}"""
    rows = connection.execute(
        f"""{begin} judged AS MATERIALIZED ({judged})
        SELECT {_COUNT.sql} FROM (SELECT channel, kind, {status_of("reason")} AS status,
            sum(count) AS count, sum(oversell_units) AS oversell_units
          FROM (SELECT channel, kind, reason, count(*) AS count,
              CAST(total(surplus) AS INTEGER) AS oversell_units
            FROM judged GROUP BY channel, kind, reason)
          GROUP BY channel, kind, status) ORDER BY channel, kind, status""",
        {"now": now},
    )
    return list(map(_COUNT.read, rows))
