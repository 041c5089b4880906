"""Why a number was wrong: of a write that made it worse, and of a sale of what was not there.

Nobody can know of a sale before it is reported, nor write at the moment of the reading. What is
left over when races, faults and caution are taken away would be Skew's own fault.
"""

from collections import Counter
from enum import StrEnum

import msgspec

from store.database.connection import Database
from store.model import Millis
from store.monitoring import witness
from sync.settings import Settings
from sync.simulation.trial.faults import FaultBoard, TrialFault
from sync.simulation.trial.plan import WAREHOUSE_DELAY_MS
from sync.simulation.trial.remote import Arrival, Departure
from sync.simulation.trial.shop import TrialShop, allowed, authority_of
from sync.simulation.world import WorldOrder

SLACK_MS = 1_000
"""What a poll, a decision of a rule and a write take beside the interval."""
JITTER = 1.1


class ErrorOrigin(StrEnum):
    """Each as it ends "it was wrong because"."""

    RACE = "the stock or the number moved within a poll interval"
    BOOKED = "a sale was deducted once more that the authority had booked already"
    RETURNED = "what a customer gave back was counted that the authority had not freed yet"
    LATE = "the channel applied the write late"
    BLIND = "a channel failed, or showed or reported what was old or wrong"
    DOWN = "Skew was stopped"
    OTHERS = "somebody else set the number"
    UNWRITTEN = "what Skew knew of was not approved or not written yet"
    SHORT = "what was sold was there, and was counted away before it was booked"
    UNKNOWN = "no cause was found"


_DOWN = frozenset(
    (
        *(TrialFault.CRASH, TrialFault.STOPPED, TrialFault.RESTART),
        *(TrialFault.LEASE_LOST, TrialFault.CACHE_BUSY),
    )
)
_HARMLESS = frozenset(
    (
        *(TrialFault.STALE_DECISION, TrialFault.TWO_OPERATORS, TrialFault.EXCESS_EVENT),
        *(TrialFault.SECOND_WRITER, TrialFault.OTHER_TOOL, TrialFault.NOT_ALLOWED),
    )
)
"""Faults after which nobody sees less than before."""
_BLINDING = frozenset(TrialFault) - _DOWN - _HARMLESS


class _Written(msgspec.Struct, frozen=True):
    """The last write that Skew made to a listing."""

    at: Millis
    is_raise: bool
    cause: ErrorOrigin | None
    """Why it was wrong; None: it was not."""


