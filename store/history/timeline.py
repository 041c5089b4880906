"""A SKU's timeline over all channels: a page at a time, or all of it.

A page is the newest of all kinds of entries; its `cursor` says how far each kind was read.
"""

import heapq
import itertools
import sqlite3
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from store.cells.cell_ids import cell
from store.model import Millis
from store.queries.values import HistoryEntry

_END = 2**63 - 1
_AHEAD = 100
"""Rows that are read of a stream before the next one is begun."""


class Key(NamedTuple):
    """Where an entry stands in the timeline: no two have the same."""

    known_at: Millis
    rank: int
    """Of its kind, where several came to be known at one instant: a reading comes first, then what
    it moved, what disagrees with it, and what was done."""
    location: str
    channel_id: int
    row_id: int


class StreamPosition(NamedTuple):
    """The last row of a stream that a page took."""

    order: int
    row_id: int


_DETAIL = msgspec.json.Decoder(dict[str, object])
_NEWEST = StreamPosition(_END, _END)

TimelineCursor = Mapping[str, StreamPosition | None]
"""How far each stream was read; None: to its end."""


class TimelineItem(msgspec.Struct, frozen=True):
    """An entry, and what it is known by: the same in every page that has it."""

    key: Key
    entry: HistoryEntry


class TimelinePage(msgspec.Struct, frozen=True):
    """Entries, newest first."""

    items: tuple[TimelineItem, ...]
    cursor: TimelineCursor | None
    """What to go on from; None where there is nothing older."""


class _Stream(NamedTuple):
    name: str
    kind: str
    query: str
    values: Mapping[str, object]
    rank: int
    location: str
    channel_id: int

    def key(self, row: "_Row") -> Key:
        return Key(row.known_at, self.rank, self.location, self.channel_id, row.row_id)


class _Row(NamedTuple):
    order: int
    row_id: int
    known_at: Millis
    at: Millis
    channel: str
    detail: str


class _StreamRow(NamedTuple):
    key: Key
    stream: _Stream
    row: _Row


def page(
    connection: sqlite3.Connection, sku: str, *, limit: int, cursor: TimelineCursor | None = None
) -> TimelinePage:
    """The newest entries of a SKU, or the next older ones where `cursor` is a page's.

    Costs what one page holds for each stream, and not what there is. What comes in between two
    pages is on neither; nor is a reading or target that was not listed yet and went out of force.
    """
    # Each kind of entry of each listing is a stream that an index leads through from its newest row
    # on. One row more than a page from each is enough to find the newest of all, and to know what
    # is left.
    read = {} if cursor is None else dict(cursor)
    found: list[_StreamRow] = []
    taken: dict[str, StreamPosition | None] = {}
    for stream in _streams(connection, sku):
        stop = read.get(stream.name, _NEWEST)
        rows = [] if stop is None else _rows(connection, stream, stop, limit=limit + 1)
        found += (_StreamRow(stream.key(row), stream, row) for row in rows)
        # A stream of which nothing was taken starts at its newest row of now: what comes in
        # meanwhile is newer than all pages, and must not appear in an older one.
        taken[stream.name] = StreamPosition(rows[0].order, rows[0].row_id + 1) if rows else None
    found.sort(key=lambda entry: entry.key, reverse=True)
    for entry in found[:limit]:
        taken[entry.stream.name] = StreamPosition(entry.row.order, entry.row.row_id)
    for name in taken.keys() - {entry.stream.name for entry in found[limit:]}:
        taken[name] = None
    items = tuple(
        TimelineItem(entry.key, _entry(entry.stream, entry.row)) for entry in found[:limit]
    )
    return TimelinePage(items, taken if any(taken.values()) else None)


def history(
    connection: sqlite3.Connection,
    sku: str,
    *,
    since: Millis | None = None,
    until: Millis | None = None,
    limit: int | None = None,
) -> list[HistoryEntry]:
    """One SKU's timeline over all channels, in the order in which we came to know it.

    Only what became known from `since` to `until`, where given; `limit` keeps the newest, and then
    costs what a page of so many does.
    """
    # With a span of time, the newest rows of a stream may all lie outside it: the limit would end
    # the reading too early.
    is_bounded = limit is not None and since is None and until is None
    found = _merged(connection, sku, since, until, limit=limit if is_bounded else None)
    newest = found if limit is None else deque(found, limit)
    return [_entry(stream, row) for stream, row in newest]


def entries(
    connection: sqlite3.Connection,
    sku: str,
    *,
    since: Millis | None = None,
    until: Millis | None = None,
    kinds: Collection[str] = (),
) -> Iterator[HistoryEntry]:
    """What `history` lists, as it is read: of a past of any length, an entry at a time.

    `kinds`: only these; empty means all.
    """
    for stream, row in _merged(connection, sku, since, until, kinds=kinds):
        yield _entry(stream, row)


