"""The views of the twenty-first schema: listings, disagreements that ever were, readable ones."""

_WORDS = "WHEN 1 THEN 'active' WHEN 2 THEN 'preorder' WHEN 3 THEN 'backorder' WHEN 4 THEN 'hold' \
WHEN 5 THEN 'disabled' WHEN 6 THEN 'archived' WHEN 7 THEN 'uncounted'"

DISAGREEMENT = """id item_id listing_id channel_id kind available state target_quantity
  target_state delta settles_at risk_minor first_seen_at moved_at waits rests_on acknowledged_by
  acknowledged_at acknowledged_why surplus at_least closed_at"""
"""The columns of a disagreement, closed ones included."""


def _beside(table: str, column: str) -> str:
    return f"(SELECT x.{column} FROM cell_{table} x WHERE x.id = c.id)"


def _odd(column: str) -> str:
    """Most cells have nothing odd, and are not looked up for it."""
    return f"CASE WHEN c.marked THEN {_beside('oddities', column)} END"


def _account(column: str, at_first: str) -> str:
    """As kept; until the first change, what the first reading says."""
    has_account = "EXISTS (SELECT 1 FROM cell_accounts x WHERE x.id = c.id)"
    return f"CASE WHEN {has_account} THEN {_beside('accounts', column)} ELSE {at_first} END"


_COUNTED = "c.available IS NOT NULL AND c.at_least = 0"
_SOURCE_AT = _beside("details", "source_at")


def _instant(column: str) -> str:
    """Below zero it is one that many cells share."""
    shared = f"(SELECT n.at FROM instants n WHERE n.id = c.{column})"
    return f"CASE WHEN c.{column} < 0 THEN {shared} ELSE c.{column} END"


_OBSERVED_AT = _instant("observed_kept")
_FILE_AT = f"""(SELECT f.as_of FROM first_readings f
  WHERE f.channel_id = c.id >> 28 AND f.read_at = {_OBSERVED_AT})"""

# Each column that stands elsewhere is a subquery of its own: so the view is of one table, and
# SQLite can put it into any query, reach it by its id, and leave out what nobody reads.
LISTING = {
    "id": "c.id",
    "item_id": f"c.id & {2**28 - 1}",
    "channel_id": "c.id >> 28",
    "present": "c.present",
    "copies": f"coalesce({_odd('copies')}, 1)",
    "available": "c.available",
    "state": f"CASE c.state {_WORDS} ELSE c.state END",
    "on_hand": _beside("figures", "on_hand"),
    "committed": _beside("figures", "committed"),
    "unavailable": _beside("figures", "unavailable"),
    "incoming": _beside("figures", "incoming"),
    "threshold": _beside("figures", "threshold"),
    "price_minor": _beside("details", "price_minor"),
    "ref": """CASE WHEN c.ref = x'' THEN (SELECT i.sku FROM items i WHERE i.id = c.id & 268435455)
      ELSE coalesce(CAST(c.ref AS TEXT), '') END""",
    "source_at": _SOURCE_AT,
    "observed_at": _OBSERVED_AT,
    "fell_at": _beside("accounts", "fell_at"),
    "problem": _odd("problem"),
    "target_quantity": "c.target_quantity",
    "target_state": f"CASE c.target_state {_WORDS} ELSE c.target_state END",
    "target_since": f"""CASE WHEN c.since_kept IS NULL AND (c.target_quantity IS NOT NULL
      OR c.target_state IS NOT NULL) THEN {_OBSERVED_AT} ELSE {_instant("since_kept")} END""",
    "opening": _account("opening", f"CASE WHEN {_COUNTED} THEN c.available END"),
    "opening_at": _account(
        "opening_at",
        f"""CASE WHEN {_COUNTED} THEN
          min(coalesce({_SOURCE_AT}, {_FILE_AT}, {_OBSERVED_AT}), {_OBSERVED_AT}) END""",
    ),
    "known": f"coalesce({_beside('accounts', 'known')}, 0)",
    "frozen_at": _odd("frozen_at"),
    "frozen_why": _odd("frozen_why"),
    "thawed_at": _odd("thawed_at"),
    "opening_read_at": _account("opening_read_at", f"CASE WHEN {_COUNTED} THEN {_OBSERVED_AT} END"),
    "behind_update": _odd("behind_update"),
    "source_seen_at": _beside("details", "source_seen_at"),
    "twins": _odd("twins"),
    "at_least": "c.at_least",
    "differs": "c.differs",
}
"""SQL for what the view `listings` shows of cell c, by column."""

