"""What the open disagreements come to, by their status: the numbers of a header."""

import sqlite3

from store.database.rows import Columns
from store.model import Millis
from store.open_counts.plain import MEASURES
from store.queries import counted_groups
from store.queries.counted_groups import BY_THEMSELVES, GROUPS, IS_COUNTED, ITS_GROUP, WITH_ODD
from store.queries.values import OpenTotals
from store.targets.verdict_sql import CONFIGURED, IGNORED, LISTED, REASON, SOURCES, status_of

_IS_OPEN = "status = 'open'"
_TOTALS = Columns(
    OpenTotals,
    {
        **{
            name: f"coalesce(sum(CASE WHEN status = '{name}' THEN number END), 0)"
            for name in ("open", "settling", "unknown")
        },
        **{
            name: f"coalesce(sum(CASE WHEN {_IS_OPEN} THEN {name} END), 0)"
            for name in ("oversell", "oversell_units", "undersell", "undersell_units")
        },
        **{
            f"{name}_money": f"total(CASE WHEN {_IS_OPEN} THEN {name}_risk END) / 100.0"
            for name in ("oversell", "undersell")
        },
        "unknown_oversell_units": (
            "coalesce(sum(CASE WHEN status = 'unknown' THEN oversell_units END), 0)"
        ),
    },
)
# Money may add up to more than an integer holds, of which only `total` makes no error.
_SUMS = ", ".join(
    f"total({name}) AS {name}" if name.endswith("_risk") else f"sum({name}) AS {name}"
    for name in MEASURES
)
_OF_ROW = ", ".join(f"{sql} AS {name}" for name, sql in MEASURES.items())


def _judged(which: str) -> str:
    """SQL for what some disagreements add, each with its reason, which is found once."""
    return f"SELECT {REASON} AS reason, {_OF_ROW} FROM {SOURCES} WHERE {LISTED} {which}"


# Summed up by reason first: so what follows from it is found for a dozen groups, and not for each
# of 100,000. MATERIALIZED, so that each disagreement is judged once.
_EACH = f"""WITH judged AS MATERIALIZED ({_judged("")})
SELECT {_TOTALS.sql} FROM (SELECT *, {status_of("reason")} AS status
  FROM (SELECT reason, {_SUMS} FROM judged GROUP BY reason))"""

_TAKEN = ", ".join(f"-({sql}) AS {name}" for name, sql in MEASURES.items())

# Apart, for SQLite needs ten times as long to prepare what judges than to read the groups.
_ALL_COUNTED = f"""WITH {GROUPS}
SELECT {_TOTALS.sql} FROM (SELECT *, {status_of("reason")} AS status
  FROM (SELECT reason, {_SUMS} FROM groups GROUP BY reason))"""

# The few that are odd are taken out of their groups here, and judged by themselves.
_COUNTED = f"""{WITH_ODD}, {GROUPS},
  judged AS MATERIALIZED ({_judged("AND " + BY_THEMSELVES)}),
  taken_out AS (SELECT g.reason, {_TAKEN}
    FROM odd o CROSS JOIN open_disagreements d ON d.id = o.id CROSS JOIN items i ON i.id = d.item_id
    CROSS JOIN groups g ON {ITS_GROUP} WHERE {IS_COUNTED})
SELECT {_TOTALS.sql} FROM (SELECT *, {status_of("reason")} AS status
  FROM (SELECT reason, {_SUMS} FROM (
      SELECT reason, {", ".join(MEASURES)} FROM groups
      UNION ALL SELECT * FROM judged UNION ALL SELECT * FROM taken_out) GROUP BY reason))"""


def read(connection: sqlite3.Connection, *, now: Millis) -> OpenTotals:
    """Count them by their status at `now`: from the counts that are kept, where these hold."""
    query = _EACH
    if counted_groups.hold(connection, now=now):
        query = _ALL_COUNTED if counted_groups.hold_of_all(connection) else _COUNTED
    return _TOTALS.read(connection.execute(query, {"now": now}).fetchone())


# By the few that are decided, whatever else is open: the list counts them by the same conditions.
_DECIDED = f"""SELECT count(DISTINCT d.id) FROM (
  SELECT listing_id FROM corrections WHERE silences = 1 AND +status = 'rejected' UNION ALL
  SELECT listing_id FROM corrections WHERE status = 'snoozed' AND snoozed_until > :now) x
CROSS JOIN open_disagreements d ON d.listing_id = x.listing_id
CROSS JOIN channels c ON c.id = d.channel_id WHERE {LISTED} AND d.acknowledged_at IS NULL"""


def snoozed_or_rejected(connection: sqlite3.Connection, *, now: Millis) -> int:
    """Of how many a person has put the update off, or turned it down; none is acknowledged too."""
    (number,) = connection.execute(_DECIDED, {"now": now}).fetchone()
    return int(number)


def acknowledged(connection: sqlite3.Connection, *, now: Millis) -> int:
    """How many of them a person has acknowledged."""
    (number,) = connection.execute(
        f"""SELECT count(*) FROM channels c CROSS JOIN open_disagreements d ON d.channel_id = c.id
        WHERE {LISTED} AND d.acknowledged_at IS NOT NULL""",
        {"now": now},
    ).fetchone()
    return int(number)


def ignored(connection: sqlite3.Connection, *, now: Millis) -> int:
    """How many there are beside them that a rule ignores."""
    # Counted by the index of what is ignored, before any channel is looked at.
    (number,) = connection.execute(
        f"""SELECT coalesce(sum(d.number), 0) FROM (SELECT x.ignored_by, x.channel_id,
            count(*) AS number FROM open_disagreements x WHERE x.ignored_by IS NOT NULL
            GROUP BY x.ignored_by, x.channel_id) d
          CROSS JOIN channels c ON c.id = d.channel_id WHERE {CONFIGURED} AND {IGNORED}""",
        {"now": now},
    ).fetchone()
    return int(number)
