"""The promises about what is written: watched at each mark, each departure and each arrival."""

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase

from store.database.connection import Database
from store.model import Millis
from store.monitoring import witness
from store.monitoring.witness import ListingSeen, WitnessedStep
from sync.channels.base import Change
from sync.settings import Settings
from sync.simulation.machine.clock import BEGAN
from sync.simulation.promises.error_origins import ErrorOrigin, ErrorTracer
from sync.simulation.promises.judge import Judge, Promise
from sync.simulation.trial.operators import TrialDecision
from sync.simulation.trial.remote import Arrival, Departure
from sync.simulation.trial.shop import TrialShop, allowed, authority_of, policy_of

FRESH_MS = 20_000
"""A reading is this old at the most when its write leaves: a process may be stopped in between for
as long as its lease lasts."""
ENDS_APPROVAL = ("undone", "handed back", "rejected", "superseded", "expired", "snoozed")


class WriteWatch:
    """Sees every transaction that is committed, and every write that leaves or arrives."""

    def __init__(  # noqa: PLR0913, PLR0917 - all that it sees.
        self,
        judge: Judge,
        cache: Database,
        settings: Settings,
        shop: TrialShop,
        decisions: list[TrialDecision],
        now: Callable[[], Millis],
        causes: ErrorTracer,
        *,
        only_reductions: bool,
    ) -> None:
        self._causes = causes
        self._judge, self._cache, self._settings, self._shop = judge, cache, settings, shop
        self._decisions, self._now, self._only_reductions = decisions, now, only_reductions
        self._last_step = 0
        self._approved: set[int] = set()
        """Corrections whose last decision lets them be written."""
        self._begun: dict[int, WitnessedStep] = {}
        self._sent: set[str] = set()
        self.written: set[int] = set()
        """Corrections of which a write has left."""
        self.races = 0
        """Units by which reductions raised that landed after a sale."""

    def committed(self, who: str) -> None:
        """A process has committed a transaction: look at the steps that it took."""
        for step in self._cache.read(witness.steps_after, self._last_step):
            self._last_step = step.step_id
            if step.step == "approved":
                self._approved.add(step.correction_id)
            elif step.step in ENDS_APPROVAL:
                self._approved.discard(step.correction_id)
            elif step.step == "applying":
                self._begin(step, who)

    def _begin(self, step: WitnessedStep, who: str) -> None:
        """A correction is about to be written: everything about it must be right."""
        check, at, name = self._judge.check, step.at, f"#{step.correction_id} {step.sku}"
        self._begun[step.correction_id] = step
        check(Promise.APPROVED, self._was_approved(step), at - BEGAN, name, step)
        check(Promise.BASIS, _stands(step), at - BEGAN, name, step)
        in_time = (step.hold_until or at) <= at < (step.expires_at or 0)
        is_approved = step.correction_id in self._approved
        check(Promise.EXPIRED, in_time and is_approved, at - BEGAN, name, is_approved, step)
        holder = self._cache.read(witness.lease_holder)
        check(Promise.ONE_ENGINE, holder == who, at - BEGAN, name, "held by", holder, "not", who)
        self._check_sources(step)
        self._check_policy(step)

    def _was_approved(self, step: WitnessedStep) -> bool:
        approval = self._settings.approval
        if step.by_rule or step.decided_by == "rule":
            units = (step.to_quantity or 0) - (step.from_quantity or 0)
            way = "raise" if units > 0 else "reduce"
            return approval.mode == "rules" and any(
                rule.channel in (None, step.channel)
                and (rule.skus is None or fnmatchcase(step.sku, rule.skus))
                and rule.only in (None, way)
                and (rule.max_units is None or abs(units) <= rule.max_units)
                for rule in approval.rules
            )
        names = {
            decision.who
            for decision in self._decisions
            if decision.what == "approved" and decision.correction == step.correction_id
        }
        units = abs((step.to_quantity or 0) - (step.from_quantity or 0))
        above = approval.second_person_above
        if step.decided_by not in names:
            return False
        return above is None or units <= above or len(names) > 1

    def _check_sources(self, step: WitnessedStep) -> None:
        seen = self._cache.read(witness.channels_seen)
        parts = self._shop.world.parts_of(step.sku)
        for name in (*(authority_of(self._settings, part) for part, _ in parts), step.channel):
            channel, settings = seen[name], self._settings.channels[name]
            age = None if channel.good_at is None else abs(step.at - channel.good_at)
            is_known = age is not None and age <= settings.stale_after_ms
            holds = is_known and not channel.is_quarantined
            words = (f"#{step.correction_id} of {step.channel}:", name, "age", age, channel)
            self._judge.check(Promise.AUTHORITY, holds, step.at - BEGAN, *words)

    def _check_policy(self, step: WitnessedStep) -> None:
        """Nothing above what the authority was last read to have allows."""
        if step.to_quantity is None or step.reverts is not None:
            return
        rows = self._cache.read(witness.listings_seen)
        most = most_free(self._shop, rows, self._cache.read(witness.given_back))
        limit = allowed(most(step.sku), self._shop.policy(step.channel, step.sku))
        words = (f"#{step.correction_id}: {step.to_quantity} of at most {limit}",)
        holds = step.to_quantity <= limit or step.to_quantity == step.from_quantity
        self._judge.check(Promise.POLICY, holds, step.at - BEGAN, *words)

    def departed(self, departure: Departure) -> None:
        """A write leaves a process."""
        at, check = self._now(), self._judge.check
        holder = self._cache.read(witness.lease_holder)
        who = departure.process.name
        self._causes.departed(departure)
        check(Promise.ONE_ENGINE, holder == who, at, who, "writes; held by", holder)
        for read_at in departure.read_at or ():
            holds = read_at is not None and at - read_at <= FRESH_MS
            check(Promise.FRESH, holds, at, departure.changes, "last read at", read_at)
        for change in departure.changes:
            number = _number(change)
            words = (departure.channel, change.sku, "is set to", change.quantity)
            check(Promise.NEGATIVE, change.quantity >= 0, at, *words)
            check(Promise.ONCE, change.key not in self._sent, at, "sent again:", change.key)
            status = self._cache.read(witness.status_of, number)
            is_marked = number in self._begun and status == "applying"
            check(Promise.APPROVED, is_marked, at, change.key, "leaves as", status)
            self._sent.add(change.key)
            self.written.add(number)

    def refused_whole(self, departure: Departure) -> None:
        """The channel refused a call as a whole and applied nothing: it may be sent again."""
        self._sent.difference_update(change.key for change in departure.changes)
        self.written.difference_update(map(_number, departure.changes))

    def arrived(self, arrival: Arrival) -> None:
        """A write has taken effect."""
        change, at = arrival.change, self._now()
        cause = self._causes.arrived(arrival)
        self._judge.check(Promise.CAUSE, cause is not ErrorOrigin.UNKNOWN, at, arrival)
        if not self._only_reductions:
            return
        rises = arrival.after > arrival.before
        # Between the fresh reading and the write a sale may fall. Where the channel can't compare,
        # and where it applies late, nobody can help that.
        raced = rises and arrival.before < (change.previous.available or 0)
        if raced:
            self.races += arrival.after - arrival.before
        check = self._judge.check
        check(Promise.REDUCES, not rises or raced, at, arrival)


