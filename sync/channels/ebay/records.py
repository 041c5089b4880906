"""An inventory item and its offers → listings in our terms. Pure.

An offer is what a marketplace lists. It shows the lower of the item's ship-to-home quantity and its
own `availableQuantity`, so both must be known (eBay's guide "Bulk updates", read 2026-11-30).
"""

from collections.abc import Sequence

from store.model import Record, State
from sync import values
from sync.channels.api.tally import Tally
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

ONLY_ITS_OWN = (
    "eBay shows only listings that were made in, or moved to, its Inventory API: a SKU that is "
    "missing here may be listed all the same"
)
"""True of every sweep: nothing tells what there is beside."""


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
    tally: Tally,
) -> Sequence[Record]:
    """The listings of an item: its live offers; without any, one that is not on sale.

    Raises ValueError where a number can't be read.
    """
    sku = values.sku(item.sku)
    ours = [o for o in offers if not marketplaces or o.marketplace_id in marketplaces]
    if any(offer.format == AUCTION and offer.status != UNPUBLISHED for offer in ours):
        tally.note("sold by auction, so not compared", sku)
    fixed = [offer for offer in ours if offer.format != AUCTION]
    live = [offer for offer in fixed if is_live(offer)]
    # A draft beside a live listing is none of its own: the SKU would stand there twice.
    chosen = live or fixed[:1]
    if not ours:
        tally.note("without an offer on a marketplace, so not for sale", sku)
    if not chosen:
        return []
    ship_to_home = _quantity(item)
    return [_record(item, offer, ship_to_home, tally) for offer in chosen]


def _quantity(item: EbayInventoryItem) -> int:
    found = item.ship_to_home.quantity
    if found is None:
        raise ValueError("it has no ship-to-home quantity")
    return values.quantity(found)


def _record(item: EbayInventoryItem, offer: EbayOffer, ship_to_home: int, tally: Tally) -> Record:
    summary = offer.pricing_summary
    price = summary.price.value if summary is not None and summary.price is not None else None
    return Record(
        sku=item.sku,
        available=shown(offer, ship_to_home),
        state=_state(offer, tally),
        price_minor=values.price_minor(price),
        title=values.title(None if item.product is None else item.product.title),
        ref=values.location(offer.offer_id),
    )


def _state(offer: EbayOffer, tally: Tally) -> State:
    if offer.status == UNPUBLISHED:
        return State.DISABLED
    if offer.status != PUBLISHED:
        _note(tally, offer, offer.status)
    listing = offer.listing
    if listing is None or listing.listing_status is None:
        return State.ACTIVE
    if listing.listing_on_hold is True:
        return State.HOLD
    status = listing.listing_status
    known = STATES.get(status) if isinstance(status, str) else None
    if known is None:
        _note(tally, offer, status)
    return known or State.ACTIVE


def _note(tally: Tally, offer: EbayOffer, status: object) -> None:
    tally.note(f"of a status that Skew does not know, {values.quoted(status)}", offer.sku)
