"""A SKU's timeline from its newest entry back, a page at a time, whatever its length.

`store.history.past` tells the same entries in their order and all at once. Here each kind of entry
of each listing is a stream that an index leads through from its newest row on; a page is what is
newest of all of them, and its `rest` says how far each was read.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from store.history import past
from store.model import Millis
from store.queries.values import HistoryEntry

_END = 2**63 - 1

Key = tuple[Millis, str, int]
"""When an entry came to be known, its stream, its row: no two entries have the same."""


class Stop(NamedTuple):
    """The last row of a stream that a page took."""

    order: int
    row_id: int


Rest = Mapping[str, Stop | None]
"""How far each stream was read; None: to its end."""


class Told(msgspec.Struct, frozen=True):
    """An entry, and what it is known by: the same in every page that has it."""

    key: Key
    entry: HistoryEntry


class Page(msgspec.Struct, frozen=True):
    """Entries, newest first."""

    told: tuple[Told, ...]
    rest: Rest | None
    """What to go on from; None where there is nothing older."""


class _Stream(NamedTuple):
    name: str
    kind: str
    query: str
    values: Mapping[str, object]


class _Row(NamedTuple):
    order: int
    row_id: int
    known_at: Millis
    at: Millis
    channel: str
    detail: str


def page(connection: sqlite3.Connection, sku: str, *, limit: int, rest: Rest | None = None) -> Page:
    """The newest entries of a SKU, or the next older ones where `rest` is a page's.

    Costs what one page holds for each stream, and not what there is. What comes in between two
    pages is on neither; nor is a reading or target that was not told yet and went out of force.
    """
    read = {} if rest is None else dict(rest)
    found: list[tuple[Key, str, _Row]] = []
    taken: dict[str, Stop | None] = {}
    for stream in _streams(connection, sku):
        stop = read.get(stream.name, Stop(_END, _END))
        if stop is None:
            taken[stream.name] = None
            continue
        bound = {**stream.values, "order": stop.order, "row": stop.row_id, "limit": limit + 1}
        rows = [_Row._make(row) for row in connection.execute(stream.query, bound)]
        found += (((row.known_at, stream.name, row.row_id), stream.kind, row) for row in rows)
        # Not beyond its newest row of now: what comes meanwhile belongs before all pages.
        taken[stream.name] = Stop(rows[0].order, rows[0].row_id + 1) if rows else None
    found.sort(key=lambda one: one[0], reverse=True)
    for (_, name, _), _, row in found[:limit]:
        taken[name] = Stop(row.order, row.row_id)
    for name in taken.keys() - {name for (_, name, _), _, _ in found[limit:]}:
        taken[name] = None
    told = tuple(Told(key, _entry(kind, row)) for key, kind, row in found[:limit])
    return Page(told, taken if any(taken.values()) else None)


def _entry(kind: str, row: _Row) -> HistoryEntry:
    return HistoryEntry(row.at, row.channel, kind, json.loads(row.detail), row.known_at)


def _streams(connection: sqlite3.Connection, sku: str) -> list[_Stream]:
    listings = connection.execute(
        """SELECT l.id, l.item_id FROM items i JOIN listings l ON l.item_id = i.id
        WHERE i.sku = ? ORDER BY l.id""",
        (sku,),
    ).fetchall()
    items = connection.execute("SELECT id FROM items WHERE sku = ?", (sku,)).fetchall()
    return [
        *(
            _Stream(f"{name}/{listing_id}", kind, query, {"listing": listing_id})
            for listing_id, _ in listings
            for name, kind, query in _OF_LISTING
        ),
        *(
            _Stream(f"{name}/{item_id}", "event", query, {"item": item_id})
            for (item_id,) in items
            for name, query in _OF_ITEM
        ),
    ]


def _of_listing(sort: Sequence[str], at: str, detail: str, source: str, where: str) -> str:
    """SQL for a stream of one listing; the rows are found first, and told afterwards."""
    order, row = sort
    return f"""SELECT {order}, {row}, {at}, {at}, c.name, {detail}
