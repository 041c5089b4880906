"""Setting what is available, by `inventorySetQuantities` (Admin API 2026-10).

A call is applied whole or not at all. So where Shopify refuses some of it, nothing was done: those
have their answer, and the others are sent again without them.
"""

import hashlib
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from sync.channels.base import Change, ListingRef, Receipt
from sync.channels.shopify import documents
from sync.channels.shopify.fresh import ShopifyFresh
from sync.channels.shopify.ids import ITEM, long_id
from sync.channels.shopify.kind import BATCH_MAX
from sync.channels.shopify.session import ShopifySession
from sync.channels.shopify.shapes import ShopifySet, ShopifySetPayload, ShopifyUserError
from sync.errors import (
    ChannelError,
    ContractBroken,
    NeedsOperator,
    Temporary,
    WriteOutcomeUnknown,
    WriteRejected,
)

_QUANTITY_MAX = 1_000_000_000
"""INVALID_QUANTITY_TOO_HIGH above it (schema of 2026-10)."""
_TRIES_MAX = 3
_STALE = frozenset({"CHANGE_FROM_QUANTITY_STALE", "COMPARE_QUANTITY_STALE"})
_ANOTHER_KEY = frozenset(
    {"IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"}
)
_OF_ENTRIES = _STALE | {
    "INVALID_INVENTORY_ITEM", "INVALID_LOCATION", "INVALID_QUANTITY_NEGATIVE",
    "INVALID_QUANTITY_TOO_HIGH", "INVALID_QUANTITY_TOO_LOW", "NON_MUTABLE_INVENTORY_ITEM",
    "ITEM_NOT_STOCKED_AT_LOCATION",
}  # fmt: skip
"""What is wrong with one entry, not with the call."""
_IN_PROGRESS = "IDEMPOTENCY_CONCURRENT_REQUEST"
_KEYS = uuid.UUID("6f6b0f2e-94c3-4c0a-8d5b-2f6f1f0c9b1e")
_URI_KEYS_MAX = 200
_POINTS = 12.0


@dataclass(frozen=True, slots=True)
class _Entry:
    """One change as Shopify takes it."""

    number: int
    change: Change
    item_id: str
    location_id: str
    previous: int

    def input(self) -> dict[str, object]:
        return {
            "inventoryItemId": self.item_id,
            "locationId": self.location_id,
            "quantity": self.change.quantity,
            # Required, though the schema does not say so: without it nothing would compare.
            "changeFromQuantity": self.previous,
        }

    def mark(self) -> str:
        quantity = self.change.quantity
        parts = (self.change.key, self.item_id, self.location_id, self.previous, quantity)
        return "\x1f".join(map(str, parts))


