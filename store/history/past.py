"""What was: a SKU's timeline over all channels."""

import json
import sqlite3

from store.model import Millis
from store.queries.values import HistoryEntry


def history(
    connection: sqlite3.Connection,
    sku: str,
    *,
    since: Millis | None = None,
    until: Millis | None = None,
    limit: int | None = None,
) -> list[HistoryEntry]:
    """One SKU's timeline over all channels, in the order in which we came to know it.

    Only what became known from `since` to `until`, where given; `limit` keeps the newest.
    """
    entries = [
        HistoryEntry(at, channel, kind, _detail(detail), known_at)
        for known_at, at, channel, kind, detail in connection.execute(_HISTORY, {"sku": sku})
        if (since is None or known_at >= since) and (until is None or known_at <= until)
    ]
    return entries[-limit:] if limit else entries


def thinned_before(connection: sqlite3.Connection) -> Millis | None:
    """Up to when something has been thinned out; None: all that ever was is kept."""
    row = connection.execute("SELECT max(before_at) FROM thinned WHERE rows_removed > 0").fetchone()
    before: Millis | None = row[0]
    return before


_OF_SKU = """FROM items i JOIN listings l ON l.item_id = i.id
JOIN channels c ON c.id = l.channel_id {join} WHERE i.sku = :sku"""

READING = """json_object('available', {r}.available, 'state', {r}.state,
  'on_hand', {r}.on_hand, 'committed', {r}.committed, 'source_at', {r}.source_at,
  'present', json(iif({r}.present, 'true', 'false')), 'location', i.location)"""
"""SQL for the detail of a reading, of alias r; i is its item. So are the others' details below."""

TARGET = """json_object('quantity', t.quantity, 'state', t.state, 'location', i.location)"""
TARGET_NOW = """json_object('quantity', l.target_quantity, 'state', l.target_state,
  'location', i.location)"""
DISAGREEMENT = """json_object('id', d.id, 'disagreement', d.kind, 'available', d.available,
  'target', d.target_quantity, 'delta', d.delta, 'closed_at', d.closed_at,
  'location', i.location)"""
CORRECTION = """json_object('id', k.id, 'step', u.step,
  'who', u.who, 'note', u.note, 'from', k.from_quantity, 'to', k.to_quantity,
  'from_state', k.from_state, 'to_state', k.to_state, 'location', i.location)"""

_UNSEEN = "EXISTS (SELECT 1 FROM movements v WHERE v.event_row = e.id AND v.unseen = 1)"

# Of a bundle's sale each component's timeline tells, too: `of` is the bundle, `moves` the pieces.
_EVENT = """json_object('id', e.event_id, 'event', e.kind, 'quantity', e.quantity,
  'order', e.order_ref, 'received_at', e.received_at, 'fate', e.fate,
  'unseen', json(iif({unseen}, 'true', 'false')), 'location', i.location"""

MOVEMENT = f"""{_EVENT.format(unseen="v.unseen")},
  'of', CASE WHEN e.item_id <> i.id THEN (SELECT sku FROM items WHERE id = e.item_id) END,
  'moves', v.available)"""
OWN_EVENT = f"{_EVENT.format(unseen=_UNSEEN)})"

_HISTORY = f"""
SELECT r.observed_at AS known_at, r.observed_at, c.name, 'reading', {READING.format(r="r")}
{_OF_SKU.format(join="JOIN past_readings r ON r.listing_id = l.id")}
UNION ALL SELECT l.observed_at, l.observed_at, c.name, 'reading', {READING.format(r="l")}
{_OF_SKU.format(join="")} AND l.observed_at IS NOT NULL
UNION ALL SELECT t.since_at, t.since_at, c.name, 'target', {TARGET}
{_OF_SKU.format(join="JOIN past_targets t ON t.listing_id = l.id")}
UNION ALL SELECT l.target_since, l.target_since, c.name, 'target', {TARGET_NOW}
{_OF_SKU.format(join="")} AND l.target_since IS NOT NULL
UNION ALL SELECT d.first_seen_at, d.first_seen_at, c.name, 'disagreement', {DISAGREEMENT}
{_OF_SKU.format(join="JOIN disagreements_ever d ON d.listing_id = l.id")}
UNION ALL SELECT u.at, u.at, c.name, 'correction', {CORRECTION}
{
    _OF_SKU.format(
        join='''JOIN corrections k ON k.listing_id = l.id
JOIN audit u ON u.correction_id = k.id'''
    )
}
UNION ALL SELECT e.received_at, e.at, c.name, 'event', {MOVEMENT}
FROM items i JOIN movements v ON v.item_id = i.id JOIN events e ON e.id = v.event_row
JOIN channels c ON c.id = e.channel_id WHERE i.sku = :sku
UNION ALL SELECT e.received_at, e.at, c.name, 'event', {OWN_EVENT}
FROM items i JOIN events e ON e.item_id = i.id JOIN channels c ON c.id = e.channel_id
WHERE i.sku = :sku AND NOT EXISTS
  (SELECT 1 FROM movements v WHERE v.event_row = e.id AND v.item_id = i.id)
ORDER BY known_at"""


def _detail(text: str) -> dict[str, object]:
    detail: dict[str, object] = json.loads(text)
    return detail
