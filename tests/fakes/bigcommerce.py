"""BigCommerce's V3 API as its OpenAPI files say (read 2026-11-30); adjustments show a moment later.

A product without variants has a base variant, whose `sku_id` is null. Stock is counted by the
product, by its variants, or not at all, and a write by the other of the two is a 422 that names it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.contract.harness import SECRET, SECRET_NAME, with_raw
from tests.loopback import Answer, ReceivedRequest

STORE = "/stores/abc123"
SCOPES = frozenset({"inventory", "products", "information", "locations"})


@dataclass
class BigProductRow:
    id: int
    sku: str
    tracking: str = "product"
    variants: dict[int, str] = field(default_factory=dict)
    """SKU by id; without any, the base variant has the product's own."""
    availability: str = "available"
    is_visible: bool = True
    safety: int = 0
    stock: dict[tuple[int, int], int] = field(default_factory=dict)
    """On hand by variant (0: the product) and location."""
    has_items: bool = True
    """Whether the inventory lists it."""


@dataclass
class BigCommerceStore:
    kind: str = "bigcommerce"
    location: str | None = "1"
    """The one of the configuration."""
    products: list[BigProductRow] = field(default_factory=list)
    places: dict[int, tuple[str, bool]] = field(
        default_factory=lambda: {1: ("Default location", True), 2: ("Outlet", False)}
    )
    """Label by id, and whether it is enabled."""
    scopes: frozenset[str] = SCOPES
    raw: dict[str, str] = field(default_factory=dict)
    accepted: list[dict[str, Any]] = field(default_factory=list)
    """What was accepted and is not applied yet."""
    is_stuck: bool = False
    """It accepts and never applies."""
    left: int = 150

    def table(self, url: str) -> dict[str, Any]:
        return {
            "url": f"{url}{STORE}/v3",
            "access_token": {"env": SECRET_NAME},
            "location": self.location,
        }

    def put(self, sku: str, quantity: int) -> None:
        row = next((product for product in self.products if product.sku == sku), None)
        row = row or self.product(sku)
        row.stock[0, 1] = quantity + row.safety

    def product(self, sku: str, **more: Any) -> BigProductRow:
        row = BigProductRow(100 + len(self.products), sku, **more)
        self.products.append(row)
        return row

    def shown(self, sku: str) -> int:
        row = next(product for product in self.products if product.sku == sku)
        return row.stock[0, 1] - row.safety

    def corrupt(self, sku: str, raw: str) -> None:
        self.raw[sku] = raw

    def settle(self) -> None:
        """Apply what was accepted."""
        for wanted in [] if self.is_stuck else self.accepted:
            row, variant = self._target(wanted)
            row.stock[variant, wanted["location_id"]] = wanted["quantity"]
        self.accepted = []

    def answer(self, asked: ReceivedRequest) -> Answer:
        parts = urlsplit(asked.path)
        if not parts.path.startswith(STORE):
            return Answer(b"<!DOCTYPE html><html>A storefront</html>", 404)
        if asked.headers.get("x-auth-token") != SECRET:
            return _problem(401, "X-Auth-Token header is required")
        self.left -= 1
        found = self._answer(asked, parts.path.removeprefix(STORE), parse_qs(parts.query))
        limits = {"X-Rate-Limit-Requests-Left": str(max(0, self.left)),
                  "X-Rate-Limit-Requests-Quota": "150", "X-Rate-Limit-Time-Window-Ms": "30000",
                  "X-Rate-Limit-Time-Reset-Ms": "15000"}  # fmt: skip
        return Answer(found.body, found.status, limits)

    def _answer(self, asked: ReceivedRequest, path: str, query: dict[str, list[str]]) -> Answer:
        reads: dict[str, tuple[str, Callable[[dict[str, list[str]]], object]]] = {
            "/v3/inventory/items": ("inventory", self._items),
            "/v3/catalog/products": ("products", self._catalogue),
            "/v3/inventory/locations": ("locations", self._locations),
            "/v2/store": ("information", lambda _: {"name": "Acme", "domain": "acme.example"}),
        }
        if path == "/v3/inventory/adjustments/absolute" and asked.method == "PUT":
            return self._adjust(asked.json) if "inventory" in self.scopes else _FORBIDDEN
        if path not in reads or asked.method != "GET":
            return _problem(404, "The route is not found")
        scope, read = reads[path]
        return Answer(with_raw(read(query), self.raw)) if scope in self.scopes else _FORBIDDEN

    def _items(self, query: dict[str, list[str]]) -> object:
        products, places = _ids(query, "product_id:in"), _ids(query, "location_id:in")
        rows = [
            (product, variant, sku)
            for product in self.products
            if product.has_items and (not products or product.id in products)
            for variant, sku in (product.variants or {0: product.sku}).items()
        ]
        page, meta = _paged(rows, query, 1000)
        return {"data": [self._item(row, places) for row in page], "meta": meta}

    def _item(self, row: tuple[BigProductRow, int, str], places: set[int]) -> object:
        product, variant, sku = row
        key = variant if product.tracking == "variant" else 0
        levels = [
            {
                "location_id": place, "location_code": f"BC-{place}",
                "location_name": self.places[place][0], "location_enabled": self.places[place][1],
                "available_to_sell": f"<raw {sku}>" if sku in self.raw else held - product.safety,
                "total_inventory_onhand": held,
                "settings": {"safety_stock": product.safety, "is_in_stock": held > 0},
            }
            for (of, place), held in product.stock.items()
            if of == key and (not places or place in places)
        ]  # fmt: skip
        identity = {
            "sku": sku, "variant_id": variant or 5000 + product.id, "product_id": product.id,
            "sku_id": variant + 9000 if variant else None,
        }  # fmt: skip
        return {"identity": identity, "locations": levels}

    def _catalogue(self, query: dict[str, list[str]]) -> object:
        wanted = _ids(query, "id:in")
        rows = [product for product in self.products if not wanted or product.id in wanted]
        page, meta = _paged(rows, query, 250)
        return {"data": [_product(product) for product in page], "meta": meta}

    def _locations(self, query: dict[str, list[str]]) -> object:
        rows = [{"id": place, "label": label, "enabled": on, "managed_by_external_source": False}
                for place, (label, on) in self.places.items()]  # fmt: skip
        page, meta = _paged(rows, query, 250)
        return {"data": page, "meta": meta}

    def _target(self, wanted: dict[str, Any]) -> tuple[BigProductRow, int]:
        """What an entry sets. Raises LookupError, in the vendor's words."""
        variant = wanted.get("variant_id", 0)
        for row in self.products:
            if variant not in row.variants and row.id != wanted.get("product_id"):
                continue
            if (row.tracking == "variant") == bool(variant):
                return row, variant
            by = row.tracking
            what = f"variant_id {variant}" if variant else f"product_id {row.id}"
            words = f"[Item with {what} is tracked by {by}, please update stock by {by} id]"
            raise LookupError(words)
        what = f"variant_id {variant}" if variant else f"product_id {wanted.get('product_id')}"
        raise LookupError(f"[Item with {what} was not found]")

    def _adjust(self, body: dict[str, Any]) -> Answer:
        if len(body["items"]) > 2000:
            return _problem(413, "The payload has more than 2000 items")
        for wanted in body["items"]:
            try:
                self._target(wanted)
            except LookupError as error:
                return _problem(422, str(error.args[0]))
        self.accepted += body["items"]
        return Answer({"transaction_id": "97a73cdd-9fc5-4aa5-892c-4ead8259c24e"})


