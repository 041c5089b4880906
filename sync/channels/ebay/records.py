"""An inventory item and its offers → listings in our terms. Pure.

An offer is what a marketplace lists. It shows the lower of the item's ship-to-home quantity and its
own `availableQuantity`, so both must be known (eBay's guide "Bulk updates", read 2026-11-30).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from store.model import Record, State
from sync import values
from sync.channels.ebay.shapes import EbayInventoryItem, EbayOffer

PUBLISHED = "PUBLISHED"
UNPUBLISHED = "UNPUBLISHED"
AUCTION = "AUCTION"

STATES = {
    "ACTIVE": State.ACTIVE,
    # Hidden from search while it has none, and back by itself once it has some.
    "OUT_OF_STOCK": State.ACTIVE,
    "INACTIVE": State.DISABLED,
    "ENDED": State.DISABLED,
    "EBAY_ENDED": State.DISABLED,
    "NOT_LISTED": State.DISABLED,
}
"""ListingStatusEnum, read 2026-11-30."""

_ONLY_ITS_OWN = (
    "eBay shows only listings that were made in, or moved to, its Inventory API: a SKU that is "
    "missing here may be listed all the same"
)
NAMED = 3
"""So many SKUs a warning names."""


@dataclass(slots=True)
class EbayDoubts:
    """What a sweep met that is no listing, or that it does not know: for the operator, counted."""

    unlisted: list[str] = field(default_factory=list)
    auctions: list[str] = field(default_factory=list)
    strange: dict[str, list[str]] = field(default_factory=dict)
    """A word that we do not know → SKUs."""

    def words(self) -> Sequence[str]:
        found = [_ONLY_ITS_OWN]
        if self.unlisted:
            found.append(
                f"{_items(self.unlisted)} no offer on a marketplace, so not listed: "
                f"{_some(self.unlisted)}"
            )
        if self.auctions:
            found.append(
                f"{_items(self.auctions)} offers by auction, which are not compared: "
                f"{_some(self.auctions)}"
            )
        for word, skus in self.strange.items():
            have = "1 listing has" if len(skus) == 1 else f"{len(skus)} listings have"
            found.append(f"{have} a status that Skew does not know, {word}: {_some(skus)}")
        return found


def _items(skus: Sequence[str]) -> str:
    return "1 inventory item has" if len(skus) == 1 else f"{len(skus)} inventory items have"


def _some(skus: Sequence[str]) -> str:
    return ", ".join([*skus[:NAMED], *(["…"] if len(skus) > NAMED else [])])


def is_live(offer: EbayOffer) -> bool:
    """Whether it is on a marketplace at a fixed price."""
    return offer.status != UNPUBLISHED and offer.format != AUCTION


def shown(offer: EbayOffer, ship_to_home: int) -> int:
    """What shoppers can buy of it."""
    # An offer without a number of its own has no cap of its own.
    own = values.quantity_or_none(offer.available_quantity)
    return ship_to_home if own is None else min(own, ship_to_home)


def listings(
    item: EbayInventoryItem,
    offers: Sequence[EbayOffer],
    marketplaces: Sequence[str],
    doubts: EbayDoubts,
) -> Sequence[Record]:
    """The listings of an item: its live offers; without any, one that is not on sale.

    Raises ValueError where a number can't be read.
    """
    sku = values.sku(item.sku)
    ours = [o for o in offers if not marketplaces or o.marketplace_id in marketplaces]
    if any(offer.format == AUCTION and offer.status != UNPUBLISHED for offer in ours):
        doubts.auctions.append(sku)
    fixed = [offer for offer in ours if offer.format != AUCTION]
    live = [offer for offer in fixed if is_live(offer)]
    # A draft beside a live listing is none of its own: the SKU would stand there twice.
    chosen = live or fixed[:1]
    if not ours:
        doubts.unlisted.append(sku)
    if not chosen:
        return []
    ship_to_home = _quantity(item)
    return [_record(item, offer, ship_to_home, doubts) for offer in chosen]


def _quantity(item: EbayInventoryItem) -> int:
    found = item.ship_to_home.quantity
    if found is None:
        raise ValueError("it has no ship-to-home quantity")
    return values.quantity(found)


def _record(
    item: EbayInventoryItem, offer: EbayOffer, ship_to_home: int, doubts: EbayDoubts
) -> Record:
    summary = offer.pricing_summary
    price = summary.price.value if summary is not None and summary.price is not None else None
    return Record(
        sku=item.sku,
        available=shown(offer, ship_to_home),
        state=_state(offer, doubts),
        price_minor=values.price_minor(price),
        title=values.title(None if item.product is None else item.product.title),
        ref=values.location(offer.offer_id),
    )


def _state(offer: EbayOffer, doubts: EbayDoubts) -> State:
    if offer.status == UNPUBLISHED:
        return State.DISABLED
    if offer.status != PUBLISHED:
        doubts.strange.setdefault(values.quoted(offer.status), []).append(offer.sku)
    listing = offer.listing
    if listing is None or listing.listing_status is None:
        return State.ACTIVE
    if listing.listing_on_hold is True:
        return State.HOLD
    status = listing.listing_status
    known = STATES.get(status) if isinstance(status, str) else None
    if known is None:
        doubts.strange.setdefault(values.quoted(status), []).append(offer.sku)
    return known or State.ACTIVE
