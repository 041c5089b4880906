"""Saleor's product variants with their stocks, as its GraphQL schema has them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tests.loopback import Answer, ReceivedRequest
from tests.sync.channels.descriptions.vendors.vendor import SECRET, Vendor

FIRST_MAX = 100


@dataclass
class Saleor(Vendor):
    use: ClassVar[str] = "saleor"
    variants: list[dict[str, Any]] = field(default_factory=list)

    def add(self, sku: str | None, quantity: int, *, taken: int = 0, tracked: bool = True) -> None:
        number = len(self.variants) + 1
        stock = {"id": f"Stock:{number}", "quantity": quantity, "quantityAllocated": taken,
                 "warehouse": {"id": "Warehouse:1", "slug": "default"}}  # fmt: skip
        self.variants.append({"id": f"ProductVariant:{number}", "sku": sku, "name": "One",
                              "trackInventory": tracked, "stocks": [stock]})  # fmt: skip

    def door(self, asked: ReceivedRequest) -> Answer | None:
        if asked.headers.get("authorization") == f"Bearer {SECRET}":
            return None
        # Saleor answers whoever is nobody with 200, and refuses what needs a permission.
        error = {"message": "To access this path, you need one of the following permissions",
                 "extensions": {"exception": {"code": "PermissionDenied"}}}  # fmt: skip
        return Answer({"errors": [error], "data": {"productVariants": None}})

    def serve(self, asked: ReceivedRequest, path: str, query: Mapping[str, str]) -> Answer:
        assert (asked.method, path, query) == ("POST", "/graphql/", {})
        said = asked.json
        if said["query"].lstrip().startswith("mutation"):
            return self._update(said["variables"])
        after = said.get("variables", {}).get("after")
        start = int(after.removeprefix("c")) if after else 0
        assert f"first: {FIRST_MAX}," in said["query"]
        found = self.variants[start : start + FIRST_MAX]
        end = start + len(found)
        page = {"hasNextPage": end < len(self.variants), "endCursor": f"c{end}"}
        edges = [{"node": variant} for variant in found]
        listed = {"totalCount": len(self.variants), "pageInfo": page, "edges": edges}
        return Answer({"data": {"productVariants": listed}})

    def _update(self, wanted: dict[str, Any]) -> Answer:
        for variant in self.variants:
            for stock in wanted["stocks"]:
                mine = variant["stocks"][0]
                if (variant["id"], mine["warehouse"]["id"]) == (
                    wanted["variant"], stock["warehouse"]
                ):  # fmt: skip
                    mine["quantity"] = stock["quantity"]
                    return _updated([])
        code = {"field": "warehouse", "message": "Warehouse not found.", "code": "NOT_FOUND"}
        return _updated([code])


def _updated(errors: list[dict[str, str]]) -> Answer:
    return Answer({"data": {"productVariantStocksUpdate": {"errors": errors}}})
