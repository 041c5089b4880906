"""Odoo's stock quants over JSON-2, as measured on a running 19 and as its source says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tests.loopback import Answer, ReceivedRequest
from tests.sync.channels.descriptions.vendors.vendor import SECRET, Vendor


@dataclass
class Odoo(Vendor):
    use: ClassVar[str] = "odoo"
    quants: dict[int, dict[str, Any]] = field(default_factory=dict)

    def add(self, code: str | bool, quantity: float, *, reserved: float = 0.0) -> None:  # noqa: FBT001
        number = len(self.quants) + 1
        product = {"id": 100 + number, "default_code": code, "display_name": f"[{code}] Thing",
                   "active": True}  # fmt: skip
        place = {"id": 8, "complete_name": "WH/Stock"}
        self.quants[number] = {"id": number, "product_id": product, "location_id": place,
                               "quantity": quantity, "reserved_quantity": reserved}  # fmt: skip

    def door(self, asked: ReceivedRequest) -> Answer | None:
        if asked.headers.get("authorization", "").lower() == f"bearer {SECRET}":
            return None
        return _error(401, "werkzeug.exceptions.Unauthorized", "Invalid apikey")

    def serve(self, asked: ReceivedRequest, path: str, query: Mapping[str, str]) -> Answer:
        assert (asked.method, query) == ("POST", {})
        if path == "/json/2/stock.quant/web_search_read":
            return self._search(asked.json)
        assert path == "/json/2/stock.quant/write"
        return self._write(asked.json)

    def _search(self, wanted: dict[str, Any]) -> Answer:
        assert wanted["domain"] == [["location_id.usage", "=", "internal"]]
        offset, limit = wanted["offset"], wanted["limit"]
        rows = [self.quants[number] for number in sorted(self.quants)][offset : offset + limit]
        names = {"id", *wanted["specification"]}
        shown = [{name: row[name] for name in row if name in names} for row in rows]
        return Answer({"length": len(self.quants), "records": shown})

    def _write(self, wanted: dict[str, Any]) -> Answer:
        (number,) = wanted["ids"]
        assert isinstance(number, int)
        if number not in self.quants:
            return _error(404, "odoo.exceptions.MissingError", "Record does not exist or has been")
        quantity = wanted["vals"]["inventory_quantity_auto_apply"]
        if wanted.get("context", {}).get("inventory_mode"):
            self.quants[number]["quantity"] = float(quantity)
        return Answer(b"true")


def _error(status: int, name: str, message: str) -> Answer:
    body = {"name": name, "message": message, "arguments": [message], "context": {}, "debug": ""}
    return Answer(body, status)
