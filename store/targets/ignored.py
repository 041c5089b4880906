"""Which rule ignores which open disagreement: a mark on its row, set where either changes.

A mark is a matter of the row and of the rules that nobody has ended, and of no clock: of all that
match, the one that holds longest. So a row is marked anew only when it changes or a rule comes or
goes, and whoever reads a mark asks whether the rule still holds (`verdict_sql.IGNORED`).
"""

import sqlite3
from collections.abc import Mapping

from store.targets.copies import UNITS

_EVER = 2**62
"""Later than any instant: until when a rule without an end holds."""

# What shows at least so many may be off by more than its units, and what has no units by any.
SKU_FITS = "i.sku GLOB replace({rule}.skus, '[!', '[^')"
"""SQL for whether a rule, by its alias, is about item i."""

FITS = f"""({SKU_FITS}
  AND ({{rule}}.channel_id IS NULL OR {{rule}}.channel_id = d.channel_id)
  AND ({{rule}}.kind IS NULL OR {{rule}}.kind = d.kind)
  AND ({{rule}}.units_max IS NULL
    OR coalesce(d.at_least = 0 AND {UNITS} <= {{rule}}.units_max, 0)))"""
"""SQL for whether a rule, by its alias, matches disagreement d of item i."""

_RULE = f"""(SELECT r.id FROM ignore_rules r WHERE r.ended_at IS NULL AND {FITS.format(rule="r")}
  ORDER BY coalesce(r.until_at, {_EVER}) DESC, r.id LIMIT 1)"""

_MARKING = "CREATE TEMP TABLE IF NOT EXISTS marking (id INTEGER PRIMARY KEY, rule INTEGER)"

CHANGED = """affected t CROSS JOIN open_disagreements d
  ON d.listing_id = t.id AND d.moved_at = :now"""
"""SQL for the disagreements d that a reconcile has just opened or changed."""

OF_RULE = "open_disagreements d INDEXED BY disagreements_ignored"
"""SQL for those d that are marked; `WHERE d.ignored_by = …` must follow."""


def any_rule(connection: sqlite3.Connection) -> bool:
    """Whether there is a rule that nobody has ended."""
    found = connection.execute("SELECT 1 FROM ignore_rules WHERE ended_at IS NULL LIMIT 1")
    return found.fetchone() is not None


def find(
    connection: sqlite3.Connection, among: str, values: Mapping[str, object], where: str = "1"
) -> int:
    """Note in `marking` which of some disagreements d have another mark than they should have."""
    connection.execute(_MARKING)
    connection.execute("DELETE FROM marking")
    return connection.execute(
        f"""INSERT INTO marking SELECT id, rule FROM (
          SELECT d.id, {_RULE} AS rule, d.ignored_by
          FROM {among} CROSS JOIN items i ON i.id = d.item_id WHERE {where} LIMIT -1)
        WHERE rule IS NOT ignored_by""",
        values,
    ).rowcount


def mark(connection: sqlite3.Connection) -> None:
    """Give those in `marking` their marks."""
    connection.execute(
        """UPDATE open_disagreements SET ignored_by =
          (SELECT m.rule FROM marking m WHERE m.id = open_disagreements.id)
        WHERE id IN (SELECT id FROM marking)"""
    )


def mark_changed(connection: sqlite3.Connection, *, now: int) -> bool:
    """Mark what a reconcile has just opened or changed; return whether any mark did.

    Costs what has changed, and without a rule nothing.
    """
    if not any_rule(connection) or not find(connection, CHANGED, {"now": now}):
        return False
    mark(connection)
    return True
