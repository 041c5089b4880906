"""What is known of disagreements that could explain them, found for many at once.

A few queries, each by an index and for all disagreements that are asked for, whether a screenful or
all there are.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeVar

from store.causes import other_locations, similar_skus, twins
from store.causes.channel_facts import ChannelsOfSnapshot
from store.causes.facts import CHANGES, ComponentFacts, Facts, KnownEvent, SiblingListing, Update
from store.cells.cell_ids import cell
from store.cells.unseen_sums import unseen_sum
from store.database.rows import Columns
from store.event_kinds import EventKind
from store.model import CorrectionStatus, IncidentKind, Kind, Millis
from store.targets.verdict_sql import SOURCES

T = TypeVar("T")

EVENTS_MAX = 300
"""Of one item: a busy SKU that has disagreed for weeks would have thousands."""

EARLIER_MS = 86_400_000
"""How long before the first sight of a disagreement the events begin that may bear on it."""

_ROWS_OF_CHANGES = 3 * CHANGES  # Some rows are changes of the state only.

_NO_SIBLINGS: "tuple[tuple[int | None, ...], tuple[SiblingListing, ...]]" = ((), ())

_COUNTED = (Kind.QUANTITY, Kind.NEGATIVE)

REACHED = (CorrectionStatus.VERIFIED, CorrectionStatus.NOT_APPLIED, CorrectionStatus.UNKNOWN)
"""Ends of corrections that were written, or may have been."""


def find(
    connection: sqlite3.Connection, ids: Iterable[int], channels: ChannelsOfSnapshot | None = None
) -> dict[int, Facts]:
    """What could explain these disagreements, by their id.

    `channels` serves all pages of one snapshot.
    """
    asked = _since(connection, ids)
    pairs = json.dumps(list(asked.items()))
    parts = _parts(connection, pairs)
    events = _events(connection, pairs)
    updates = _updates(connection, pairs)
    rows = [_Cell._make(row) for row in connection.execute(_CELLS, {"asked": pairs})]
    counted = _pairs_of(rows, asked, _COUNTED)
    one_sided = _pairs_of(rows, asked, similar_skus.KINDS_WITH_SIMILAR)
    siblings = _siblings(connection, counted) if counted else {}
    moved_together = twins.find(connection, counted) if counted else {}
    similar = similar_skus.find(connection, one_sided) if one_sided else {}
    elsewhere = other_locations.find(connection, one_sided) if one_sided else {}
    channels = ChannelsOfSnapshot() if channels is None else channels
    found = {}
    for row in rows:
        # Of most rows there is nothing of all this, and there may be 100,000 of them.
        since = asked[row.id]
        channel = channels.of(connection, row.channel_id)
        known = tuple(events.get(row.id, ()))
        ended = updates.get(row.id, ())
        written = tuple(update for update in ended if update.status in REACHED) if ended else ()
        changes, others = siblings.get(row.id, _NO_SIBLINGS)
        found[row.id] = Facts(
            disagreement_id=row.id,
            authority=row.authority,
            truth_quantity=row.truth_quantity,
            truth_state=row.truth_state,
            truth_on_hand=row.truth_on_hand,
            truth_incoming=row.truth_incoming,
            pending=row.pending,
            pending_on_hand=row.pending_on_hand,
            parts=tuple(parts.get(row.id, ())),
            events=known,
            events_whole=not known or _is_whole(known),
            reports_events=channel.reports_events,
            as_of=row.as_of,
            since=since,
            agreed_quantity=_equal(row.quantity_before, row.target_before),
            agreed_state=_equal(row.state_before, row.target_state_before),
            earlier_target_since=row.earlier_since,
            earlier_target_until=row.earlier_until,
            polls_since_moved=channel.polls_since(row.moved_at),
            last=ended[-1] if ended else None,
            written=written[-1] if written else None,
            written_since=tuple(update for update in written if update.ended_at >= since)
            if written
            else (),
            unproven=tuple(update for update in written if _is_unproven(update, since))
            if written
            else (),
            frozen_at=row.frozen_at,
            frozen_why=row.frozen_why,
            in_loop=row.fought == IncidentKind.LOOP,
            in_pool=row.fought == IncidentKind.SHARED_POOL,
            changes=changes,
            siblings=others,
            twins=tuple(moved_together.get(row.id, ())),
            swapped_with=channel.crowd.swaps.get(row.id),
            similar=tuple(similar.get(row.id, ())),
            elsewhere=tuple(elsewhere.get(row.id, ())),
            peers=channel.crowd.peers,
        )
    return found


def _pairs_of(
    rows: Iterable["_Cell"], asked: Mapping[int, Millis], kinds: Collection[str]
) -> str | None:
    """Those of these kinds, as a JSON list of [disagreement id, since]; None where there is none.

    What only some kinds can have is not looked for in the others: all of a page may be of one.
    """
    found = [(row.id, asked[row.id]) for row in rows if row.kind in kinds]
    return json.dumps(found) if found else None


class _Cell(NamedTuple):
    """One row of `_CELLS`, in the order of its columns."""

    id: int
    kind: str
    channel_id: int
    authority: str | None
    truth_quantity: int | None
    truth_state: str | None
    truth_on_hand: int | None
    truth_incoming: int | None
    pending: int
    pending_on_hand: int
    as_of: Millis | None
    quantity_before: int | None
    state_before: str | None
    target_before: int | None
    target_state_before: str | None
    earlier_since: Millis | None
    earlier_until: Millis | None
    moved_at: Millis
    frozen_at: Millis | None
    frozen_why: str | None
    fought: str | None


# A disagreement that changes its kind closes, and one of the other kind opens at the same instant.
# For a person it is still the same one, so that the chain is followed back to its first link.
_SINCE = """WITH RECURSIVE chain (id, listing_id, of_state, since) AS (
  SELECT d.id, d.listing_id, d.kind = 'state', d.first_seen_at
  FROM json_each(:ids) j CROSS JOIN open_disagreements d ON d.id = j.value
  UNION
  SELECT h.id, h.listing_id, h.of_state, p.first_seen_at
  FROM chain h CROSS JOIN past_disagreements p ON p.listing_id = h.listing_id
    AND p.closed_at = h.since
  WHERE (p.kind = 'state') = h.of_state)
