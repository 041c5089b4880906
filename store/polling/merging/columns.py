"""The columns of a staged record p as the cells keep them, shared by new and known listings."""

from store.cells.cell_ids import instant

SEEN_AT = "CASE WHEN p.source_at > :sight THEN :sight END"
"""SQL for when a time to come was first seen; nothing in a poll is later than `:sight`."""

PRICE = "nullif(p.price_minor, i.price_minor)"
"""SQL for a price that is not that of item i, which stands with the item."""

FIGURES = ("on_hand", "committed", "unavailable", "incoming", "threshold")
OF_RECORD = ", ".join(f"p.{name}" for name in FIGURES)
"""SQL for what the record's number is made of, in the order of FIGURES."""

KEEP_PAST = f"""INSERT INTO former_readings (listing_id, present, available, state, on_hand,
  committed, source_at, observed_at, until_at, fell_at, at_least)
SELECT l.id, l.present, l.available, l.state,
  (SELECT f.on_hand FROM cell_figures f WHERE f.id = l.id),
  (SELECT f.committed FROM cell_figures f WHERE f.id = l.id),
  (SELECT d.source_at FROM cell_details d WHERE d.id = l.id), {instant("l.observed_kept")}, :now,
  (SELECT a.fell_at FROM cell_accounts a WHERE a.id = l.id), l.at_least
{{}} AND l.observed_kept IS NOT NULL"""
"""SQL that keeps the readings of cells l before they change; wants FROM and WHERE.

History holds what was, with the span in which it was in force; the present stands on the cell.
"""
