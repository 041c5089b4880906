"""What an operator's yes or no does, beyond the row: push limits, a second person, the rules.

The command line and the console both decide through here, and the engine through
`approve_by_rules`, so that a key, a command and a rule can never mean different things. The acts
block on the cache's writer: the console calls them in a thread worker.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from store.channels import incidents
from store.corrections import batches, decisions, lifecycle
from store.database.connection import Database
from store.model import Correction, Decision, IncidentKind, Millis, State
from store.reasons import HeldBack
from sync.polling import guard
from sync.settings import ApprovalRule, Settings

Seen = Sequence[tuple[int, int | None]]
"""Corrections by id, each with the version that the person saw; None: whatever it is now."""

HOUR_MS = 3_600_000

RULES_REST_MS = 60_000

SELLABLE = (State.ACTIVE, State.PREORDER, State.BACKORDER)


def approve(
    database: Database,
    settings: Settings,
    seen: Seen,
    *,
    who: str,
    now: Millis,
    note: str | None = None,
) -> list[Decision]:
    """Approve what is within the push limits, all of it or nothing; answer one per correction.

    A batch over a limit is refused whole with the limit's words: a person chooses a smaller one.
    """
    ids = [correction_id for correction_id, _ in seen]
    batch = database.read(lifecycle.by_id, ids)
    pushed = database.read(lifecycle.pushed_since, now - HOUR_MS)
    over = guard.judge_batch(batch, settings.push, as_push(pushed))
    if over is not None:
        return [Decision(correction_id, ok=False, why=over) for correction_id in ids]
    approval = settings.approval
    return database.write(
        decisions.approve,
        seen,
        who=who,
        now=now,
        hold_ms=approval.hold_ms,
        expires_ms=approval.expires_ms,
        second_person_above=approval.second_person_above,
        note=note,
    )


def reject(database: Database, seen: Seen, *, who: str, now: Millis, reason: str) -> list[Decision]:
    """Say no, with a reason: silent until the target or the reading moves."""
    return database.write(decisions.reject, seen, who=who, now=now, reason=reason)


def snooze(
    database: Database, seen: Seen, *, who: str, now: Millis, until: Millis
) -> list[Decision]:
    """Put off until an instant; it is proposed again then."""
    return database.write(decisions.snooze, seen, who=who, now=now, until=until)


def undo(database: Database, seen: Seen, *, who: str, now: Millis) -> list[Decision]:
    """Take an approval back while its hold lasts."""
    return database.write(decisions.undo, seen, who=who, now=now)


def retry(
    database: Database, seen: Seen, *, who: str, now: Millis, note: str | None = None
) -> list[Decision]:
    """Have what ended badly proposed anew; only a person may ask for it (rule 9)."""
    return database.write(decisions.retry, seen, who=who, now=now, note=note)


def cancel(
    database: Database, ids: Sequence[int], *, who: str, now: Millis, note: str
) -> list[Decision]:
    """Take back what of a batch is not being written yet."""
    return database.write(batches.cancel, ids, who=who, now=now, note=note)


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """What a set of corrections would do, for the dialog that asks before it is done."""

    skus: int
    channels: int
    units_up: int
    units_down: int
    to_zero: int
    money_up: float
    """What the units up are worth, where a price is known. In the channels' own currencies."""
    money_down: float
    unpriced: int
    """Corrections that the money leaves out, for want of a price."""


def blast_radius(batch: Sequence[Correction]) -> BlastRadius:
    """Add up what approving all of `batch` would change."""
    up = [correction for correction in batch if correction.units > 0]
    down = [correction for correction in batch if correction.units < 0]
    return BlastRadius(
        skus=len({correction.sku for correction in batch}),
        channels=len({correction.channel for correction in batch}),
        units_up=sum(correction.units for correction in up),
        units_down=-sum(correction.units for correction in down),
        to_zero=sum(guard.goes_to_zero(correction) for correction in batch),
        money_up=_money(up),
        money_down=_money(down),
        unpriced=sum(correction.price_minor is None for correction in batch),
    )


@dataclass(frozen=True, slots=True)
class ApprovalPreview:
    """What an approval of a batch would meet, told before it is given."""

    over: str = ""
    """The push limit that would refuse all of it; empty where it is within all."""
    above: int | None = None
    """From so many units on a second person is needed; None: never."""
    first: int = 0
    """How many wait for a second name after this one."""
    again: int = 0
    """How many this person has approved already: another one must."""
    not_now: Mapping[HeldBack, int] = field(default_factory=dict)
    """Why some can't be approved at this moment: how many for each reason."""