_KINDS = "WHEN 1 THEN 'quantity' WHEN 2 THEN 'state' WHEN 3 THEN 'missing' \
WHEN 4 THEN 'unlisted' WHEN 5 THEN 'negative' WHEN 6 THEN 'duplicate'"
# With types, as the columns of `open_disagreements` have: SQLite looks into a UNION ALL for the
# rows of a join only where both of its sides have the same.
_CLOSED = {
    "item_id": f"CAST(c.listing_id & {2**28 - 1} AS INTEGER)",
    "channel_id": "CAST(c.listing_id >> 28 AS INTEGER)",
    "kind": f"CAST(CASE c.kind {_KINDS} END AS TEXT)",
    "state": f"CAST(CASE c.state {_WORDS} ELSE c.state END AS TEXT)",
    "target_state": f"CAST(CASE c.target_state {_WORDS} ELSE c.target_state END AS TEXT)",
    "settles_at": "CAST(coalesce(c.first_seen_at + c.settled_after, 0) AS INTEGER)",
    "moved_at": "CAST(coalesce(c.moved_at, c.first_seen_at) AS INTEGER)",
    "waits": "CAST(0 AS INTEGER)",
}
"""SQL for what the view `past_disagreements` shows of a row, where it is not kept as that."""

_EVER = DISAGREEMENT.split()
_PAST = f"""SELECT {", ".join(f"{_CLOSED.get(name, f'c.{name}')} AS {name}" for name in _EVER)}
FROM closed c"""
VIEWS = {
    "listings": "SELECT "
    + ", ".join(f"{sql} AS {name}" for name, sql in LISTING.items())
    + " FROM cells c",
    "disagreements": f"""SELECT {", ".join(_EVER[:-1])}, CAST(NULL AS INTEGER) AS closed_at
FROM open_disagreements
UNION ALL {_PAST}""",
    "past_disagreements": _PAST,
    "past_readings": f"""SELECT c.id, c.listing_id, c.present, c.available,
  CASE c.state {_WORDS} ELSE c.state END AS state, c.on_hand, c.committed, c.source_at,
  c.observed_at, c.until_at, c.fell_at, c.at_least
FROM former_readings c""",
    "past_targets": f"""SELECT c.id, c.listing_id, c.quantity,
  CASE c.state {_WORDS} ELSE c.state END AS state, c.since_at, c.until_at
FROM former_targets c""",
}


def _readable(column: str, alias: str) -> str:
    """An instant as text, for a person's eyes only: no query of ours reads these views."""
    return f"strftime('%Y-%m-%dT%H:%M:%SZ', {column} / 1000, 'unixepoch') AS {alias}"


READABLE_VIEWS = {
    "readings_now": f"""SELECT i.sku, i.location, c.name AS channel, l.present, l.available,
  l.state, l.target_quantity, l.target_state, l.on_hand, l.committed, l.problem, l.copies,
  {_readable("l.observed_at", "observed")}, {_readable("l.source_at", "source_time")}
FROM listings l JOIN items i ON i.id = l.item_id JOIN channels c ON c.id = l.channel_id""",
    "disagreements_now": f"""SELECT d.id, i.sku, i.location, c.name AS channel, d.kind, d.available,
  d.target_quantity, d.delta, d.state, d.target_state, d.risk_minor / 100.0 AS money_at_risk,
  {_readable("d.first_seen_at", "first_seen")}, {_readable("d.settles_at", "settles")}
FROM open_disagreements d JOIN items i ON i.id = d.item_id
JOIN channels c ON c.id = d.channel_id""",
    "corrections_now": f"""SELECT k.id, i.sku, i.location, c.name AS channel, k.status,
  k.from_quantity, k.to_quantity, k.from_state, k.to_state, k.decided_by, k.second_by, k.note,
  k.result, {_readable("k.proposed_at", "proposed")}, {_readable("k.decided_at", "decided")},
  {_readable("k.ended_at", "ended")}
FROM corrections k JOIN listings l ON l.id = k.listing_id JOIN items i ON i.id = l.item_id
JOIN channels c ON c.id = l.channel_id""",
}
"""What Datasette and sqlite-utils show a person first."""