def _merged(
    connection: sqlite3.Connection,
    sku: str,
    since: Millis | None,
    until: Millis | None,
    *,
    limit: int | None = None,
    kinds: Collection[str] = (),
) -> Iterator[tuple[_Stream, _Row]]:
    """The rows of all streams in the order in which they became known."""
    within = (-_END if since is None else since, _END if until is None else until)
    streams = [
        _oldest_first(connection, stream, within, -1 if limit is None else limit)
        for stream in _streams(connection, sku)
        if not kinds or stream.kind in kinds
    ]
    # The streams are in the order of their keys, and so are their rows of one instant.
    return heapq.merge(*streams, key=_known_at)


def _oldest_first(
    connection: sqlite3.Connection, stream: _Stream, within: tuple[Millis, Millis], limit: int
) -> Iterator[tuple[_Stream, _Row]]:
    # A statement that was read to its end serves the next stream of its kind; while it is open,
    # that one is prepared anew, which costs far more than the rows where views show the past.
    cursor = _cursor(connection, stream, _NEWEST, _IN_ORDER, limit=limit, within=within)
    rows = itertools.chain(cursor.fetchmany(_AHEAD), cursor)
    return ((stream, _Row._make(row)) for row in rows)


def _known_at(found: tuple[_Stream, _Row]) -> Millis:
    _, row = found
    return row.known_at


# SQLite sorts them, in a file where they are many. Of events that came together, the one that
# happened first comes first: the columns of a stream have the places of a `_Row`.
_IN_ORDER = "SELECT * FROM ({query}) ORDER BY 3, 4, 2"


def _rows(
    connection: sqlite3.Connection,
    stream: _Stream,
    stop: StreamPosition,
    *,
    limit: int,
) -> list[_Row]:
    """The rows of a stream before `stop`, newest first."""
    rows = _cursor(connection, stream, stop, "{query}", limit=limit)
    return [_Row._make(row) for row in rows]


def _cursor(
    connection: sqlite3.Connection,
    stream: _Stream,
    stop: StreamPosition,
    form: str,
    *,
    limit: int,
    within: tuple[Millis, Millis] = (-_END, _END),
) -> sqlite3.Cursor:
    since, until = within
    bound = {"order": stop.order, "row": stop.row_id, "limit": limit, "since": since}
    query = form.format(query=stream.query)
    return connection.execute(query, {**stream.values, **bound, "until": until})


def _entry(stream: _Stream, row: _Row) -> HistoryEntry:
    return HistoryEntry(row.at, row.channel, stream.kind, _DETAIL.decode(row.detail), row.known_at)


def _streams(connection: sqlite3.Connection, sku: str) -> list[_Stream]:
    """In the order of their keys."""
    listings = connection.execute(
        f"""SELECT l.id, i.location, c.id, c.name FROM items i JOIN channels c
        JOIN cells l ON l.id = {cell("c.id", "i.id")}
        WHERE i.sku = ? ORDER BY i.location, c.id""",
        (sku,),
    ).fetchall()
    places = "SELECT id, location FROM items WHERE sku = ? ORDER BY location"
    items = connection.execute(places, (sku,)).fetchall()
    return [
        *(
            _Stream(
                f"{name}/{listing_id}",
                kind,
                query,
                {"listing": listing_id, "location": location, "channel": channel},
                rank,
                location,
                channel_id,
            )
            for rank, (name, kind, query) in enumerate(_OF_LISTING)
            for listing_id, location, channel_id, channel in listings
        ),
        *(
            _Stream(
                f"{name}/{item_id}",
                "event",
                query,
                {"item": item_id, "location": location},
                rank,
                location,
                channel_id=0,
            )
            for rank, (name, query) in enumerate(_OF_ITEM, len(_OF_LISTING))
            for item_id, location in items
        ),
    ]


_READING = """json_object('available', {r}.available,
  'at_least', json(iif({r}.at_least, 'true', 'false')), 'state', {r}.state,
  'on_hand', {r}.on_hand, 'committed', {r}.committed, 'source_at', {r}.source_at,
  'present', json(iif({r}.present, 'true', 'false')), 'location', :location)"""
"""SQL for the detail of a reading, of alias r. So are the others' details below."""

_TARGET = """json_object('quantity', t.quantity, 'state', t.state, 'location', :location)"""
_TARGET_NOW = """json_object('quantity', l.target_quantity, 'state', l.target_state,
  'location', :location)"""
_DISAGREEMENT = """json_object('id', d.id, 'disagreement', d.kind, 'available', d.available,
  'target', d.target_quantity, 'delta', d.delta, 'closed_at', d.closed_at,
  'location', :location)"""
_CORRECTION = """json_object('id', k.id, 'step', u.step,
  'who', u.who, 'note', u.note, 'from', k.from_quantity, 'to', k.to_quantity,
  'from_at_least', json(iif(k.from_at_least, 'true', 'false')),
  'from_state', k.from_state, 'to_state', k.to_state, 'location', :location)"""

