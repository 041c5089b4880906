"""What happened to a correction since an operator saw it: who changed what, in words.

Times are RFC 3339 in UTC; a screen may shorten them.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from store.corrections import audit, lifecycle
from store.corrections.audit import AuditRow
from store.model import Correction, Millis

PROGRAM = "skew"
"""The audit's name for steps that no person takes."""

_DONE_BY = MappingProxyType(
    {
        "first approval": "gave it the first of two approvals",
        "approved": "approved it",
        "rejected": "rejected it",
        "snoozed": "snoozed it",
        "undone": "took its approval back",
        "snooze ended": "ended its snooze",
        "rejection undone": "took its rejection back",
        "asked anew": "retried it",
    }
)
_HAPPENED = MappingProxyType(
    {
        "applying": "its write began",
        "applied": "it was written",
        "not sent": "it could not be sent",
        "not_applied": "it was not applied",
        "failed": "it failed",
        "unknown": "its outcome is unknown",
        "expired": "it expired",
    }
)


def in_words(connection: sqlite3.Connection, correction: Correction, seen: int) -> str:
    """Say who changed it since version `seen`, and what became of it; empty where nothing changed.

    `ben rejected it at 2026-11-24T14:02:11.000Z (stocktake)`.
    """
    rows = [row for row in audit.rows(connection, correction.id) if _facts(row)["version"] > seen]
    if not rows:
        return ""
    # The last person explains why it changed, and the last step what it is now. Between them there
    # may be many that the program took, and those would only hide the two.
    last = rows[-1]
    acted = next((row for row in reversed(rows) if row.who != PROGRAM), None)
    sentences = [] if acted is None else [_of_person(acted)]
    if last is not acted:
        sentences.append(_of_program(connection, correction, last))
    return "; ".join(sentences)


def of_all(
    connection: sqlite3.Connection, seen: Sequence[tuple[int, int | None]]
) -> dict[int, str]:
    """The same of several, each by the version that was seen; without those that did not change."""
    versions = dict(seen)
    sentences = {
        correction.id: in_words(connection, correction, versions[correction.id] or 0)
        for correction in lifecycle.by_id(connection, versions)
    }
    return {number: words for number, words in sentences.items() if words}


def _of_person(row: AuditRow) -> str:
    note = f" ({row.note})" if row.note else ""
    done = _DONE_BY.get(row.step, f"made it {row.step}")
    return f"{row.who} {done} at {_time(row.at)}{note}"


def _of_program(connection: sqlite3.Connection, correction: Correction, row: AuditRow) -> str:
    note = f": {row.note}" if row.note else ""
    if row.step != "superseded" or note.startswith(": frozen"):
        return f"at {_time(row.at)} {_HAPPENED.get(row.step, f'it was {row.step}')}{note}"
    newer = connection.execute(
        "SELECT id FROM corrections WHERE listing_id = ? AND live = 1", (correction.listing_id,)
    ).fetchone()
    instead = "" if newer is None else f"; #{newer[0]} is proposed instead"
    moved = _what_moved(correction, _facts(row)) or f"it was superseded{note}"
    return f"at {_time(row.at)} {moved}{instead}"


def _what_moved(correction: Correction, seen: Mapping[str, Any]) -> str:
    """Compare what the listing showed and should show, as a step saw it, with the correction."""
    channel = correction.channel
    sentences = [
        _now(f"{channel} showed", seen["available"], correction.from_quantity, none="no number"),
        _now(f"{channel} showed", seen["state"], correction.from_state),
    ]
    if correction.to_quantity != correction.from_quantity:
        sentences.append(_now("its target became", seen["target_quantity"], correction.to_quantity))
    if correction.to_state != correction.from_state:
        sentences.append(_now("its target became", seen["target_state"], correction.to_state))
    return ", ".join(move for move in sentences if move)


def _now(what: str, now: object, before: object, none: str = "nothing") -> str:
    if now == before:
        return ""
    return f"{what} {none if now is None else now}, was {before}"


def _facts(row: AuditRow) -> Mapping[str, Any]:
    facts: Mapping[str, Any] = json.loads(row.seen)
    return facts


def _time(at: Millis) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
