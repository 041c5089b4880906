"""Writing stock to a Medusa shop: read, compare, then one batch (measured on 2.21.2, 2026-11)."""

from collections.abc import Sequence

from store.model import Record
from sync.channels.api.vendor import VendorClient
from sync.channels.base import Change, ListingRef, Receipt
from sync.channels.medusa.listings import OF_VARIANT
from sync.channels.medusa.reading import MedusaReader
from sync.channels.medusa.shapes import MedusaBatch
from sync.errors import ContractBroken, Temporary

Level = tuple[str, str]
"""The ids of an inventory item and of a location."""


class MedusaWriter:
    """Sets what is stocked, so that what is available is right."""

    def __init__(
        self, client: VendorClient, base: str, reader: MedusaReader, location: str | None
    ) -> None:
        self._client = client
        self._url = f"{base}/admin/inventory-items/location-levels/batch"
        self._reader = reader
        self._location = location

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        """Set each change's level. Those that moved since its reading are refused as conflicts.

        All others go in one call, which Medusa applies or rolls back as a whole.
        """
        # Medusa has no compare-and-set and ignores If-Match, so the levels are read once more just
        # before. In the milliseconds between, the last write wins; the read-back finds it.
        try:
            known = await self._now(changes)
        except ContractBroken as error:
            raise Temporary(f"nothing was written: {error}") from error
        levels: dict[Level, tuple[int, Change]] = {}
        refusals: dict[int, Receipt] = {}
        for number, change in enumerate(changes):
            now = known.get((change.sku, change.location, change.ref))
            refusal = _refusal(change, now)
            if refusal is None and now is not None:
                level = (change.ref, self._location or change.location)
                refusal = _placed(levels, level, change, now)
            if refusal is not None:
                refusals[number] = refusal
        done = await self._send({level: stocked for level, (stocked, _) in levels.items()})
        return [
            refusals.get(number) or self._receipt(change, done)
            for number, change in enumerate(changes)
        ]

    async def _now(self, changes: Sequence[Change]) -> dict[tuple[str, str, str], Record | str]:
        """The listings as they are now; a text where one can't be read."""
        wanted = [ListingRef(change.sku, change.location, change.ref) for change in changes]
        fresh = await self._reader.read(wanted)
        unreadable = {refused.sku: refused.reason for refused in fresh.refused}
        now: dict[tuple[str, str, str], Record | str] = {
            (change.sku, change.location, change.ref): unreadable[change.sku]
            for change in changes
            if change.sku in unreadable
        }
        return now | {(found.sku, found.location, found.ref): found for found in fresh.records}

    async def _send(self, levels: dict[Level, int]) -> frozenset[Level]:
        """Set levels; which of them the answer names."""
        if not levels:
            return frozenset()
        update = [
            {"inventory_item_id": item, "location_id": location, "stocked_quantity": stocked}
            for (item, location), stocked in levels.items()
        ]
        body = {"create": [], "update": update, "delete": []}
        content = await self._client.write("POST", self._url, "location-levels/batch", json=body)
        answer = self._client.shaped_answer(content, MedusaBatch, "location-levels/batch")
        return frozenset((level.inventory_item_id, level.location_id) for level in answer.updated)

    def _receipt(self, change: Change, done: frozenset[Level]) -> Receipt:
        if (change.ref, self._location or change.location) in done:
            return Receipt(change)
        return Receipt(change, unknown="Medusa's answer does not name it")


def _refusal(change: Change, now: Record | str | None) -> Receipt | None:
    """Why a change can't be written, as far as the listing itself says; None: it can."""
    if isinstance(now, str):
        return Receipt(change, refused=f"it can't be read: {now}")
    if now is None:
        return Receipt(change, refused="the listing no longer exists")
    if now.available is None:
        return Receipt(change, refused="Medusa does not manage its stock, so it never runs out")
    if change.ref.startswith(OF_VARIANT):
        words = "Medusa works out how many there are from its inventory items: correct those"
        return Receipt(change, refused=words)
    if (now.available, now.state) != (change.previous.available, change.previous.state):
        words = f"it has changed: {now.available} and {now.state} now"
        return Receipt(change, refused=words, conflict=True)
    return None


def _placed(
    levels: dict[Level, tuple[int, Change]], level: Level, change: Change, now: Record | str
) -> Receipt | None:
    """Put a change in the call, unless another of it sets the same level to something else."""
    assert isinstance(now, Record)
    stocked = change.quantity + (now.committed or 0)
    if stocked < 0:
        words = f"it would need {stocked} in stock, for {now.committed} are reserved"
        return Receipt(change, refused=words)
    other = levels.setdefault(level, (stocked, change))
    if other[0] != stocked:
        words = f"it has the same stock as {other[1].sku}, which is set to {other[1].quantity}"
        return Receipt(change, refused=words)
    return None
