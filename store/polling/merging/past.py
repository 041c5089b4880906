"""What listings showed until now, kept before they change.

History holds what was, with the span in which it was in force; the present stands on the cell.
"""

import sqlite3
from collections.abc import Mapping

from store.cells.cell_ids import instant

_KEEP = f"""INSERT INTO former_readings (listing_id, present, available, state, on_hand,
  committed, source_at, observed_at, until_at, fell_at, at_least)
SELECT l.id, l.present, l.available, l.state,
  (SELECT f.on_hand FROM cell_figures f WHERE f.id = l.id),
  (SELECT f.committed FROM cell_figures f WHERE f.id = l.id),
  (SELECT d.source_at FROM cell_details d WHERE d.id = l.id), {instant("l.observed_kept")}, :now,
  (SELECT a.fell_at FROM cell_accounts a WHERE a.id = l.id), l.at_least
{{cells}} AND l.observed_kept IS NOT NULL"""


def keep(connection: sqlite3.Connection, cells: str, values: Mapping[str, object]) -> None:
    """Keep the readings of cells l, which end `:now`; `cells`: SQL from FROM on, with a WHERE."""
    kept = connection.execute(_KEEP.format(cells=cells), values)
    if kept.rowcount:
        # Their ids follow each other: one row finds those that ended at an instant, and an index of
        # that would need an entry for each.
        assert kept.lastrowid is not None
        connection.execute(
            "INSERT INTO reading_ends (at, upto, after) VALUES (?, ?, ?)",
            (values["now"], kept.lastrowid, kept.lastrowid - kept.rowcount),
        )
