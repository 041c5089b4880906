"""WooCommerce as measured on 10.0: two levels, batches whose errors hide in a 200, signed requests.

Loopback has no TLS, so this shop takes what WooCommerce takes without it: OAuth 1.0a in the query,
each nonce once. Basic is ignored, as it is there.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, urlsplit

from tests.loopback import Answer, ReceivedRequest
from tests.sync.channels.descriptions.vendors.vendor import Vendor

KEY = "ck_k3y"
SECRET = "cs_s3cret"
PER_PAGE_MAX = 100
_PRODUCTS = "/wp-json/wc/v3/products"


@dataclass
class WooCommerce(Vendor):
    use: ClassVar[str] = "woocommerce"
    products: dict[int, dict[str, Any]] = field(default_factory=dict)
    variations: dict[int, dict[int, dict[str, Any]]] = field(default_factory=dict)
    """By their product, then by their id."""
    nonces: set[str] = field(default_factory=set)
    cached: dict[str, Answer] = field(default_factory=dict)
    """From 10.5 on a shop may answer from a cache whoever does not ask it not to."""

    def add(self, number: int, sku: str, quantity: int | None = None, **more: Any) -> None:
        self.products[number] = _product(number, sku, quantity, more)

    def add_variation(
        self, parent: int, number: int, sku: str, quantity: int | None, **more: Any
    ) -> None:
        self.products[parent]["type"] = "variable"
        made = _product(number, sku, quantity, more)
        del made["type"]
        self.variations.setdefault(parent, {})[number] = made

    def door(self, asked: ReceivedRequest) -> Answer | None:
        parts = urlsplit(asked.path)
        query = parse_qsl(parts.query, keep_blank_values=True)
        given = dict(query)
        signature, nonce = given.get("oauth_signature", ""), given.get("oauth_nonce", "")
        rest = sorted((_code(n), _code(v)) for n, v in query if n != "oauth_signature")
        parameters = "&".join(f"{name}={value}" for name, value in rest)
        url = f"http://{asked.headers['host']}{parts.path}"
        base = "&".join(map(_code, (asked.method, url, parameters)))
        digest = hmac.new(f"{SECRET}&".encode(), base.encode(), hashlib.sha256).digest()
        right = base64.b64encode(digest).decode()
        if given.get("oauth_consumer_key") != KEY or signature != right or nonce in self.nonces:
            return _error(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        self.nonces.add(nonce)
        return None

    def serve(self, asked: ReceivedRequest, path: str, query: Mapping[str, str]) -> Answer:
        if asked.method == "GET" and query.get("_skip_cache") != "true":
            return self.cached.setdefault(path, self._get(path, query))
        if asked.method == "GET":
            return self._get(path, query)
        if asked.method == "PUT":
            return self._put(path, asked.json)
        shelf = self._shelf(path.removesuffix("/batch"))
        if shelf is None or not path.endswith("/batch"):
            return _error(404, "rest_no_route", "No route was found matching the URL.")
        updates = asked.json["update"]
        if len(updates) > PER_PAGE_MAX:
            return _error(413, "woocommerce_rest_request_entity_too_large", "Unable to accept more")
        return Answer({"update": [self._update(shelf, update) for update in updates]})

    def _put(self, path: str, wanted: dict[str, Any]) -> Answer:
        head, _, last = path.rpartition("/")
        shelf = self._shelf(head)
        assert shelf is not None, path
        row = self._update(shelf, {**wanted, "id": int(last)})
        return Answer({**row["error"]}, 400) if "error" in row else Answer(row)

    def _get(self, path: str, query: Mapping[str, str]) -> Answer:
        shelf = self._shelf(path)
        if shelf is not None:
            return _page(list(shelf.values()), query)
        head, _, last = path.rpartition("/")
        shelf = self._shelf(head)
        found = shelf.get(int(last)) if shelf is not None and last.isdigit() else None
        # A variation is not among the products, though it has a number there.
        if found is None:
            return _error(404, "woocommerce_rest_product_invalid_id", "Invalid ID.")
        return Answer(_only(found, query))

    def _shelf(self, path: str) -> dict[int, dict[str, Any]] | None:
        if path == _PRODUCTS:
            return self.products
        head, _, parent = path.removesuffix("/variations").rpartition("/")
        if path.endswith("/variations") and head == _PRODUCTS and parent.isdigit():
            return self.variations.get(int(parent), {})
        return None

    def _update(self, shelf: dict[int, dict[str, Any]], update: dict[str, Any]) -> dict[str, Any]:
        found = shelf.get(update["id"])
        if found is None:
            error = {"code": "woocommerce_rest_product_invalid_id", "message": "Invalid ID.",
                     "data": {"status": 400}}  # fmt: skip
            return {"id": update["id"], "error": error}
        if found["manage_stock"] is True:  # Else it is silently ignored.
            found["stock_quantity"] = int(update["stock_quantity"])
            found["stock_status"] = "instock" if found["stock_quantity"] > 0 else "outofstock"
        return found


def _product(number: int, sku: str, quantity: int | None, more: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": number, "type": "simple", "sku": sku, "name": f"Thing {number}", "status": "publish",
        "price": "9.90", "manage_stock": quantity is not None, "stock_quantity": quantity,
        "stock_status": "instock" if quantity is None or quantity > 0 else "outofstock", **more,
    }  # fmt: skip


def _page(found: list[dict[str, Any]], query: Mapping[str, str]) -> Answer:
    size, page = int(query.get("per_page", "10")), int(query.get("page", "1"))
    if size > PER_PAGE_MAX:
        return _error(400, "rest_invalid_param", "Invalid parameter(s): per_page")
    rows = [_only(row, query) for row in found[(page - 1) * size : page * size]]
    total = {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(-(-len(found) // size))}
    return Answer(rows, headers=total)


def _only(row: dict[str, Any], query: Mapping[str, str]) -> dict[str, Any]:
    names = query.get("_fields")
    return row if not names else {n: row[n] for n in names.split(",") if n in row}


def _error(status: int, code: str, message: str) -> Answer:
    return Answer({"code": code, "message": message, "data": {"status": status}}, status)


def _code(text: str) -> str:
    return quote(text, safe="~")
