"""Magento's source items, as the schema of Adobe Commerce 2.4.9 has them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from tests.loopback import Answer, ReceivedRequest
from tests.sync.channels.descriptions.vendors.vendor import SECRET, Vendor

_PATH = "/rest/V1/inventory/source-items"
_FILTER = re.compile(
    r"searchCriteria\[filter_groups\]\[(\d+)\]\[filters\]\[0\]\[(field|value)\]", re.ASCII
)


@dataclass
class Magento(Vendor):
    use: ClassVar[str] = "magento"
    items: list[dict[str, Any]] = field(default_factory=list)

    def add(self, sku: str, quantity: int, source: str = "default") -> None:
        row = {"sku": sku, "source_code": source, "quantity": quantity, "status": int(quantity > 0)}
        self.items.append(row)

    def door(self, asked: ReceivedRequest) -> Answer | None:
        if asked.headers.get("authorization") == f"Bearer {SECRET}":
            return None
        message = "The consumer isn't authorized to access %resources."
        return Answer({"message": message, "parameters": {"resources": "Magento_Inventory"}}, 401)

    def serve(self, asked: ReceivedRequest, path: str, query: Mapping[str, str]) -> Answer:
        assert path == _PATH
        if asked.method == "POST":
            return self._save(asked.json["sourceItems"])
        found = self._filtered(asked.path)
        size = int(query.get("searchCriteria[pageSize]", len(found) or 1))
        # A page past the end is the last page again.
        last = max(1, -(-len(found) // size))
        page = min(int(query.get("searchCriteria[currentPage]", "1")), last)
        return Answer(
            {
                "items": found[(page - 1) * size : page * size],
                "search_criteria": {"filter_groups": []},
                "total_count": len(found),
            }
        )

    def _filtered(self, path: str) -> list[dict[str, Any]]:
        groups: dict[str, dict[str, str]] = {}
        for name, values in parse_qs(urlsplit(path).query).items():
            if match := _FILTER.fullmatch(name):
                groups.setdefault(match[1], {})[match[2]] = values[-1]
        return [
            row
            for row in self.items
            if all(str(row[group["field"]]) == group["value"] for group in groups.values())
        ]

    def _save(self, wanted: list[dict[str, Any]]) -> Answer:
        for item in wanted:
            if item["quantity"] < 0 or not {"sku", "source_code", "status"} <= item.keys():
                return Answer({"message": "Could not save Source Item"}, 400)
        for item in wanted:
            for row in self.items:
                if (row["sku"], row["source_code"]) == (item["sku"], item["source_code"]):
                    row.update(item)
        return Answer([])
