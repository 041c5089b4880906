"""The open disagreements in order: their ids, how bad each is, and the groups that they form.

One query judges those of them that are not counted in a group (`store.open_counts`), each once.
"""

import json
import re
import sqlite3
from array import array
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from store.database.columns import NUMBERS, columns
from store.database.rows import Columns
from store.model import Millis
from store.queries import counted_groups
from store.queries.counted_groups import BY_THEMSELVES, IS_COUNTED, WITH_ODD
from store.queries.ranking_values import (
    AGE_EDGES_MS,
    GroupBy,
    Grouped,
    GroupTotal,
    Ranked,
    RankingHints,
    Severity,
)
from store.queries.sql.filter_sql import FilterConditions
from store.queries.sql.severity_sql import (
    AGE_BUCKET,
    GROUP_ORDERS,
    MERGED_BY,
    ORDERED_BY,
    ORDERS,
    RISK,
    held,
    severity_of,
    severity_of_counted,
)
from store.queries.values import DisagreementFilter, Sort
from store.targets.copies import UNITS
from store.targets.verdict_sql import CONFIGURED, REASON, SOURCES, is_open

_AGES = len(AGE_EDGES_MS) + 1

# A temporary table has a key. A join to a JSON list of 100,000 ids has none, and takes minutes.
_KNOWN = """CREATE TEMP TABLE IF NOT EXISTS known_causes
  (id INTEGER PRIMARY KEY, cause TEXT NOT NULL, place INTEGER NOT NULL)"""
_FILL_KNOWN = "INSERT OR IGNORE INTO known_causes SELECT value, ?, ? FROM json_each(?)"

_NAMES = {"sku": "i.sku", "channel": "c.name"}
_ITEMS = "CROSS JOIN items i ON i.id = d.item_id"
"""A tenth of the work: left out where nothing of the item is read."""

_GROUPS = {
    GroupBy.NONE: ("0", "''", "''"),
    # The first item of a SKU stands for all its locations.
    GroupBy.SKU: (
        "-(SELECT min(x.id) FROM items x WHERE x.sku = i.sku)",
        "i.sku",
        "coalesce(i.title, '')",
    ),
    GroupBy.CHANNEL: ("-c.id", "c.name", "''"),
    GroupBy.CAUSE: ("-1 - coalesce(known.place + 1, 0)", "coalesce(known.cause, '')", "''"),
}
"""By what they are grouped, SQL for a group's id, its label and its title."""


def ranked(
    connection: sqlite3.Connection,
    wanted: DisagreementFilter,
    *,
    now: Millis,
    sort: Sort = Sort.RISK,
    hints: RankingHints | None = None,
) -> Ranked:
    """The open disagreements that are wanted, in order, each with its severity and age."""
    # SQLite carries all columns of a compound through its sorter: so only those that are needed.
    judged, values = _judged(
        connection, wanted, now, hints or RankingHints(), GroupBy.NONE, ORDERED_BY[sort]
    )
    query = f"{judged} SELECT id, {_CODE} FROM judged ORDER BY {ORDERS[sort]}"
    return packed(*columns(connection, ("id", "code"), query, values))


class RankedRun(NamedTuple):
    """The disagreements of one cache in their order, and what that goes by, in columns."""

    ids: "array[int]"
    codes: "array[int]"
    """The severity and the age of each, for `packed`."""
    keys: Sequence[Sequence[int | str]]
    """By `MERGED_BY`, ascending: those of several caches are merged by these."""


def placed(
    connection: sqlite3.Connection,
    wanted: DisagreementFilter,
    *,
    now: Millis,
    sort: Sort = Sort.RISK,
    hints: RankingHints | None = None,
) -> RankedRun:
    """The same as `ranked`, to be merged with those of other caches."""
    judged, values = _judged(
        connection, wanted, now, hints or RankingHints(), GroupBy.NONE, ORDERED_BY[sort]
    )
    keys = [f"key_{place}" for place, _ in enumerate(MERGED_BY[sort])]
    read = ", ".join(f"{sql} AS {key}" for sql, key in zip(MERGED_BY[sort], keys, strict=True))
    query = f"{judged} SELECT id, {_CODE}, {read} FROM judged ORDER BY {ORDERS[sort]}"
    gathered = ", ".join(f"json_group_array({name})" for name in ("id", "code", *keys))
    ids, codes, *found = connection.execute(f"SELECT {gathered} FROM ({query})", values).fetchone()
    return RankedRun(
        array("q", NUMBERS.decode(ids)),
        array("q", NUMBERS.decode(codes)),
        [_KEYS.decode(key) for key in found],
    )


def packed(ids: "array[int]", codes: "array[int]") -> Ranked:
    """A snapshot of these, with their codes, in this order."""
    return _ranked(ids, codes, array("q", bytes(8 * len(ids))))


_KEYS = msgspec.json.Decoder(list[int | str])


def grouped(
    connection: sqlite3.Connection,
    wanted: DisagreementFilter,
    by: GroupBy,
    *,
    now: Millis,
    sort: Sort = Sort.RISK,
    hints: RankingHints | None = None,
) -> Grouped:
    """The same in groups, with what each group comes to."""
    needed = tuple(dict.fromkeys((*_TOTALLED, *ORDERED_BY[sort])))
    judged, values = _judged(connection, wanted, now, hints or RankingHints(), by, needed)
    # The members and the totals both read one table of judged rows, which goes with the
    # transaction: to judge is nearly all of the cost.
    connection.execute("DROP TABLE IF EXISTS temp.judged")
    connection.execute(f"CREATE TEMP TABLE judged AS {judged} SELECT * FROM judged", values)
    query = f"SELECT id, {_CODE}, group_id FROM judged ORDER BY {ORDERS[sort]}"
    members = _ranked(*columns(connection, ("id", "code", "group_id"), query))
    totals = connection.execute(f"{_TOTALS} {GROUP_ORDERS[sort]}").fetchall()
    connection.execute("DROP TABLE temp.judged")
    return Grouped(members, totals)


