"""Setting what an offer shows: its own quantity and the item's, in one call of one SKU.

`bulkUpdatePriceQuantity` is absolute and has neither compare-and-set nor a key against repeats.
`createOrReplaceInventoryItem` is never used: it replaces the whole item.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from store.model import Record
from sync import values
from sync.channels.base import Change, Receipt
from sync.channels.ebay import records
from sync.channels.ebay.desk import EbayDesk, EbayOffersRefused
from sync.channels.ebay.reading import EbayReader, EbayStanding
from sync.channels.ebay.shapes import BUSY, EbayUpdateAnswer, EbayUpdated, first_words
from sync.errors import ContractBroken, NeedsOperator, Temporary, WriteOutcomeUnknown

_PLACE = "bulk_update_price_quantity"
_FAILED = 500
"""eBay says `concurrent access` (25025) with it, and system errors."""
_OFFERS_MAX = 25


class _Moved(Exception):
    """The listing has changed since the reading that the change rests on."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What one call sets."""

    sku: str
    offers: Mapping[str, int]
    """By the offer's id. Those beside the change's own are set to what they show."""
    ship_to_home: int | None
    """None: it stays."""

    def body(self) -> Mapping[str, object]:
        request: dict[str, object] = {
            "sku": self.sku,
            "offers": [
                {"offerId": offer, "availableQuantity": quantity}
                for offer, quantity in self.offers.items()
            ],
        }
        if self.ship_to_home is not None:
            request["shipToLocationAvailability"] = {"quantity": self.ship_to_home}
        return {"requests": [request]}


class EbayWriter:
    """Writes one listing at a time."""

    def __init__(self, desk: EbayDesk, reader: EbayReader, api: str) -> None:
        self._desk = desk
        self._reader = reader
        self._url = f"{api}/bulk_update_price_quantity"

    async def write(self, change: Change) -> Receipt:
        """Read the SKU afresh, and set it where it is as the change's reading says."""
        try:
            standing = await self._reader.standing(change.sku)
            plan = _planned(change, standing, self._listing(change, standing))
        except ContractBroken as error:
            raise Temporary(f"nothing was written: {error}") from error
        except _Moved as error:
            return Receipt(change, refused=str(error), conflict=True)
        except (ValueError, EbayOffersRefused) as error:
            return Receipt(change, refused=str(error))
        return self._receipt(change, plan, await self._sent(plan))

    def _listing(self, change: Change, standing: EbayStanding | None) -> Record:
        if standing is None:
            raise ValueError("the inventory item no longer exists")
        for record in self._reader.records(standing):
            if record.ref == change.ref:
                return record
        raise ValueError("its offer no longer exists")

    async def _sent(self, plan: _Plan) -> EbayUpdateAnswer:
        try:
            content = await self._desk.client.write(
                "POST",
                self._url,
                _PLACE,
                json=plan.body(),
                accept=(_FAILED,),
                budget=self._desk.budget,
            )
        except NeedsOperator as error:
            raise self._desk.explained(error) from error
        return self._desk.client.shaped_answer(content, EbayUpdateAnswer, _PLACE)

    def _receipt(self, change: Change, plan: _Plan, answer: EbayUpdateAnswer) -> Receipt:
        """What eBay answered, by entry: the whole call is a 200 or a 207 however they fared."""
        entries = [entry for entry in answer.responses if _is_of(entry, plan)]
        failed = [entry for entry in entries if not entry.is_applied]
        errors = [error for entry in failed for error in entry.errors] or list(answer.errors)
        words = self._desk.client.text(first_words(errors))
        if any(error.error_id == BUSY for error in errors) and len(failed) == len(entries):
            return Receipt(change, refused=words, conflict=True)
        named = {entry.offer_id for entry in entries}
        if entries and not failed and (change.ref in named or None in named):
            return Receipt(change)
        if not entries or any(not 0 < entry.status_code < _FAILED for entry in failed):
            raise WriteOutcomeUnknown(f"{self._desk.client.name}: {_PLACE}: {words}")
        if len(failed) < len(entries):
            done = f"{len(entries) - len(failed)} of {len(entries)} parts were written"
            return Receipt(change, unknown=f"{done}; the others: {words}")
        return Receipt(change, refused=words)


def _is_of(entry: EbayUpdated, plan: _Plan) -> bool:
    if entry.offer_id is not None:
        return entry.offer_id in plan.offers
    return entry.sku in (None, plan.sku)


def _planned(change: Change, standing: EbayStanding | None, now: Record) -> _Plan:
    """Work out the call. Raises _Moved, and ValueError with why it can't be done."""
    assert standing is not None
    if (now.available, now.state) != (change.previous.available, change.previous.state):
        raise _Moved(f"it has changed: {now.available} and {now.state} now")
    live = {offer.offer_id: offer for offer in standing.offers if records.is_live(offer)}
    if change.ref not in live:
        raise ValueError("its offer is not published: publish it at eBay first")
    item = standing.item.ship_to_home
    ship_to_home = values.quantity(item.quantity)
    others = {
        offer_id: records.shown(offer, ship_to_home)
        for offer_id, offer in live.items()
        if offer_id != change.ref
    }
    if item.availability_distributions:
        # What becomes of the parts when only the sum is sent is not documented.
        if change.quantity > ship_to_home:
            raise ValueError(
                f"eBay has its {ship_to_home} spread over warehouses (availabilityDistributions): "
                "raise it there"
            )
        return _Plan(change.sku, {change.ref: change.quantity}, None)
    held = values.quantity_or_none(item.allocation_by_format and item.allocation_by_format.auction)
    # No less than an auction holds (error 25759), and than what the other marketplaces show.
    new = max([change.quantity, held or 0, *others.values()])
    kept = {
        offer_id: max(0, quantity)
        for offer_id, quantity in others.items()
        if records.shown(live[offer_id], new) != quantity
    }
    if len(kept) >= _OFFERS_MAX:
        raise ValueError(f"it has {len(live)} offers, more than one call of eBay's takes")
    return _Plan(change.sku, {change.ref: change.quantity, **kept}, new)
