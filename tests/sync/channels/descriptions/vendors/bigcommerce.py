"""BigCommerce's inventory as its OpenAPI file 3.0 has it; what is written shows a moment later."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tests.loopback import Answer, ReceivedRequest
from tests.sync.channels.descriptions.vendors.vendor import SECRET, Vendor


@dataclass
class BigCommerce(Vendor):
    use: ClassVar[str] = "bigcommerce"
    items: list[dict[str, Any]] = field(default_factory=list)
    later: list[dict[str, Any]] = field(default_factory=list)
    """What was accepted and is not applied yet."""

    def add(self, sku: str, number: int, quantity: int, *, variant: bool, safety: int = 0) -> None:
        identity = {"sku": sku, "variant_id": number, "product_id": 1000 + number,
                    "sku_id": number if variant else None}  # fmt: skip
        places = [
            {"location_id": 1, "location_code": "BC-LOCATION-1", "location_enabled": True,
             "available_to_sell": quantity - safety, "total_inventory_onhand": quantity,
             "settings": {"safety_stock": safety, "is_in_stock": quantity > safety}},
            {"location_id": 2, "location_code": "OFF", "location_enabled": False,
             "available_to_sell": 5, "total_inventory_onhand": 5, "settings": {"safety_stock": 0}},
        ]  # fmt: skip
        self.items.append({"identity": identity, "locations": places})

    def door(self, asked: ReceivedRequest) -> Answer | None:
        if asked.headers.get("x-auth-token") == SECRET:
            return None
        return Answer({"status": 401, "title": "X-Auth-Token header is required"}, 401)

    def serve(self, asked: ReceivedRequest, path: str, query: Mapping[str, str]) -> Answer:
        assert asked.headers["accept"] == "application/json"
        if path == "/v3/inventory/adjustments/absolute":
            return self._adjust(asked)
        assert path == "/v3/inventory/items"
        found = [
            item
            for item in self.items
            if query.get("sku:in") in (None, item["identity"]["sku"])
        ]  # fmt: skip
        size, page = int(query.get("limit", "50")), int(query.get("page", "1"))
        rows = found[(page - 1) * size : page * size]
        pages = {"total": len(found), "count": len(rows), "per_page": size, "current_page": page}
        return Answer({"data": rows, "meta": {"pagination": pages}})

    def apply(self) -> None:
        """Apply what was accepted."""
        for wanted in self.later:
            for item in self.items:
                if any(wanted.get(k) == item["identity"][k] for k in ("product_id", "variant_id")):
                    place = item["locations"][0]
                    place["total_inventory_onhand"] = wanted["quantity"]
                    safety = place["settings"]["safety_stock"]
                    place["available_to_sell"] = wanted["quantity"] - safety
        self.later = []

    def _adjust(self, asked: ReceivedRequest) -> Answer:
        assert asked.method == "PUT"
        for wanted in asked.json["items"]:
            (item,) = [
                item
                for item in self.items
                if any(wanted.get(k) == item["identity"][k] for k in ("product_id", "variant_id"))
            ]
            by_product = item["identity"]["sku_id"] is None
            if ("product_id" in wanted) != by_product or ("variant_id" in wanted) == by_product:
                title = f"[Item with {wanted} is tracked by the other, please update stock by it]"
                return Answer({"status": 422, "title": title, "errors": {}}, 422)
        self.later += asked.json["items"]
        return Answer({"transaction_id": "t-1"})
