"""Writing stock to a BigCommerce store: read, compare, then one absolute adjustment.

It is accepted with a transaction's id and applied some time after (inventory.v3.yml and "Inventory
adjustments", read 2026-11-30). There is no way to ask what became of a transaction.
"""

import re
from collections.abc import Sequence
from typing import Any

from store.model import Record
from sync.channels.base import Change, ListingRef, Receipt
from sync.channels.bigcommerce.desk import INVENTORY_SCOPE, BigDesk
from sync.channels.bigcommerce.reading import BigReader
from sync.channels.bigcommerce.shapes import BigTransaction
from sync.errors import ContractBroken, Temporary, WriteRejected

QUANTITY_MAX = 2_147_483_647
"""Of a product or variant at one location."""
ROUNDS_MAX = 5
"""A call is sent so often at most, each time without what was refused by name."""

_ABSOLUTE = "/v3/inventory/adjustments/absolute"
_NAMED = re.compile(r"\b(variant_id|product_id)\s*:?\s*(\d{1,18})\b", re.ASCII)

Entry = dict[str, Any]


class BigWriter:
    """Sets what is on hand, so that what is available to sell is right."""

    def __init__(self, desk: BigDesk, reader: BigReader, location: str | None) -> None:
        self._desk = desk
        self._reader = reader
        self._location = location

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        """Set each change's stock at its location; what moved since its reading is a conflict."""
        # There is no compare-and-set, so the products are read once more just before. An order
        # that comes in between is lost in the new number until the read-back finds it.
        try:
            known = await self._now(changes)
        except ContractBroken as error:
            raise Temporary(f"nothing was written: {error}") from error
        receipts: dict[int, Receipt] = {}
        entries: dict[int, Entry] = {}
        for number, change in enumerate(changes):
            now = known.get((change.sku, change.location, change.ref))
            if isinstance(now, str):
                receipts[number] = Receipt(change, refused=f"it can't be read: {now}")
                continue
            try:
                entries[number] = self._entry(change, now)
            except _HasMoved as error:
                receipts[number] = Receipt(change, refused=str(error), conflict=True)
            except ValueError as error:
                receipts[number] = Receipt(change, refused=str(error))
        refused = await self._send(entries) if entries else {}
        for number in entries:
            words = refused.get(number)
            change = changes[number]
            receipts[number] = Receipt(change, refused=words, later=words is None)
        return [receipts[number] for number in range(len(changes))]

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

    async def _send(self, entries: dict[int, Entry]) -> dict[int, str]:
        """Send the entries; why some were refused, by their numbers.

        A call with a bad entry is refused whole (422), and names it: it is sent again without.
        """
        left, refused = dict(entries), dict[int, str]()
        for attempt in range(1, ROUNDS_MAX + 1):
            body = {"reason": "Skew", "items": list(left.values())}
            try:
                answer = await self._desk.put(_ABSOLUTE, "adjustments", body, INVENTORY_SCOPE)
            except WriteRejected as error:
                named = _named(str(error), left)
                if not named or attempt == ROUNDS_MAX:
                    raise
                refused |= dict.fromkeys(named, str(error))
                left = {number: entry for number, entry in left.items() if number not in refused}
                if not left:
                    return refused
            else:
                self._desk.client.shaped_answer(answer, BigTransaction, "adjustments")
                return refused
        return refused

    def _entry(self, change: Change, now: Record | None) -> Entry:
        """One entry of a call. Raises ValueError where it can't be, _HasMoved where it must not."""
        if now is None:
            raise ValueError("the listing no longer exists, or its location is not enabled")
        if now.available is None or now.on_hand is None:
            raise ValueError("BigCommerce does not track its stock, so it never runs out")
        if (now.available, now.state) != (change.previous.available, change.previous.state):
            raise _HasMoved(f"it has changed: {now.available} and {now.state} now")
        on_hand = change.quantity + now.on_hand - now.available
        if not 0 <= on_hand <= QUANTITY_MAX:
            raise ValueError(
                f"it would need {on_hand:,} on hand: BigCommerce takes 0 to {QUANTITY_MAX:,}"
            )
        product, _, variant = change.ref.partition("/")
        what = {"variant_id": int(variant)} if variant else {"product_id": int(product)}
        place = int(self._location or change.location)
        return {"location_id": place, **what, "quantity": on_hand}


class _HasMoved(Exception):
    """The listing has changed since the reading that the change rests on."""


def _named(words: str, entries: dict[int, Entry]) -> list[int]:
    """The numbers of the entries that a refusal names."""
    named = {(what, int(number)) for what, number in _NAMED.findall(words)}
    return [number for number, entry in entries.items() if named & entry.items()]
