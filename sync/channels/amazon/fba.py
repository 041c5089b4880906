"""Reading what lies at Amazon (FBA). Nothing of it can be written through this API."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

import msgspec

from store.model import Record, Refused
from sync import values
from sync.channels.amazon import marketplaces
from sync.channels.amazon.api import (
    BAD_REQUEST,
    SUMMARIES,
    AmazonTokenOver,
    SellingPartnerApi,
    listed,
)
from sync.channels.amazon.options import AmazonOptions
from sync.channels.amazon.shapes import AmazonDetails, AmazonStock, AmazonStockPage
from sync.channels.api.tally import Tally
from sync.channels.base import FreshReadings, RecordPage, closing
from sync.errors import Temporary

SKUS_MAX = 50
PAGES_MAX = 100_000
RESTARTS_MAX = 2
_PATH = "/fba/inventory/v1/summaries"


@dataclass(slots=True)
class _StockSweep:
    """What has been read of all stock."""

    first: dict[str, int | None] = field(default_factory=dict)
    """What each SKU has in the first marketplace that lists it; None where that can't be read."""
    tally: Tally = field(default_factory=Tally)
    pages: int = 0


class AmazonStockReader:
    """Reads stock through the FBA Inventory API, a marketplace at a time."""

    def __init__(self, options: AmazonOptions, api: SellingPartnerApi) -> None:
        self._marketplaces = options.marketplaces
        self._api = api

    async def pages(self) -> AsyncIterator[RecordPage]:
        """All stock. A SKU counts once, as in the first marketplace that lists it."""
        sweep = _StockSweep()
        for marketplace in self._marketplaces:
            # What other marketplaces sell of it is the same stock, or a part of it.
            elsewhere = dict(sweep.first)
            async with closing(self._from_start(marketplace, sweep)) as pages:
                async for answer in pages:
                    yield self._page(answer, marketplace, elsewhere, sweep)
        yield RecordPage((), warnings=sweep.tally.warnings())

    async def few(self, skus: Sequence[str]) -> FreshReadings:
        """The stock of a few SKUs."""
        left = sorted(set(skus))
        records: list[Record] = []
        refused: list[Refused] = []
        for marketplace in self._marketplaces:
            found: set[str] = set()
            for query in _queries(left):
                async with closing(self._list(marketplace, query)) as pages:
                    async for answer in pages:
                        for record in _read(answer, SUMMARIES.name):
                            if record.sku not in left or record.sku in found:
                                continue
                            found.add(record.sku)
                            if isinstance(record, Record):
                                records.append(record)
                            else:
                                refused.append(record)
            left = [sku for sku in left if sku not in found]
        return FreshReadings(records, refused)

    async def look(self) -> int:
        """The cheapest reading: how many SKUs the first page has."""
        async with closing(self._list(self._marketplaces[0], {})) as pages:
            async for answer in pages:
                return len(answer.payload.inventory_summaries)
        return 0

    async def _from_start(
        self, marketplace: str, sweep: _StockSweep
    ) -> AsyncIterator[AmazonStockPage]:
        """The pages of one marketplace; begins again where the list was given up half way."""
        # A token ends 30 s after it was given (the contract). Whoever takes longer with a page has
        # to begin again, and what came already is left out.
        came: set[str] = set()
        for _ in range(RESTARTS_MAX + 1):
            known = frozenset(came)
            try:
                async with closing(self._list(marketplace, {})) as pages:
                    async for answer in pages:
                        sweep.pages += 1
                        items = [
                            item
                            for item in answer.payload.inventory_summaries
                            if _sku(item) is None or _sku(item) not in known
                        ]
                        came |= {sku for sku in map(_sku, items) if sku is not None}
                        payload = msgspec.structs.replace(answer.payload, inventory_summaries=items)
                        yield msgspec.structs.replace(answer, payload=payload)
            except AmazonTokenOver:
                continue
            return
        raise Temporary(
            f"{self._api.client.name}: Amazon's list of FBA stock ended half way, again and again: "
            "its pages must follow each other within 30 s"
        )

    async def _list(
        self, marketplace: str, more: Mapping[str, str]
    ) -> AsyncIterator[AmazonStockPage]:
        """The pages of one list. Raises AmazonTokenOver where the next is not there any more."""
        query = {
            "details": "true",
            "granularityType": "Marketplace",
            "granularityId": quote(marketplace, safe=""),
            "marketplaceIds": listed([marketplace]),
            **more,
        }
        token: str | None = None
        for _ in range(PAGES_MAX):
            accept = (BAD_REQUEST,) if token is not None else ()
            reply = await self._api.fetch(SUMMARIES, _PATH, query, accept=accept)
            if reply.status == BAD_REQUEST:
                self._api.refuse_page(SUMMARIES, reply.body)
            answer = self._api.client.decoded(reply, AmazonStockPage, SUMMARIES.name)
            yield answer
            if answer.next_token is None:
                return
            if answer.next_token == token:
                break
            token = answer.next_token
            query["nextToken"] = quote(token, safe="")
        raise self._api.in_circles()

    def _page(
        self,
        answer: AmazonStockPage,
        marketplace: str,
        elsewhere: Mapping[str, int | None],
        sweep: _StockSweep,
    ) -> RecordPage:
        records, refused = [], []
        for record in _read(answer, f"page {sweep.pages}"):
            available = record.available if isinstance(record, Record) else None
            if record.sku is not None and record.sku in elsewhere:
                if available != elsewhere[record.sku] and available is not None:
                    first = marketplaces.name_of(self._marketplaces[0])
                    here = marketplaces.name_of(marketplace)
                    words = f"with another stock in {here} than in {first} or one before it"
                    sweep.tally.note(words, record.sku)
                continue
            if record.sku is not None:
                sweep.first.setdefault(record.sku, available)
            if isinstance(record, Record):
                records.append(record)
            else:
                refused.append(record)
        return RecordPage(records, refused)