def _number(change: Change) -> int:
    return int(change.key.split("-")[1])


def most_free(
    shop: TrialShop, rows: Sequence[ListingSeen], back: Mapping[tuple[str, str], int]
) -> Callable[[str], int]:
    """The most that can be free of a SKU, by what the cache was shown and reported."""
    free: dict[str, int] = {}
    for row in rows:
        if row.channel == authority_of(shop.settings, row.sku):
            free[row.sku] = free.get(row.sku, 0) + (row.available or 0)
    for (sku, channel), units in back.items():
        for part, count in shop.world.parts_of(sku):
            pieces = units * count * policy_of(shop.settings, channel, sku).units
            free[part] = free.get(part, 0) + pieces

    def most(sku: str) -> int:
        return min(free.get(part, 0) // count for part, count in shop.world.parts_of(sku))

    return most


def _stands(step: WitnessedStep) -> bool:
    """Whether the listing still shows, and should show, what was approved. Rule 9."""
    if not step.present or step.copies != 1 or step.available is None:
        return False
    if step.reverts is not None:
        return step.available == step.from_quantity
    aims = step.to_quantity in (step.from_quantity, step.target_quantity)
    aims = aims and step.to_state in (step.from_state, step.target_state)
    same = step.available == step.from_quantity and step.state == step.from_state
    is_reduction = (step.to_quantity or 0) < (step.from_quantity or 0)
    return aims and (same or (is_reduction and step.available > (step.to_quantity or 0)))
