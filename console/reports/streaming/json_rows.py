"""The rows of long reports as JSON text, a few microseconds each.

Each function writes the very bytes that `json.dumps` makes of the row's document in
`console.reports.json_documents`, without making the document: a test holds them equal.
"""

from collections.abc import Mapping
from functools import lru_cache
from json import dumps
from json.encoder import encode_basestring_ascii
from types import MappingProxyType

from console.text.format import copies_of
from console.text.reasons import reason_in_documents
from store.model import Cause, Correction, Disagreement, Millis
from store.queries.uncounted import UncountedListing
from store.queries.values import HistoryEntry
from store.reasons import Reason
from sync.clock import rfc3339

_REASONS: Mapping[Reason | None, str] = MappingProxyType(
    {
        reason: f"{dumps(reason_in_documents(reason))}, "
        f'"reason_code": {dumps(None if reason is None else str(reason))}'
        for reason in (None, *Reason)
    }
)


def disagreement(row: Disagreement, cause: Cause | None) -> str:
    """As `json_documents.disagreement`."""
    copies = f', "copies": {dumps(copies_of(row.twins))}' if row.twins else ""
    because = (
        "null"
        if cause is None
        else f'{{"kind": {_name(cause.kind)}, "confidence": {cause.confidence!r}, '
        f'"evidence": {_text(cause.evidence)}}}'
    )
    seen = (
        "null"
        if row.acknowledged_at is None
        else f'{{"by": {_optional(row.acknowledged_by)}, "at": {_time(row.acknowledged_at)}, '
        f'"why": {_optional(row.acknowledged_why)}}}'
    )
    ignored = (
        "null"
        if row.ignored_rule is None
        else f'{{"rule": {row.ignored_rule}, "by": {_optional(row.ignored_by)}, '
        f'"why": {_optional(row.ignored_why)}, "until": {_time(row.ignored_until)}}}'
    )
    money, assumed = row.money_at_risk, row.assumed_risk_minor
    return (
        f'{{"id": {row.id}, "sku": {_text(row.sku)}, "channel": {_name(row.channel)}, '
        f'"location": {_name(row.location)}, "kind": "{row.kind}", "status": "{row.status}", '
        f'"reason": {_REASONS[row.reason]}, "reading": {{'
        f'"available": {_number(row.available)}, "at_least": {"true" if row.at_least else "false"}'
        f', "state": {_optional(row.state)}, "observed_at": {_time(row.observed_at)}{copies}}}, '
        f'"target": {{"quantity": {_number(row.target)}, "state": {_optional(row.target_state)}}}, '
        f'"delta": {_number(row.delta)}, "oversell_units": {row.oversell_units}, '
        f'"undersell_units": {row.undersell_units}, '
        f'"money_at_risk": {"null" if money is None else repr(money)}, '
        f'"first_seen_at": {_time(row.first_seen_at)}, "last_seen_at": {_time(row.last_seen_at)}, '
        f'"cause": {because}, "update": {_number(row.correction_id)}, "acknowledged": {seen}, '
        f'"money_assumed": {"null" if assumed is None else repr(assumed / 100)}, '
        f'"ignored": {ignored}}}'
    )


def uncounted(listing: UncountedListing) -> str:
    """As `json_documents.uncounted`."""
    return (
        f'{{"sku": {_text(listing.sku)}, "channel": {_name(listing.channel)}, '
        f'"location": {_name(listing.location)}, "reading": {{'
        f'"available": {_number(listing.available)}, "state": {_optional(listing.state)}, '
        f'"observed_at": {_time(listing.observed_at)}}}, "target": {{'
        f'"quantity": {_number(listing.target)}, "state": {_optional(listing.target_state)}}}}}'
    )


def update(row: Correction) -> str:
    """As `json_documents.update`."""
    least = "true" if row.from_at_least else "false"
    return (
        f'{{"id": {row.id}, "sku": {_text(row.sku)}, "channel": {_name(row.channel)}, '
        f'"location": {_name(row.location)}, "status": "{row.status}", '
        f'"from": {{"quantity": {_number(row.from_quantity)}, "at_least": {least}, '
        f'"state": {_optional(row.from_state)}}}, "to": {{'
        f'"quantity": {_number(row.to_quantity)}, "state": {_optional(row.to_state)}}}, '
        f'"version": {row.version}, "proposed_at": {_time(row.proposed_at)}, '
        f'"decided_by": {_optional(row.decided_by)}, "note": {_optional(row.note)}, '
        f'"result": {_optional(row.result)}, "reverts": {_number(row.reverts)}}}'
    )


def entry(row: HistoryEntry) -> str:
    """As `json_documents.entry`."""
    detail = "".join(
        f", {_name(name)}: "
        + (_time(value) if name.endswith("_at") and isinstance(value, int) else dumps(value))
        for name, value in row.detail.items()
    )
    return (
        f'{{"at": {_time(row.at)}, "channel": {_name(row.channel)}, "kind": "{row.kind}"{detail}}}'
    )


def entry_as_of(row: HistoryEntry, at: Millis) -> str:
    """The same, and whether it was known at an instant."""
    return f'{entry(row)[:-1]}, "known": {"true" if row.known_at <= at else "false"}}}'


def _number(number: int | None) -> str:
    return "null" if number is None else str(number)


def _optional(text: str | None) -> str:
    return "null" if text is None else encode_basestring_ascii(text)


_text = encode_basestring_ascii
_name = lru_cache(1024)(encode_basestring_ascii)
"""Of what comes again in row after row."""


@lru_cache(4096)
def _time(at: Millis | None) -> str:
    return "null" if at is None else f'"{rfc3339(at)}"'
