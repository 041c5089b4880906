"""Writing stock to Square: read, compare, then one batch of physical counts.

A count says how many there were at an instant, and Square adds what was sold after that instant
(Inventory API: process flow, read 2026-11-30). So ours are of the instant at which we looked: a
sale between our look and our write is not undone by it.
"""

import hashlib
from collections.abc import Mapping, Sequence

from store.model import Millis, Record
from sync import values
from sync.channels.api.tally import Tally
from sync.channels.base import Change, ListingRef, Receipt
from sync.channels.square.listings import IN_STOCK, SquareStock
from sync.channels.square.reading import SquareFresh, SquareReader
from sync.channels.square.session import SquareSession, errors_in
from sync.channels.square.shapes import SquareCountsPage
from sync.clock import Clock, rfc3339
from sync.errors import ContractBroken, Temporary, WriteOutcomeUnknown

CHANGES = "/v2/inventory/changes/batch-create"

_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
_CONFLICT = "CONFLICT"


class SquareWriter:
    """Sets counts."""

    def __init__(
        self, session: SquareSession, reader: SquareReader, location: str | None, clock: Clock
    ) -> None:
        self._session = session
        self._reader = reader
        self._location = location
        self._clock = clock

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        """Set each change's count. Those that moved since its reading are refused as conflicts.

        All others go in one call, which Square applies or refuses as a whole.
        """
        wanted = [ListingRef(change.sku, change.location, change.ref) for change in changes]
        try:
            fresh = await self._reader.fresh(wanted)
        except ContractBroken as error:
            raise Temporary(f"nothing was written: {error}") from error
        now = {(found.sku, found.location, found.ref): found for found in fresh.found.records}
        unreadable = {refused.sku: refused.reason for refused in fresh.found.refused}
        receipts: dict[int, Receipt] = {}
        sent: dict[int, Change] = {}
        for number, change in enumerate(changes):
            listing = now.get((change.sku, change.location, change.ref))
            refusal = _refusal(change, listing, unreadable, fresh)
            if refusal is None:
                sent[number] = change
            else:
                receipts[number] = refusal
        if sent:
            answered = await self._send(list(sent.values()), now, fresh.at)
            receipts |= dict(zip(sent, answered, strict=True))
        return [receipts[number] for number in range(len(changes))]

    async def _send(
        self,
        changes: Sequence[Change],
        now: Mapping[tuple[str, str, str], Record],
        at: Millis | None,
    ) -> Sequence[Receipt]:
        counts = [
            self._count(change, now[change.sku, change.location, change.ref], at)
            for change in changes
        ]
        body = {
            "idempotency_key": _key(changes),
            "changes": counts,
            # By default a count that equals the last count is dropped, although sales may have
            # moved the stock since (contract of 2025-08-19, ignore_unchanged_counts).
            "ignore_unchanged_counts": False,
        }
        content = await self._session.write(CHANGES, body, "changes")
        codes = {error.code for error in errors_in(content)}
        if _KEY_REUSED in codes:
            # A repeat has another time in it. The first one came through, in whatever way.
            raise WriteOutcomeUnknown(
                f"{self._session.name}: Square has had this write before ({_KEY_REUSED})"
            )
        if codes == {_CONFLICT}:
            words = str(self._session.rejected(content))
            return [Receipt(change, refused=words, conflict=True) for change in changes]
        if codes or not isinstance(content, dict) or "counts" not in content:
            raise self._session.rejected(content)
        answer = self._session.client.shaped_answer(content, SquareCountsPage, "changes")
        stock = SquareStock()
        for index, entry in enumerate(answer.counts):
            stock.note(entry, f"counts[{index}]", Tally())
        return [
            Receipt(change)
            if (change.ref, self._place(change)) in stock.in_stock
            else Receipt(change, unknown="Square's answer does not name it")
            for change in changes
        ]

    def _count(self, change: Change, now: Record, at: Millis | None) -> dict[str, object]:
        # Never in the future, by the server's clock, which is cut to the second; and after what it
        # already counted in, which would otherwise count twice.
        seen = at if at is not None else self._clock.now()
        moved = now.source_at + 1 if now.source_at is not None else seen
        return {
            "type": "PHYSICAL_COUNT",
            "physical_count": {
                "reference_id": change.key[:255],
                "catalog_object_id": change.ref,
                "state": IN_STOCK,
                "location_id": self._place(change),
                "quantity": str(change.quantity),
                "occurred_at": rfc3339(max(seen, moved)),
            },
        }

    def _place(self, change: Change) -> str:
        return self._location or change.location


def _refusal(
    change: Change, now: Record | None, unreadable: Mapping[str | None, str], fresh: SquareFresh
) -> Receipt | None:
    """Why a change can't be written; None: it can."""
    if now is None and change.sku in unreadable:
        return Receipt(change, refused=f"it can't be read: {unreadable[change.sku]}")
    if now is None:
        return Receipt(change, refused="the listing no longer exists")
    if change.ref in fresh.derived:
        words = "Square works out its stock from that of others: correct those"
        return Receipt(change, refused=words)
    if now.available is None:
        return Receipt(change, refused="Square does not track its stock, so it never runs out")
    if (now.available, now.state) != (change.previous.available, change.previous.state):
        words = f"it has changed: {values.quoted(now.available)} and {now.state} now"
        return Receipt(change, refused=words, conflict=True)
    return None


def _key(changes: Sequence[Change]) -> str:
    """The key of a call: the same for the same corrections, whatever their order."""
    keys = "\n".join(sorted(change.key for change in changes))
    return hashlib.sha256(keys.encode()).hexdigest()
