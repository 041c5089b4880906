"""The groups in which open disagreements are counted, read with what the clock makes of them.

One of a group has the group's reason, so that it need not be judged by itself. What the parts of
this SQL are about stands in `store.open_counts`.
"""

import sqlite3
from collections.abc import Callable, Mapping

from store.cells.cell_ids import cell, item_of
from store.model import Millis
from store.open_counts.plain import HOLDS, KEY
from store.targets.verdict_sql import CONFIGURED, LISTED, REASON_WITHOUT_PARTS

# A group, as a disagreement with nothing odd about it: so one definition of a reason serves both.
_AS_ONE = """(SELECT *, NULL AS id, NULL AS rests_on, NULL AS item_id, NULL AS listing_id,
    CASE WHEN raises THEN 'quantity' ELSE 'missing' END AS kind,
    CASE WHEN raises THEN 1 END AS delta, 0 AS settles_at, NULL AS state FROM open_counts) d
CROSS JOIN channels c ON c.id = d.channel_id
LEFT JOIN channels ac ON ac.id = d.authority_id
CROSS JOIN (SELECT NULL AS problem, NULL AS frozen_at, NULL AS fell_at, NULL AS twins,
  NULL AS observed_at, NULL AS source_at, NULL AS source_seen_at) l
CROSS JOIN (SELECT NULL AS problem, 1 AS copies, NULL AS source_at, NULL AS source_seen_at) a
CROSS JOIN (SELECT NULL AS state_listing_id, NULL AS quantity_listing_id) i"""
_ALL_HOLD = f"""SELECT min({HOLDS}) FROM open_counts d JOIN channels c ON c.id = d.channel_id
LEFT JOIN channels ac ON ac.id = d.authority_id WHERE {CONFIGURED}"""

# What is odd about a cell changes with no regard to the counts. So those that are counted in a
# group and are odd, or rest on an odd cell, are judged by themselves.
WITH_ODD = f"""WITH odd AS MATERIALIZED (SELECT DISTINCT d.id
  FROM cell_oddities o CROSS JOIN channels c
  CROSS JOIN open_disagreements d ON d.listing_id = {cell("c.id", item_of("o.id"))}
  WHERE coalesce(o.problem, o.twins, o.frozen_at) IS NOT NULL OR o.copies > 1)"""
"""Begins a query: the ids that are `odd`."""


def _groups(which: str) -> str:
    return f"""groups AS MATERIALIZED
  (SELECT d.*, {REASON_WITHOUT_PARTS} AS reason FROM {_AS_ONE} WHERE {which})"""


GROUPS = _groups(LISTED)
"""Another table for its WITH: the groups, each with its reason."""

BY_THEMSELVES = """d.id IN (SELECT id FROM odd UNION ALL SELECT id FROM open_apart
  UNION ALL SELECT id FROM open_disagreements WHERE id > (SELECT upto FROM open_counts_reach))"""
"""SQL for whether a disagreement is judged by itself."""

_SOME_BY_THEMSELVES = f"""{WITH_ODD}
SELECT EXISTS (SELECT 1 FROM open_disagreements d WHERE {BY_THEMSELVES})"""

IS_COUNTED = """d.id <= (SELECT upto FROM open_counts_reach)
  AND d.id NOT IN (SELECT id FROM open_apart)"""
"""SQL for whether it is counted in a group, odd or not."""

ITS_GROUP = " AND ".join(f"g.{name} = {sql}" for name, sql in KEY.items())
"""SQL for whether g is the group of disagreement d of item i."""


# Whether one is ignored is no part of why it can't be acted on.
_REASONS = f"""WITH {_groups(CONFIGURED)}
SELECT DISTINCT channel_id, authority_id, raises, reason FROM groups ORDER BY 1"""


class GroupReasons:
    """The reason of each group, as SQL for what is made of it."""

    def __init__(self, of_channels: Mapping[int, Mapping[tuple[int, int], str]]) -> None:
        """By a channel's id the reasons of its groups, each by `authority_id` and `raises`."""
        self._of_channels = of_channels

    def sql(self, made_of: Callable[[str], str] = repr) -> str:
        """SQL for what `made_of` gives, SQL too, of the reason of disagreement d (of item i).

        Cheap to read: mostly one and the same for all of a channel, or for all there are.
        """
        by_channel: dict[str, list[int]] = {}
        for channel, found in self._of_channels.items():
            sql = _of_channel({group: made_of(reason) for group, reason in found.items()})
            by_channel.setdefault(sql, []).append(channel)
        otherwise = max(by_channel, key=lambda sql: len(by_channel[sql]))
        arms = " ".join(
            f"WHEN d.channel_id IN ({', '.join(map(str, channels))}) THEN {sql}"
            for sql, channels in by_channel.items()
            if sql != otherwise
        )
        return f"CASE {arms} ELSE {otherwise} END" if arms else otherwise


def reasons(connection: sqlite3.Connection, *, now: Millis) -> GroupReasons | None:
    """The reasons of all that are counted; None: there are none, or each is to be judged."""
    if not hold(connection, now=now):
        return None
    of_channels: dict[int, dict[tuple[int, int], str]] = {}
    for channel, authority, raises, found in connection.execute(_REASONS, {"now": now}):
        of_channels.setdefault(channel, {})[authority, raises] = found
    return GroupReasons(of_channels) if of_channels else None


def _of_channel(found: Mapping[tuple[int, int], str]) -> str:
    otherwise, *others = sorted(set(found.values()))
    arms = " ".join(
        f"WHEN {KEY['authority_id']} = {authority} AND {KEY['raises']} = {raises} THEN {sql}"
        for (authority, raises), sql in found.items()
        if sql in others
    )
    return f"CASE {arms} ELSE {otherwise} END" if arms else otherwise


def hold(connection: sqlite3.Connection, *, now: Millis) -> bool:
    """Whether there are groups, and each one's reason is at `now` that of all who are in it.

    Not of a past instant: what is kept are the groups of now.
    """
    if connection.execute("SELECT 1 FROM open_counts_reach").fetchone() is None:
        return False
    (holds,) = connection.execute(_ALL_HOLD, {"now": now}).fetchone()
    return bool(holds)


def hold_of_all(connection: sqlite3.Connection) -> bool:
    """Whether none is to be judged by itself, nor taken out of its group."""
    (some,) = connection.execute(_SOME_BY_THEMSELVES).fetchone()
    return not some
