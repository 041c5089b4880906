"""What a seller has at Amazon (FBA), by the contract of 2026-08-05: pages whose tokens end."""

from dataclasses import dataclass, field
from typing import Any

from tests.contract.harness import with_raw
from tests.fakes.amazon_shelf import error
from tests.loopback import Answer


@dataclass
class AmazonWarehouse:
    """By marketplace, SKU and what is fulfillable."""

    stock: dict[str, dict[str, int]] = field(default_factory=dict)
    details: dict[str, dict[str, Any]] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)
    expired: int = 0
    """So many of the next tokens are taken no more."""
    refuses: str = "Next token is invalid or expired"

    def summaries(self, query: dict[str, str]) -> Answer:
        stock = self.stock.get(query["marketplaceIds"], {})
        assert query["granularityId"] == query["marketplaceIds"]
        skus = list(stock)
        if "sellerSkus" in query:
            skus = [sku for sku in query["sellerSkus"].split(",") if sku in stock]
            if len(query["sellerSkus"].split(",")) > 50:
                return error(400, "InvalidInput", "too many SKUs")
        elif "sellerSku" in query:
            skus = [query["sellerSku"]] if query["sellerSku"] in stock else []
        if "nextToken" in query and self.expired:
            self.expired -= 1
            return error(400, "InvalidInput", self.refuses)
        start = int(query.get("nextToken", "token-0").removeprefix("token-"))
        summaries = [self._summary(sku, stock[sku]) for sku in skus[start : start + 50]]
        granularity = {"granularityType": "Marketplace", "granularityId": query["granularityId"]}
        page: dict[str, Any] = {
            "payload": {"granularity": granularity, "inventorySummaries": summaries}
        }
        if start + 50 < len(skus):
            page["pagination"] = {"nextToken": f"token-{start + 50}"}
        return Answer(with_raw(page, self.raw))

    def _summary(self, sku: str, units: int) -> dict[str, Any]:
        return {
            "asin": "B0000000AA",
            "fnSku": "X0000000AA",
            "sellerSku": sku,
            "condition": "NewItem",
            "inventoryDetails": {
                "fulfillableQuantity": f"<raw {sku}>" if sku in self.raw else units,
                **self.details.get(sku, {}),
            },
            "lastUpdatedTime": "2026-11-23T14:00:00Z",
            "productName": f"Article {sku}",
            "totalQuantity": units,
        }