SELECT id, min(since) FROM chain GROUP BY id"""

_ASKED = """WITH asked (id, since) AS (
  SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:asked))"""

_LISTING = "asked CROSS JOIN open_disagreements d ON d.id = asked.id"

# What was shown and should have been at the last instant before `since`. The past keeps spans by
# their end, so that it is the oldest span that ends at `since` or later; where none does, the
# present one reaches back that far. Each is one probe of an index.
_CELLS = f"""{_ASKED}
SELECT d.id, d.kind, d.channel_id, ac.name, i.truth_quantity, i.truth_state, i.truth_on_hand,
  i.truth_incoming, {unseen_sum("available")}, {unseen_sum("on_hand")},
  c.as_of,
  CASE WHEN r.id IS NULL THEN CASE WHEN l.present = 1 AND l.observed_at < since
      THEN l.available END
    WHEN r.present = 1 AND r.observed_at < since THEN r.available END,
  CASE WHEN r.id IS NULL THEN CASE WHEN l.present = 1 AND l.observed_at < since THEN l.state END
    WHEN r.present = 1 AND r.observed_at < since THEN r.state END,
  CASE WHEN t.id IS NULL THEN CASE WHEN l.target_since < since THEN l.target_quantity END
    WHEN t.since_at < since THEN t.quantity END,
  CASE WHEN t.id IS NULL THEN CASE WHEN l.target_since < since THEN l.target_state END
    WHEN t.since_at < since THEN t.state END,
  (SELECT x.since_at FROM past_targets x WHERE x.listing_id = l.id AND x.until_at >= since
    AND {{earlier}} ORDER BY x.until_at DESC LIMIT 1),
  (SELECT max(x.until_at) FROM past_targets x WHERE x.listing_id = l.id AND x.until_at >= since
    AND {{earlier}}),
  d.moved_at,
  l.frozen_at, l.frozen_why, CASE WHEN l.frozen_at IS NOT NULL THEN (SELECT n.kind
    FROM incidents n WHERE n.kind IN ('loop', 'shared pool') AND n.key = i.sku
      AND n.closed_at IS NULL ORDER BY n.kind LIMIT 1) END
