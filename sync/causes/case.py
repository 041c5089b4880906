"""One disagreement with all that its predictors need: sums over its events, and words. Pure.

Quantities are in the channel's units, unless a name or docstring says pieces.
"""

from collections.abc import Collection, Iterable
from functools import cached_property

from store.causes.facts import Facts, KnownEvent, Update
from store.event_kinds import EFFECTS, EventKind
from store.model import (
    NOT_FOR_SALE,
    ChannelTerms,
    CorrectionStatus,
    Disagreement,
    Kind,
    Millis,
    Policy,
)
from sync.clock import rfc3339
from sync.targets.policy import Truth, target_quantity

SECOND_MS = 1000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS

ECHO_MS = MINUTE_MS
"""How far apart a channel's clock and ours may be when it reports our own write as an event."""

_NOUNS = {
    EventKind.ORDERED: "order",
    EventKind.CANCELLED: "cancellation",
    EventKind.SHIPPED: "shipment",
    EventKind.RETURN_RECEIVED: "return",
    EventKind.RESTOCKED: "restocked return",
    EventKind.RECEIVED: "receipt",
    EventKind.ADJUSTED: "adjustment",
    EventKind.HELD: "hold",
    EventKind.RELEASED: "release",
}


class CauseCase:
    """A disagreement, its facts and its channel's terms; None where it is no longer configured."""

    def __init__(
        self,
        disagreement: Disagreement,
        facts: Facts,
        terms: ChannelTerms | None,
        policy: Policy | None,
        now: Millis,
    ) -> None:
        self.disagreement = disagreement
        self.facts = facts
        self.terms = terms
        self.policy = policy
        self.now = now
        kind, available = disagreement.kind, disagreement.available
        self.numeric = available is not None and kind in (Kind.QUANTITY, Kind.NEGATIVE)
        """Whether it is about how many there are."""
        self.unseen: tuple[KnownEvent, ...] = ()
        """What the target counts and the authority's reading does not, oldest first."""
        if facts.events:
            self.unseen = tuple(event for event in facts.events if event.unseen)
        else:
            # Most have none, and there may be 100,000 disagreements.
            self.own_events = ()
        before = facts.agreed_quantity
        self.moved = None if before is None else self.shown - before
        """By how much the reading has moved since it last agreed; None where it never did."""

    @property
    def channel(self) -> str:
        return self.disagreement.channel

    @property
    def shown(self) -> int:
        """What the channel shows; only of a numeric one."""
        return self.disagreement.available or 0

    @property
    def wanted(self) -> int:
        """What it should show; nothing is wanted of what the authority lacks."""
        return self.disagreement.target or 0

    @cached_property
    def own_events(self) -> tuple[KnownEvent, ...]:
        """The channel's own events of just this item since it last agreed, each once.

        Without the adjustments by which a channel reports our own writes.
        """
        mine: dict[str, KnownEvent] = {}
        for event in self.facts.events:
            is_new = event.received_at >= self.facts.since
            if event.channel == self.disagreement.channel and event.direct and is_new:
                mine.setdefault(event.event_id, event)
        return tuple(event for event in mine.values() if not self._is_echo(event))

    def _is_echo(self, event: KnownEvent) -> bool:
        return event.kind is EventKind.ADJUSTED and any(
            update.began_at is not None
            and update.began_at - ECHO_MS <= event.at <= update.ended_at + ECHO_MS
            for update in self.facts.written_since
        )

    def was_read_after(self, event: KnownEvent) -> bool:
        """Whether the channel was read again, whole, since we got the event."""
        return self.facts.as_of is not None and self.facts.as_of > event.received_at

    @cached_property
    def explained(self) -> int | None:
        """By how much it should have moved, by its own events and our updates.

        None where not all of its events are known.
        """
        if not self.facts.events_whole:
            return None
        return effects(self.own_events) + sum(map(_units, self.facts.written_since))

    def target(self, included: Collection[KnownEvent], more: int = 0) -> int | None:
        """The target if only these of the unseen events were counted, and `more` pieces.

        None where it can't be computed: no truth, or a channel that is no longer configured.
        """
        if self.policy is None or self.terms is None:
            return None
        return target_quantity(self._truth(included, more), self.policy, self.terms.hides)

    @cached_property
    def reproduces_target(self) -> bool:
        """Whether our sum comes to the target that is in force."""
        # The facts may be newer than the target, or from a changed configuration. Where our sum
        # does not even give the target, it proves nothing about what is missing from it.
        return self.target(self.unseen) == self.disagreement.target

    def _truth(self, included: Collection[KnownEvent], more: int) -> Truth:
        facts = self.facts
        if facts.parts:
            available = self._of_parts(included)
            return Truth(available, facts.truth_state, more, incoming=facts.truth_incoming)
        return Truth(
            facts.truth_quantity,
            facts.truth_state,
            sum(event.available for event in included) + more,
            facts.truth_on_hand,
            facts.truth_incoming,
            sum(event.on_hand for event in included),
        )

    def _of_parts(self, included: Iterable[KnownEvent]) -> int | None:
        """What a bundle or a pool has available, with these events counted, in pieces."""
        # A bundle has as many as its scarcest component allows; a pool has the sum of its members.
        # Events of the bundle or pool itself, not of a part, are added at the end.
        added: dict[int, int] = {}
        for event in included:
            added[event.item_id] = added.get(event.item_id, 0) + event.available
        own = sum(added.values()) - sum(added.get(part.item_id, 0) for part in self.facts.parts)
        counts = []
        for part in self.facts.parts:
            if part.truth_quantity is None:
                # A component that is not counted limits no bundle; a pool with such a place has
                # nobody knows how many.
                if (part.how == "bundle") != part.is_uncounted:
                    return None
                continue
            whole = max(0, part.truth_quantity + added.get(part.item_id, 0))
            counts.append(0 if part.truth_state in NOT_FOR_SALE else whole // part.quantity)
        if not counts:
            return None
        return own + (min(counts) if self.facts.parts[0].how == "bundle" else sum(counts))


def effect(event: KnownEvent) -> int:
    """What an event adds to what its own channel shows, in that channel's units."""
    return EFFECTS[event.kind].available * event.quantity


def effects(events: Iterable[KnownEvent]) -> int:
    return sum(map(effect, events))


def describe(event: KnownEvent, *, of_sku: bool = False) -> str:
    """Name one event: `shop's order E-17 of 2 at 2026-11-23T14:02:11.000Z`."""
    of = f" of {event.sku}" if of_sku else ""
    called = event.order if event.kind is EventKind.ORDERED and event.order else event.event_id
    return (
        f"{event.channel}'s {_NOUNS[event.kind]} {called} of {event.quantity}{of} "
        f"at {rfc3339(event.at)}"
    )


def listed(events: Collection[KnownEvent], *, of_sku: bool = False) -> str:
    """Name events: one or two whole, of more the newest and how many there are."""
    newest_last = sorted(events, key=lambda event: (event.at, event.event_id))
    if len(newest_last) <= 2:  # noqa: PLR2004 - a sentence holds two.
        return " and ".join(describe(event, of_sku=of_sku) for event in newest_last)
    newest = describe(newest_last[-1], of_sku=of_sku)
    return f"{newest} and {len(newest_last) - 1} events before it"


def events_and_updates(case: CauseCase) -> str:
    """Name what has moved the channel since it last agreed: its events, and our updates."""
    updates = ", ".join(f"update #{update.id}" for update in case.facts.written_since)
    return " and ".join(filter(None, (listed(case.own_events), updates)))


def age(span_ms: int) -> str:
    """A span in one unit: `40 s`, `4 min`, `3 h`."""
    for unit_ms, name in ((HOUR_MS, "h"), (MINUTE_MS, "min")):
        if span_ms >= unit_ms:
            return f"{span_ms // unit_ms} {name}"
    return f"{max(0, span_ms) // SECOND_MS} s"


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _units(update: Update) -> int:
    if update.status is not CorrectionStatus.VERIFIED:
        return 0
    return (update.to_quantity or 0) - (update.from_quantity or 0)
