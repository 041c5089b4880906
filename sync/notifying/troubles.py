"""What there is to tell, and what of it is told now. Pure: values in, a message out."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from store.model import Correction, Incident, Millis
from store.monitoring.told import ToldTrouble
from sync.conditions import Condition
from sync.settings import NotifySettings
from sync.units import duration_text

GATHER_MS = 15_000
"""So long what is new is gathered, for one trouble seldom comes alone."""

REST_MS = 60_000
"""Between two messages to one place."""

LINES_MAX = 20
NAMED_MAX = 10
"""Of pending updates, so many are named with what approves them."""


class NotifyReading(msgspec.Struct, frozen=True):
    """What stands at an instant, as far as conditions ask for it."""

    at: Millis
    incidents: Sequence[Incident]
    """The open ones."""
    oversell_units: int
    pending: Sequence[Correction]
    """What is proposed and not decided, the oldest first."""
    seen: frozenset[int] = frozenset()
    """Incidents that somebody has acknowledged or snoozed, by id."""
    unknown_oversell_units: int = 0
    """What was oversold when it could last be seen, where it can't be seen now."""


class NotifyTrouble(msgspec.Struct, frozen=True):
    """Something that a condition asks for."""

    key: str
    """The same for as long as it lasts."""
    words: str
    breaks_quiet: bool = False
    is_seen: bool = False
    """Somebody knows already: nobody else is told, unless they were before."""
    details: tuple[str, ...] = ()
    is_unknown: bool = False
    """It can't be seen whether it still stands: nobody is told of it, nor that it is over."""


class Message(msgspec.Struct, frozen=True):
    """What is sent, and what is told with it."""

    title: str
    body: str
    told: tuple[NotifyTrouble, ...]
    over: tuple[str, ...]
    """Keys of what was told of and is over."""


def troubles(on: Sequence[Condition], found: NotifyReading) -> list[NotifyTrouble]:
    """What of a reading the conditions ask for, each once."""
    by_key: dict[str, NotifyTrouble] = {}
    for condition in on:
        for trouble in _of(condition, found):
            by_key.setdefault(trouble.key, trouble)
    return list(by_key.values())


def _of(condition: Condition, found: NotifyReading) -> list[NotifyTrouble]:
    if condition.incidents:
        return [
            NotifyTrouble(
                f"incident {incident.id}", _incident(incident), is_seen=incident.id in found.seen
            )
            for incident in found.incidents
            if condition.incident_kind in (None, incident.kind)
        ]
    above = condition.oversell_above
    if above is not None and found.oversell_units > above:
        words = f"{found.oversell_units:,} units oversold, more than {above:,}"
        return [NotifyTrouble(str(condition), words, breaks_quiet=True)]
    if above is not None and found.oversell_units + found.unknown_oversell_units > above:
        # A channel that turns stale hides its disagreements; they are not over by that.
        return [NotifyTrouble(str(condition), "", is_unknown=True)]
    late = _late(condition, found)
    if not late:
        return []
    span = duration_text(condition.pending_ms or 0)
    updates = "1 update has" if len(late) == 1 else f"{len(late):,} updates have"
    words = f"{updates} waited longer than {span}"
    named = tuple(
        f"{update.sku} on {update.channel}: {update.from_quantity} → {update.to_quantity}; "
        f"skew approve {update.id}@{update.version}"
        for update in late[:NAMED_MAX]
    )
    return [NotifyTrouble(str(condition), words, details=named)]


def _late(condition: Condition, found: NotifyReading) -> list[Correction]:
    if condition.pending_ms is None:
        return []
    before = found.at - condition.pending_ms
    return [update for update in found.pending if update.proposed_at < before]


def _incident(incident: Incident) -> str:
    where = f" on {incident.channel}" if incident.channel else ""
    return f"{incident.kind}{where}: {incident.message}"


class NotifyPace(NamedTuple):
    """How it has gone so far with one place."""

    since: Mapping[str, Millis]
    """When each trouble was first seen, by key."""
    sent_at: Millis | None
    """When the last message was sent."""
    now: Millis


def message(
    settings: NotifySettings,
    there: Sequence[NotifyTrouble],
    told: Mapping[str, ToldTrouble],
    pace: NotifyPace,
    *,
    shop: str,
    console: str | None = None,
) -> Message | None:
    """What one place is told now; None: nothing, or nothing yet.

    `there` is all that stands, `told` what this place was told of, by key; `console` is where
    people open the console in a browser.
    """
    now = pace.now
    if pace.sent_at is not None and 0 <= now - pace.sent_at < REST_MS:
        return None
    is_quiet = settings.quiet is not None and settings.quiet.end_of(now) is not None
    new = [
        trouble
        for trouble in there
        if trouble.key not in told
        and not trouble.is_seen
        and not trouble.is_unknown
        and (trouble.breaks_quiet or not is_quiet)
        and now - pace.since.get(trouble.key, now) >= GATHER_MS
    ]
    keys = {trouble.key for trouble in there}
    over = [] if is_quiet else [key for key in told if key not in keys]
    if not new and not over:
        return None
    lines = [line for trouble in new for line in (trouble.words, *trouble.details)]
    lines += [f"over: {told[key].words}" for key in over]
    left_out = len(lines) - LINES_MAX
    shown = lines if left_out <= 0 else [*lines[:LINES_MAX], f"and {left_out:,} more"]
    if new and console is not None:
        # Where one looks and signs in. No link decides by itself: mail programs open links too.
        shown.append(console)
    title = _title(shop, new, over)
    return Message(title, "\n".join(shown), tuple(new), tuple(over))


def _title(shop: str, new: Sequence[NotifyTrouble], over: Sequence[str]) -> str:
    if not new:
        return f"Skew {shop}: over" if len(over) == 1 else f"Skew {shop}: {len(over)} over"
    return f"Skew {shop}: {new[0].words[:80]}" if len(new) == 1 else f"Skew {shop}: {len(new)} new"
