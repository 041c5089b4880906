"""Adobe Commerce's REST API as its contract of 2.4.9 and its source say: searches and one POST."""

import base64
import hmac
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlsplit

from tests.contract.harness import SECRET, SECRET_NAME, with_raw
from tests.loopback import Answer, ReceivedRequest

SECRET_SOURCE = {"env": SECRET_NAME}
CLIENT = "client-1"
STOCK = 2


_LISTS = ("sources", "stock-source-links", "source-items", "export-stock-salable-qty")


@dataclass
class AdobeProduct:
    sku: str
    is_made_of_others: bool = False
    manage_stock: bool = True
    backorders: bool = False
    min_qty: int = 0
    reserved: int = 0


@dataclass
class AdobeShop:
    """A shop with one website, whose stock has its sources from `linked`."""

    kind: str = "adobe-commerce"
    many = 700  # 300 to a page.
    by_ims: bool = False
    by_oauth1: bool = False
    nonces: set[str] = field(default_factory=set)
    figure: str = "salable"
    source: str | None = None
    website: str | None = None
    page_size: int | None = None
    products: dict[str, AdobeProduct] = field(default_factory=dict)
    items: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """Source items by SKU and source, in the order of their ids."""
    raw: dict[str, str] = field(default_factory=dict)
    sources: dict[str, bool] = field(
        default_factory=lambda: {"default": True, "north": True, "old": False}
    )
    linked: tuple[str, ...] = ("default", "old")
    page_max: int = 300
    total_off_by: int = 0
    tokens: set[str] = field(default_factory=set)
    token_lives: int = 10**9
    asked: int = 0

    def table(self, url: str) -> dict[str, Any]:
        keys: dict[str, Any] = {
            "figure": self.figure, "source": self.source, "website": self.website,
            "page_size": self.page_size,
        }  # fmt: skip
        if self.by_ims:
            return {
                **keys, "url": f"{url}/tenant", "auth_url": f"{url}/ims/token/v3",
                "client_id": CLIENT, "client_secret": SECRET_SOURCE,
            }  # fmt: skip
        keys |= {"url": url, "access_token": SECRET_SOURCE}
        if self.by_oauth1:
            keys |= {"consumer_key": "ck_1"}
            keys |= dict.fromkeys(("consumer_secret", "access_token_secret"), SECRET_SOURCE)
        return keys

    def put(self, sku: str, quantity: int) -> None:
        product = self.product(sku)
        # Only what is sold without stock has a number below zero.
        product.backorders = product.backorders or quantity < 0
        self.lay(sku, "default", quantity + product.reserved + product.min_qty)

    def product(self, sku: str, **more: Any) -> AdobeProduct:
        return self.products.setdefault(sku, AdobeProduct(sku, **more))

    def lay(self, sku: str, source: str, quantity: float, status: int = 1) -> None:
        item = {"sku": sku, "source_code": source, "quantity": quantity, "status": status}
        self.items[sku, source] = item

    def shown(self, sku: str) -> int:
        lying = sum(item["quantity"] for item in self._in_stock(sku) if item["status"] == 1)
        product = self.products[sku]
        return int(lying) - product.reserved - product.min_qty

    def corrupt(self, sku: str, raw: str) -> None:
        self.raw[sku] = raw

    def is_write(self, asked: ReceivedRequest) -> bool:
        return asked.method == "POST" and "/ims/" not in asked.path

    def answer(self, asked: ReceivedRequest) -> Answer:
        parts = urlsplit(asked.path)
        if parts.path == "/ims/token/v3":
            return self._token(parse_qs(asked.body.decode()))
        base = "/tenant/V1/" if self.by_ims else "/rest/V1/"
        if not parts.path.startswith(base):
            return Answer(b"<!doctype html><html><title>Shop</title></html>", 404)
        self.asked += 1
        authorization = asked.headers.get("authorization", "")
        is_in = self._is_signed(asked) if self.by_oauth1 else self._may(authorization)
        if not is_in:
            words = "The consumer isn't authorized to access %resources."
            resources = {"resources": "Magento_InventoryApi::source_item"}
            return Answer({"message": words, "parameters": resources}, 401)
        path = parts.path.removeprefix(base).split("/")
        if asked.method == "POST":
            return self._save(asked.json["sourceItems"])
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        return self._get([unquote(part) for part in path], query)

    def _token(self, form: Mapping[str, list[str]]) -> Answer:
        assert "commerce.accs" in form["scope"][0]
        if (form["client_id"], form["client_secret"]) != ([CLIENT], [SECRET]):
            return Answer({"error": "invalid_client"}, 401)
        # A JWT whose end stands beside it.
        token = base64.urlsafe_b64encode(f"t0ken-{len(self.tokens) + 1}".encode()).decode()
        self.tokens.add(token)
        return Answer({"access_token": token, "token_type": "bearer", "expires_in": 86399})

    def _may(self, authorization: str) -> bool:
        token = authorization.removeprefix("Bearer ")
        if not self.by_ims:
            return token == SECRET
        if self.asked % self.token_lives == 0:
            self.tokens.discard(token)
        return token in self.tokens

    def _is_signed(self, asked: ReceivedRequest) -> bool:
        """Whether the header is an OAuth 1.0a signature of this request (RFC 5849)."""
        _, _, header = asked.headers.get("authorization", "").partition("OAuth ")
        shown = dict(part.split("=", 1) for part in header.split(", ") if "=" in part)
        shown = {name: unquote(value.strip('"')) for name, value in shown.items()}
        signature = shown.pop("oauth_signature", "")
        if shown.get("oauth_nonce", "") in self.nonces | {""}:
            return False
        self.nonces.add(shown["oauth_nonce"])
        parts = urlsplit(asked.path)
        pairs = [*parse_qsl(parts.query), *shown.items()]
        texts = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in pairs)
        place = f"http://{asked.headers['host']}{parts.path}"
        written = "&".join("=".join(pair) for pair in texts)
        base = "&".join(quote(part, safe="~") for part in (asked.method, place, written))
        made = hmac.new(f"{SECRET}&{SECRET}".encode(), base.encode(), "sha256").digest()
        return base64.b64encode(made).decode() == signature

    def _get(self, path: list[str], query: Mapping[str, str]) -> Answer:
        if path == ["inventory", "stock-resolver", "website", "base"]:
            return Answer({"stock_id": STOCK, "name": "Main"})
        if path[1:3] == ["stock-resolver", "website"] or path[1] not in {*self.products, *_LISTS}:
            words = "No such entity with %fieldName = %fieldValue"
            given = {"fieldName": path[-2], "fieldValue": path[-1]}
            return Answer({"message": words, "parameters": given}, 404)
        if path[0] == "stockItems":
            return Answer({"manage_stock": self.products[path[1]].manage_stock, "qty": 0})
        rows: dict[str, list[Any]] = {
            "sources": [{"source_code": code, "name": code.title(), "enabled": enabled}
                        for code, enabled in self.sources.items()],
            "stock-source-links": [{"stock_id": STOCK, "source_code": code, "priority": 1}
                                   for code in self.linked],
            "source-items": list(self.items.values()),
        }  # fmt: skip
        if path[1] in rows:
            return self._listed(rows[path[1]], query)
        if path[1:] == ["export-stock-salable-qty", "website", "base"]:
            return self._listed(
                [self._salable(product) for product in self.products.values()], query
            )
        return Answer({"message": "Request does not match any route.", "trace": None}, 404)

    def _listed(self, rows: list[Any], query: Mapping[str, str]) -> Answer:
        place = "searchCriteria[filterGroups][0][filters][0]"
        if f"{place}[field]" in query:
            name, value = query[f"{place}[field]"], query[f"{place}[value]"]
            is_list = query[f"{place}[conditionType]"] == "in"
            wanted = [part.strip() for part in value.split(",")] if is_list else [value]
            rows = [row for row in rows if str(row[name]) in wanted]
        size = int(query["searchCriteria[pageSize]"])
        if size > self.page_max:
            words = "Maximum SearchCriteria pageSize is %max"
            return Answer({"message": words, "parameters": {"max": self.page_max}}, 400)
        # A page past the end is the last one again.
        last = max(1, math.ceil(len(rows) / size))
        number = min(int(query["searchCriteria[currentPage]"]), last)
        page = rows[size * (number - 1) : size * number]
        content = {"items": page or None, "search_criteria": {"page_size": size},
                   "total_count": len(rows) + self.total_off_by}  # fmt: skip
        return Answer(with_raw(content, self.raw))

    def _in_stock(self, sku: str) -> list[dict[str, Any]]:
        return [
            item
            for (of, source), item in self.items.items()
            if of == sku and source in self.linked and self.sources[source]
        ]

    def _salable(self, product: AdobeProduct) -> dict[str, Any]:
        sku = product.sku
        if product.is_made_of_others or not product.manage_stock:
            return {"sku": sku, "qty": 0, "is_salable": True}
        lying = sum(item["quantity"] for item in self._in_stock(sku) if item["status"] == 1)
        is_open = any(item["status"] == 1 for item in self._in_stock(sku))
        is_salable = is_open and (lying > product.min_qty or product.backorders)
        qty = lying - product.reserved - product.min_qty if is_salable else 0
        return {"sku": sku, "qty": f"<raw {sku}>" if sku in self.raw else qty,
                "is_salable": is_salable}  # fmt: skip

    def _save(self, items: list[dict[str, Any]]) -> Answer:
        if len(items) > 20:
            words = 'Maximum items of type "%type" is %max'
            return Answer({"message": words, "parameters": {"type": "x", "max": 20}}, 400)
        for item in items:
            if re.fullmatch(r"\s.*|.*\s", item["sku"]) and item["sku"] not in self.products:
                return Answer({"message": "Validation Failed"}, 400)
            # One that no product has is made, too.
            self.items[item["sku"], item["source_code"]] = json.loads(json.dumps(item))
        return Answer([])