_UNSEEN = "EXISTS (SELECT 1 FROM movements v WHERE v.event_row = e.id AND v.unseen = 1)"

# A bundle's sale is in each component's timeline too: `of` is the bundle, `moves` the pieces.
_EVENT = """json_object('id', e.event_id, 'event', e.kind, 'quantity', e.quantity,
  'order', e.order_ref, 'received_at', e.received_at, 'fate', e.fate,
  'unseen', json(iif({unseen}, 'true', 'false')), 'location', :location"""

_MOVEMENT = f"""{_EVENT.format(unseen="v.unseen")},
  'of', CASE WHEN e.item_id <> :item THEN (SELECT sku FROM items WHERE id = e.item_id) END,
  'moves', v.available)"""
_OWN_EVENT = f"{_EVENT.format(unseen=_UNSEEN)})"


# The unary plus keeps SQLite on the index that leads from a stream's newest row on.
_WITHIN = "+{known_at} BETWEEN :since AND :until"


# Where the past is shown, `listings` and `items` are views that take long to prepare: of what a
# listing is, and where, is bound.
def _of_listing(sort: Sequence[str], at: str, detail: str, source: str) -> str:
    """SQL for a stream of one listing; `source`: its table, and the column that has its id."""
    order, row = sort
    return f"""SELECT {order}, {row}, {at}, {at}, :channel, {detail}
FROM {source} = :listing AND {at} IS NOT NULL AND ({order}, {row}) < (:order, :row)
  AND {_WITHIN.format(known_at=at)}
ORDER BY {order} DESC, {row} DESC LIMIT :limit"""


# Found by id alone first, from an index that holds no more.
_DISAGREEMENTS = f"""SELECT d.id, d.id, d.first_seen_at, d.first_seen_at, :channel, {_DISAGREEMENT}
FROM (SELECT id FROM disagreements WHERE listing_id = :listing AND :order > 0 AND id < :row
  ORDER BY id DESC LIMIT :limit) n
CROSS JOIN disagreements d ON d.id = n.id WHERE {_WITHIN.format(known_at="d.first_seen_at")}"""

_CORRECTIONS = f"""SELECT u.id, u.id, u.at, u.at, :channel, {_CORRECTION}
FROM (SELECT a.id FROM corrections o CROSS JOIN audit a ON a.correction_id = o.id
  WHERE o.listing_id = :listing AND a.id < :row AND :order > 0
  ORDER BY a.id DESC LIMIT :limit) n
CROSS JOIN audit u ON u.id = n.id JOIN corrections k ON k.id = u.correction_id
WHERE {_WITHIN.format(known_at="u.at")}"""

# Their order is the `rank` of a key.
_OF_LISTING: tuple[tuple[str, str, str], ...] = (
    (
        "reading",
        "reading",
        _of_listing(
            ("r.until_at", "r.id"),
            "r.observed_at",
            _READING.format(r="r"),
            "past_readings r WHERE r.listing_id",
        ),
    ),
    (
        "reading now",
        "reading",
        _of_listing(
            ("l.observed_at", "l.id"),
            "l.observed_at",
            _READING.format(r="l"),
            "listings l WHERE l.id",
        ),
    ),
    (
        "target",
        "target",
        _of_listing(
            ("t.until_at", "t.id"),
            "t.since_at",
            _TARGET,
            "past_targets t WHERE t.listing_id",
        ),
    ),
    (
        "target now",
        "target",
        _of_listing(
            ("l.target_since", "l.id"),
            "l.target_since",
            _TARGET_NOW,
            "listings l WHERE l.id",
        ),
    ),
    ("disagreement", "disagreement", _DISAGREEMENTS),
    ("correction", "correction", _CORRECTIONS),
)

# Rows of events are in the order in which they came to us; an index by item leads through them.
_MOVED = f"""SELECT e.id, e.id, e.received_at, e.at, c.name, {_MOVEMENT}
FROM (SELECT event_row FROM movements WHERE item_id = :item AND event_row < :row AND :order > 0
  ORDER BY event_row DESC LIMIT :limit) n
CROSS JOIN movements v ON v.event_row = n.event_row AND v.item_id = :item
JOIN events e ON e.id = v.event_row JOIN channels c ON c.id = e.channel_id
WHERE {_WITHIN.format(known_at="e.received_at")}"""

_UNMOVED = f"""SELECT e.id, e.id, e.received_at, e.at, c.name, {_OWN_EVENT}
FROM (SELECT x.id FROM events x WHERE x.item_id = :item AND x.id < :row AND :order > 0
    AND NOT EXISTS (SELECT 1 FROM movements v WHERE v.event_row = x.id AND v.item_id = :item)
  ORDER BY x.id DESC LIMIT :limit) n
CROSS JOIN events e ON e.id = n.id JOIN channels c ON c.id = e.channel_id
WHERE {_WITHIN.format(known_at="e.received_at")}"""

_OF_ITEM: tuple[tuple[str, str], ...] = (("movement", _MOVED), ("event", _UNMOVED))
