"""Which open disagreements can be counted in a group, and in which: SQL fragments.

The aliases are those of `store.targets.verdict_sql`, and l is a cell here.
"""

from store.cells.cell_ids import channel_of, instant, item_of
from store.model import UNCOUNTED
from store.targets.copies import OVERSELLS, UNPRICED
from store.targets.verdict_sql import HAS_PARTS, RAISES, RESTS_ON, whole_as_of

MEASURES = {
    "number": "1",
    "oversell": OVERSELLS,
    "oversell_units": f"CASE WHEN {OVERSELLS} THEN coalesce(d.surplus, -d.delta) END",
    "oversell_risk": f"CASE WHEN {OVERSELLS} THEN d.risk_minor END",
    "undersell": "d.delta > 0",
    "undersell_units": "CASE WHEN d.delta > 0 THEN d.delta END",
    "undersell_risk": "CASE WHEN d.delta > 0 THEN d.risk_minor END",
    "unpriced": UNPRICED,
}
"""SQL for what a disagreement adds to each of the sums."""

KEY = {
    "channel_id": "d.channel_id",
    "authority_id": f"coalesce({channel_of(RESTS_ON)}, 0)",
    "raises": f"coalesce({RAISES}, 0)",
    "ignored_by": "coalesce(d.ignored_by, 0)",
}
"""SQL for the group that a disagreement d of item i belongs to; 0: no authority, or no rule."""

_OBSERVED_AT = instant("l.observed_kept")
BOUNDS = {
    "settled_at": "d.settles_at",
    "observed_at": f"""CASE WHEN {KEY["raises"]} THEN
      (SELECT {_OBSERVED_AT} FROM cells l WHERE l.id = d.listing_id) END""",
    "fell_at": f"""CASE WHEN {KEY["raises"]} THEN
      (SELECT f.fell_at FROM cell_accounts f WHERE f.id = d.listing_id) END""",
}
"""SQL for the times of which a group has the latest."""

SOURCES_OF_CELLS = f"""CROSS JOIN open_disagreements d ON d.id = x.id
CROSS JOIN items i ON i.id = d.item_id
CROSS JOIN cells l ON l.id = d.listing_id
CROSS JOIN channels c ON c.id = d.channel_id
LEFT JOIN channels ac ON ac.id = {channel_of(RESTS_ON)}"""
"""After a list x of ids: the disagreements, with what `PLAIN` reads."""

FELL_AT = "(SELECT f.fell_at FROM cell_accounts f WHERE f.id = l.id)"
FELL_BEFORE = "{whole} > {fell_at} + ac.lag_ms + ac.unseen_after_ms"

_FITS = "coalesce({}, 0) BETWEEN -(1 << 40) AND 1 << 40"
"""Of such numbers, millions add up to an integer."""

# What is not so for certain keeps a disagreement apart: that costs time, and nothing else.
PLAIN = f"""(d.settles_at <= :now
  AND {" AND ".join(_FITS.format(f"d.{name}") for name in ("delta", "surplus", "risk_minor"))}
  AND NOT {HAS_PARTS}
  AND NOT coalesce(c.collapses = 1 AND i.state_listing_id <> i.quantity_listing_id
    AND (d.kind IN ('quantity', 'negative') OR d.state = '{UNCOUNTED}'), 0)
  AND coalesce({item_of(RESTS_ON)} = d.item_id, 1)
  AND (NOT {KEY["raises"]} OR {_OBSERVED_AT} < c.last_success_at AND ({FELL_AT} IS NULL
    OR {FELL_BEFORE.format(whole=whole_as_of("ac"), fell_at=FELL_AT)})))"""
"""SQL for whether all that a reason hangs on is the group's, but for the oddities of a cell."""

HOLDS = f"""(:now >= d.settled_at
  AND c.max_source_age_ms IS NULL AND ac.max_source_age_ms IS NULL
  AND (d.raises = 0 OR coalesce(c.last_success_at > d.observed_at, 0) AND (d.fell_at IS NULL
    OR coalesce({FELL_BEFORE.format(whole=whole_as_of("ac"), fell_at="d.fell_at")}, 0))))"""
"""SQL for whether that is still so for all of group d: a clock or a file can go back."""
