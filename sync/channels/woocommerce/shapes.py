"""One product or variation as WooCommerce sends it → a listing. Pure.

Facts are those measured on a running 10.0 (2026-11) and of WooCommerce's source (read 2026-11-30).
"""

import contextlib
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from store.model import Record, State
from sync import values
from sync.channels.woocommerce import doubts as why
from sync.channels.woocommerce.doubts import Doubts

PUBLISHED = "publish"
SELDOM = ("draft", "pending", "private", "future")
"""What a product can be instead, by WordPress itself. Plugins add their own."""
NO, NOTIFY = "no", "notify"
OUT, ON_BACKORDER = "outofstock", "onbackorder"
_STOCK_STATUSES = ("instock", OUT, ON_BACKORDER)
_BACKORDERS = (NO, NOTIFY, "yes", "", None)
_TYPES = frozenset({"simple", "variable", "grouped", "external", "variation", "subscription",
                    "variable-subscription", "subscription_variation", "", None})  # fmt: skip
_ON = frozenset({"true", "yes", "1"})
_OFF = frozenset({"", "false", "no", "0", "none"})


class StockAt(StrEnum):
    """Where an item's stock is counted."""

    OWN = "its own"
    PARENT = "its product's"
    NOWHERE = "not counted"


class WooItem(msgspec.Struct, frozen=True):
    """A product or a variation. Plugins send some of it in other types."""

    id: int | str
    type: str | None = None
    sku: object = ""
    name: object = None
    status: object = PUBLISHED
    price: object = None
    manage_stock: object = False
    stock_quantity: object = None
    stock_status: object = None
    backorders: object = None
    parent_id: int | str | None = None
    variations: object = None

    @property
    def number(self) -> int:
        """Its id. Raises ValueError."""
        return values.quantity(self.id)

    @property
    def parent_number(self) -> int:
        """The id of its product; 0 where it says none."""
        with contextlib.suppress(ValueError):
            return values.quantity(self.parent_id)
        return 0

    @property
    def has_variations(self) -> bool:
        # Plugins have types of their own with variations, such as variable-subscription.
        return "variable" in (self.type or "") or bool(self.variations)

    @property
    def stock_at(self) -> StockAt:
        """Raises ValueError for what says neither."""
        word = str(self.manage_stock).strip().lower()
        if word == "parent":
            return StockAt.PARENT
        if word in _ON or word in _OFF:
            return StockAt.OWN if word in _ON else StockAt.NOWHERE
        said = values.quoted(self.manage_stock)
        raise ValueError(f'manage_stock is {said}, not true, false or "parent"')

    @property
    def quantity(self) -> int:
        """What stands as its stock. Raises ValueError for what is not a whole number."""
        # A product that was never given a number has none. WooCommerce then sells it as one that
        # has 0, and says that it is out of stock (WC_Product::validate_props).
        if self.stock_quantity is None and self.stock_status in (OUT, ON_BACKORDER):
            return 0
        return values.quantity(self.stock_quantity)


@dataclass(frozen=True, slots=True)
class WooParent:
    """What variations take from their product."""

    number: int
    sku: str
    is_published: bool
    title: str | None
    has_variations: bool

    @classmethod
    def of(cls, item: WooItem) -> "WooParent":
        return cls(
            item.number,
            item.sku if isinstance(item.sku, str) else "",
            item.status == PUBLISHED,
            values.title(item.name),
            item.has_variations,
        )


def item_of(raw: object) -> WooItem:
    """Give one its type. Raises ValueError."""
    return msgspec.convert(raw, WooItem)


def ref_of(item: WooItem, parent: WooParent | None) -> str:
    """What a write goes by: `12`, or `12/34` for a variation of product 12."""
    return str(item.number) if parent is None else f"{parent.number}/{item.number}"


def record_of(item: WooItem, parent: WooParent | None, doubts: Doubts) -> Record | None:
    """Make the listing; None where it is none. Raises ValueError for one that can't be read.

    `parent` is a variation's product. What may be wrong is added to `doubts`.
    """
    if not _is_listing(item, parent, doubts):
        return None
    where, sku = item.stock_at, values.sku(item.sku)
    _note_unknown(item, sku, where, doubts)
    shown = item.status == PUBLISHED and (parent is None or parent.is_published)
    if where is StockAt.PARENT:
        doubts.add(why.POOLED, sku)
    available = item.quantity if where is StockAt.OWN else None
    state = State.ACTIVE if shown else State.DISABLED
    if shown and where is StockAt.OWN and item.stock_status == ON_BACKORDER:
        state = State.BACKORDER
    if shown and where is StockAt.NOWHERE and item.stock_status == OUT:
        state = State.DISABLED
    if available is not None and available > 0 and shown and item.stock_status == OUT:
        doubts.add(why.NOT_SOLD_OUT, sku)
    doubts.managed += where is not StockAt.NOWHERE
    doubts.unmanaged += where is StockAt.NOWHERE
    return Record(
        sku=sku,
        available=available,
        state=state if available is not None else values.state_of_uncounted(state),
        price_minor=_price(item.price),
        title=_title(item, parent),
        ref=ref_of(item, parent),
    )


def _is_listing(item: WooItem, parent: WooParent | None, doubts: Doubts) -> bool:
    """Whether it can be bought under a SKU of its own, or has the stock of what can."""
    # A variation without a SKU of its own shows its product's.
    has_none = item.sku in ("", None) or (parent is not None and item.sku == parent.sku)
    if parent is not None or not item.has_variations:
        if has_none:
            kind = "product" if parent is None else "variation"
            doubts.add(why.NO_SKU, f"{kind} {item.id}")
        return not has_none
    # Only its variations can be bought. With stock of its own it is the pool of those that have
    # none.
    is_pool = item.stock_at is StockAt.OWN
    if is_pool and has_none:
        doubts.add(why.HIDDEN_POOL, f"product {item.id}")
    return is_pool and not has_none


def _note_unknown(item: WooItem, sku: str, where: StockAt, doubts: Doubts) -> None:
    if item.status != PUBLISHED and item.status not in SELDOM:
        doubts.add_unknown("status", item.status, sku)
    if item.stock_status is not None and item.stock_status not in _STOCK_STATUSES:
        doubts.add_unknown("stock_status", item.stock_status, sku)
    if item.backorders not in _BACKORDERS:
        doubts.add_unknown("backorders", item.backorders, sku)
    # A plugin may work out the stock of its own types, such as bundles, from others.
    if where is StockAt.OWN and item.type not in _TYPES:
        doubts.add_unknown("type", item.type, sku)


def _price(value: object) -> int | None:
    """The price; none where it is no number, which says nothing against the stock."""
    with contextlib.suppress(ValueError):
        return values.price_minor(value)
    return None


def _title(item: WooItem, parent: WooParent | None) -> str | None:
    own = values.title(item.name)
    if parent is None or parent.title is None or own == parent.title:
        return own if parent is None else own or parent.title
    return values.title(f"{parent.title}, {own}" if own else parent.title)