def _queries(skus: Sequence[str]) -> Iterator[Mapping[str, str]]:
    """Ask for SKUs, 50 at a time; one with a comma alone, as no list can hold it."""
    plain = [sku for sku in skus if "," not in sku]
    for start in range(0, len(plain), SKUS_MAX):
        yield {"sellerSkus": listed(plain[start : start + SKUS_MAX])}
    for sku in skus:
        if "," in sku:
            yield {"sellerSku": quote(sku, safe="")}


def _sku(item: object) -> str | None:
    return values.sku_or_none(item.get("sellerSku")) if isinstance(item, dict) else None


def _read(answer: AmazonStockPage, place: str) -> Iterator[Record | Refused]:
    for number, item in enumerate(answer.payload.inventory_summaries):
        try:
            stock = msgspec.convert(item, AmazonStock)
            yield _record(stock)
        except ValueError as error:
            yield Refused(f"{place}, inventorySummaries[{number}]", str(error), _sku(item))


def _record(stock: AmazonStock) -> Record:
    """What Amazon can sell of a SKU, and what else lies there or is on its way."""
    sku = values.sku(stock.seller_sku)
    details = stock.inventory_details
    if details is None:
        raise ValueError("no inventoryDetails")
    available = values.quantity(details.fulfillable_quantity)
    committed, unavailable = _kept(details)
    incoming = [
        values.quantity_or_none(units) or 0
        for units in (
            details.inbound_working_quantity,
            details.inbound_shipped_quantity,
            details.inbound_receiving_quantity,
        )
    ]
    return Record(
        sku,
        available,
        on_hand=available + committed + unavailable,
        committed=committed,
        unavailable=unavailable,
        incoming=sum(incoming),
        title=values.title(stock.product_name),
        source_at=values.instant(stock.last_updated_time),
    )


def _kept(details: AmazonDetails) -> tuple[int, int]:
    """Units that are held for orders, and those that nobody can buy for another reason."""
    reserved, ordered = 0, None
    if details.reserved_quantity is not None:
        reserved = values.quantity_or_none(details.reserved_quantity.total_reserved_quantity) or 0
        ordered = values.quantity_or_none(details.reserved_quantity.pending_customer_order_quantity)
    # What else is reserved moves between Amazon's warehouses, or is being checked.
    committed = reserved if ordered is None else ordered
    others = reserved - committed
    if details.unfulfillable_quantity is not None:
        units = details.unfulfillable_quantity.total_unfulfillable_quantity
        others += values.quantity_or_none(units) or 0
    if details.researching_quantity is not None:
        units = details.researching_quantity.total_researching_quantity
        others += values.quantity_or_none(units) or 0
    return committed, others