class ShopifyWriter:
    """Writes to one shop."""

    def __init__(self, session: ShopifySession, fresh: ShopifyFresh) -> None:
        self._session = session
        self._fresh = fresh

    async def write(self, changes: Sequence[Change]) -> Sequence[Receipt]:
        """One receipt per change. Raises as `Channel.write`."""
        receipts: list[Receipt | None] = [None] * len(changes)
        entries = await self._entries(changes, receipts)
        try:
            await self._send_all(entries, receipts)
        except (WriteOutcomeUnknown, WriteRejected, Temporary, NeedsOperator) as error:
            if all(receipt is None for receipt in receipts):
                raise
            # Some have their answer already: each of the others has its own.
            for number, change in enumerate(changes):
                if receipts[number] is None:
                    receipts[number] = self._receipt_of(change, error)
        return [receipt for receipt in receipts if receipt is not None]

    async def _entries(
        self, changes: Sequence[Change], receipts: list[Receipt | None]
    ) -> list[_Entry]:
        """Look at each listing right before; what can't be written gets its receipt."""
        # From 2026-10 a write to a location where the item is not stocked succeeds, and stocks it
        # there: so its level must be there, and active, right before. What it compares with is
        # looked at too, which spares a call that Shopify would refuse whole.
        listings = [ListingRef(change.sku, change.location, change.ref) for change in changes]
        try:
            found = await self._fresh.found(listings)
        except ContractBroken as error:
            raise Temporary(f"nothing was written: {error}") from error
        entries: list[_Entry] = []
        taken: set[tuple[str, str]] = set()
        for number, (change, listing) in enumerate(zip(changes, listings, strict=True)):
            item_id, location_id = long_id(ITEM, change.ref), self._fresh.place_of(listing)
            fresh, before = found.get(listing), change.previous
            now = None if fresh is None else fresh.record
            refused, conflict = "", False
            if fresh is None or item_id is None or location_id is None:
                refused = "it is not stocked there any more"
            elif fresh.refused is not None:
                refused = f"it can't be read: {fresh.refused.reason}"
            elif fresh.obstacle or now is None or before.available is None:
                refused = fresh.obstacle or "it has no quantity"
            elif change.state is not None:
                refused = "Skew does not write states to Shopify"
            elif change.quantity > _QUANTITY_MAX:
                refused = f"Shopify holds at most {_QUANTITY_MAX:,}"
            elif (now.available, now.state) != (before.available, before.state):
                conflict = True
                refused = f"it has changed: {now.available} and {now.state} now"
            elif (item_id, location_id) in taken:
                refused = "it stands twice in one call"
            else:
                taken.add((item_id, location_id))
                entry = _Entry(number, change, item_id, location_id, before.available)
                entries.append(entry)
                continue
            receipts[number] = Receipt(change, refused=refused, conflict=conflict)
        return entries

    async def _send_all(self, entries: list[_Entry], receipts: list[Receipt | None]) -> None:
        """Send the entries, and again without those that Shopify refuses."""
        tries = 0
        while entries:
            payload = await self._send(entries, tries)
            errors = payload.user_errors
            if not errors:
                for entry in entries:
                    receipts[entry.number] = Receipt(entry.change)
                return
            self._check_nothing_done(payload)
            codes = {error.code for error in errors}
            if codes & _ANOTHER_KEY and tries < _TRIES_MAX:
                # What was sent under this key before failed, or was something else. Whether
                # anything moved, the quantity to change from shows.
                tries += 1
                continue
            if _IN_PROGRESS in codes:
                words = f"the same write is under way already: {self._words(errors)}"
                raise WriteOutcomeUnknown(f"{self._session.name}: {words}")
            if len(entries) > 1 and any(_is_of_some_entry(error) for error in errors):
                await self._send_halves(entries, receipts)
                return
            entries = self._without_refused(entries, errors, receipts)

    async def _send_halves(self, entries: list[_Entry], receipts: list[Receipt | None]) -> None:
        """Send entries of which one is refused, nobody knows which: each half has its answer."""
        middle = len(entries) // 2
        for half in (entries[:middle], entries[middle:]):
            try:
                await self._send_all(half, receipts)
            except (WriteOutcomeUnknown, WriteRejected) as error:
                for entry in half:
                    if receipts[entry.number] is None:
                        receipts[entry.number] = self._receipt_of(entry.change, error)

    def _without_refused(
        self,
        entries: list[_Entry],
        errors: Sequence[ShopifyUserError],
        receipts: list[Receipt | None],
    ) -> list[_Entry]:
        """Give those that are refused their receipts; the others.

        Raises WriteRejected where Shopify refuses all of them.
        """
        by_index: dict[int, list[ShopifyUserError]] = {}
        for error in errors:
            index = _index_in(error.field, len(entries))
            if index is None and len(entries) == 1 and _is_of_some_entry(error):
                index = 0
            if index is None:
                raise WriteRejected(f"{self._session.name}: {self._words(errors)}")
            by_index.setdefault(index, []).append(error)
        for index, own in by_index.items():
            entry = entries[index]
            conflict = any(error.code in _STALE for error in own)
            words = self._words(own)
            receipts[entry.number] = Receipt(entry.change, refused=words, conflict=conflict)
        return [entry for index, entry in enumerate(entries) if index not in by_index]

    async def _send(self, entries: Sequence[_Entry], tries: int) -> ShopifySetPayload:
        variables = {
            "input": {
                "name": "available",
                "reason": "correction",
                "referenceDocumentUri": _reference(entries),
                "quantities": [entry.input() for entry in entries],
            },
            "key": _key(entries, tries),
        }
        place = "inventorySetQuantities"
        data = await self._session.ask(documents.SET, variables, place, points=_POINTS, write=True)
        answer = self._session.client.shaped_answer(data, ShopifySet, place)
        return answer.inventory_set_quantities

    def _check_nothing_done(self, payload: ShopifySetPayload) -> None:
        if payload.inventory_adjustment_group is not None:
            words = "it says both what was changed and what was refused"
            text = f"{self._session.name}: {words}: {self._words(payload.user_errors)}"
            raise WriteOutcomeUnknown(text)

    def _receipt_of(self, change: Change, error: ChannelError) -> Receipt:
        """The answer for one change where an error ends the call that it was in."""
        words = self._session.client.struck(str(error))
        if isinstance(error, WriteOutcomeUnknown):
            return Receipt(change, unknown=words)
        if isinstance(error, WriteRejected):
            return Receipt(change, refused=words)
        return Receipt(change, unsent=f"not sent: {words}")

    def _words(self, errors: Sequence[ShopifyUserError]) -> str:
        said = [f"{error.message} ({error.code})" if error.code else error.message
                for error in errors]  # fmt: skip
        return self._session.client.text("; ".join(dict.fromkeys(said)))


def _key(entries: Sequence[_Entry], tries: int) -> str:
    """The idempotency key of a call: the same for the same changes, however often they are sent.

    Shopify refuses a key that it knows with other parameters, so these are in it too.
    """
    marks = "\x1e".join([*(entry.mark() for entry in entries), *(["again"] * tries)])
    return str(uuid.uuid5(_KEYS, hashlib.sha256(marks.encode()).hexdigest()))


def _reference(entries: Sequence[_Entry]) -> str:
    """Which corrections it is, for the history of the item in Shopify's admin.

    The form `gid://APP/TYPE/ID` is shown there with the name of the app (schema of 2026-10).
    """
    keys: list[str] = []
    for entry in entries:
        key = quote(entry.change.key, safe="")
        if sum(map(len, keys)) + len(keys) + len(key) > _URI_KEYS_MAX:
            more = f"and-{len(entries) - len(keys)}-more"
            return f"gid://skew/Correction/{','.join([*keys, more])}"
        keys.append(key)
    return f"gid://skew/Correction/{','.join(keys)}"


def _is_of_some_entry(error: ShopifyUserError) -> bool:
    """Whether an error means one of the entries, and does not say which."""
    return error.code in _OF_ENTRIES and _index_in(error.field, BATCH_MAX) is None


def _index_in(field: Sequence[str] | None, count: int) -> int | None:
    """Which entry an error means: `["input", "quantities", "3", "quantity"]`; None where none."""
    path = ".".join(field or ())
    found = re.match(r"input\.quantities\.(\d{1,4})(?:\.|$)", path, re.ASCII)
    return int(found[1]) if found is not None and int(found[1]) < count else None
