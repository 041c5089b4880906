"""Proposals that rest on readings of an unknown age: no rule may raise anything on them.

A time to come says nothing. Where the reading was there already when we first looked, our first
sight says no more: it may be of any time before (rule 3, docs/architecture.md).
"""

import json
import sqlite3
from collections.abc import Iterable

# The truth of any part of a bundle or a pool counts. A listing's time was ahead when we first read
# the listing at all where its first sight is no later than its opening.
_UNDATED = """SELECT k.id FROM corrections k JOIN listings l ON l.id = k.listing_id
WHERE k.id IN (SELECT value FROM json_each(:ids)) AND EXISTS (
  SELECT 1 FROM items i JOIN listings a ON a.id IN (i.quantity_listing_id, i.state_listing_id)
  JOIN channels ac ON ac.id = a.channel_id LEFT JOIN polls p ON p.id = ac.good_poll_id
  WHERE (i.id = l.item_id OR i.id IN (SELECT part_id FROM parts WHERE item_id = l.item_id))
    AND ((p.unwatched = 1 AND p.dated_at - p.as_of > :ahead)
      OR (a.source_at - a.source_seen_at > :ahead AND a.source_seen_at <= a.opening_read_at)))"""


def undated_proposals(
    connection: sqlite3.Connection, ids: Iterable[int], *, ahead_ms: int
) -> set[int]:
    """Find those of some proposals, by id, whose authority's reading may be of any time.

    What was dated ahead by no more than `ahead_ms` is as good as any: clocks differ.
    """
    values = {"ids": json.dumps(list(ids)), "ahead": ahead_ms}
    return {row[0] for row in connection.execute(_UNDATED, values)}