FROM listings l JOIN items i ON i.id = l.item_id JOIN channels c ON c.id = l.channel_id {source}
WHERE l.id = :listing AND {where} AND ({order}, {row}) < (:order, :row)
ORDER BY {order} DESC, {row} DESC LIMIT :limit"""


def _by_id(table: str, alias: str, at: str, detail: str, source: str = "") -> str:
    """SQL for a stream whose rows are found by id alone, from an index that holds no more."""
    return f"""SELECT {alias}.id, {alias}.id, {at}, {at}, c.name, {detail}
FROM (SELECT id FROM {table} WHERE {{where}} AND id < :row ORDER BY id DESC LIMIT :limit) n
CROSS JOIN {table} {alias} ON {alias}.id = n.id {source}"""


_DISAGREEMENTS = _by_id(
    "disagreements_ever",
    "d",
    "d.first_seen_at",
    past.DISAGREEMENT,
    """JOIN listings l ON l.id = d.listing_id JOIN items i ON i.id = l.item_id
    JOIN channels c ON c.id = l.channel_id""",
).format(where="listing_id = :listing AND :order > 0")

_CORRECTIONS = f"""SELECT u.id, u.id, u.at, u.at, c.name, {past.CORRECTION}
FROM (SELECT a.id FROM corrections o CROSS JOIN audit a ON a.correction_id = o.id
  WHERE o.listing_id = :listing AND a.id < :row AND :order > 0
  ORDER BY a.id DESC LIMIT :limit) n
CROSS JOIN audit u ON u.id = n.id JOIN corrections k ON k.id = u.correction_id
JOIN listings l ON l.id = k.listing_id JOIN items i ON i.id = l.item_id
JOIN channels c ON c.id = l.channel_id"""

_OF_LISTING: tuple[tuple[str, str, str], ...] = (
    (
        "reading now",
        "reading",
        _of_listing(
            ("l.observed_at", "l.id"),
            "l.observed_at",
            past.READING.format(r="l"),
            "",
            "l.observed_at IS NOT NULL",
        ),
    ),
    (
        "reading",
        "reading",
        _of_listing(
            ("r.until_at", "r.id"),
            "r.observed_at",
            past.READING.format(r="r"),
            "JOIN past_readings r ON r.listing_id = l.id",
            "r.observed_at IS NOT NULL",
        ),
    ),
    (
        "target now",
        "target",
        _of_listing(
            ("l.target_since", "l.id"),
            "l.target_since",
            past.TARGET_NOW,
            "",
            "l.target_since IS NOT NULL",
        ),
    ),
    (
        "target",
        "target",
        _of_listing(
            ("t.until_at", "t.id"),
            "t.since_at",
            past.TARGET,
            "JOIN past_targets t ON t.listing_id = l.id",
            "t.since_at IS NOT NULL",
        ),
    ),
    ("disagreement", "disagreement", _DISAGREEMENTS),
    ("correction", "correction", _CORRECTIONS),
)

# Rows of events come in the order in which we heard of them; an index of each item leads there.
_MOVED = f"""SELECT e.id, e.id, e.received_at, e.at, c.name, {past.MOVEMENT}
FROM (SELECT event_row FROM movements WHERE item_id = :item AND event_row < :row AND :order > 0
  ORDER BY event_row DESC LIMIT :limit) n
CROSS JOIN movements v ON v.event_row = n.event_row AND v.item_id = :item
JOIN events e ON e.id = v.event_row JOIN channels c ON c.id = e.channel_id
JOIN items i ON i.id = :item"""

_UNMOVED = f"""SELECT e.id, e.id, e.received_at, e.at, c.name, {past.OWN_EVENT}
FROM (SELECT x.id FROM events x WHERE x.item_id = :item AND x.id < :row AND :order > 0
    AND NOT EXISTS (SELECT 1 FROM movements v WHERE v.event_row = x.id AND v.item_id = :item)
  ORDER BY x.id DESC LIMIT :limit) n
CROSS JOIN events e ON e.id = n.id JOIN channels c ON c.id = e.channel_id
JOIN items i ON i.id = :item"""

_OF_ITEM: tuple[tuple[str, str], ...] = (("movement", _MOVED), ("event", _UNMOVED))
