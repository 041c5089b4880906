"""What eBay's answers look like, as far as stock is in them (Sell Inventory API 1.18.5, 2026-11).

New fields are tolerated. Numbers stay as they came, so that a bad one blinds its own listing only.
"""

from collections.abc import Sequence

import msgspec

_NOT_FOUND = 404


class EbayByFormat(msgspec.Struct, frozen=True, rename="camel"):
    """How much of the quantity each way of selling holds."""

    auction: object = None


class EbayShipToHome(msgspec.Struct, frozen=True, rename="camel"):
    quantity: object = None
    availability_distributions: list[object] = []
    """Its parts at the seller's warehouses, where he uses them."""
    allocation_by_format: EbayByFormat | None = None


class EbayItemAvailability(msgspec.Struct, frozen=True, rename="camel"):
    ship_to_location_availability: EbayShipToHome | None = None


class EbayItemProduct(msgspec.Struct, frozen=True):
    title: object = None


class EbayInventoryItem(msgspec.Struct, frozen=True, rename="camel"):
    sku: str
    availability: EbayItemAvailability | None = None
    product: EbayItemProduct | None = None

    @property
    def ship_to_home(self) -> EbayShipToHome:
        found = self.availability and self.availability.ship_to_location_availability
        return found or EbayShipToHome()


class EbayItemPage(msgspec.Struct, frozen=True, rename="camel"):
    """A page of getInventoryItems."""

    inventory_items: list[object] | None = None
    total: int | None = None


class EbayMoney(msgspec.Struct, frozen=True):
    value: object = None


class EbayPricing(msgspec.Struct, frozen=True):
    price: EbayMoney | None = None


class EbayOfferListing(msgspec.Struct, frozen=True, rename="camel"):
    """The listing of a published offer."""

    listing_status: object = None
    listing_on_hold: object = None


class EbayOffer(msgspec.Struct, frozen=True, rename="camel"):
    offer_id: str
    sku: str
    status: str
    marketplace_id: str = ""
    format: str = "FIXED_PRICE"
    available_quantity: object = None
    pricing_summary: EbayPricing | None = None
    listing: EbayOfferListing | None = None


class EbayOfferPage(msgspec.Struct, frozen=True):
    """A page of getOffers."""

    offers: list[object] = []
    total: int | None = None


class EbayError(msgspec.Struct, frozen=True, rename="camel"):
    error_id: int = 0
    domain: str | None = None
    message: str | None = None
    long_message: str | None = None

    @property
    def words(self) -> str:
        said = self.long_message or self.message or "no reason given"
        return f"{said} ({self.error_id})" if self.error_id else said


class EbayErrorAnswer(msgspec.Struct, frozen=True):
    errors: list[EbayError]


class EbayBulkItem(msgspec.Struct, frozen=True, rename="camel"):
    """One entry of bulkGetInventoryItem."""

    sku: str = ""
    status_code: int = 0
    inventory_item: dict[str, object] | None = None
    errors: list[EbayError] = []

    @property
    def has_failed_for_now(self) -> bool:
        return self.status_code >= 500  # noqa: PLR2004

    @property
    def content(self) -> dict[str, object] | None:
        """The item under the SKU that was asked for; None where there is no such item.

        Raises ValueError where eBay can't tell.
        """
        if self.inventory_item is not None:
            return {**self.inventory_item, "sku": self.sku}
        if self.status_code == _NOT_FOUND or are_absent(self.errors, is_404=False):
            return None
        raise ValueError(f"eBay can't read it: {first_words(self.errors)}")


class EbayBulkItems(msgspec.Struct, frozen=True):
    responses: list[EbayBulkItem]


class EbayUpdated(msgspec.Struct, frozen=True, rename="camel"):
    """One entry of bulkUpdatePriceQuantity: of an offer, or of the item where `offer_id` is not."""

    status_code: int = 0
    sku: str | None = None
    offer_id: str | None = None
    errors: list[EbayError] = []

    @property
    def is_applied(self) -> bool:
        return 200 <= self.status_code < 300 and not self.errors  # noqa: PLR2004


class EbayUpdateAnswer(msgspec.Struct, frozen=True):
    """The answer to bulkUpdatePriceQuantity, or an error."""

    responses: list[EbayUpdated] = []
    errors: list[EbayError] = []


NOT_THERE = frozenset({25702, 25710, 25713})
"""No such SKU, resource, offer."""
INVENTORY = "API_INVENTORY"
"""Whose errors they are; those of another domain are of the way to it."""
BUSY = 25025
"""Concurrent access of the inventory: try again."""


def are_absent(errors: Sequence[EbayError], *, is_404: bool) -> bool:
    """Whether all errors say that what was asked for is not there."""
    return bool(errors) and all(
        error.error_id in NOT_THERE or (is_404 and error.domain == INVENTORY) for error in errors
    )


def first_words(errors: Sequence[EbayError]) -> str:
    """What eBay says first, and how much more."""
    if not errors:
        return "no reason given"
    more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
    return f"{errors[0].words}{more}"
