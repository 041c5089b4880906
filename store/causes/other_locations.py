"""Where else a SKU stands that is on one side only: likely the same stock by another location."""

import sqlite3
from collections import defaultdict

from store.cells.cell_ids import cell

# An item is a SKU at a location, and its index begins with the SKU.
_FIND = f"""SELECT d.id, other.location
FROM json_each(:asked) asked CROSS JOIN open_disagreements d
  ON d.id = json_extract(asked.value, '$[0]') AND d.kind IN ('missing', 'unlisted')
CROSS JOIN items mine ON mine.id = d.item_id
CROSS JOIN items other ON other.sku = mine.sku AND other.id <> mine.id
WHERE EXISTS (SELECT 1 FROM open_disagreements o
  WHERE o.listing_id = {cell("d.channel_id", "other.id")}
  AND o.kind = CASE d.kind WHEN 'missing' THEN 'unlisted' ELSE 'missing' END)
ORDER BY d.id, other.location"""


def find(connection: sqlite3.Connection, pairs: str) -> dict[int, list[str]]:
    """For each missing SKU where its channel lists it instead; for an unlisted one, where it lacks.

    `pairs` is a JSON list of [disagreement id, since].
    """
    found: dict[int, list[str]] = defaultdict(list)
    for disagreement_id, location in connection.execute(_FIND, {"asked": pairs}):
        found[disagreement_id].append(location)
    return found
