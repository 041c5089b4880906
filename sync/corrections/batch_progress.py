"""How far a batch has come, channel by channel, and what of it was applied. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType

import msgspec

from store.corrections.audit import AuditRow
from store.corrections.batches import UNDONE, Batch, BatchMember
from store.model import Correction, CorrectionStatus, Millis
from store.reasons import HeldBack

STOPPED = "its batch stopped: "
"""How the note of a handed back correction begins. It is stored in the audit trail."""

NAMED_MAX = 3


class Stage(StrEnum):
    """Where one update of a batch stands, in the order in which it gets there."""

    HELD = "in hold"
    WAITING = "waiting"
    WRITING = "writing"
    READING_BACK = "reading back"
    VERIFIED = "verified"
    NOT_APPLIED = "not applied"
    FAILED = "failed"
    UNKNOWN = "unknown"
    HANDED_BACK = "handed back"
    TAKEN_BACK = "taken back"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"


UNDER_WAY = (Stage.HELD, Stage.WAITING, Stage.WRITING, Stage.READING_BACK)
"""The stages in which it is not over yet."""

WRITTEN = (Stage.VERIFIED, Stage.NOT_APPLIED, Stage.FAILED, Stage.UNKNOWN)
"""The stages in which a write was tried."""

_ENDS: Mapping[str, Stage] = MappingProxyType(
    {
        "verified": Stage.VERIFIED,
        "not_applied": Stage.NOT_APPLIED,
        "failed": Stage.FAILED,
        "unknown": Stage.UNKNOWN,
        "handed back": Stage.HANDED_BACK,
        UNDONE: Stage.TAKEN_BACK,
        "rejected": Stage.REJECTED,
        "superseded": Stage.SUPERSEDED,
        "expired": Stage.EXPIRED,
    }
)
"""Steps of the audit trail that end a correction's part in the batch → its stage."""


class UpdateProgress(msgspec.Struct, frozen=True):
    """One update of a batch, and where it stands."""

    correction: Correction
    stage: Stage
    note: str
    """The channel's own words, or why it is in this stage."""


class ChannelProgress(msgspec.Struct, frozen=True, dict=True):
    """A batch on one channel."""

    channel: str
    updates: tuple[UpdateProgress, ...]
    phase: str
    """What is being written: `the first 3`, `the rest`; empty where nothing is."""
    stopped: str
    """The surprise that stopped it; empty where nothing did."""
    waiting_because: str
    """What the channel said to what waits; empty where it said nothing."""
    held_back: HeldBack | None
    """Why what waits can't be written now, where the channel said nothing; None where it can."""

    @cached_property
    def counts(self) -> Mapping[Stage, int]:
        return Counter(update.stage for update in self.updates)

    @cached_property
    def over(self) -> bool:
        return all(update.stage not in UNDER_WAY for update in self.updates)


class BatchProgress(msgspec.Struct, frozen=True, dict=True):
    """A batch, channel by channel."""

    who: str
    at: Millis
    channels: tuple[ChannelProgress, ...]
    held_until: Millis | None
    """Until when all of it can be undone; None where its hold has passed."""

    @cached_property
    def updates(self) -> tuple[UpdateProgress, ...]:
        return tuple(update for channel in self.channels for update in channel.updates)

    @cached_property
    def counts(self) -> Mapping[Stage, int]:
        return Counter(update.stage for update in self.updates)

    @cached_property
    def over(self) -> bool:
        return all(channel.over for channel in self.channels)

    @cached_property
    def cancellable(self) -> tuple[int, ...]:
        """What of it is approved and not being written yet."""
        waiting = (Stage.HELD, Stage.WAITING)
        return tuple(update.correction.id for update in self.updates if update.stage in waiting)


def of_batch(batch: Batch, *, now: Millis) -> BatchProgress:
    """Say how far a batch has come."""
    channels: dict[str, list[BatchMember]] = {}
    for member in batch.members:
        channels.setdefault(member.correction.channel, []).append(member)
    found = tuple(
        _of_channel(name, members, batch.held_back.get(name), now)
        for name, members in channels.items()
    )
    held = [
        update.correction.hold_until or 0
        for channel in found
        for update in channel.updates
        if update.stage is Stage.HELD
    ]
    return BatchProgress(batch.who, batch.at, found, max(held, default=None))


