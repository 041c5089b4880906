"""One listing of Amazon's → records: what a seller sells from stock of his own. Pure.

A SKU is one listing, in however many marketplaces: they share its stock (the vendor's issue 4356,
2024-12: "updating quantity in one marketplace affects all EU marketplaces"). With multi-location
inventory (US only, the vendor's guide of 2026-11) it has an entry for each location, and `DEFAULT`
must be 0 then.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from store.model import SKU_LENGTH_MAX, UNCOUNTED, Record, Refused, State
from sync import values
from sync.channels.amazon.options import DEFAULT, AmazonOptions
from sync.channels.amazon.shapes import AmazonItem
from sync.channels.api.tally import Tally

FBA = 'fulfilled by Amazon (FBA), whose stock a channel with fulfilment = "fba" reads'
NOTHING_TO_SELL = "left out, as they have no stock and are not for sale, such as parents"
_DEFAULT_TOO = "with stock at locations and at DEFAULT, which Amazon wants to be 0"
_BUYABLE = "BUYABLE"
_STATUSES = frozenset({_BUYABLE, "DISCOVERABLE"})
_TAKEN_DOWN = frozenset({"LISTING_SUPPRESSED", "CATALOG_ITEM_REMOVED"})
_AT_AMAZON = "AMAZON"
"""FBA's channel codes begin with it: AMAZON_NA, AMAZON_EU, … (the vendor's issue 2061)."""


@dataclass(frozen=True, slots=True)
class AmazonListing:
    """One SKU, and what a write of it goes by."""

    sku: str
    records: Mapping[str, Record] = field(default_factory=dict)
    """By their locations, the seller's own being ""."""
    refused: Sequence[Refused] = ()
    is_at_amazon: bool = False
    has_locations: bool = False
    """Its stock stands at locations, so that DEFAULT must stay 0."""
    product_type: str = "PRODUCT"
    """Without one of its own; Amazon takes it for stock."""
    marketplace: str = ""
    """Where it was read, and is written."""


@dataclass(frozen=True, slots=True)
class AmazonItemReader:
    """Reads the items of one marketplace."""

    options: AmazonOptions
    marketplace: str
    tally: Tally

    def listing(self, item: object, place: str) -> AmazonListing | Refused:
        """Read one item of a page."""
        try:
            found = msgspec.convert(item, AmazonItem)
            sku = values.sku(found.sku)
        except ValueError as error:
            known = values.sku_or_none(item.get("sku")) if isinstance(item, dict) else None
            return Refused(place, str(error), known)
        return _Reading(found, sku, place, self).listing()


@dataclass(frozen=True, slots=True)
class _Reading:
    """One item, while it is read."""

    item: AmazonItem
    sku: str
    place: str
    reader: AmazonItemReader

    def listing(self) -> AmazonListing:
        entries = self.item.fulfillment_availability or []
        statuses = self._statuses()
        if any(entry.fulfillment_channel_code.startswith(_AT_AMAZON) for entry in entries):
            # Whoever sends a quantity for it would make Amazon's stock unsellable: it would be
            # fulfilled by the merchant from then on. So whatever stands beside is not looked at.
            self.reader.tally.note(FBA, self.sku)
            return self._uncounted(is_at_amazon=True)
        quantities: dict[str, list[object]] = {}
        for entry in entries:
            if entry.quantity is not None:
                quantities.setdefault(entry.fulfillment_channel_code, []).append(entry.quantity)
        if not quantities:
            if _BUYABLE in statuses:
                return self._uncounted(is_at_amazon=False)
            self.reader.tally.note(NOTHING_TO_SELL, self.sku)
            return AmazonListing(self.sku)
        return self._counted(quantities, statuses)

    def _counted(
        self, quantities: dict[str, list[object]], statuses: frozenset[str]
    ) -> AmazonListing:
        has_locations = any(code != DEFAULT for code in quantities)
        if has_locations and DEFAULT in quantities:
            if all(map(_is_zero, quantities[DEFAULT])):
                del quantities[DEFAULT]
            else:
                self.reader.tally.note(_DEFAULT_TOO, self.sku)
        numbers: dict[str, int] = {}
        refused = []
        for code, given in quantities.items():
            location = self._location(code)
            if location is None:
                continue
            try:
                numbers[values.location(location)] = _one_of(given)
            except ValueError as error:
                words = f"{values.quoted(code)}: {error}"
                refused.append(Refused(self.place, words, self.sku, location[:SKU_LENGTH_MAX]))
        state = self._state(statuses, sum(numbers.values()))
        try:
            price = self._price()
        except ValueError as error:
            refused += [Refused(self.place, str(error), self.sku, location) for location in numbers]
            numbers = {}
        records = {
            location: Record(
                self.sku, number, location, state=state, price_minor=price, title=self._title()
            )
            for location, number in numbers.items()
        }
        return AmazonListing(
            self.sku, records, refused, has_locations=has_locations,
            product_type=self._product_type(), marketplace=self.reader.marketplace,
        )  # fmt: skip

    def _location(self, code: str) -> str | None:
        """Where an entry stands in our words; None where the configuration leaves it out."""
        if self.reader.options.location is not None:
            return "" if code == self.reader.options.location else None
        return "" if code == DEFAULT else code

    def _uncounted(self, *, is_at_amazon: bool) -> AmazonListing:
        if self.reader.options.location is not None and self.reader.options.location != DEFAULT:
            return AmazonListing(self.sku, is_at_amazon=is_at_amazon)
        record = Record(self.sku, None, state=UNCOUNTED, title=self._title())
        return AmazonListing(self.sku, {"": record}, is_at_amazon=is_at_amazon)

    def _statuses(self) -> frozenset[str]:
        found = {status for summary in self.item.summaries or () for status in summary.status or ()}
        for status in sorted(found - _STATUSES):
            words = f"with the status {values.quoted(status)}, which Skew does not know"
            self.reader.tally.note(words, self.sku)
        return frozenset(found)

    def _state(self, statuses: frozenset[str], quantity: int) -> State:
        """Whether it is for sale. What is sold out is not BUYABLE either, and no other state."""
        actions = {
            enforcement.action
            for issue in self.item.issues or ()
            if issue.enforcements is not None
            for enforcement in issue.enforcements.actions or ()
        }
        is_told = bool(self.item.summaries)
        if _BUYABLE in statuses or not (actions & _TAKEN_DOWN or (quantity > 0 and is_told)):
            return State.ACTIVE
        return State.DISABLED

    def _price(self) -> int | None:
        here = self.reader.marketplace
        amounts = [
            offer.price.amount
            for offer in self.item.offers or ()
            if offer.marketplace_id == here and offer.offer_type == "B2C" and offer.price
        ]
        return values.price_minor(amounts[0]) if amounts else None

    def _title(self) -> str | None:
        names = (values.title(summary.item_name) for summary in self.item.summaries or ())
        return next((name for name in names if name), None)

    def _product_type(self) -> str:
        types = (summary.product_type for summary in self.item.summaries or ())
        return next((name for name in types if name), "PRODUCT")


def _is_zero(quantity: object) -> bool:
    with contextlib.suppress(ValueError):
        return values.quantity(quantity) == 0
    return False


def _one_of(given: list[object]) -> int:
    """The quantity of a code, also where it stands there more than once."""
    first, *others = (values.quantity(quantity) for quantity in given)
    if any(other != first for other in others):
        numbers = " and ".join(map(str, dict.fromkeys([first, *others])))
        raise ValueError(f"{numbers} at the same time")
    return first