class ErrorTracer:
    """Knows why, as far as the whole world can be seen."""

    def __init__(
        self, cache: Database, settings: Settings, shop: TrialShop, faults: FaultBoard
    ) -> None:
        self._cache, self._shop, self._faults = cache, shop, faults
        slowest_ms = max(channel.every_ms for channel in settings.channels.values())
        self.interval_ms = round(slowest_ms * JITTER) + WAREHOUSE_DELAY_MS[1] + SLACK_MS
        """From a sale until its report, or its booking, has been read, where nothing fails."""
        self.oversold: Counter[str] = Counter()
        """Units, by why they were sold."""
        self.wrong: Counter[str] = Counter()
        """Writes that made a number worse, by why they did."""
        self._unseen: dict[str, int] = {}
        """By write, what its SKU's authority had not shown yet when it left."""
        self._written: dict[tuple[str, str], _Written] = {}
        self._sales: dict[str, tuple[WorldOrder, ErrorOrigin]] = {}

    def departed(self, departure: Departure) -> None:
        """A write leaves: note what it rests on."""
        for change in departure.changes:
            parts = self._shop.world.parts_of(change.sku)
            pending = self._cache.read(witness.pending, [part for part, _ in parts])
            self._unseen[change.key] = min(pending[part] // count for part, count in parts)

    def arrived(self, arrival: Arrival) -> ErrorOrigin | None:
        """Count a write that left a number further from the truth than it was; say why it did."""
        cause = self._of_write(arrival)
        key = arrival.channel, arrival.change.sku
        is_raise = arrival.after > arrival.before
        self._written[key] = _Written(self._shop.world.now, is_raise, cause)
        if cause is not None:
            self.wrong[cause] += 1
        return cause

    def _of_write(self, arrival: Arrival) -> ErrorOrigin | None:
        shop, sku, outlet = self._shop, arrival.change.sku, arrival.channel

        def fits(free: int) -> bool:
            right = shop.right(outlet, sku, free)
            return abs(arrival.after - right) <= abs(arrival.before - right)

        free, now = shop.world.truly_free(sku), shop.world.now
        if fits(free):
            return None
        # What is deducted twice errs to the lower number: within the authority's `lag`, and where a
        # channel's clock is ahead, nobody knows whether a sale is booked.
        unseen = self._unseen.get(arrival.change.key, 0)
        margins = range(min(0, unseen), max(0, unseen) + 1)

        def fits_about(free: int) -> bool:
            return any(fits(free + margin) for margin in margins)

        if fits_about(free):
            return ErrorOrigin.BOOKED if unseen < 0 else ErrorOrigin.RETURNED
        last = shop.truths.last(sku, fits_about)
        if now - arrival.sent_at > SLACK_MS and last is not None and last > arrival.sent_at:
            return ErrorOrigin.LATE
        since = arrival.sent_at - self.interval_ms
        seen = shop.truths.span(sku, since)
        if any(map(fits_about, seen)) or self._fitted_the_state(arrival, since, seen):
            return ErrorOrigin.RACE
        return self._since(sku, outlet, last)

    def _fitted_the_state(self, arrival: Arrival, since: Millis, seen: range) -> bool:
        """Whether the write was right for the state that was another until after an instant."""
        shop, sku = self._shop, arrival.change.sku
        moved_at = shop.stopped_or_begun_at(sku)
        if moved_at is None or moved_at < since:
            return False
        policy, was_for_sale = shop.policy(arrival.channel, sku), not shop.is_for_sale(sku)
        return any(
            abs(arrival.after - right) <= abs(arrival.before - right)
            for right in (allowed(free, policy, is_for_sale=was_for_sale) for free in seen)
        )

    def sold_beyond(self, order: WorldOrder, shown: int) -> None:
        """An outlet has sold what was not there, when it showed so much: note why."""
        self._sales[order.ref] = order, self._of_sale(order, shown)

    def fell_short(self, order: WorldOrder, units: int) -> None:
        """So many units of an order are not there: count them by why they were sold."""
        known = self._sales.get(order.ref)
        if known is None:
            parts = {part for part, _ in order.parts}
            known = next(
                (
                    found
                    for found in reversed(self._sales.values())
                    if not parts.isdisjoint(part for part, _ in found[0].parts)
                ),
                None,
            )
        self.oversold[ErrorOrigin.SHORT if known is None else known[1]] += units

    def _of_sale(self, order: WorldOrder, shown: int) -> ErrorOrigin:
        shop, key = self._shop, (order.outlet, order.sku)
        pieces = shown * shop.policy(*key).units
        last = shop.truths.last(order.sku, lambda free: free >= pieces)
        if last is not None and shop.world.now - last <= self.interval_ms:
            return ErrorOrigin.RACE
        written = self._written.get(key)
        edited_at = shop.world.outlets[order.outlet].edited_at.get(order.sku, -1)
        if written is None or edited_at > written.at:
            is_new = 0 <= shop.world.now - edited_at <= self.interval_ms and edited_at >= 0
            return ErrorOrigin.RACE if is_new else ErrorOrigin.OTHERS
        if written.is_raise and written.cause is not None:
            return written.cause
        cause = self._since(order.sku, order.outlet, last)
        return ErrorOrigin.UNWRITTEN if cause is ErrorOrigin.UNKNOWN else cause

    def _since(self, sku: str, outlet: str, last: Millis | None) -> ErrorOrigin:
        now = self._shop.world.now
        since = (now if last is None else last) - self.interval_ms
        names = set(self._shop.outlets) | self._sources(sku) | {outlet}
        if self._faults.any_since(since, _BLINDING, names):
            return ErrorOrigin.BLIND
        return (
            ErrorOrigin.DOWN if self._faults.any_since(since, _DOWN, {""}) else ErrorOrigin.UNKNOWN
        )

    def _sources(self, sku: str) -> set[str]:
        parts = self._shop.world.parts_of(sku)
        return {authority_of(self._shop.settings, part) for part, _ in parts}
