"""A shop's API in each shape of a list that is described: pages × nesting, over a list of stock."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from sync.channels.base import ListingRef, RecordPage
from sync.channels.http.channel import HttpApi, open_channel
from sync.channels.http.options import HttpOptions
from sync.transport.transport import Transport
from tests.contract.harness import QuickClock, options_of
from tests.loopback import Answer, Loopback, ReceivedRequest, serving

SIZE = 10


@dataclass
class ListedShop:
    """Products, each with variants. How it pages and nests is what a test chooses."""

    paging: str = "next"
    """next, page, page_in_body, offset, offset_in_body, link, cursor, cursor_in_body."""
    nesting: str = "flat"
    """flat, items, keys, asked: how a product's variants are told."""
    products: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""
    asked: list[str] = field(default_factory=list)
    before: Callable[[int], None] = lambda _number: None
    """Called with the number of each list request, before it is answered: to change something."""
    spoil: Callable[[ReceivedRequest], Answer | None] = lambda _asked: None
    total: Callable[[int], int | None] = lambda count: count
    """What it says the total is."""
    past_end: str = "empty"
    """empty, repeat, missing: what a page past the end is."""
    lists: int = 0

    def fill(self, count: int) -> None:
        self.products = [
            {"id": 100 + n, "type": "variable", "variants": [{"id": n, "sku": f"S-{n}", "qty": n}]}
            for n in range(count)
        ]

    def answer(self, asked: ReceivedRequest) -> Answer:
        if (spoilt := self.spoil(asked)) is not None:
            return spoilt
        url = urlsplit(asked.path)
        parts = [unquote(part) for part in url.path.split("/") if part]
        if len(parts) == 3:
            return self._variants(int(parts[1]))
        if len(parts) == 4:
            return self._variant(asked, int(parts[1]), int(parts[3]))
        self.lists += 1
        self.before(self.lists)
        query = {name: found[0] for name, found in parse_qs(url.query).items()}
        sent = asked.json if asked.method == "POST" else {}
        return self._page({**query, **{k: v for k, v in sent.items() if v is not None}})

    def table(self) -> dict[str, Any]:
        """The channel's description."""
        flat = self.nesting == "flat"
        keys: dict[str, Any] = {
            "url": f"{self.url}/products",
            "items": "found.items",
            "fields": {"sku": "sku", "ref": "id", "available": "qty"},
            "total": "found.count",
        }
        if not flat:
            keys["fields"] = {"sku": "item.sku", "ref": "item.id", "available": "item.qty"}
            keys["ids"] = {"parent": "parent.id"}
            one = f"{self.url}/products/{{parent}}/variants/{{ref}}"
            keys["write"] = {"url": one, "body": {"qty": "$quantity", "of": "$parent"}, "read": one}
            keys["each"] = {"items": "variants"}
        if self.nesting == "keys":
            keys["each"] = {"keys": "stock"}
            keys["fields"] = {
                "sku": "item.key",
                "ref": "item.value.id",
                "available": "item.value.qty",
            }
        if self.nesting == "asked":
            keys["each"] = {
                "items": "@", "url": f"{self.url}/products/{{parent.id}}/variants",
                "when": "type == 'variable'",
            }  # fmt: skip
        return keys | self._paging_keys()

    def _paging_keys(self) -> dict[str, Any]:
        way = self.paging.removesuffix("_in_body")
        if way == "next":
            return {"next": "next"}
        paging: dict[str, Any] = {"by": way}
        if way in ("page", "offset"):
            paging["size"] = {"value": SIZE, "param": "limit"}
        if way == "cursor":
            paging |= {"cursor": "found.after", "more": "found.more"}
        if self.paging.endswith("_in_body"):
            return {"method": "POST", "body": {way: f"${way}"}, "paging": paging}
        return {"paging": paging if way == "link" else {**paging, "param": way}}

    def _page(self, asked: dict[str, Any]) -> Answer:
        count = len(self.products)
        start = int(asked.get("offset") or asked.get("cursor", "at 0").removeprefix("at "))
        if "page" in asked:
            start = (int(asked["page"]) - 1) * SIZE
        if start and start >= count:
            if self.past_end == "missing":
                return Answer({"detail": "Invalid page."}, 404)
            if self.past_end == "repeat":
                start = (count - 1) // SIZE * SIZE
        some = self.products[start : start + SIZE]
        more = start + SIZE < count
        told: dict[str, Any] = {"items": [self._told(product) for product in some]}
        if (total := self.total(count)) is not None:
            told["count"] = total
        body: dict[str, Any] = {"found": told}
        headers = {}
        if self.paging.startswith("cursor"):
            told |= {"more": more, "after": f"at {start + SIZE}"}
        if self.paging == "next":
            body["next"] = f"/products?offset={start + SIZE}" if more else None
        if self.paging == "link" and more:
            headers["Link"] = (
                f'<{self.url}/products?offset=0>; rel="first", '
                f'</products?offset={start + SIZE}>; title="a, b"; rel="next"'
            )
        return Answer(body, headers=headers)

    def _told(self, product: dict[str, Any]) -> dict[str, Any]:
        if self.nesting == "flat":
            return dict(product["variants"][0])
        if self.nesting == "items":
            return product
        own = {name: value for name, value in product.items() if name != "variants"}
        if self.nesting == "keys":
            own["stock"] = {variant["sku"]: variant for variant in product["variants"]}
        return own

    def _variants(self, product_id: int) -> Answer:
        (product,) = (product for product in self.products if product["id"] == product_id)
        return Answer(product["variants"])

    def _variant(self, asked: ReceivedRequest, product_id: int, variant_id: int) -> Answer:
        found = [
            variant
            for product in self.products
            if product["id"] == product_id
            for variant in product["variants"]
            if variant["id"] == variant_id
        ]
        if not found:
            return Answer({"detail": "not found"}, 404)
        if asked.method == "PUT":
            self.asked.append(json.dumps(asked.json))
            found[0]["qty"] = asked.json["qty"]
        return Answer(found[0])


@dataclass
class RunningShop:
    """A shop that answers, and the channel that is described of it."""

    shop: ListedShop
    server: Loopback
    keys: dict[str, Any] = field(default_factory=dict)
    """What the description has otherwise; None: not at all."""

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[HttpApi]:
        options = options_of(HttpOptions, {**self.shop.table(), **self.keys})
        transport = Transport("shop", self.server.url, clock=QuickClock())
        channel = open_channel("shop", options, transport, QuickClock(), Path())
        try:
            yield channel
        finally:
            await channel.close()

    async def poll(self) -> list[RecordPage]:
        async with self.channel() as channel:
            return [page async for page in channel.pages()]


def stock(pages: list[RecordPage]) -> dict[str, int | None]:
    return {record.sku: record.available for page in pages for record in page.records}


def refs(pages: list[RecordPage]) -> list[ListingRef]:
    return [
        ListingRef(record.sku, record.location, record.ref)
        for page in pages
        for record in page.records
    ]


@asynccontextmanager
async def running_shop(paging: str = "page", nesting: str = "flat") -> AsyncIterator[RunningShop]:
    """Serve a shop of 35 products on loopback."""
    shop = ListedShop(paging, nesting)
    shop.fill(35)
    with serving(shop.answer) as server:
        shop.url = server.url
        yield RunningShop(shop, server)