FROM asked CROSS JOIN {SOURCES}
LEFT JOIN past_readings r ON r.id = (SELECT x.id FROM past_readings x
  WHERE x.listing_id = l.id AND x.until_at >= since ORDER BY x.until_at, x.id LIMIT 1)
LEFT JOIN past_targets t ON t.id = (SELECT x.id FROM past_targets x
  WHERE x.listing_id = l.id AND x.until_at >= since ORDER BY x.until_at, x.id LIMIT 1)
WHERE d.id = asked.id""".format(
    earlier="(CASE WHEN d.kind = 'state' THEN x.state IS l.state "
    "ELSE x.quantity IS l.available END)"
)

_PARTS = f"""{_ASKED}
SELECT d.id, x.id, x.sku, p.quantity, p.how, x.truth_quantity, x.truth_state,
  {unseen_sum("available", "x")}, x.uncounted
FROM {_LISTING} CROSS JOIN parts p ON p.item_id = d.item_id JOIN items x ON x.id = p.part_id
ORDER BY d.id, x.sku"""

_EVENT = Columns(
    KnownEvent,
    {
        "channel": "c.name",
        "event_id": "e.event_id",
        "kind": "e.kind",
        "sku": "ei.sku",
        "quantity": "e.quantity",
        "at": "e.at",
        "received_at": "e.received_at",
        "order": "e.order_ref",
        "repeats": "e.repeats",
        "direct": "e.item_id = m.own_id",
        "item_id": "v.item_id",
        "available": "v.available",
        "on_hand": "v.on_hand",
        "unseen": "v.unseen",
    },
    {"kind": EventKind, "direct": bool, "unseen": bool},
)
# Unseen events and the newest others are found apart, each by its own index, and joined by UNION:
# with an OR SQLite would read every movement that a busy item ever had.
_EVENTS = f"""{_ASKED}, movers (id, since, item_id, own_id) AS (
  SELECT d.id, since, d.item_id, d.item_id FROM {_LISTING}
  UNION ALL SELECT d.id, since, p.part_id, d.item_id
  FROM {_LISTING} CROSS JOIN parts p ON p.item_id = d.item_id)
SELECT m.id, {_EVENT.sql}
FROM movers m CROSS JOIN movements v ON v.id IN (
    SELECT u.id FROM movements u WHERE u.item_id = m.item_id AND u.unseen = 1
    UNION SELECT id FROM (SELECT u.id FROM movements u
      WHERE u.item_id = m.item_id AND u.at >= m.since - {EARLIER_MS}
      ORDER BY u.at DESC LIMIT {EVENTS_MAX}))
  CROSS JOIN events e ON e.id = v.event_row
  JOIN items ei ON ei.id = e.item_id JOIN channels c ON c.id = e.channel_id