_CODE = f"severity * {_AGES} + age AS code"

_TOTAL = Columns(
    GroupTotal,
    {name: name for name in GroupTotal.__struct_fields__}
    | {"id": "group_id", "risk_minor": "risk"},
    {"assumed": bool, "severity": Severity},
)

_TOTALLED = (
    "group_id",
    "label",
    "title",
    "reason",
    "acknowledged_at",
    "delta",
    "surplus",
    "units",
    "risk",
    "unpriced",
    "first_seen_at",
)
"""The columns that the totals read beside id and severity."""
_OPEN = is_open("reason")
_TOTALS = f"""SELECT {_TOTAL.sql} FROM (SELECT group_id, label, max(title) AS title,
  count(*) AS count, sum({_OPEN}) AS open, sum(acknowledged_at IS NOT NULL) AS acknowledged,
  CAST(total(CASE WHEN {_OPEN} AND (delta < 0 OR surplus > 0)
    THEN coalesce(surplus, units) END) AS INTEGER) AS oversell_units,
  CAST(total(CASE WHEN {_OPEN} AND delta > 0 THEN units END) AS INTEGER) AS undersell_units,
  sum(CASE WHEN {_OPEN} THEN risk END) AS risk,
  max({_OPEN} AND unpriced AND risk IS NOT NULL) AS assumed,
  min(first_seen_at) AS oldest_at, min(severity) AS severity, sum(units) AS units
FROM judged GROUP BY group_id, label) ORDER BY"""


def _ranked(ids: "array[int]", codes: "array[int]", groups: "array[int]") -> Ranked:
    packed = bytes(codes.tolist())  # One byte for each, not the eight that it stands in.
    return Ranked(
        ids=ids,
        severities=packed.translate(_SEVERITIES),
        ages=packed.translate(_AGE_BUCKETS),
        groups=groups,
    )


def total_of(row: Sequence[Any]) -> GroupTotal:
    """One of `Grouped.totals`, by name: there may be 100,000, and a screen shows forty."""
    return _TOTAL.read(row)


def _know_causes(connection: sqlite3.Connection, hints: RankingHints) -> None:
    """Note which cause explains which disagreement, for this transaction."""
    connection.execute(_KNOWN)
    connection.execute("DELETE FROM known_causes")
    for place, (cause, ids) in enumerate(hints.causes):
        connection.execute(_FILL_KNOWN, (cause, place, ids))


def _judged(
    connection: sqlite3.Connection,
    wanted: DisagreementFilter,
    now: Millis,
    hints: RankingHints,
    by: GroupBy,
    needed: Sequence[str],
) -> tuple[str, dict[str, object]]:
    """SQL for a table `judged` of what is wanted: id, age, severity and the `needed` columns."""
    where = FilterConditions(wanted, now=now)
    known = ""
    if hints.causes or by is GroupBy.CAUSE or "known." in where.before:
        _know_causes(connection, hints)
        known = "LEFT JOIN known_causes known ON known.id = d.id"
    group_id, label, title = _GROUPS[by]
    columns = f"""d.id, d.listing_id, d.kind, d.state, d.target_state, d.delta, d.surplus,
      d.first_seen_at, d.acknowledged_at, {RISK} AS risk, {UNITS} AS units,
      d.risk_minor IS NULL AND {UNITS} > 0 AS unpriced, {AGE_BUCKET} AS age,
      {group_id} AS group_id, {label} AS label, {title} AS title"""
    columns += "".join(f", {sql} AS {name}" for name, sql in _NAMES.items() if name in needed)
    # By an index a few SKUs are found at once, and those may as well be judged.
    counted = None if wanted.skus else counted_groups.reasons(connection, now=now)
    severe = f"SELECT id, age, {', '.join(needed)}, {{}} AS severity"
    singly = f"{severe.format(severity_of('reason'))} FROM judged_singly d WHERE {where.after}"
    begin, which, judged = "WITH", "", singly
    if counted is not None:
        begin, which = f"{WITH_ODD},", f"AND {BY_THEMSELVES}"
        of_group, held_by_group = counted.sql(), counted.sql(held)
        read = f"{columns}, {of_group} AS reason, {held_by_group} AS held"
        items = _ITEMS if re.search(r"\bi\.", f"{read} {where.before}") else ""
        judged = f"""{severe.format(severity_of_counted("held"))}
          FROM (SELECT {read} FROM open_disagreements d {items}
            CROSS JOIN channels c ON c.id = d.channel_id {known}
            WHERE {IS_COUNTED} AND d.id NOT IN (SELECT id FROM odd) AND {CONFIGURED}
              {where.before}) d
          WHERE {where.after}
          UNION ALL {singly}"""
    # MATERIALIZED, because SQLite would otherwise paste REASON, a page of SQL, into each place that
    # reads it (the filter, the severity, the order) and run it as often for each row.
    return (
        f"""{begin} judged_singly AS MATERIALIZED (SELECT {columns}, {REASON} AS reason
          FROM {SOURCES} {known} WHERE {CONFIGURED} {which} {where.before}),
        judged AS ({judged})""",
        where.values | {"prices": json.dumps(dict(hints.prices))},
    )


_SEVERITIES = bytes(code // _AGES for code in range(256))
_AGE_BUCKETS = bytes(code % _AGES for code in range(256))
