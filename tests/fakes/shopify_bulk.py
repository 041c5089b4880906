"""Shopify's bulk operations: an export of the catalogue, made in the background, as JSON lines."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.contract.harness import with_raw

if TYPE_CHECKING:
    from tests.fakes.shopify import Shopify


@dataclass
class BulkDesk:
    """Bulk operations: begun, looked at until they are done, and their files."""

    operations: list[dict[str, Any]] = field(default_factory=list)
    looks: int = 1
    """After so many looks an operation is complete."""
    ends: dict[str, Any] = field(default_factory=dict)
    """What an operation has instead when it ends."""
    at_once: int = 5
    store: str | None = None
    """The address of the store; by default it is the API's own."""
    files: dict[str, bytes] = field(default_factory=dict)
    spoil: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = lambda lines: lines

    def data(self, shop: "Shopify", operation: str, variables: dict[str, Any]) -> dict[str, Any]:
        if operation == "BulkList":
            running = [found for found in self.operations if found["status"] in _RUNNING]
            return {"bulkOperations": {"nodes": running}}
        if operation == "Bulk":
            return {"bulkOperationRunQuery": self._begin(variables["query"])}
        found = next((op for op in self.operations if op["id"] == variables["id"]), None)
        if found is not None and found["status"] in _RUNNING:
            found["looks"] = found.get("looks", 0) + 1
            if found["looks"] > self.looks:
                self._complete(shop, found)
        return {"bulkOperation": found}

    def begun(self, query: str) -> dict[str, Any]:
        """An operation, as somebody has begun it."""
        number = len(self.operations) + 1
        self.operations.append(
            {
                "id": f"gid://shopify/BulkOperation/{number}",
                "status": "CREATED",
                "errorCode": None,
                "createdAt": "2026-11-30T05:00:00Z",
                "objectCount": "0",
                "rootObjectCount": "0",
                "fileSize": None,
                "url": None,
                "partialDataUrl": None,
                "query": query,
            }
        )
        return self.operations[-1]

    def _begin(self, query: str) -> dict[str, Any]:
        running = sum(found["status"] in _RUNNING for found in self.operations)
        if running >= self.at_once:
            error = {"code": "LIMIT_REACHED", "field": None, "message": "Limit reached"}
            return {"bulkOperation": None, "userErrors": [error]}
        return {"bulkOperation": self.begun(query), "userErrors": []}

    def _complete(self, shop: "Shopify", found: dict[str, Any]) -> None:
        at = re.search(r'locationId:"gid://shopify/Location/(\d+)"', found["query"])
        lines: list[dict[str, Any]] = []
        children: list[dict[str, Any]] = []
        for item in shop.items:
            whole = shop.node(item, at=at[1] if at is not None else None, levels=10_000)
            line = {"__typename": "InventoryItem", **whole}
            del line["variants"]
            levels = line.pop("inventoryLevels", {"nodes": []})["nodes"]
            lines.append(line)
            for kind, parts in (("InventoryLevel", levels), ("ProductVariant", shop.offers(item))):
                children += [
                    {"__typename": kind, "id": f"gid://shopify/{kind}/{item.number}{index}",
                     **part, "__parentId": item.id}
                    for index, part in enumerate(parts)
                ]  # fmt: skip
        # Without `groupObjects` nothing says that parts follow their item.
        everything = self.spoil([*reversed(children), *lines])
        path = f"/exports/{len(self.files) + 1}.jsonl"
        texts = [with_raw(line, shop.raw) for line in everything]
        self.files[path] = b"\n".join(texts) + b"\n"
        found |= {
            "status": "COMPLETED",
            "objectCount": str(len(lines) + len(children)),
            "rootObjectCount": str(len(lines)),
            "url": f"{self.store}{path}?Signature=s1gned" if lines else None,
            **self.ends,
        }


_RUNNING = ("CREATED", "RUNNING")
