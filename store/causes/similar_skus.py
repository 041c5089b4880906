"""Which SKUs look like one another, from a table of skeletons that `fill` keeps up to date."""

import json
import sqlite3
from collections import defaultdict

from store.causes.facts import SimilarSku
from store.causes.sku_skeleton import skeleton
from store.causes.spreadsheet_damage import damaged_forms
from store.cells.cell_ids import cell
from store.model import Kind

FILLED_AT_ONCE = 50_000
"""Items that one `fill` takes: about a quarter of a second of the writer's time."""

SIMILAR_MAX = 3

LOOKALIKES_MAX = 50
"""So many SKUs of one place that look alike say nothing of any: which of them would be meant?"""

KINDS_WITH_SIMILAR = (Kind.MISSING, Kind.UNLISTED)
"""The kinds of disagreement that a look-alike could explain."""

_ASKED = """WITH asked (id, x) AS (
  SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:asked))"""
_COUNTERPART = f"""EXISTS (SELECT 1 FROM open_disagreements o
  WHERE o.listing_id = {cell("d.channel_id", "i.id")} AND o.kind = CASE d.kind
    WHEN 'missing' THEN 'unlisted' ELSE 'missing' END)"""

_FIND = f"""{_ASKED}
SELECT d.id, i.sku, {_COUNTERPART} AS counterpart
FROM asked CROSS JOIN open_disagreements d ON d.id = asked.id AND d.kind IN ('missing', 'unlisted')
CROSS JOIN skeletons s ON s.item_id = d.item_id AND s.skeleton <> ''
CROSS JOIN skeletons x ON x.skeleton = s.skeleton AND x.item_id <> s.item_id
JOIN items mine ON mine.id = d.item_id
  AND (SELECT count(*) FROM (SELECT 1 FROM skeletons y JOIN items n ON n.id = y.item_id
    WHERE y.skeleton = s.skeleton AND n.location = mine.location
    LIMIT {LOOKALIKES_MAX + 1})) <= {LOOKALIKES_MAX}
JOIN items i ON i.id = x.item_id AND i.location = mine.location AND i.sku <> mine.sku
WHERE counterpart OR (d.kind = 'unlisted' AND i.truth_quantity IS NOT NULL)
ORDER BY d.id, counterpart DESC, i.sku"""

# Of a number with so many digits a spreadsheet keeps the first few; the other side may have it so.
_LONG_NUMBERS = f"""{_ASKED} SELECT d.id, mine.sku FROM asked
CROSS JOIN open_disagreements d ON d.id = asked.id AND d.kind IN ('missing', 'unlisted')
CROSS JOIN items mine ON mine.id = d.item_id
WHERE length(mine.sku) >= 12 AND mine.sku NOT GLOB '*[^0-9]*'"""
_FIND_DAMAGED = f"""{_ASKED} SELECT d.id, i.sku, {_COUNTERPART} AS counterpart
FROM asked CROSS JOIN open_disagreements d ON d.id = asked.id
CROSS JOIN items mine ON mine.id = d.item_id
CROSS JOIN items i ON i.sku = asked.x AND i.location = mine.location
WHERE counterpart OR (d.kind = 'unlisted' AND i.truth_quantity IS NOT NULL)
ORDER BY d.id, counterpart DESC, i.sku"""


def is_behind(connection: sqlite3.Connection) -> bool:
    """Whether there are items that have no skeleton yet."""
    (behind,) = connection.execute(
        """SELECT coalesce((SELECT max(id) FROM items), 0)
          > coalesce((SELECT max(item_id) FROM skeletons), 0)"""
    ).fetchone()
    return bool(behind)


def fill(connection: sqlite3.Connection, *, at_once: int = FILLED_AT_ONCE) -> bool:
    """Give the next items their skeletons; return whether there are more. On the writer."""
    # A bounded number at a time, so that no poll waits for the writer: a million SKUs take some
    # seconds, once. Where nothing is new it is one lookup, for items never get a smaller id.
    connection.create_function("skeleton_of", 1, skeleton, deterministic=True)
    connection.execute(
        """INSERT INTO skeletons (item_id, skeleton)
        SELECT id, skeleton_of(sku) FROM items
        WHERE id > (SELECT coalesce(max(item_id), 0) FROM skeletons) ORDER BY id LIMIT ?""",
        (at_once,),
    )
    return is_behind(connection)


def find(connection: sqlite3.Connection, pairs: str) -> dict[int, list[SimilarSku]]:
    """For each `missing` or `unlisted` one, the SKUs that look like it, the likeliest first.

    For an unlisted one: SKUs that the authority has, first those that its channel lacks. For a
    missing one: SKUs that its channel has and the authority lacks.
    `pairs` is a JSON list of [disagreement id, since].
    """
    found: dict[int, list[SimilarSku]] = defaultdict(list)
    damaged = [
        (id_, form)
        for id_, sku in connection.execute(_LONG_NUMBERS, {"asked": pairs})
        for form in damaged_forms(sku)
    ]
    for query, asked in ((_FIND, pairs), (_FIND_DAMAGED, json.dumps(damaged))):
        for id_, sku, counterpart in connection.execute(query, {"asked": asked}):
            if len(found[id_]) < SIMILAR_MAX:
                found[id_].append(SimilarSku(sku, bool(counterpart)))
    return found
