"""ERPNext's bins and stock reconciliations over Frappe's REST, as its documents and source say."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import unquote

from tests.loopback import Answer, ReceivedRequest
from tests.sync.channels.descriptions.vendors.vendor import SECRET, Vendor


@dataclass
class ErpNext(Vendor):
    use: ClassVar[str] = "erpnext"
    bins: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(
        self, item: str, quantity: float, *, reserved: float = 0.0, for_production: float = 0.0
    ) -> None:
        name = f"bin-{len(self.bins):06d}"
        self.bins[name] = {"name": name, "item_code": item, "warehouse": "Stores - C",
                           "actual_qty": quantity, "reserved_qty": reserved,
                           "reserved_qty_for_production": for_production,
                           "reserved_qty_for_sub_contract": 0.0}  # fmt: skip

    def door(self, asked: ReceivedRequest) -> Answer | None:
        key = base64.b64encode(f"{SECRET}:{SECRET}".encode()).decode()
        if asked.headers.get("authorization") == f"Basic {key}":
            return None
        return Answer({"exc_type": "AuthenticationError"}, 401)

    def serve(self, asked: ReceivedRequest, path: str, query: Mapping[str, str]) -> Answer:
        head, _, name = unquote(path).removeprefix("/api/resource/").partition("/")
        if (asked.method, head) == ("POST", "Stock Reconciliation"):
            return self._reconcile(asked.json)
        assert (asked.method, head) == ("GET", "Bin")
        if name:
            found = self.bins.get(name)
            missing = Answer({"exc_type": "DoesNotExistError"}, 404)
            return Answer({"data": {**found, "doctype": "Bin"}}) if found else missing
        start, size = int(query["limit_start"]), int(query.get("limit_page_length", "20"))
        rows = [self.bins[name] for name in sorted(self.bins)][start : start + size]
        wanted = json.loads(query["fields"])
        return Answer({"data": [{field: row[field] for field in wanted} for row in rows]})

    def _reconcile(self, document: dict[str, Any]) -> Answer:
        changed = False
        for line in document["items"]:
            for row in self.bins.values():
                same = (row["item_code"], row["warehouse"]) == (
                    line["item_code"], line["warehouse"]
                )  # fmt: skip
                if same and row["actual_qty"] != line["qty"]:
                    changed = True
                    # A draft moves nothing.
                    row["actual_qty"] = line["qty"] if document.get("docstatus") == 1 else 0.0
        if not changed:
            text = "None of the items have any change in quantity or value."
            return Answer({"exception": f"ValidationError: {text}",
                           "exc_type": "EmptyStockReconciliationItemsError"}, 417)  # fmt: skip
        return Answer({"data": {"name": "MAT-RECO-2026-00001", **document}})
