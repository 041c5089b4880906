"""Source items and salable quantities → listings. Pure.

What the vendor's source says (magento/inventory, 2026-11): a stock's quantity is the sum over its
enabled sources, of those items that are in stock. Salable is that sum, less what open orders have
reserved, less the product's `min_qty`; and 0 where nothing is salable. A product whose stock is not
managed is answered as salable with the quantity 0, and so is one that is made of others.
"""

from dataclasses import dataclass, field

from store.model import Record, Refused, State
from sync import values
from sync.channels.adobe_commerce.shapes import AdobeSalable, AdobeSourceItem
from sync.channels.api.tally import Tally

_STATUSES = (0, 1)


@dataclass(slots=True)
class AdobeFound:
    """The listings of a page, or of a few SKUs."""

    records: list[Record] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


@dataclass(slots=True)
class AdobeLying:
    """What lies of a SKU in the sources that count."""

    in_stock: int | None = 0
    """None where one of its numbers can't be read."""
    kept_back: int = 0
    """In sources where it is set to out of stock."""

    def add(self, item: AdobeSourceItem) -> None:
        try:
            quantity = values.quantity(item.quantity)
        except ValueError:
            self.in_stock = None
            return
        if not item.is_in_stock:
            self.kept_back += max(quantity, 0)
        elif self.in_stock is not None:
            self.in_stock += quantity


def is_open_ended(salable: AdobeSalable) -> bool:
    """Whether only the product's settings say if it is counted: salable, with nothing there."""
    return salable.is_salable is True and salable.qty == 0


def of_salable(salable: AdobeSalable, lying: AdobeLying, *, is_counted: bool) -> Record:
    """What shoppers of the website can buy. Raises ValueError for what can't be a SKU or number."""
    sku = values.sku(salable.sku)
    available = values.quantity(salable.qty) if is_counted else None
    state = State.ACTIVE
    if available is not None and available <= 0 and salable.is_salable:
        state = State.BACKORDER
    if not salable.is_salable and lying.kept_back and not lying.in_stock:
        state = State.HOLD
    # Where nothing is salable the number is 0 whatever is reserved.
    reserved = None
    if salable.is_salable and lying.in_stock is not None and available is not None:
        reserved = max(lying.in_stock - available, 0)
    return Record(
        sku=sku,
        available=available,
        state=state if available is not None else values.state_of_uncounted(state),
        on_hand=lying.in_stock,
        committed=reserved,
    )


def of_source(item: AdobeSourceItem, location: str, tally: Tally) -> Record:
    """What lies in a source, before orders. Raises ValueError as `of_salable`."""
    sku = values.sku(item.sku)
    quantity = values.quantity(item.quantity)
    if item.status not in _STATUSES:
        words = f"with a status that Skew does not know, {values.quoted(item.status)}"
        tally.note(words, sku)
    is_kept = not item.is_in_stock and quantity > 0
    return Record(
        sku=sku,
        available=quantity,
        location=location,
        state=State.HOLD if is_kept else State.ACTIVE,
        on_hand=quantity,
    )