def summary(written: Iterable[Correction], handed_back: Sequence[Correction]) -> str:
    """Say what of a batch was applied and what was not, and name some of each."""
    by_end: dict[CorrectionStatus, list[Correction]] = {}
    for correction in sorted(written, key=lambda correction: _ORDER.index(correction.status)):
        by_end.setdefault(correction.status, []).append(correction)
    parts = [f"{_outcome_name(end)} {_named(those)}" for end, those in by_end.items()]
    if handed_back:
        parts.append(f"not written and handed back {_named(handed_back)}")
    return "; ".join(parts)


_ORDER = (
    CorrectionStatus.VERIFIED,
    *(status for status in CorrectionStatus if status is not CorrectionStatus.VERIFIED),
)


def _outcome_name(end: CorrectionStatus) -> str:
    return "applied and verified" if end is CorrectionStatus.VERIFIED else end.replace("_", " ")


def _named(those: Sequence[Correction]) -> str:
    """`7: #4 S03, #5 S04, #6 S05 and 4 more`."""
    names = ", ".join(f"#{correction.id} {correction.sku}" for correction in those[:NAMED_MAX])
    more = f" and {len(those) - NAMED_MAX} more" if len(those) > NAMED_MAX else ""
    return f"{len(those)}: {names}{more}"


def _of_channel(
    name: str, members: Sequence[BatchMember], held_back: HeldBack | None, now: Millis
) -> ChannelProgress:
    updates = tuple(_progress_of(member, now) for member in members)
    handed = (update.note for update in updates if update.stage is Stage.HANDED_BACK)
    stopped = next((words.removeprefix(STOPPED) for words in handed), "")
    waiting = [update for update in updates if update.stage is Stage.WAITING]
    said = next((update.note for update in waiting if update.note), "")
    held = held_back if waiting and not said else None
    return ChannelProgress(name, updates, _phase(members, updates), stopped, said, held)


def _phase(members: Sequence[BatchMember], updates: Sequence[UpdateProgress]) -> str:
    """What is being written now: the first few, or the rest; empty where nothing is."""
    # The audit trail has no column for the call. But all corrections of one call are marked
    # `applying` in one transaction, at one instant, so different instants are different calls.
    began = [
        next((step.at for step in _steps_of_batch(member) if step.step == "applying"), None)
        for member in members
    ]
    calls = sorted({at for at in began if at is not None})
    if not calls or all(update.stage not in UNDER_WAY for update in updates):
        return ""
    if len(calls) > 1:
        return "the rest"
    first = began.count(calls[0])
    return f"all {first}" if first == len(members) else f"the first {first}"


def _steps_of_batch(member: BatchMember) -> Sequence[AuditRow]:
    """The steps that belong to this batch: up to the first that ends its part in it."""
    # A correction that was retried has later steps of another batch. But a later reading may prove
    # what had no reply: then that proof, and not `unknown`, is how it ended in this one.
    for place, step in enumerate(member.steps[1:], 2):
        if step.step == "unknown" and member.correction.status is CorrectionStatus.VERIFIED:
            continue
        if step.step in _ENDS:
            return member.steps[:place]
    return member.steps


def _progress_of(member: BatchMember, now: Millis) -> UpdateProgress:
    last = _steps_of_batch(member)[-1]
    note = last.note or ""
    if last.step in _ENDS:
        return UpdateProgress(member.correction, _ENDS[last.step], note)
    if last.step == "applying":
        return UpdateProgress(member.correction, Stage.WRITING, "")
    if last.step == "applied":
        return UpdateProgress(member.correction, Stage.READING_BACK, "")
    held = (member.correction.hold_until or 0) > now
    unsent = f"not sent: {note}" if last.step == "not sent" else ""
    return UpdateProgress(member.correction, Stage.HELD if held else Stage.WAITING, unsent)
