"""Shopware 6's products in the Admin API, as its documents have them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qs

from tests.loopback import Answer, ReceivedRequest
from tests.sync.channels.descriptions.vendors.vendor import SECRET, Vendor

CLIENT = "SWIA-CLIENT"
TOKEN = "sw-t0ken"
LIMIT_MAX = 100


@dataclass
class Shopware(Vendor):
    use: ClassVar[str] = "shopware"
    products: list[dict[str, Any]] = field(default_factory=list)

    def add(self, number: str, stock: int, *, reserved: int = 0, **more: Any) -> None:
        row = {"id": f"{len(self.products):032x}", "productNumber": number, "stock": stock,
               "availableStock": stock - reserved, "active": True, "childCount": 0,
               "name": number.title(), **more}  # fmt: skip
        self.products.append(row)

    def door(self, asked: ReceivedRequest) -> Answer | None:
        if asked.path == "/api/oauth/token":
            given = {name: values[-1] for name, values in parse_qs(asked.body.decode()).items()}
            right = {"grant_type": "client_credentials", "client_id": CLIENT,
                     "client_secret": SECRET}  # fmt: skip
            if given.items() >= right.items():
                token = {"token_type": "Bearer", "expires_in": 600, "access_token": TOKEN}
                return Answer(token)
            return Answer({"errors": [{"status": "401", "title": "Client authentication failed"}]},
                          401)  # fmt: skip
        if asked.headers.get("authorization") == f"Bearer {TOKEN}":
            return None
        return Answer({"errors": [{"code": "9", "status": "401", "title": "Denied"}]}, 401)

    def serve(self, asked: ReceivedRequest, path: str, query: Mapping[str, str]) -> Answer:
        assert asked.headers["accept"] == "application/json"
        assert query == {}
        if path == "/api/search/product":
            return self._search(asked.json, inherits=bool(asked.headers.get("sw-inheritance")))
        found = next((p for p in self.products if path == f"/api/product/{p['id']}"), None)
        if found is None:
            error = {"status": "404", "code": "FRAMEWORK__RESOURCE_NOT_FOUND", "title": "Not Found"}
            return Answer({"errors": [error]}, 404)
        if asked.method == "PATCH":
            reserved = found["stock"] - found["availableStock"]
            found["stock"] = asked.json["stock"]
            found["availableStock"] = found["stock"] - reserved
            return Answer(b"", 204)
        return Answer({"data": self._shown(found, inherits=True)})

    def _search(self, wanted: dict[str, Any], *, inherits: bool) -> Answer:
        size, page = wanted["limit"], wanted["page"]
        if size > LIMIT_MAX:
            return Answer({"errors": [{"status": "400", "detail": "The limit must be lower"}]}, 400)
        names = {*wanted["includes"]["product"], "apiAlias"}
        rows = [
            {name: value for name, value in self._shown(row, inherits=inherits).items()
             if name in names}
            for row in self.products[(page - 1) * size : page * size]
        ]  # fmt: skip
        total = len(self.products) if wanted["total-count-mode"] == 1 else len(rows)
        return Answer({"total": total, "data": rows, "aggregations": []})

    def _shown(self, row: dict[str, Any], *, inherits: bool) -> dict[str, Any]:
        active = True if row["active"] is None and inherits else row["active"]
        return {**row, "active": active, "apiAlias": "product"}
