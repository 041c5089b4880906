"""WooCommerce's REST API v3 as measured on 10.0, and by its source (read 2026-11-30).

Loopback has no TLS: `is_ssl` says what the shop's PHP believes. With it a shop takes Basic and
signed requests, without it signed requests only.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from sync.clock import SystemClock
from tests.contract.harness import SECRET, SECRET_NAME, with_raw
from tests.loopback import Answer, ReceivedRequest

CREDENTIAL = {"env": SECRET_NAME}
KEY = SECRET
"""The harness has one secret: it is both the key and what belongs to it."""
PER_PAGE_MAX = BATCH_MAX = 100
CANNOT_LIST = "Sorry, you cannot list resources."
_WINDOW_S = 15 * 60
_ROUTE = re.compile(r"/wc/v3/(products|variations)(?:/(\d+)(/variations)?)?(?:/(\d+|batch))?")

Item = dict[str, Any]


@dataclass
class WooCommerceShop:
    """One shop, of a version, with products and their variations."""

    kind: str = "woocommerce"
    many = 350  # 100 to a page.
    version: tuple[int, int] = (10, 0)
    is_ssl: bool = False
    may_write: bool = True
    is_plain: bool = False
    """Its permalinks are plain: /wp-json/ leads to nothing."""
    batch_max: int = BATCH_MAX
    no_stock_amount: int = 0
    """The out of stock threshold of its settings."""
    items: dict[int, Item] = field(default_factory=dict)
    """Products and variations by their id; a variation has a `parent_id`."""
    raw: dict[str, str] = field(default_factory=dict)
    broken: set[int] = field(default_factory=set)
    """What is counted, and can't be loaded."""
    refusing: dict[int, str] = field(default_factory=dict)
    """Items that a plugin lets nobody write, and its words."""
    drops_offset: bool = False
    """Something in front of it lets `offset` fall."""
    caches: bool = False
    cached: dict[str, Answer] = field(default_factory=dict)
    nonces: set[str] = field(default_factory=set)
    before_answer: Callable[[ReceivedRequest], None] = lambda _asked: None
    """Runs before each answer: what happens while somebody reads or writes."""

    def table(self, url: str) -> dict[str, Any]:
        return {"url": url, "consumer_key": CREDENTIAL, "consumer_secret": CREDENTIAL}

    def put(self, sku: str, quantity: int) -> None:
        found = [item for item in self.items.values() if item["sku"] == sku]
        if not found:
            self.add(sku, quantity)
        for item in found:
            item["stock_quantity"] = quantity
            self._settle(item)

    def add(self, sku: str, quantity: int | None = None, **more: Any) -> int:
        """A new product, or with `parent_id` a variation; its stock is managed with a quantity."""
        number: int = more.pop("id", max(self.items, default=9) + 1)
        item = {
            "id": number, "type": "simple", "sku": sku, "name": f"Article {number}",
            "status": "publish", "price": "12.90", "manage_stock": quantity is not None,
            "stock_quantity": quantity, "stock_status": "instock", "backorders": "no", **more,
        }  # fmt: skip
        self.items[number] = item
        if "parent_id" in more:
            item["type"] = "variation"
            self.items[more["parent_id"]]["type"] = "variable"
        if "stock_status" not in more:
            self._settle(item)
        return number

    def shown(self, sku: str) -> int:
        (item,) = (item for item in self.items.values() if item["sku"] == sku)
        return int(item["stock_quantity"])

    def corrupt(self, sku: str, raw: str) -> None:
        self.raw[sku] = raw

    def is_write(self, asked: ReceivedRequest) -> bool:
        return asked.method != "GET"

    def answer(self, asked: ReceivedRequest) -> Answer:
        self.before_answer(asked)
        parts = urlsplit(asked.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        path = parts.path.removeprefix("/wp-json")
        if path == parts.path:
            # Only index.php knows the address of a site without pretty permalinks.
            path = query.pop("rest_route", "") if path in ("/", "/index.php") else ""
        elif self.is_plain:
            path = ""
        if path == "/":
            host = asked.headers["host"]
            return Answer({"name": "Corner Shop", "home": f"http://{host}", "namespaces": []})
        if not path.startswith("/"):
            root = f"<http://{asked.headers['host']}/index.php?rest_route=/>"
            link = {"Link": f'{root}; rel="https://api.w.org/"', "Content-Type": "text/html"}
            return Answer(b"<!DOCTYPE html><title>Page not found</title>", 404, link)
        refused = self._door(asked, parts.path, query)
        return refused or self._routed(asked, path, query)

    def _door(self, asked: ReceivedRequest, path: str, query: dict[str, str]) -> Answer | None:
        why = self._why_not(asked, path, query)
        if why:
            code = "cannot_view" if why == CANNOT_LIST else "authentication_error"
            return error(401, f"woocommerce_rest_{code}", why)
        for name in [name for name in query if name.startswith("oauth_")]:
            del query[name]
        if asked.method != "GET" and not self.may_write:
            words = "The API key provided does not have write permissions."
            return error(401, "woocommerce_rest_authentication_error", words)
        return None

    def _why_not(self, asked: ReceivedRequest, path: str, query: dict[str, str]) -> str:
        basic = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if self.is_ssl and asked.headers.get("authorization") == f"Basic {basic}":
            return ""
        nonce, at = query.get("oauth_nonce"), query.get("oauth_timestamp", "0")
        if nonce is None:
            return CANNOT_LIST
        is_ours = query["oauth_consumer_key"] == KEY
        checks = {
            "Consumer key is invalid.": is_ours,
            "Invalid signature - provided signature does not match.": not is_ours
            or query["oauth_signature"] == signature(asked, path, dict(query)),
            "Invalid nonce - nonce has already been used.": nonce not in self.nonces,
            "Invalid timestamp.": abs(int(at) - SystemClock().now() / 1000) < _WINDOW_S,
        }
        self.nonces.add(nonce)
        return next((words for words, is_well in checks.items() if not is_well), "")

    def _routed(self, asked: ReceivedRequest, path: str, query: Mapping[str, str]) -> Answer:
        found = _ROUTE.fullmatch(path)
        is_all = found is not None and found[1] == "variations"
        if found is None or (is_all and (self.version < (10, 3) or path != "/wc/v3/variations")):
            words = "No route was found matching the URL and request method."
            return error(404, "rest_no_route", words)
        parent = int(found[2]) if found[2] and found[3] else None
        last = found[4] or (found[2] if not found[3] else None)
        if asked.method != "GET":
            return self._written(asked, parent, str(last), query)
        answer = self._get(parent, last, query, is_all=is_all)
        if self.caches and query.get("_skip_cache") != "true":
            kept = self.cached.setdefault(f"{path}?{sorted(query.items())}", answer)
            return Answer(kept.body, 200, {**kept.headers, "X-WC-Cache": "HIT"})
        return answer

    def _written(
        self, asked: ReceivedRequest, parent: int | None, last: str, query: Mapping[str, str]
    ) -> Answer:
        if last != "batch":
            row = self._update(parent, {**asked.json, "id": int(last)})
            if "error" in row:
                return Answer(row["error"], row["error"]["data"]["status"])
            return Answer(with_raw(_only(self._view(row), query), self.raw))
        updates = asked.json["update"]
        if len(updates) > self.batch_max:
            words = f"Unable to accept more than {self.batch_max} items for this request."
            return error(413, "woocommerce_rest_request_entity_too_large", words)
        rows = [self._update(parent, update) for update in updates]
        return Answer({"update": [row if "error" in row else self._view(row) for row in rows]})

    def _get(
        self, parent: int | None, last: str | None, query: Mapping[str, str], *, is_all: bool
    ) -> Answer:
        if last is not None:
            # One by itself is shown under any product, and from the trash (10.0).
            item = self.items.get(int(last))
            is_found = item is not None and ("parent_id" in item) == (parent is not None)
            if item is None or not is_found:
                return error(404, "woocommerce_rest_product_invalid_id", "Invalid ID.")
            return Answer(with_raw(_only(self._view(item), query), self.raw))
        found = [
            item for item in self.items.values()
            if (is_all and "parent_id" in item) or (not is_all and item.get("parent_id") == parent)
        ]  # fmt: skip
        if query.get("status", "any") == "any":
            found = [item for item in found if item["status"] != "trash"]
        if "include" in query:
            ids = set(map(int, query["include"].split(",")))
            found = [item for item in found if item["id"] in ids]
        found.sort(key=lambda item: item["id"], reverse=query.get("order", "desc") == "desc")
        size = int(query.get("per_page", "10"))
        if size > PER_PAGE_MAX:
            return error(400, "rest_invalid_param", "Invalid parameter(s): per_page")
        start = (int(query.get("page", "1")) - 1) * size
        if not self.drops_offset:
            start = int(query.get("offset", start))
        total = {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(-(-len(found) // size))}
        rows = [item for item in found[start : start + size] if item["id"] not in self.broken]
        viewed = [self._view(item, is_all=is_all) for item in rows]
        return Answer(with_raw([_only(row, query) for row in viewed], self.raw), headers=total)

    def _view(self, item: Item, *, is_all: bool = False) -> Item:
        """One as it is shown: a variation takes from its product what it has not itself."""
        viewed = dict(item)
        parent = self.items.get(item.get("parent_id", 0))
        if "parent_id" not in item:
            ids = [other["id"] for other in self.items.values()
                   if other.get("parent_id") == item["id"]]  # fmt: skip
            return self._masked({**viewed, "variations": ids if item["type"] == "variable" else []})
        if not is_all:
            del viewed["parent_id"]
        if parent is None:
            return self._masked({**viewed, "parent_id": 0})
        viewed["sku"] = viewed["sku"] or parent["sku"]
        if item["manage_stock"] is False and parent["manage_stock"] is True:
            viewed["manage_stock"] = "parent"
            viewed["stock_quantity"] = parent["stock_quantity"]
        return self._masked(viewed)

    def _masked(self, viewed: Item) -> Item:
        if viewed["sku"] in self.raw:
            viewed["stock_quantity"] = f"<raw {viewed['sku']}>"
        return viewed

    def _update(self, parent: int | None, update: Item) -> Item:
        number = update["id"]
        item = self.items.get(number)
        words = self.refusing.get(number)
        if item is None or ("parent_id" in item) != (parent is not None) or words is not None:
            found = {"code": "woocommerce_rest_product_invalid_id", "data": {"status": 400}}
            return {"id": number, "error": {**found, "message": words or "Invalid ID."}}
        if parent is not None:
            # It becomes that product's, whosever it was (prepare_object_for_database).
            item["parent_id"] = parent
        item["status"] = update.get("status", item["status"])
        item["backorders"] = update.get("backorders", item["backorders"])
        if item["manage_stock"] is True and "stock_quantity" in update:
            item["stock_quantity"] = _php_int(update["stock_quantity"])
        self._settle(item)
        return item

    def _settle(self, item: Item) -> None:
        """What WC_Product::validate_props does at each save."""
        if item["manage_stock"] is not True:
            item["stock_quantity"], item["backorders"] = None, "no"
            return
        if _php_int(item["stock_quantity"]) > self.no_stock_amount:
            item["stock_status"] = "instock"
        else:
            item["stock_status"] = "outofstock" if item["backorders"] == "no" else "onbackorder"


def signature(asked: ReceivedRequest, path: str, query: dict[str, str]) -> str:
    """The signature that a request must have (WC_REST_Authentication::check_oauth_signature)."""
    query.pop("oauth_signature", None)
    if "rest_route" not in query and "rest_route=" in asked.path:
        query["rest_route"] = dict(parse_qsl(urlsplit(asked.path).query))["rest_route"]
    pairs = "&".join(f"{_code(name)}={_code(query[name])}" for name in sorted(query))
    # The address of the site itself has no slash at its end there.
    url = f"http://{asked.headers['host']}{path.rstrip('/')}"
    base = "&".join((asked.method, _code(url), _code(pairs)))
    digest = hmac.new(f"{SECRET}&".encode(), base.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def error(status: int, code: str, message: str) -> Answer:
    return Answer({"code": code, "message": message, "data": {"status": status}}, status)


def _only(row: Item, query: Mapping[str, str]) -> Item:
    names = query.get("_fields")
    return row if not names else {name: row[name] for name in names.split(",") if name in row}


def _php_int(value: object) -> int:
    """A number as a batch takes it: what is none is 0, and 3.9 is 3."""
    found = re.match(r"\s*[+-]?\d+", str(value))
    return int(found[0]) if found else 0


def _code(text: str) -> str:
    return quote(text, safe="~")