def _product(product: BigProductRow) -> dict[str, Any]:
    variants = product.variants or {5000 + product.id: product.sku}
    return {
        "id": product.id, "name": "Cup", "sku": product.sku, "is_visible": product.is_visible,
        "inventory_tracking": product.tracking, "availability": product.availability,
        "variants": [
            {"id": variant, "product_id": product.id, "sku": sku, "purchasing_disabled": False,
             "sku_id": variant + 9000 if product.variants else None}
            for variant, sku in variants.items()
        ],
    }  # fmt: skip


def _ids(query: dict[str, list[str]], name: str) -> set[int]:
    return {int(part) for part in query.get(name, [""])[0].split(",") if part}


def _paged(rows: list[Any], query: dict[str, list[str]], most: int) -> tuple[list[Any], object]:
    size, page = min(int(query["limit"][0]), most), int(query["page"][0])
    pages = {"total": len(rows), "count": 0, "per_page": size, "current_page": page,
             "total_pages": max(1, -(-len(rows) // size))}  # fmt: skip
    return rows[(page - 1) * size : page * size], {"pagination": pages}


def _problem(status: int, title: str) -> Answer:
    kind = "https://developer.bigcommerce.com/api-docs/getting-started/api-status-codes"
    return Answer({"status": status, "title": title, "type": kind, "errors": {}}, status)


_FORBIDDEN = _problem(403, "You don't have a required scope to access the endpoint")