ORDER BY m.id, e.at, e.id"""

_UPDATE = Columns(
    Update,
    {name: f"k.{name}" for name in Update.__struct_fields__}
    | {"began_at": "k.applying_at", "approved_by": "k.decided_by"},
    {"status": CorrectionStatus},
)
_UPDATES = f"""{_ASKED}
SELECT d.id, {_UPDATE.sql}
FROM {_LISTING} CROSS JOIN corrections k ON k.listing_id = d.listing_id
WHERE k.live = 0 AND k.status <> 'superseded' AND k.ended_at IS NOT NULL
ORDER BY d.id, k.id"""

# Only where the disagreement's own listing has changed often enough: most have not, and the LIMIT
# ends that probe after three rows, before any other channel's past is read.
_SIBLINGS = f"""{_ASKED}
SELECT d.id, l.id = d.listing_id, c.name, l.target_quantity, l.available,
  (SELECT json_group_array(available) FROM (SELECT r.available FROM past_readings r
    WHERE r.listing_id = l.id ORDER BY r.until_at DESC, r.id DESC LIMIT {_ROWS_OF_CHANGES}))
FROM {_LISTING} CROSS JOIN channels c ON c.configured = 1
CROSS JOIN listings l ON l.id = {cell("c.id", "d.item_id")} AND l.present = 1
WHERE d.kind IN ('quantity', 'negative') AND (l.id = d.listing_id OR (l.available = d.available
    AND l.target_quantity IS NOT NULL AND l.target_quantity IS NOT d.target_quantity))
  AND (SELECT count(*) FROM
  (SELECT 1 FROM past_readings x WHERE x.listing_id = d.listing_id LIMIT {CHANGES})) = {CHANGES}
ORDER BY d.id, c.id"""


def _since(connection: sqlite3.Connection, ids: Iterable[int]) -> dict[int, Millis]:
    rows = connection.execute(_SINCE, {"ids": json.dumps(list(ids))})
    return dict(rows.fetchall())


def _parts(connection: sqlite3.Connection, pairs: str) -> dict[int, list[ComponentFacts]]:
    found = defaultdict(list)
    for about, *row in connection.execute(_PARTS, {"asked": pairs}):
        found[about].append(ComponentFacts(*row))
    return found


def _events(connection: sqlite3.Connection, pairs: str) -> dict[int, list[KnownEvent]]:
    found: dict[int, list[KnownEvent]] = defaultdict(list)
    if connection.execute("SELECT 1 FROM movements LIMIT 1").fetchone() is None:
        return found
    for about, *row in connection.execute(_EVENTS, {"asked": pairs}):
        found[about].append(_EVENT.read(row))
    return found


def _is_unproven(update: Update, since: Millis) -> bool:
    is_seen = update.status is CorrectionStatus.VERIFIED
    return not is_seen and update.began_at is not None and update.began_at > since - EARLIER_MS


def _is_whole(events: Iterable[KnownEvent]) -> bool:
    counted: dict[int, int] = defaultdict(int)
    for event in events:
        counted[event.item_id] += 1
    return all(count < EVENTS_MAX for count in counted.values())


def _updates(connection: sqlite3.Connection, pairs: str) -> dict[int, list[Update]]:
    found = defaultdict(list)
    for about, *row in connection.execute(_UPDATES, {"asked": pairs}):
        found[about].append(_UPDATE.read(row))
    return found


def _siblings(
    connection: sqlite3.Connection, pairs: str
) -> dict[int, tuple[tuple[int | None, ...], tuple[SiblingListing, ...]]]:
    """Each one's own changes and its twins, where it has changed often enough to have any."""
    own: dict[int, tuple[int | None, ...]] = {}
    others: dict[int, list[SiblingListing]] = defaultdict(list)
    for id_, is_own, channel, target, available, past in connection.execute(
        _SIBLINGS, {"asked": pairs}
    ):
        values = tuple(_changes([*reversed(json.loads(past)), available]))
        if is_own:
            own[id_] = values
        else:
            others[id_].append(SiblingListing(channel, target, values))
    return {id_: (values, tuple(others[id_])) for id_, values in own.items()}


def _changes(values: Iterable[int | None]) -> Iterator[int | None]:
    """The values without those that repeat the one before."""
    before: object = object()
    for value in values:
        if value != before:
            yield value
        before = value


def _equal(shown: T | None, target: T | None) -> T | None:
    return shown if shown == target else None
