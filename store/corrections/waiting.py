"""Approved and not written yet: why it waits, and how it ends where it waits too long."""

import sqlite3
from collections.abc import Iterable

from store.corrections import audit, propose
from store.model import CorrectionStatus, Millis

NOT_YET = "not written yet: "


def note(connection: sqlite3.Connection, ids: Iterable[int], why: str) -> None:
    """Say on those that are still approved why they were not written in this round."""
    # No step of its life: a channel that stays unreachable would fill the audit with it. It shows
    # where the update is looked at, and is part of how it ends.
    connection.executemany(
        """UPDATE corrections SET result = :why
        WHERE id = :id AND status = 'approved' AND result IS NOT :why""",
        ({"id": correction_id, "why": NOT_YET + why} for correction_id in ids),
    )


def expire(connection: sqlite3.Connection, *, now: Millis) -> None:
    """End the approvals that are too old, with why they were not written."""
    late = connection.execute(
        """SELECT id, listing_id, result FROM corrections
        WHERE status = 'approved' AND expires_at <= ?""",
        (now,),
    ).fetchall()
    # Mostly of one channel, which can't be written to: so they end with few different words.
    alike: dict[str, list[int]] = {}
    for correction_id, _, why in late:
        result = "it was approved too long ago" + (f"; {why}" if why else "")
        alike.setdefault(result, []).append(correction_id)
    for result, ids in alike.items():
        audit.end_all(connection, ids, CorrectionStatus.EXPIRED, now=now, who="skew", result=result)
    propose.allow_proposal_again(connection, (listing_id for _, listing_id, _ in late))
