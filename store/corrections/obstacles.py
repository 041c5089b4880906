"""What keeps an update from being approved or written at this moment."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable

from store.model import Correction, Millis
from store.reasons import HeldBack, Reason
from store.targets.verdict_sql import REASON, SOURCES

_ASKED = """WITH asked (id, listing_id, quantity, state) AS (
  SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
    json_extract(value, '$[3]') FROM json_each(:asked))"""
_FROZEN = """SELECT asked.id, l.frozen_why
FROM asked CROSS JOIN listings l ON l.id = asked.listing_id WHERE l.frozen_at IS NOT NULL"""
# CROSS JOIN keeps SQLite from judging everything that differs: it begins with what was asked for.
# Only the disagreements that a correction rests on count: a state in doubt does not hold back a
# correction of the quantity alone.
_DOUBTS = f"""SELECT asked.id, {REASON}, l.frozen_why FROM asked CROSS JOIN {SOURCES}
WHERE d.listing_id = asked.listing_id
  AND CASE WHEN d.kind = 'state' THEN asked.state ELSE asked.quantity END
ORDER BY d.id"""

_STRENGTH = tuple(Reason)


def of(connection: sqlite3.Connection, correction: Correction, *, now: Millis) -> HeldBack | None:
    """Why the correction cannot be acted on now; None where it can."""
    return by_id(connection, [correction], now=now).get(correction.id)


def counted(
    connection: sqlite3.Connection, batch: Iterable[Correction], *, now: Millis
) -> dict[HeldBack, int]:
    """Why some of these cannot be acted on now: how many for each reason."""
    return dict(Counter(by_id(connection, batch, now=now).values()))


def by_id(
    connection: sqlite3.Connection, batch: Iterable[Correction], *, now: Millis
) -> dict[int, HeldBack]:
    """By id, why some of these cannot be acted on now: two queries, however many they are.

    Every part of it must be free of doubt: one authority may decide its quantity and another its
    state.
    """
    asked = json.dumps(
        [
            (
                correction.id,
                correction.listing_id,
                correction.to_quantity != correction.from_quantity,
                correction.to_state != correction.from_state,
            )
            for correction in batch
        ]
    )
    reasons = {
        correction_id: HeldBack(Reason.FROZEN, str(why))
        for correction_id, why in connection.execute(f"{_ASKED} {_FROZEN}", {"asked": asked})
    }
    # Of several the strongest counts, as it does for the disagreement itself.
    doubts = connection.execute(f"{_ASKED} {_DOUBTS}", {"asked": asked, "now": now})
    for correction_id, code, why in doubts:
        if not code:
            continue
        reason = Reason(code)
        known = reasons.get(correction_id)
        if known is None or _STRENGTH.index(reason) < _STRENGTH.index(known.reason):
            detail = str(why) if reason is Reason.FROZEN else ""
            reasons[correction_id] = HeldBack(reason, detail)
    return reasons
