"""PrestaShop's Webservice as its documents say: JSON out, XML in, no stock in a product."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from xml.etree import ElementTree as ET

from tests.loopback import Answer, ReceivedRequest
from tests.sync.channels.descriptions.vendors.vendor import SECRET, Vendor


@dataclass
class PrestaShop(Vendor):
    use: ClassVar[str] = "prestashop"
    products: list[dict[str, Any]] = field(default_factory=list)
    combinations: list[dict[str, Any]] = field(default_factory=list)
    stock: dict[int, dict[str, Any]] = field(default_factory=dict)

    def add(self, reference: str, quantity: int, *sizes: tuple[str, int]) -> None:
        """A product, or with `sizes` one with combinations, each with its reference and stock."""
        number = len(self.products) + 1
        kind = "combinations" if sizes else "standard"
        self.products.append({"id": number, "reference": reference, "price": "9.900000",
                              "product_type": kind})  # fmt: skip
        self._available(number, 0, quantity + sum(size for _, size in sizes))
        for name, size in sizes:
            combination = len(self.combinations) + 500
            self.combinations.append({"id": combination, "reference": name})
            self._available(number, combination, size)

    def door(self, asked: ReceivedRequest) -> Answer | None:
        key = base64.b64encode(f"{SECRET}:".encode()).decode()
        if asked.headers.get("authorization") == f"Basic {key}":
            return None
        return Answer(b"401 Unauthorized", 401, {"Content-Type": "text/html"})

    def serve(self, asked: ReceivedRequest, path: str, query: Mapping[str, str]) -> Answer:
        assert query["output_format"] == "JSON"
        resource, _, number = path.removeprefix("/api/").partition("/")
        if resource == "stock_availables" and number:
            return self._one(asked, int(number))
        shelves = {"products": self.products, "combinations": self.combinations,
                   "stock_availables": list(self.stock.values())}  # fmt: skip
        rows = shelves[resource]
        for name, wanted in query.items():
            if match := re.fullmatch(r"filter\[(\w+)\]", name):
                rows = [row for row in rows if f"[{row[match[1]]}]" == wanted]
        if query["display"] != "full":
            names = query["display"].strip("[]").split(",")
            rows = [{name: row[name] for name in names} for row in rows]
        return Answer({resource: rows} if rows else [])

    def _available(self, product: int, combination: int, quantity: int) -> None:
        number = len(self.stock) + 1
        self.stock[number] = {
            "id": number, "id_product": str(product), "id_product_attribute": str(combination),
            "id_shop": "1", "id_shop_group": "0", "quantity": str(quantity),
            "depends_on_stock": "0", "out_of_stock": "2", "location": "",
        }  # fmt: skip

    def _one(self, asked: ReceivedRequest, number: int) -> Answer:
        if asked.method == "PATCH":
            (entity,) = ET.fromstring(asked.body)
            given = {part.tag: part.text or "" for part in entity}
            if entity.tag != "stock_available" or given.pop("id", "") != str(number):
                return Answer({"errors": [{"code": 90, "message": "id is required"}]}, 400)
            self.stock[number] |= given
        if number not in self.stock:
            return Answer(b"", 404)
        return Answer({"stock_available": self.stock[number]})
