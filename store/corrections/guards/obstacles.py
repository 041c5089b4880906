"""What keeps an update from being approved or written at this moment."""

import json
import sqlite3
from collections import Counter
from collections.abc import Collection

from store.model import Correction, Millis
from store.reasons import HeldBack, Reason
from store.targets.verdict_sql import REASON, SOURCES, sources

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
# What turns an update back rests on no disagreement, for its listing agrees. It is judged as a
# correction of the quantity by as much would be: by the channel, its authority, and for a raise by
# what a raise waits for.
_BACK = """(SELECT k.id, k.listing_id, l.item_id, l.channel_id, 'quantity' AS kind, l.state,
  NULL AS rests_on, NULL AS settles_at, l.target_quantity, k.to_quantity - k.from_quantity AS delta
  FROM asked CROSS JOIN corrections k ON k.id = asked.id AND k.reverts IS NOT NULL
  CROSS JOIN listings l ON l.id = k.listing_id)"""
_DOUBTS_OF_BACK = f"SELECT d.id, {REASON}, l.frozen_why FROM {sources(_BACK)}"

_STRENGTH = tuple(Reason)


def of(connection: sqlite3.Connection, correction: Correction, *, now: Millis) -> HeldBack | None:
    """Why the correction cannot be acted on now; None where it can."""
    return by_id(connection, [correction], now=now).get(correction.id)


def counted(
    connection: sqlite3.Connection, batch: Collection[Correction], *, now: Millis
) -> dict[HeldBack, int]:
    """Why some of these cannot be acted on now: how many for each reason."""
    return dict(Counter(by_id(connection, batch, now=now).values()))


def by_id(
    connection: sqlite3.Connection, batch: Collection[Correction], *, now: Millis
) -> dict[int, HeldBack]:
    """By id, why some of these cannot be acted on now: a few queries, however many they are.

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
    values = {"asked": asked, "now": now}
    doubts = connection.execute(f"{_ASKED} {_DOUBTS}", values).fetchall()
    if any(correction.reverts is not None for correction in batch):
        doubts += connection.execute(f"{_ASKED} {_DOUBTS_OF_BACK}", values).fetchall()
    for correction_id, code, why in doubts:
        if not code:
            continue
        reason = Reason(code)
        known = reasons.get(correction_id)
        if known is None or _STRENGTH.index(reason) < _STRENGTH.index(known.reason):
            detail = str(why) if reason is Reason.FROZEN else ""
            reasons[correction_id] = HeldBack(reason, detail)
    return reasons