def preview_approval(
    batch: Sequence[Correction],
    settings: Settings,
    pushed: lifecycle.Pushed,
    not_now: Mapping[HeldBack, int],
    *,
    who: str,
) -> ApprovalPreview:
    """Foresee what approving all of `batch` would meet; `pushed`: what the last hour wrote."""
    above = settings.approval.second_person_above
    large = [
        correction for correction in batch if above is not None and abs(correction.units) > above
    ]
    return ApprovalPreview(
        over=guard.judge_batch(batch, settings.push, as_push(pushed)) or "",
        above=above,
        first=sum(correction.decided_by is None for correction in large),
        again=sum(correction.decided_by == who for correction in large),
        not_now=not_now,
    )


async def approve_by_rules(database: Database, settings: Settings, now: Millis) -> int:
    """Approve the proposals that a written rule covers; answer how many.

    Never a cell whose last correction did not end well, never what needs a second person, and
    for a while nothing on a channel whose last batch ended in a surprise.
    """
    approval = settings.approval
    if approval.mode != "rules":
        return 0
    proposals = await database.aread(lifecycle.proposals_for_rules, now=now)
    surprised = await _surprised_channels(database, now) if proposals else set()
    covered = [
        correction
        for correction, free in proposals
        if free and correction.channel not in surprised and _rule_covers(correction, settings)
    ]
    pushed = await database.aread(lifecycle.pushed_since, now - HOUR_MS)
    batch, _ = guard.within(covered, settings.push, as_push(pushed))
    if not batch:
        return 0
    decided = await database.awrite(
        decisions.approve,
        [(correction.id, correction.version) for correction in batch],
        who="rule",
        now=now,
        hold_ms=approval.hold_ms,
        expires_ms=approval.expires_ms,
        second_person_above=None,
        note="covered by [[approval.rules]]",
        by_rule=True,
    )
    return sum(decision.ok for decision in decided)


def matches(correction: Correction, rule: ApprovalRule) -> bool:
    """Whether the rule's every condition holds for the correction."""
    if rule.channel not in (None, correction.channel):
        return False
    if rule.skus is not None and not fnmatchcase(correction.sku, rule.skus):
        return False
    if rule.only is not None and rule.only != raise_or_reduce(correction):
        return False
    return rule.max_units is None or abs(correction.units) <= rule.max_units


def raise_or_reduce(correction: Correction) -> str:
    """`raise` where the write lets more be sold, else `reduce`.

    Putting a listing on sale is a raise whatever its number does; so is a write to a listing
    whose quantity nobody knows.
    """
    puts_on_sale = correction.to_state in SELLABLE and correction.from_state not in SELLABLE
    unmeasured = correction.to_quantity is not None and correction.from_quantity is None
    return "raise" if correction.units > 0 or puts_on_sale or unmeasured else "reduce"


def _rule_covers(correction: Correction, settings: Settings) -> bool:
    threshold = settings.approval.second_person_above
    if threshold is not None and abs(correction.units) > threshold:
        return False
    return any(matches(correction, rule) for rule in settings.approval.rules)


async def _surprised_channels(database: Database, now: Millis) -> set[str | None]:
    """The channels that rules leave alone now.

    A person who has acknowledged the surprise lets them go on at once. Without one they try
    again with a few, after a rest that doubles with each surprise in a row: a channel that
    accepts everything and changes nothing costs a few corrections an hour, not all of them.
    """
    return {
        incident.channel
        for incident in await database.aread(incidents.open_incidents)
        if incident.kind == IncidentKind.SURPRISE
        and incident.acknowledged_by is None
        and now < incident.last_at + min(RULES_REST_MS << min(incident.count - 1, 6), HOUR_MS)
    }


def as_push(pushed: lifecycle.Pushed) -> guard.Push:
    """What the cache counted as written, in the guard's terms."""
    return guard.Push(skus=pushed.skus, units=pushed.units, to_zero=pushed.to_zero)


def _money(batch: Sequence[Correction]) -> float:
    return sum(abs(correction.units) * (correction.price_minor or 0) for correction in batch) / 100
