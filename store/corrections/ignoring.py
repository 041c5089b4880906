"""What follows when a rule ignores a disagreement, or does so no more: counts and proposals.

Nothing is proposed for what is ignored. What was proposed for it ends, and so does what a written
rule has approved and nobody has written yet; what a person has approved stays.
"""

import json
import sqlite3
from collections.abc import Mapping

from store.corrections import audit
from store.model import CorrectionStatus, Millis
from store.open_counts import upkeep
from store.targets import ignored

# What turns an update back was asked for by a person, and answers no disagreement.
_PROPOSED = """SELECT DISTINCT k.id FROM marking m CROSS JOIN open_disagreements d ON d.id = m.id
CROSS JOIN corrections k ON k.listing_id = d.listing_id AND k.live = 1
WHERE m.rule IS NOT NULL AND k.reverts IS NULL
  AND (k.status IN ('proposed', 'snoozed') OR k.status = 'approved' AND k.by_rule = 1)
  AND CASE d.kind WHEN 'state' THEN k.to_state IS NOT k.from_state
    ELSE k.to_quantity IS NOT k.from_quantity END"""


def remark(
    connection: sqlite3.Connection,
    among: str,
    values: Mapping[str, object],
    where: str = "1",
    *,
    now: Millis,
) -> int:
    """Mark some open disagreements d anew, with all that follows; return how many changed.

    Not within a reconcile, which counts and proposes by itself.
    """
    found = ignored.find(connection, among, values, where)
    if found:
        upkeep.take_out_for_now(connection, "SELECT id FROM marking")
        ignored.mark(connection)
        upkeep.put_back(connection)
        end_proposals(connection, now=now)
    return found


def end_proposals(connection: sqlite3.Connection, *, now: Millis) -> None:
    """End what was proposed for those that have just been marked: `marking` has them."""
    ids = [correction_id for (correction_id,) in connection.execute(_PROPOSED)]
    if not ids:
        return
    audit.end_all(
        connection, ids, CorrectionStatus.SUPERSEDED, now=now, who="skew",
        result="a rule ignores its disagreement",
    )  # fmt: skip
    # Its state may differ too and be ignored by no rule; and a rule may end.
    # One statement, however many: between two, the screen would wait for the interpreter.
    connection.execute(
        """UPDATE open_disagreements SET waits = 1 WHERE waits = 2 AND listing_id IN
          (SELECT k.listing_id FROM corrections k
            WHERE k.id IN (SELECT value FROM json_each(?)))""",
        (json.dumps(ids),),
    )


def expire(connection: sqlite3.Connection, *, now: Millis) -> None:
    """End the rules that have run out: what they ignored is proposed for again."""
    due = "SELECT id, until_at FROM ignore_rules WHERE ended_at IS NULL AND until_at <= ?"
    for rule_id, until_at in connection.execute(due, (now,)).fetchall():
        connection.execute("UPDATE ignore_rules SET ended_at = ? WHERE id = ?", (until_at, rule_id))
        unmark(connection, rule_id, now=now)


def unmark(connection: sqlite3.Connection, rule_id: int, *, now: Millis) -> int:
    """Mark anew what an ended rule ignored; return how much no other rule ignores."""
    values = {"rule": rule_id}
    remark(connection, ignored.OF_RULE, values, "d.ignored_by = :rule", now=now)
    row = connection.execute("SELECT count(*) FROM marking WHERE rule IS NULL").fetchone()
    return int(row[0])
