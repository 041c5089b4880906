"""The promises about what is shown and kept: cells, history, approvals, audit, the file."""

import json
from collections.abc import Callable, Collection

from store.corrections import audit, lifecycle
from store.database.connection import Database
from store.history import as_of
from store.model import CORRECTABLE, Direction, Disagreement, Millis, Status
from store.monitoring import witness
from store.queries import views
from store.queries.values import DisagreementFilter
from sync.settings import Settings
from sync.simulation.machine.clock import BEGAN
from sync.simulation.promises.judge import Judge, Promise
from sync.simulation.promises.writes import most_free
from sync.simulation.trial.operators import TrialDecision
from sync.simulation.trial.shop import TrialShop, allowed, authority_of

PATIENCE_MS = 6_000
"""So long a disagreement may stand before an engine that runs has proposed its update."""
TERMINAL = {"verified", "not_applied", "failed", "unknown", "superseded", "rejected", "expired"}


class CellWatch:
    """Looks at the cache now and then, and at its end."""

    def __init__(
        self,
        judge: Judge,
        cache: Database,
        settings: Settings,
        shop: TrialShop,
        now: Callable[[], Millis],
    ) -> None:
        self._judge, self._cache, self._settings = judge, cache, settings
        self._shop, self._now = shop, now
        self._without: dict[int, Millis] = {}
        self._overdue: dict[int, Millis] = {}

    def look(self, *, is_running: bool) -> None:
        """Check that nothing correctable stands without an update and a reason."""
        now = self._now()
        found = self._cache.read(
            views.disagreements, DisagreementFilter(kinds=CORRECTABLE), now=now + BEGAN,
            estimates=False,
        )  # fmt: skip
        bare = {found.id: found for found in found if self._is_bare(found)}
        self._judge.checked[Promise.REASON] += len(found) - len(bare)
        self._look_at_targets(now)
        overdue = self._cache.read(witness.overdue_approvals, now=now + BEGAN)
        if not is_running:
            self._without.clear()
            self._overdue.clear()
            return
        self._overdue = {number: self._overdue.get(number, now) for number in overdue}
        for number, since in self._overdue.items():
            holds = now - since <= PATIENCE_MS
            self._judge.check(Promise.LOST, holds, now, f"#{number} is neither written nor expired")
        self._without = {number: self._without.get(number, now) for number in bare}
        for number, since in self._without.items():
            holds = now - since <= PATIENCE_MS
            self._judge.check(Promise.REASON, holds, now, bare[number])

    def _look_at_targets(self, now: Millis) -> None:
        """Check that no target is above what its authority has and orders gave back."""
        rows = self._cache.read(witness.listings_seen)
        most = most_free(self._shop, rows, self._cache.read(witness.given_back))
        for row in rows:
            if row.target_quantity is None or row.channel not in self._shop.outlets:
                continue
            limit = allowed(most(row.sku), self._shop.policy(row.channel, row.sku))
            holds = row.target_quantity <= limit
            self._judge.check(Promise.ORDER, holds, now, row, "of at most", limit)

    def _is_bare(self, found: Disagreement) -> bool:
        is_written = self._settings.channels[found.channel].direction is Direction.PUSH
        is_silent = found.correction_id is None and found.reason is None
        return is_written and is_silent and found.status is Status.OPEN

    def look_at_history(self, sku: str) -> None:
        """Check that what the history says of now is what the cache has now."""
        now = self._now()
        past = self._cache.read(as_of.sku_as_of, sku, at=now + BEGAN)
        kept = {cell.channel: cell.known for cell in past.cells}
        for listing in self._cache.read(witness.listings_seen, sku):
            known = kept.get(listing.channel)
            if known is None:
                holds = not listing.present or listing.available is None
            else:
                holds = known.available == listing.available or not listing.present
            self._judge.check(Promise.HISTORY, holds, now, listing, known)

    def look_at_end(self) -> None:
        """Check that every cell agrees with the truth, or says why it can't."""
        now = self._now()
        found = self._cache.read(
            views.disagreements, DisagreementFilter(), now=now + BEGAN, estimates=False
        )
        named = {(found.channel, found.sku): found for found in found}
        world = self._shop.world
        blind = {
            name
            for name, seen in self._cache.read(witness.channels_seen).items()
            if seen.is_quarantined or now + BEGAN - (seen.good_at or 0) > self._stale_ms(name)
        }
        unseen = self._cache.read(witness.unseen_skus)
        for outlet in self._shop.outlets:
            if self._settings.channels[outlet].direction is not Direction.PUSH:
                continue
            for item in world.outlets[outlet].items():
                right = self._shop.right(outlet, item.sku, world.truly_free(item.sku))
                said = named.get((outlet, item.sku))
                parts = [part for part, _ in world.parts_of(item.sku)]
                sources = {authority_of(self._settings, part) for part in parts}
                # What its authority has never shown stays deducted, and an incident names it.
                is_blind = not blind.isdisjoint({outlet, *sources}) or not unseen.isdisjoint(parts)
                holds = item.available == right or said is not None or is_blind
                words = (outlet, item.sku, "shows", item.available, "should", right)
                self._judge.check(Promise.CONVERGES, holds, now, *words)
                if said is not None:
                    says = said.reason is not None or said.correction_id is not None
                    self._judge.check(Promise.CONVERGES, says, now, "says nothing:", said)

    def _stale_ms(self, name: str) -> int:
        return self._settings.channels[name].stale_after_ms

    def look_at_decisions(
        self, decisions: Collection[TrialDecision], written: Collection[int], *, ran_until: Millis
    ) -> None:
        """Check that no approval got lost, and that the audit of each write is whole.

        `ran_until`: until then an engine could expire what was due.
        """
        now = self._now()
        approved = {taken.correction for taken in decisions if taken.what == "approved"}
        for number in sorted(approved | set(written)):
            rows = self._cache.read(audit.rows, number)
            steps = [row.step for row in rows]
            (correction,) = self._cache.read(lifecycle.by_id, [number])
            if number in approved:
                ended = TERMINAL & set(steps) or {"undone", "handed back"} & set(steps)
                due = correction.expires_at or 0
                waits = correction.status == "approved" and ran_until + BEGAN < due + PATIENCE_MS
                waits = waits or ("first approval" in steps and "approved" not in steps)
                said = {"approved", "first approval"} & set(steps)
                holds = bool(said) and (bool(ended) or waits)
                self._judge.check(Promise.LOST, holds, now, number, correction.status, steps)
            if number in written:
                whole = all(
                    row.who and row.at and "target_quantity" in json.loads(row.seen) for row in rows
                )
                needed = {"proposed", "approved", "applying"} <= set(steps)
                ends = bool(TERMINAL & set(steps)) and bool(correction.result)
                holds = whole and needed and (ends or correction.proof_until is not None)
                self._judge.check(Promise.AUDIT, holds, now, number, correction, steps)

    def look_at_file(self) -> None:
        """Check the file itself."""
        damage = self._cache.read(witness.damage)
        self._judge.check(Promise.INTACT, not damage, self._now(), *damage)
