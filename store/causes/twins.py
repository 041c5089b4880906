"""SKUs of one channel that move together: several listings that the channel sells from one pool.

A shop may keep one number for all variants of a product. Then an order of one lowers the others,
and so does an update of ours: that is no second writer.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Sequence

from store.causes.facts import CHANGES, PoolTwin, Update
from store.database.rows import Columns
from store.model import CorrectionStatus

WITHIN_MS = 15 * 60_000
"""How long after an update of ours its channel may show that another listing moved with it."""

TWINS_MAX = 3
"""With more that moved alike at once, they have nothing in common but that."""

_ROWS = 200
_ASKED = """WITH asked (id, since) AS (
  SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:asked)),
moved (id, listing_id, channel_id, item_id, location, available, at, was) AS (
  SELECT d.id, l.id, l.channel_id, l.item_id, i.location, l.available, l.observed_at,
    (SELECT r.available FROM past_readings r WHERE r.listing_id = l.id
      ORDER BY r.until_at DESC, r.id DESC LIMIT 1)
  FROM asked CROSS JOIN open_disagreements d
    ON d.id = asked.id AND d.kind IN ('quantity', 'negative')
  JOIN listings l ON l.id = d.listing_id AND l.present = 1 JOIN items i ON i.id = l.item_id)"""

_UPDATE = Columns(
    Update,
    {name: f"k.{name}" for name in Update.__struct_fields__}
    | {"began_at": "k.applying_at", "approved_by": "k.decided_by"},
    {"status": CorrectionStatus},
)
# By the index of what was verified, and not by that of all that ended: where stock moves fast,
# thousands are superseded within these minutes. An index can't be named here, for at a past instant
# it is a view that is read.
_BY_UPDATE = f"""{_ASKED}
SELECT m.id, i.sku, {_UPDATE.sql}
FROM moved m CROSS JOIN corrections k ON k.ended_at BETWEEN m.at - {WITHIN_MS} AND m.at
  AND likely(k.status = 'verified') AND k.to_quantity = m.available AND k.from_quantity = m.was
  AND k.listing_id <> m.listing_id
JOIN listings x ON x.id = k.listing_id AND x.channel_id = m.channel_id
JOIN items i ON i.id = x.item_id AND i.location = m.location
WHERE m.was <> m.available AND NOT EXISTS (SELECT 1 FROM corrections o
  WHERE o.listing_id = m.listing_id AND o.applying_at > k.applying_at AND o.applying_at <= m.at)
ORDER BY m.id, k.ended_at DESC, k.id DESC"""

_BY_THEMSELVES = f"""{_ASKED}
SELECT m.id, i.sku, m.available, {{past}}, {{its_past}}
FROM moved m CROSS JOIN reading_ends e ON e.at = m.at
CROSS JOIN past_readings r ON r.id > e.after AND r.id <= e.upto
  AND r.listing_id <> m.listing_id AND r.available = m.was
CROSS JOIN listings x ON x.id = r.listing_id AND x.channel_id = m.channel_id AND x.present = 1
  AND x.available = m.available AND x.observed_at = m.at
JOIN items i ON i.id = x.item_id AND i.location = m.location
WHERE m.was <> m.available LIMIT {_ROWS}"""
_PAST = f"""(SELECT json_group_array(json_array(available, until_at)) FROM (SELECT p.available,
  p.until_at FROM past_readings p WHERE p.listing_id = {{listing}}
  ORDER BY p.until_at DESC, p.id DESC LIMIT {3 * CHANGES}))"""


def find(connection: sqlite3.Connection, pairs: str) -> dict[int, list[PoolTwin]]:
    """The twins of each of the asked disagreements; `pairs`: a JSON list of [id, since]."""
    found: dict[int, list[PoolTwin]] = defaultdict(list)
    for about, sku, *update in connection.execute(_BY_UPDATE, {"asked": pairs}):
        if all(twin.sku != sku for twin in found[about]):
            found[about].append(PoolTwin(sku, _UPDATE.read(update)))
    statement = _BY_THEMSELVES.format(
        past=_PAST.format(listing="m.listing_id"), its_past=_PAST.format(listing="x.id")
    )
    for about, sku, shown, past, its_past in connection.execute(statement, {"asked": pairs}):
        values = _alike(json.loads(past), json.loads(its_past))
        if len(values) >= CHANGES:
            found[about].append(PoolTwin(sku, None, (*reversed(values), shown)))
    return {
        about: sorted(twins, key=lambda twin: (-len(twin.values), twin.sku))
        for about, twins in found.items()
        if len(twins) <= TWINS_MAX or any(twin.values for twin in twins)
    }


def _alike(mine: Sequence[list[int]], theirs: Sequence[list[int]]) -> list[int]:
    """The numbers that both have shown until the same instants, newest first, without repeats."""
    values: list[int] = []
    for my_span, their_span in zip(mine, theirs, strict=False):
        if my_span != their_span:
            break
        (shown, _) = my_span
        if not values or values[-1] != shown:
            values.append(shown)
    return values
