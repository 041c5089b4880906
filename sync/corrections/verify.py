"""What was written, and whether a reading proves it. Pure.

An answer of success proves nothing: channels have answered 200 for months and changed nothing. Only
what the channel shows afterwards decides how a correction ends.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from store.corrections.lifecycle import ApprovedCorrection
from store.model import Correction, CorrectionStatus, Record, Refused, State
from sync.channels.base import Change
from sync.channels.twins import lowest
from sync.values import quoted

ListingKey = tuple[str, str]
"""A SKU and its location on one channel."""

Shown = Record | Refused | None
"""What a fresh reading says of one listing; None: it is not on the channel."""


class WriteOutcome(StrEnum):
    """What became of one change, as far as the channel's answer says."""

    ACCEPTED = "accepted"
    LATER = "accepted, applied later"
    """A reading after a while proves it."""
    REFUSED = "refused"
    CONFLICT = "conflict"
    """Refused, because someone else had changed the listing."""
    LOST = "no reply"
    """Nobody knows whether it was applied."""
    UNSENT = "not sent"


class SentChange(msgspec.Struct, frozen=True):
    """One correction's change, and what became of it, in the channel's words or ours."""

    correction: Correction
    change: Change
    outcome: WriteOutcome
    words: str = ""

    @property
    def listing(self) -> ListingKey:
        return self.change.sku, self.change.location

    @property
    def name(self) -> str:
        return f"update {self.correction.id} of {self.correction.sku}"


class Verdict(msgspec.Struct, frozen=True):
    """How a correction ends, and why."""

    status: CorrectionStatus
    words: str


def still_stands(approval: ApprovedCorrection, *, rechecked: bool) -> Verdict | None:
    """How an approval ends that no longer fits what is known of its listing; None where it fits.

    `rechecked`: what is known comes from reading the listing by itself.
    """
    if not approval.valid:
        words = "the target or the reading changed before it was written"
        return Verdict(CorrectionStatus.SUPERSEDED, words)
    if not approval.is_another:
        return None
    now, before = quoted(approval.ref), quoted(approval.approved_ref)
    if rechecked:
        # The list and the single record differ, and go on to: a new proposal would be approved by
        # a rule and end here again and again. After a failure nothing is proposed.
        words = f"not written: read by itself, its ref is {now}; approved was {before}"
        return Verdict(CorrectionStatus.FAILED, words)
    words = f"not written: the SKU is another listing now, ref {now}; approved was ref {before}"
    return Verdict(CorrectionStatus.SUPERSEDED, words)


def refusal_of_recheck(
    approval: ApprovedCorrection, shown: Mapping[ListingKey, Shown]
) -> Verdict | None:
    """How an approval ends whose listing can't be read by itself; None where it can."""
    reading = shown.get((approval.correction.sku, approval.correction.location))
    if isinstance(reading, Refused):
        words = f"not written: it can't be rechecked: {reading.reason}"
        return Verdict(CorrectionStatus.FAILED, words)
    return None


def change_of(approval: ApprovedCorrection) -> Change:
    """The write that a correction asks for, based on its fresh reading."""
    correction, reading = approval.correction, approval.reading
    moves_quantity = correction.to_quantity != correction.from_quantity
    quantity = correction.to_quantity if moves_quantity else reading.available
    moves_state = correction.to_state != correction.from_state
    return Change(
        sku=correction.sku,
        location=correction.location,
        ref=approval.ref,
        quantity=max(0, quantity or 0),
        previous=reading,
        # A cache that was deleted counts its ids from 1 again; the instant keeps the key unique.
        key=f"skew-{correction.id}-{correction.proposed_at}",
        state=State(correction.to_state) if moves_state and correction.to_state else None,
    )


def judge(sent: SentChange, shown: Mapping[ListingKey, Shown] | str) -> Verdict:
    """Say how an accepted or lost change ends, by what the channel shows.

    `shown` is a text where nothing could be read: it says why.
    """
    accepted = sent.outcome in (WriteOutcome.ACCEPTED, WriteOutcome.LATER)
    reply = "accepted" if accepted else f"no reply: {sent.words}"
    reading = shown if isinstance(shown, str) else shown.get(sent.listing)
    if isinstance(reading, Refused):
        reading = reading.reason
    if reading is None:
        reading = "the listing is no longer on the channel"
    if isinstance(reading, str):
        return Verdict(CorrectionStatus.UNKNOWN, f"{reply}; can't be read back: {reading}")
    if _proves(sent.change, reading):
        return Verdict(CorrectionStatus.VERIFIED, f"{reply}; shows {_shown_text(reading)}")
    before = sent.change.previous
    if _shown(reading) != _shown(before):
        words = (
            f"{reply}; shows {_shown_text(reading)}, neither what was written nor what was there"
        )
        return Verdict(CorrectionStatus.UNKNOWN, words)
    if accepted:
        words = f"accepted, not seen yet: still shows {_shown_text(reading)}"
        return Verdict(CorrectionStatus.NOT_APPLIED, words)
    # Without a reply the request may still be on its way, so an unchanged listing proves nothing.
    return Verdict(CorrectionStatus.UNKNOWN, f"{reply}; still shows {_shown_text(reading)}")


def _proves(change: Change, reading: Record) -> bool:
    """Whether the reading proves the write."""
    if change.state is not None and reading.state != change.state:
        return False
    if _agrees(reading, change.quantity):
        # Of several listings of one SKU a reduction lowers the highest, a raise lifts all.
        reduces = change.quantity < (change.previous.available or 0)
        return reduces or reading.at_least or lowest(reading) == change.quantity
    # An order that comes right after the write leaves less available than was written. Where the
    # channel also reports on hand, that figure still shows the write, because the order is only
    # committed. An unchanged on hand proves nothing.
    before = change.previous
    if reading.on_hand is None or reading.on_hand == before.on_hand:
        return False
    return reading.on_hand == change.quantity + (before.committed or 0) + (before.threshold or 0)


def _agrees(reading: Record, quantity: int) -> bool:
    if reading.at_least and reading.available is not None:
        return quantity >= reading.available
    return quantity == reading.available


def _shown(reading: Record) -> tuple[int | None, bool, str | None]:
    return reading.available, reading.at_least, reading.state


def _shown_text(reading: Record) -> str:
    shown = (f"≥{reading.available}" if reading.at_least else reading.available, reading.state)
    return " ".join(str(part) for part in shown if part is not None)
