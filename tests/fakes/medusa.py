"""Medusa 2's Admin API as it answers (measured on 2.21.2, 2026-11): items, variants, one batch."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.contract.harness import SECRET, SECRET_NAME, with_raw
from tests.loopback import Answer, ReceivedRequest

SECRET_SOURCE = {"env": SECRET_NAME}
EMAIL = "keeper@shop.example"


@dataclass
class MedusaVariantRow:
    id: str
    sku: str | None
    parts: dict[str, float]
    """How many of each inventory item it takes."""
    manage_inventory: bool = True
    allow_backorder: bool = False
    status: str | None = "published"


@dataclass
class MedusaItemRow:
    id: str
    sku: str | None
    stocked: dict[str, int]
    reserved: dict[str, int] = field(default_factory=dict)


@dataclass
class MedusaShop:
    """A shop, its items by id in the order of their ids."""

    kind: str = "medusa"
    location: str | None = "sloc_1"
    """The one of the configuration."""
    sku_of: str = "item"
    by_login: bool = False
    token_lives: int = 10**9
    """Requests that a token is good for."""
    items: dict[str, MedusaItemRow] = field(default_factory=dict)
    variants: dict[str, MedusaVariantRow] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=lambda: {"sloc_1": "Quay", "sloc_2": "Hill"})
    tokens: dict[str, int] = field(default_factory=dict)

    def table(self, url: str) -> dict[str, Any]:
        keys = {"url": url, "location": self.location, "sku_of": self.sku_of}
        if self.by_login:
            return {**keys, "email": EMAIL, "password": SECRET_SOURCE}
        return {**keys, "secret_key": SECRET_SOURCE}

    def put(self, sku: str, quantity: int) -> None:
        item = next((found for found in self.items.values() if found.sku == sku), None)
        if item is None:
            item = self.item(sku, {})
            self.variant(sku, {item.id: 1})
        item.stocked["sloc_1"] = quantity + item.reserved.get("sloc_1", 0)

    def item(self, sku: str | None, stocked: dict[str, int]) -> MedusaItemRow:
        made = MedusaItemRow(f"iitem_{len(self.items) + 1:06}", sku, stocked)
        self.items[made.id] = made
        return made

    def variant(self, sku: str | None, parts: dict[str, float], **more: Any) -> MedusaVariantRow:
        made = MedusaVariantRow(f"variant_{len(self.variants) + 1:06}", sku, parts, **more)
        self.variants[made.id] = made
        return made

    def shown(self, sku: str) -> int:
        item = next(found for found in self.items.values() if found.sku == sku)
        return item.stocked["sloc_1"] - item.reserved.get("sloc_1", 0)

    def corrupt(self, sku: str, raw: str) -> None:
        self.raw[sku] = raw

    def is_write(self, asked: ReceivedRequest) -> bool:
        return asked.method != "GET" and not asked.path.startswith("/auth/")

    def answer(self, asked: ReceivedRequest) -> Answer:
        parts = urlsplit(asked.path)
        query = parse_qs(parts.query)
        if parts.path == "/auth/user/emailpass":
            return self._sign_in(asked.json)
        if not parts.path.startswith("/admin/"):
            page = b"<!DOCTYPE html>\n<html><body><pre>Cannot GET /</pre></body></html>"
            return Answer(page, 404, {"Content-Type": "text/html"})
        if not self._may(asked.headers.get("authorization", "")):
            return Answer({"message": "Unauthorized"}, 401)
        answers: dict[str, Callable[[dict[str, list[str]]], dict[str, Any]]] = {
            "/admin/inventory-items": self._items,
            "/admin/product-variants": self._variants,
            "/admin/stores": lambda _: {"stores": [{"id": "store_1", "name": "Acme Shop"}]},
            "/admin/stock-locations": lambda _: {
                "stock_locations": [{"id": key, "name": name} for key, name in self.places.items()]
            },
        }
        if asked.method == "GET" and parts.path in answers:
            return Answer(with_raw(answers[parts.path](query), self.raw))
        if parts.path == "/admin/inventory-items/location-levels/batch":
            return self._batch(asked.json)
        return Answer({"type": "not_found", "message": f"no {parts.path}"}, 404)

    def _sign_in(self, body: dict[str, str]) -> Answer:
        if body != {"email": EMAIL, "password": SECRET}:
            words = "Invalid email or password"
            return Answer({"type": "unauthorized", "message": words}, 401)
        token = f"jwt-{len(self.tokens) + 1}"
        self.tokens[token] = self.token_lives
        return Answer({"token": token})

    def _may(self, authorization: str) -> bool:
        scheme, _, proof = authorization.partition(" ")
        if scheme == "Bearer":
            # A secret key that is sent so is refused, too.
            left = self.tokens.get(proof, 0)
            self.tokens[proof] = left - 1
            return left > 0
        return scheme == "Basic" and base64.b64decode(proof) == f"{SECRET}:".encode()

    def _items(self, query: dict[str, list[str]]) -> dict[str, Any]:
        found = list(self.items.values())
        if "id[]" in query:
            found = [item for item in found if item.id in query["id[]"]]
        page = [self._item(item) for item in _paged(found, query, 20)]
        return {"inventory_items": page, "count": len(found)}

    def _variants(self, query: dict[str, list[str]]) -> dict[str, Any]:
        found = list(self.variants.values())
        if "id[]" in query:
            found = [variant for variant in found if variant.id in query["id[]"]]
        if query.get("manage_inventory") == ["false"]:
            found = [variant for variant in found if not variant.manage_inventory]
        page = [self._variant(variant) for variant in _paged(found, query, 50)]
        return {"variants": page, "count": len(found)}

    def _item(self, item: MedusaItemRow) -> dict[str, Any]:
        sold = [variant for variant in self.variants.values() if item.id in variant.parts]
        return {
            "id": item.id,
            "sku": item.sku,
            "location_levels": self._levels(item),
            "variants": [self._variant(variant) for variant in sold],
        }

    def _levels(self, item: MedusaItemRow) -> list[dict[str, Any]]:
        return [
            {
                "location_id": place,
                "stocked_quantity": f"<raw {item.sku}>" if item.sku in self.raw else stocked,
                "reserved_quantity": item.reserved.get(place, 0),
                "incoming_quantity": 0,
                "updated_at": "2026-11-30T06:10:31.534Z",
            }
            for place, stocked in item.stocked.items()
        ]

    def _variant(self, variant: MedusaVariantRow) -> dict[str, Any]:
        product = None if variant.status is None else {"status": variant.status, "title": "Cup"}
        return {
            "id": variant.id,
            "sku": variant.sku,
            "manage_inventory": variant.manage_inventory,
            "allow_backorder": variant.allow_backorder,
            "product": product,
            "inventory_items": [
                {
                    "inventory_item_id": part,
                    "required_quantity": needed,
                    "inventory": {"id": part, "location_levels": self._levels(self.items[part])},
                }
                for part, needed in variant.parts.items()
            ],
        }

    def _batch(self, body: dict[str, Any]) -> Answer:
        for entry in body["update"]:
            item = self.items.get(entry["inventory_item_id"])
            if item is None or entry["location_id"] not in item.stocked:
                words = f"Item {entry['inventory_item_id']} is not stocked at location"
                return Answer({"type": "not_found", "message": words}, 404)
        updated = []
        for entry in body["update"]:
            item, place = self.items[entry["inventory_item_id"]], entry["location_id"]
            before = item.stocked[place] - item.reserved.get(place, 0)
            item.stocked[place] = entry["stocked_quantity"]
            # What is available is answered as it was before.
            updated.append({**entry, "id": f"ilev_{item.id}", "available_quantity": before})
        return Answer({"created": [], "updated": updated[::-1], "deleted": []})


def _paged(rows: list[Any], query: dict[str, list[str]], size: int) -> list[Any]:
    offset, limit = int(query.get("offset", ["0"])[0]), int(query.get("limit", [str(size)])[0])
    return rows[offset : offset + limit]
