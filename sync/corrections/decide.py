"""What stands between a person's approval and the row: windows, push limits, a second person.

A key and a command both approve through here, so that they can't mean different things; what no
person approves is in `written_rules`. The other decisions (reject, snooze, undo, retry) are
`store.corrections.decisions` itself.
"""

from collections.abc import Mapping, Sequence

import msgspec

from store import people
from store.corrections import decisions, lifecycle
from store.corrections.guards.pushed import Pushed, pushed_since
from store.database.connection import Database
from store.decision import Decision
from store.model import Correction, Millis, State
from store.reasons import HeldBack, Reason
from sync.polling import guard
from sync.settings import Settings, WindowStanding

HOUR_MS = 3_600_000

SELLABLE = (State.ACTIVE, State.PREORDER, State.BACKORDER)


def approve(
    database: Database,
    settings: Settings,
    seen: decisions.Seen,
    *,
    who: str,
    now: Millis,
    note: str | None = None,
) -> list[Decision]:
    """Approve what is within the push limits, all of it or nothing; answer one per correction.

    `seen` are ids, each with the version that the person saw. A batch over a limit is refused
    whole, naming the limit. Blocks on the cache's writer. Raises StoreError.
    """
    # Half of a batch would be our choice, not the person's: she saw one total in the dialog.
    ids = [correction_id for correction_id, _ in seen]
    if why := why_not_allowed(settings, who):
        return [Decision(correction_id, ok=False, why=why) for correction_id in ids]
    batch = database.read(lifecycle.by_id, ids)
    held = held_by_window(settings, now)
    raises = [
        correction.id for correction in batch if held and raise_or_reduce(correction) == "raise"
    ]
    if raises:
        # What is oversold goes on selling meanwhile, so the reductions are let through.
        refused = [Decision(i, ok=False, why="waits", held_back=held) for i in raises]
        let_through = [found for found in seen if found[0] not in set(raises)]
        others = approve(database, settings, let_through, who=who, now=now, note=note)
        return sorted((*refused, *others), key=lambda found: ids.index(found.id))
    pushed = database.read(pushed_since, now - HOUR_MS)
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


def why_not_allowed(settings: Settings, who: str) -> str:
    """Why this person may neither approve nor accept; empty where they may."""
    allowed = settings.approval.people
    if allowed is None or any(people.is_same(who, name) for name in allowed):
        return ""
    return f"{who} may not approve: `[approval] people` has {', '.join(allowed) or 'nobody'}"


class BlastRadius(msgspec.Struct, frozen=True):
    """What a set of corrections would do: units, listings to zero, money."""

    skus: int
    channels: int
    units_up: int
    units_down: int
    to_zero: int
    money_up: float
    """What the units up are worth, where a price is known, in the channels' own currencies."""
    money_down: float
    unpriced: int
    """Corrections without a price, which the money leaves out."""


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


class ApprovalPreview(msgspec.Struct, frozen=True):
    """What an approval of a batch would meet, before it is given."""

    over: str = ""
    """The push limit that would refuse all of it; empty where it is within all."""
    above: int | None = None
    """Above this many units a second person is needed; None: never."""
    first: int = 0
    """How many will wait for a second name after this one."""
    again: int = 0
    """How many this person has approved already: somebody else must."""
    not_now: Mapping[HeldBack, int] = msgspec.field(default_factory=dict)
    """Why some can't be approved at this moment: how many for each reason."""


def preview_approval(
    batch: Sequence[Correction],
    settings: Settings,
    pushed: Pushed,
    not_now: Mapping[HeldBack, int],
    *,
    who: str,
) -> ApprovalPreview:
    """Say what approving all of `batch` would meet; `pushed` is what the last hour wrote."""
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


def window_at(settings: Settings, now: Millis) -> WindowStanding | None:
    """What `[[approval.windows]]` say at an instant; None where there are none that do."""
    if not settings.approval.windows:
        return None
    # The calendar takes a tenth of a second to import.
    from sync.corrections import windows

    return windows.standing(settings.approval.windows, now)


def held_by_window(settings: Settings, now: Millis) -> HeldBack | None:
    """Why raises and rules wait at an instant; None: they do not."""
    found = window_at(settings, now)
    if found is None or not found.held:
        return None
    return HeldBack(Reason.WINDOW, found.reason, until=found.until)


def raise_or_reduce(correction: Correction) -> str:
    """`raise` where the write lets more be sold, else `reduce`."""
    # Putting a listing on sale is a raise whatever its number does. So is a write to a listing
    # whose quantity nobody knows: it may let more be sold, which no rule for reductions may do.
    puts_on_sale = correction.to_state in SELLABLE and correction.from_state not in SELLABLE
    unmeasured = correction.to_quantity is not None and correction.from_quantity is None
    return "raise" if correction.units > 0 or puts_on_sale or unmeasured else "reduce"


def as_push(pushed: Pushed) -> guard.Push:
    """What the cache counted as written, as the guard's type."""
    return guard.Push(
        skus=pushed.skus,
        units=pushed.units,
        to_zero=pushed.to_zero,
        money_minor=pushed.money_minor,
    )


def _money(batch: Sequence[Correction]) -> float:
    return sum(abs(correction.units) * (correction.price_minor or 0) for correction in batch) / 100
