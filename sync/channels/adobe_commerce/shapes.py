"""What the REST API's answers look like, as far as we read them (contract of 2.4.9, 2026-11)."""

import msgspec


class AdobeSourceItem(msgspec.Struct, frozen=True):
    """What lies of a SKU in a source. Its number is read by `sync.values`."""

    sku: str
    source_code: str
    quantity: object = None
    status: object = None

    @property
    def is_in_stock(self) -> bool:
        """Its quantity counts for the stock. Anything but 0 is taken as in stock."""
        return self.status != 0


class AdobeSalable(msgspec.Struct, frozen=True):
    """What a website's shoppers can buy of a SKU."""

    sku: str
    qty: object = None
    is_salable: bool | None = None


class AdobeSource(msgspec.Struct, frozen=True):
    source_code: str
    name: str | None = None
    enabled: bool | None = None


class AdobeLink(msgspec.Struct, frozen=True):
    """A source that belongs to a stock."""

    source_code: str


class AdobeStock(msgspec.Struct, frozen=True):
    """What a website sells from."""

    stock_id: int
    name: str | None = None


class AdobeStockItem(msgspec.Struct, frozen=True):
    """The settings of one product."""

    manage_stock: bool | None = None


class AdobePage(msgspec.Struct, frozen=True):
    """A page of any search. `items` is null where nothing is found."""

    items: list[object] | None
    total_count: int
