"""Asking eBay: addresses, how often, and what its refusals mean.

The facts are of the Sell Inventory API 1.18.5 (`CHANNELS.md` and eBay's reference, 2026-11).
"""

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

import msgspec

from sync import values
from sync.channels.api.vendor import VendorClient
from sync.channels.ebay.options import EbayOptions
from sync.channels.ebay.shapes import (
    EbayBulkItem,
    EbayBulkItems,
    EbayError,
    EbayErrorAnswer,
    EbayItemPage,
    EbayOffer,
    EbayOfferPage,
    are_absent,
    first_words,
)
from sync.clock import Clock
from sync.errors import ContractBroken, NeedsOperator
from sync.transport.budgets.base import TokenBucket

if TYPE_CHECKING:
    from sync.transport.call import Reply

T = TypeVar("T")

PAGE_ITEMS = 200
"""getInventoryItems takes no more."""
BULK_ITEMS = 25
"""bulkGetInventoryItem takes no more."""
_OFFERS = 100
_OFFER_PAGES_MAX = 20
_FORBIDDEN = 403
_NOT_FOUND = 404
_DAY_S = 86_400
_REFUSED = frozenset({400, 404})


class EbayOffersRefused(Exception):
    """eBay does not tell the offers of one SKU."""


class EbayDesk:
    """Asks one seller's account."""

    def __init__(self, client: VendorClient, options: EbayOptions, clock: Clock) -> None:
        self.client = client
        self.budget = day_budget(options.calls_per_day, clock, client.rate_share)
        self._url = options.api
        self._scope = options.scope.rpartition("/")[2]

    async def items(self, number: int) -> EbayItemPage:
        """A page of inventory items, the first being 0."""
        # `offset` is the number of the page, not of a record.
        query = urlencode({"limit": PAGE_ITEMS, "offset": number})
        place = f"page {number + 1}"
        page = await self._items(query, place)
        # An empty page, also one that is past the end by now, need not have the list.
        past = page.total is not None and number * PAGE_ITEMS >= page.total
        if page.inventory_items is None and not past:
            raise ContractBroken("no inventoryItems", path=place, subject=self.client.name)
        return page

    async def count(self) -> int | None:
        """How many inventory items there are."""
        return (await self._items(urlencode({"limit": 1, "offset": 0}), "inventory_item")).total

    async def _items(self, query: str, place: str) -> EbayItemPage:
        reply = await self._asked("GET", f"{self._url}/inventory_item?{query}")
        return self.client.decoded(reply, EbayItemPage, place)

    async def bulk(self, skus: Sequence[str]) -> Sequence[EbayBulkItem]:
        """A few inventory items by their SKUs."""
        # Not by `/inventory_item/{sku}`: a SKU such as `..` would be another address.
        found: list[EbayBulkItem] = []
        for start in range(0, len(skus), BULK_ITEMS):
            asked = skus[start : start + BULK_ITEMS]
            reply = await self._asked(
                "POST",
                f"{self._url}/bulk_get_inventory_item",
                json={"requests": [{"sku": sku} for sku in asked]},
                accept=_REFUSED,
            )
            place = "bulk_get_inventory_item"
            if reply.status not in _REFUSED:
                answers = self.client.decoded(reply, EbayBulkItems, place).responses
                if len(answers) < len(asked):
                    # A SKU that it leaves out must not look like one that is not there.
                    words = f"{len(answers)} answers for {len(asked)} SKUs"
                    raise ContractBroken(words, path=place, subject=self.client.name)
                found += answers
            elif not are_absent(self._errors(reply, place), is_404=reply.status == _NOT_FOUND):
                raise self._broken(reply, place)
        return found

    async def offers(self, sku: str) -> Sequence[EbayOffer]:
        """All offers of a SKU. Raises EbayOffersRefused where eBay refuses this one SKU."""
        found: list[EbayOffer] = []
        count = 0
        for number in range(_OFFER_PAGES_MAX):
            query = urlencode({"sku": sku, "limit": _OFFERS, "offset": number})
            reply = await self._asked("GET", f"{self._url}/offer?{query}", accept=_REFUSED)
            place = f"offers of {values.quoted(sku)}"
            if reply.status in _REFUSED:
                is_404 = reply.status == _NOT_FOUND
                # The reference has a 404 for a SKU without offers, and no body for it.
                if is_404 and not reply.body.strip():
                    return found
                errors = self._errors(reply, place)
                if are_absent(errors, is_404=is_404):
                    return found
                raise EbayOffersRefused(f"its offers: {self.client.text(first_words(errors))}")
            page = self.client.decoded(reply, EbayOfferPage, place)
            if not page.offers and page.total != 0:
                raise ContractBroken("no offers", path=place, subject=self.client.name)
            offers = [self._offer(entry) for entry in page.offers]
            # Whatever eBay takes for the same, "a-1" is not "A-1".
            found += [offer for offer in offers if offer.sku == sku]
            count += len(offers)
            if count >= (page.total or 0):
                return found
        raise EbayOffersRefused(f"it has more than {count} offers")

    def _offer(self, entry: object) -> EbayOffer:
        try:
            return msgspec.convert(entry, EbayOffer)
        except msgspec.ValidationError as error:
            raise EbayOffersRefused(f"an offer: {self.client.text(str(error))}") from None

    async def _asked(
        self, method: str, url: str, *, json: object = None, accept: Container[int] = ()
    ) -> "Reply":
        try:
            return await self.client.fetch(
                method, url, json=json, accept=accept, budget=self.budget
            )
        except NeedsOperator as error:
            raise self.explained(error) from error

    def explained(self, error: NeedsOperator) -> NeedsOperator:
        """Say what a refusal means here: a right that is missing is a scope."""
        # At the sign-in it is `invalid_scope`, "the requested scope …"; later it is a 403.
        if error.status != _FORBIDDEN and "scope" not in str(error):
            return error
        better = NeedsOperator(
            f"{error}: the refresh token lacks the scope {self._scope}; have the seller consent "
            "to it, and take the new refresh token",
            status=error.status,
        )
        better.is_replaced = error.is_replaced
        return better

    def _errors(self, reply: "Reply", place: str) -> Sequence[EbayError]:
        """What a refusal says. Raises ContractBroken or NeedsOperator where eBay can't have."""
        content = self.client.decoded(reply, dict[str, object], place)
        try:
            return msgspec.convert(content, EbayErrorAnswer).errors
        except msgspec.ValidationError:
            raise self._broken(reply, place) from None

    def _broken(self, reply: "Reply", place: str) -> ContractBroken:
        words = self.client.text(reply.body[:500].decode("utf-8", "replace"))
        return ContractBroken(
            f"answered {reply.status}: {words}", path=place, subject=self.client.name
        )


def day_budget(calls_per_day: int, clock: Clock, share: float) -> TokenBucket:
    """Our share of the day's calls, spread over it; a quarter of it may go at once, in a sweep."""
    at_once = max(1, round(calls_per_day * share / 4))
    return TokenBucket(clock, calls_per_day / _DAY_S, at_once, share)
