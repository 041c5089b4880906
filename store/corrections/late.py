"""Updates that a later reading proves: those of no known outcome, and those that are applied later.

After a good poll; cheap where there are none.
"""

import sqlite3
from typing import NamedTuple

from store.corrections import audit, lifecycle
from store.model import CorrectionStatus, Millis
from store.targets.copies import LOWEST, agrees
from store.targets.verdict_sql import SET_BACK_AT, is_ahead, was_after

_PROVEN = "a later reading shows what was written"

# The reading must be from after the write began, and no later correction may have touched the
# listing: the same number read at another time proves nothing about this write.
_SHOWN = f"""l.present = 1 AND l.problem IS NULL
  AND {agrees("l", "k.to_quantity")} AND (l.twins IS NULL
    OR k.to_quantity < k.from_quantity OR {LOWEST.format("l")} = k.to_quantity)
  AND (k.to_state IS NULL OR l.state IS k.to_state)
  AND CASE WHEN {is_ahead("k.applying_at")} THEN {was_after("l.observed_at")}
    ELSE l.observed_at >= k.applying_at END
  AND NOT EXISTS (SELECT 1 FROM corrections n
    WHERE n.listing_id = k.listing_id AND n.id > k.id)"""

_VERIFIED_LATE = f"""SELECT k.id FROM corrections k JOIN listings l ON l.id = k.listing_id
JOIN channels c ON c.id = l.channel_id
WHERE k.status IN ('unknown', 'not_applied') AND c.name = :channel AND {_SHOWN}"""

_APPLIED_LATER = f"""SELECT k.id, i.sku, {_SHOWN},
  CASE WHEN {is_ahead("k.applying_at")}
    THEN {SET_BACK_AT} + k.proof_until - k.applying_at < p.started_at
    ELSE k.proof_until < p.started_at AND coalesce(c.as_of, p.started_at) >= k.applying_at END,
  l.present = 1 AND l.problem IS NULL, l.available IS k.from_quantity AND l.state IS k.from_state,
  l.available, l.state
FROM corrections k INDEXED BY corrections_applied_later JOIN listings l ON l.id = k.listing_id
JOIN items i ON i.id = l.item_id
JOIN channels c ON c.id = l.channel_id JOIN polls p ON p.id = c.good_poll_id
WHERE k.status = 'applied' AND k.proof_until IS NOT NULL AND c.name = :channel ORDER BY k.id"""


class AppliedLater(NamedTuple):
    """An update that the channel accepted to apply later, and what its newest poll shows of it."""

    id: int
    sku: str
    is_shown: bool
    is_over: bool
    """The time for it is up, by a reading of after that."""
    is_there: bool
    is_unchanged: bool
    available: int | None
    state: str | None

    def shows(self) -> str:
        """What the listing shows, in words."""
        if not self.is_there:
            return "is not there to be read"
        shown = " ".join(str(part) for part in (self.available, self.state) if part is not None)
        return f"still shows {shown}" if self.is_unchanged else f"shows {shown}"


def verify_late(connection: sqlite3.Connection, channel: str, *, now: Millis) -> int:
    """Verify updates without a reply, or accepted and not seen, that the listing now shows.

    A reading decides what the reply, or its lack, did not. Returns how many.
    """
    rows = connection.execute(_VERIFIED_LATE, {"channel": channel, "now": now}).fetchall()
    for (correction_id,) in rows:
        audit.end(connection, correction_id, CorrectionStatus.VERIFIED, now=now, who="skew",
             result=_PROVEN)  # fmt: skip
    return len(rows)


def settle_applied_later(
    connection: sqlite3.Connection, channel: str, *, now: Millis
) -> tuple[int, list[str]]:
    """Verify what the channel has applied by now, and end what it has not in its time.

    Returns how many were verified, and a sentence for each that ended without it.
    """
    verified, unproven = 0, []
    rows = connection.execute(_APPLIED_LATER, {"channel": channel, "now": now}).fetchall()
    for update in map(AppliedLater._make, rows):
        if update.is_shown:
            verified += 1
            lifecycle.finish(
                connection, update.id, CorrectionStatus.VERIFIED, now=now, result=_PROVEN
            )
        elif update.is_over:
            words = f"accepted, not applied in its time: {update.shows()}"
            unproven.append(f"update {update.id} of {update.sku}: {words}")
            unchanged = update.is_there and update.is_unchanged
            end = CorrectionStatus.NOT_APPLIED if unchanged else CorrectionStatus.UNKNOWN
            lifecycle.finish(connection, update.id, end, now=now, result=words)
    return verified, unproven
